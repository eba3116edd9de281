"""Following runs: their events as they come, and again where a reader lost them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final

from highroad.agents.agent import Agent
from highroad.agents.calling_off import RUN
from highroad.agents.events import Feed
from highroad.agents.retelling import retold
from highroad.agents.runs import Runs
from highroad.domain.event import Event
from highroad.domain.identity import Caller, Principal
from highroad.domain.run import Run
from highroad.domain.trace_context import TraceContext
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.agents")


class Following:
    """Hands the events of runs to whoever asks for them.

    Args:
        services: Of the runtime.
        runs: That are followed.
    """

    def __init__(self, services: Services, runs: Runs) -> None:
        self._services = services
        self._runs = runs
        self._working: set[asyncio.Task[Run]] = set()
        """Runs that were begun or resumed here; they go on when nobody follows them any more."""

    async def stream(  # noqa: PLR0913 - as `Runs.start`
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller,
        conversation: str | None,
        dry_run: bool = False,
        trace: TraceContext | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Begin a run, and give its events up to its rest.

        Raises:
            HighroadError: As the run does.
        """
        run_id = self._services.ids.new(RUN)
        running = self._runs.start(
            agent,
            text,
            principal=principal,
            conversation=conversation,
            run_id=run_id,
            dry_run=dry_run,
            trace=trace,
        )
        async for event in self._work(run_id, running):
            yield event

    async def stream_resumed(self, run_id: str) -> AsyncGenerator[Event, None]:
        """Go on with a run, and give its events from there up to its next rest.

        Raises:
            HighroadError: As the run does.
        """
        async for event in self._work(run_id, self._runs.resume(run_id)):
            yield event

    async def events(self, run_id: str, *, after: int) -> AsyncGenerator[Event, None]:
        """Give the events of a run behind a number, up to its rest.

        Raises:
            NotRecorded: The ledger has no such run.
            VaultError: What was said in it was erased.
        """
        feed = self._feed(run_id)
        await feed.recall(after)
        async for event in _from(feed, after):
            yield event

    async def close(self) -> None:
        """Interrupt what works here; `resume` goes on with it."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _feed(self, run_id: str) -> Feed:
        return self._runs.feeds.of(run_id, partial(retold, self._services, run_id))

    async def _work(
        self, run_id: str, running: Coroutine[Any, Any, Run]
    ) -> AsyncGenerator[Event, None]:
        """Let a run work in a task of its own, and give what it tells from here on."""
        feed = self._feed(run_id)
        after = feed.last
        feed.begin_leg()
        task = asyncio.get_running_loop().create_task(running)
        self._working.add(task)
        task.add_done_callback(partial(self._rested, run_id, feed))
        async for event in _from(feed, after):
            yield event
        await asyncio.wait([task])
        with suppress(asyncio.CancelledError):  # the runtime was closed
            task.result()

    def _rested(self, run_id: str, feed: Feed, task: "asyncio.Task[Run]") -> None:
        self._working.discard(task)
        feed.end_leg()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whoever followed it may be gone. What an exception says may be anything (P7).
            _log.warning("run %s stopped where it was: %s", run_id, type(error).__name__)


async def _from(feed: Feed, after: int) -> AsyncGenerator[Event, None]:
    while found := await feed.next_after(after):
        for event in found:
            yield event
            after = event.seq
