"""The group writer: whatever waits while one commit is on its way shares the next one."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from highroad.domain.entry import Entry, Fence, KeyDestroyed, Receipt
from highroad.domain.error import FenceLost, LedgerError
from highroad.ledger.access import Draft, Sealing
from highroad.ports.store import Store

_log: Final = logging.getLogger("highroad.ledger")

MAX_BEHIND: Final = 1_000
"""Entries that may wait for their commit before reads wait too (P2)."""
MAX_DELAY_S: Final = 0.010
"""How long those of reads may wait (P2)."""
_MAX_GROUP: Final = 256

_Waiter = asyncio.Future[Receipt] | None
_Group = list[tuple[Entry | Draft, _Waiter, object]]
"""Each entry with whoever waits for it, and as it came: drawn up, or a draft."""


class GroupWriter:
    """Writes entries in the order in which they came, in one transaction for all that wait.

    Entries of effects are awaited (`write`); those of reads ride along (`put`). A failed commit
    is told to everybody who waits, and nothing of theirs is tried again; what nobody waits for is
    kept for the next commit. A draft whose key was destroyed is drawn up anew. Under a fence that
    is lost amendments land, and nothing else does.
    """

    def __init__(self, store: Store, fence: Fence) -> None:
        self._store = store
        self._fence = fence
        self._pending: _Group = []
        self._group: _Group = []
        """On its way to the store."""
        self._answered = 0
        """Entries that were written, or whose writers were told that they were not."""
        self._committed = asyncio.Event()
        """Set, and replaced, whenever a commit has succeeded or failed."""
        self._pump: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: LedgerError | None = None
        self._loss: FenceLost | None = None
        """Once another process has taken over, only amendments land."""
        self.on_commit: Callable[[int], None] = lambda _: None
        """Told how many entries each commit has written."""
        self._give_way_s = 0.0
        """When reads let others have the loop again."""

    @property
    def behind(self) -> int:
        """Entries that are not durable yet."""
        return len(self._pending) + len(self._group)

    @property
    def failure(self) -> LedgerError | None:
        """Why the last commit failed; `None` once one succeeds."""
        return self._failure

    async def write(self, entry: Entry) -> Receipt:
        """Wait until `entry` is durable, or turned down.

        Whoever is cancelled here does not know: the entry stays in its place and is written.

        Raises:
            LedgerError: It could not be written, and was not.
        """
        return await self.begin(entry)

    def begin(self, entry: Entry) -> asyncio.Future[Receipt]:
        """Take `entry` in for the next commit, and give what tells of it.

        What else is given before that commit begins shares it.
        """
        waiter: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._pending.append((entry, waiter, entry))
        self._start()
        return waiter

    def put(self, entry: Entry | Draft, *, instead_of: object = None) -> None:
        """Let `entry` ride with the next commit, at most `MAX_DELAY_S` away.

        Where nothing has come after `instead_of`, it takes its place.
        """
        seat = (entry, None, entry)
        if instead_of is not None and self._pending and self._pending[-1][0] is instead_of:
            self._pending[-1] = seat
            return
        self._pending.append(seat)
        if self._pump is None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MAX_DELAY_S, self._start)

    async def room(self) -> None:
        """Wait while `MAX_BEHIND` entries or more do; a writer that has failed has no queue.

        Reads that wait for nothing themselves would keep the loop, and so the timer from starting
        the commit that is due, and the commit from going on: now and then they give way to it.
        """
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._give_way_s:
            self._give_way_s = now_s + MAX_DELAY_S / 2
            if self._timer is not None and self._timer.when() <= now_s:
                self._start()
            if self._pump is not None:
                await asyncio.sleep(0)
        while self.behind >= MAX_BEHIND and self._failure is None:
            await self._next_commit()

    async def flush(self) -> None:
        """Wait until all that was given so far is durable.

        Raises:
            LedgerError: It could not be written; what was put is kept for the next commit.
        """
        goal = self._answered + self.behind
        while self._answered < goal:
            await self._next_commit()
            if self._failure is not None:
                raise self._failure

    async def _next_commit(self) -> None:
        committed = self._committed
        self._start()
        await committed.wait()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pump is None and self._pending:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._pending:
                self._group, self._pending = self._pending[:_MAX_GROUP], self._pending[_MAX_GROUP:]
                entries = self._draw_up()
                try:
                    receipts = await self._store.append(entries, fence=self._fence)
                    refused = self._answer(receipts)
                    if refused:
                        await self._redraw(refused)
                except FenceLost as loss:
                    self._lose(loss)
                except LedgerError as failure:
                    self._fail(failure)
                    return
        finally:
            self._pump = None
            if self._group:  # a bug, or the end of the loop: nobody may wait for ever
                self._fail(LedgerError("the ledger's writer broke down; open the ledger anew"))

    def _draw_up(self) -> list[Entry]:
        """Put the drafts of the group together, once, also where its commit fails.

        One that breaks takes nobody else's entry with it: it is left out and logged, and recovery
        ends its call.
        """
        drawn: _Group = []
        entries: list[Entry] = []
        for entry, waiter, given in self._group:
            try:
                complete = entry if isinstance(entry, Entry) else entry()
            except Exception as bug:  # noqa: BLE001 - whatever it is must not stop the ledger
                # Its name and no more: what it says may quote a value (P7).
                _log.error("an entry could not be put together (%s)", type(bug).__name__)
                continue
            if complete is None:
                continue
            drawn.append((complete, waiter, given))
            entries.append(complete)
        self._answered += len(self._group) - len(drawn)
        self._group = drawn
        return entries

    def _answer(self, receipts: Sequence[Receipt]) -> list[Sealing]:
        """Tell what became of each; drafts that are to be drawn up anew stay in the group.

        Returns:
            Those drafts.
        """
        group, self._group = self._group, []
        self._failure = self._loss
        refused: list[Sealing] = []
        for seat, receipt in zip(group, receipts, strict=True):
            _, waiter, given = seat
            if isinstance(receipt, KeyDestroyed) and isinstance(given, Sealing):
                refused.append(given)
                self._group.append(seat)
            elif waiter is not None and not waiter.done():
                waiter.set_result(receipt)
        self._tell(len(group) - len(refused))
        self.on_commit(len(group) - len(refused))
        return refused

    async def _redraw(self, refused: list[Sealing]) -> None:
        """Let drafts be drawn up anew, in their order and before all that waits.

        Raises:
            LedgerError: There is no fresh key to be had now.
        """
        drafts = [await draft.again() for draft in refused]
        self._pending = [*((draft, None, draft) for draft in drafts), *self._pending]
        self._group = []

    def _lose(self, loss: FenceLost) -> None:
        """Tell the writers of amendments that theirs have landed, and everybody else that not.

        Nothing else of theirs can land any more, so nothing is kept; what waits goes the same way.
        """
        group, self._group = self._group, []
        self._failure = self._loss = loss
        receipts = loss.receipts or (None,) * len(group)
        for (_, waiter, _), receipt in zip(group, receipts, strict=True):
            if waiter is None or waiter.done():
                continue
            if receipt is None:
                waiter.set_exception(loss)
            else:
                waiter.set_result(receipt)
        self._tell(len(group))

    def _fail(self, failure: LedgerError) -> None:
        """Tell every writer that waits; keep what nobody waits for."""
        everybody = [*self._group, *self._pending]
        self._group = []
        self._failure = failure
        self._pending = [seat for seat in everybody if seat[1] is None]
        for _, waiter, _ in everybody:
            if waiter is not None and not waiter.done():
                waiter.set_exception(failure)
        self._tell(len(everybody) - len(self._pending))

    def _tell(self, answered: int) -> None:
        self._answered += answered
        self._committed.set()
        self._committed = asyncio.Event()
