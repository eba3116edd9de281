"""The group writer: whatever waits while one commit is on its way shares the next one."""

import asyncio
from collections.abc import Sequence
from typing import Final, NoReturn, Protocol

from highroad.domain.entry import Entry, Fence, Receipt
from highroad.domain.error import LedgerError, LedgerOwned
from highroad.ports.store import Store

MAX_BEHIND: Final = 1_000
"""Entries of reads that may wait for their commit (P2)."""
MAX_DELAY_S: Final = 0.010
"""How long they may wait (P2)."""
_MAX_GROUP: Final = 512

_Waiter = asyncio.Future[Receipt] | None


class Writer(Protocol):
    """What the rooms above write through."""

    @property
    def behind(self) -> int:
        """Entries that wait for a commit."""
        ...

    @property
    def failure(self) -> LedgerError | None:
        """Why the last commit failed; `None` once one succeeds."""
        ...

    async def write(self, entry: Entry) -> Receipt:
        """Wait until `entry` is durable, or turned down."""
        ...

    def put(self, entry: Entry) -> None:
        """Let `entry` ride with the next commit."""
        ...

    async def flush(self) -> None:
        """Wait until all that was put is durable."""
        ...


class ReadOnlyWriter:
    """Stands where a process looks into a ledger that another one owns: it writes nothing."""

    behind = 0
    failure: LedgerError | None = None

    def __init__(self, owner_pid: int) -> None:
        self._owner_pid = owner_pid

    async def write(self, entry: Entry) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        del entry
        raise LedgerOwned(self._owner_pid)

    def put(self, entry: Entry) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        del entry
        raise LedgerOwned(self._owner_pid)

    async def flush(self) -> None:
        """Nothing waits."""


class GroupWriter:
    """Writes entries in the order in which they came, in one transaction for all that wait.

    Entries of effects are awaited (`write`). Those of reads ride along (`put`): a failed commit
    keeps them for the next one, and meanwhile `put` refuses, so that at most `MAX_BEHIND` are at
    stake.
    """

    def __init__(self, store: Store, fence: Fence) -> None:
        self._store = store
        self._fence = fence
        self._pending: list[tuple[Entry, _Waiter]] = []
        self._pump: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: LedgerError | None = None

    @property
    def behind(self) -> int:
        """Entries that wait for a commit."""
        return len(self._pending)

    @property
    def failure(self) -> LedgerError | None:
        """Why the last commit failed; `None` once one succeeds."""
        return self._failure

    async def write(self, entry: Entry) -> Receipt:
        """Wait until `entry` is durable, or turned down.

        Raises:
            LedgerError: It could not be written, and was not.
        """
        waiter: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._pending.append((entry, waiter))
        self._start()
        # A cancelled caller must not cancel the future that the pump will answer.
        try:
            return await asyncio.shield(waiter)
        except asyncio.CancelledError:
            waiter.add_done_callback(_look_at)
            raise

    def put(self, entry: Entry) -> None:
        """Let `entry` ride with the next commit, at most `MAX_DELAY_S` away."""
        self._pending.append((entry, None))
        if self._pump is not None or self._timer is not None:
            return
        self._timer = asyncio.get_running_loop().call_later(MAX_DELAY_S, self._start)

    async def flush(self) -> None:
        """Wait until all that was put is durable.

        Raises:
            LedgerError: It could not be written; it is kept for the next commit.
        """
        while self._pending or self._pump is not None:
            self._start()
            if self._pump is not None:
                await asyncio.shield(self._pump)
            if self._failure is not None:
                raise self._failure

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pump is None and self._pending:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._pending:
                group, self._pending = self._pending[:_MAX_GROUP], self._pending[_MAX_GROUP:]
                try:
                    receipts = await self._store.append(
                        [entry for entry, _ in group], fence=self._fence
                    )
                except LedgerError as failure:
                    self._fail(group, failure)
                    return
                self._failure = None
                self._answer(group, receipts)
        finally:
            self._pump = None

    @staticmethod
    def _answer(group: Sequence[tuple[Entry, _Waiter]], receipts: Sequence[Receipt]) -> None:
        for (_, waiter), receipt in zip(group, receipts, strict=True):
            if waiter is not None and not waiter.done():
                waiter.set_result(receipt)

    def _fail(self, group: Sequence[tuple[Entry, _Waiter]], failure: LedgerError) -> None:
        """Tell every writer that waits; keep what nobody waits for."""
        self._failure = failure
        everybody = [*group, *self._pending]
        self._pending = [(entry, None) for entry, waiter in everybody if waiter is None]
        for _, waiter in everybody:
            if waiter is not None and not waiter.done():
                waiter.set_exception(failure)


def _look_at(waiter: asyncio.Future[Receipt]) -> None:
    """Take note of an answer that nobody waits for any more, so that asyncio does not complain."""
    if not waiter.cancelled():
        waiter.exception()
