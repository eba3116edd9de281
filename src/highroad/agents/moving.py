"""Runs that this process moves now, each by one leg at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from highroad.agents.progress import RunInProgress


class _Motion:
    """One leg, from the first look at its run to the last."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.leg: asyncio.Future[RunInProgress | None] = loop.create_future()
        """There as soon as it has begun; `None` where it never did."""
        self.over: asyncio.Future[None] = loop.create_future()


class Moving:
    """Knows which runs are moved, and by which leg."""

    def __init__(self) -> None:
        self._motions: dict[str, _Motion] = {}

    def __contains__(self, run_id: str) -> bool:
        """Whether somebody in this process moves the run, or sees that nobody does."""
        return run_id in self._motions

    async def leg_of(self, run_id: str) -> RunInProgress | None:
        """The leg that moves a run; one that is about to begin is waited for."""
        motion = self._motions.get(run_id)
        return None if motion is None else await asyncio.shield(motion.leg)

    async def settled(self, run_id: str) -> None:
        """Wait until nobody moves the run."""
        while (motion := self._motions.get(run_id)) is not None:
            await asyncio.shield(motion.over)

    @asynccontextmanager
    async def alone(self, run_id: str) -> AsyncIterator[None]:
        """Move a run, or see that nobody does; whoever comes meanwhile waits for the end."""
        await self.settled(run_id)
        motion = self._motions[run_id] = _Motion()
        try:
            yield
        finally:
            del self._motions[run_id]
            if not motion.leg.done():
                motion.leg.set_result(None)
            motion.over.set_result(None)

    @contextmanager
    def leg(self, run: RunInProgress) -> Iterator[None]:
        """While it goes on, others find it: with a message, or to call it off."""
        self._motions[run.record.head.run_id].leg.set_result(run)
        with run.services.cancelled.moving(run.live, run.call_off):
            yield
