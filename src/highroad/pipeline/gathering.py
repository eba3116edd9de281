"""Gathering: calls that come within a moment are served together, and each may go away by itself.

What serving them means is not known here: see `batching`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeAlias, TypeVar

from highroad.domain.tool import BatchRule
from highroad.ports.clock import Clock

S = TypeVar("S")


class Deserted(Exception):  # noqa: N818 - what is the case
    """Everybody has gone away: there is nobody to serve."""


class Member(Generic[S]):
    """One of a batch, which waits for its share."""

    __slots__ = ("left", "share", "subject")

    def __init__(self, subject: S) -> None:
        self.subject: S = subject
        self.share: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        """Its result, or the exception that it came to; cancelled, it has gone away."""
        self.left: Future[object] | None = None
        """Gets what there is to tell behind that."""

    def give(self, share: object) -> None:
        """Hand over its share, or tell whoever listens in its place."""
        if not self.share.done():
            self.share.set_result(share)
        elif self.left is not None and not self.left.done():
            if isinstance(share, BaseException):
                self.left.set_exception(share)
            else:
                self.left.set_result(share)


class Batch(Generic[S]):
    """Those who are served together."""

    def __init__(self, common: Hashable, pause: Awaitable[None]) -> None:
        self.common: Hashable = common
        """What its members have in common."""
        self.members: list[Member[S]] = []
        """From when it begins, those whom it serves."""
        self.pause: asyncio.Future[None] = asyncio.ensure_future(pause)
        """While it lasts, others may come."""
        self.task: asyncio.Task[None] | None = None
        """That serves them."""
        self.has_begun: bool = False
        self.is_astray: bool = False
        """What serves them could not be stopped, and tells of them when it is back."""
        self.is_late: bool = False
        """Somebody's time was up."""

    @property
    def waiting(self) -> list[Member[S]]:
        """Those who have not gone away."""
        return [member for member in self.members if not member.share.done()]

    @property
    def first(self) -> Member[S]:
        """Who came first of those that wait.

        Raises:
            Deserted: Nobody does, though the batch is about to be called off only.
        """
        waiting = self.waiting
        if not waiting:
            raise Deserted
        return waiting[0]

    def begin(self) -> None:
        """Serve who is there; from here on nobody goes away unseen.

        Raises:
            Deserted: Nobody is.
        """
        self.members = self.waiting
        if not self.members:
            raise Deserted
        self.has_begun = True


Serve: TypeAlias = Callable[[Batch[S]], Awaitable[None]]
"""Gives every member of a batch its share."""


class Gatherings:
    """The batches that others may still join, by what their members have in common.

    Args:
        clock: For time.
        tasks: Keeps what serves them.
    """

    def __init__(self, clock: Clock, tasks: set["asyncio.Task[Any]"]) -> None:
        self._clock = clock
        self._tasks = tasks
        self._open: dict[Hashable, Batch[Any]] = {}

    def join(
        self, common: Hashable, subject: S, rule: BatchRule, serve: Serve[S]
    ) -> tuple[Batch[S], Member[S]]:
        """Become a member of the batch that is open, or of a new one.

        Args:
            common: What members have in common.
            subject: Is to be served.
            rule: How many it takes, and how long it waits.
            serve: Called once, when it is full or has waited.
        """
        batch: Batch[S] | None = self._open.get(common)
        if batch is None:
            batch = self._open[common] = Batch(common, self._pause(rule.wait_s))
            batch.task = asyncio.ensure_future(self._serve(batch, serve))
            self._tasks.add(batch.task)
            batch.task.add_done_callback(self._tasks.discard)
        member = Member(subject)
        batch.members.append(member)
        if len(batch.waiting) >= rule.size:
            self._close(batch)
        return batch, member

    async def call_off(self, batch: Batch[Any]) -> None:
        """Stop a batch that nobody waits for any more, and wait until it has."""
        self._close(batch)
        if batch.task is not None:
            batch.task.cancel()
            await asyncio.wait({batch.task})

    async def _pause(self, wait_s: float) -> None:
        if wait_s:
            await self._clock.sleep(wait_s)
        else:  # whoever is about to come in this very turn
            await asyncio.sleep(0)

    def _close(self, batch: Batch[Any]) -> None:
        """Nobody joins it any more."""
        batch.pause.cancel()
        if self._open.get(batch.common) is batch:
            del self._open[batch.common]

    async def _serve(self, batch: Batch[S], serve: Serve[S]) -> None:
        try:
            await asyncio.wait({batch.pause})
        finally:
            self._close(batch)
        try:
            await serve(batch)
        except Exception as error:  # noqa: BLE001 - a bug of ours, which is each member's to report
            for member in batch.members:
                member.give(error)
        # Called off, or an error that is for the loop: then nobody waits for it in vain.
        except BaseException as error:
            if not batch.is_astray:
                for member in batch.members:
                    member.give(error)
            raise
