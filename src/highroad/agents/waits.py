"""What held runs wait for, told of all of them by the page, and not of each in turn.

It leaves out only runs of which nothing can have come: whoever asks looks closely at the others.
"""

from collections.abc import AsyncIterator, Callable
from typing import Final

from highroad.agents.calling_off import RUN
from highroad.domain.approval import ApprovalState
from highroad.domain.deferral import DeferralState
from highroad.domain.entry import EntryKind, Position
from highroad.domain.ids import with_prefix
from highroad.domain.run import AgentRun, RunStatus
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import Record, records, selection

_PAGE: Final = 1_000


class Waits:
    """Knows held runs of which something may have come.

    Args:
        ledger: Where they are.
        is_delegation: Whether a tool hands work to an agent.
    """

    def __init__(self, ledger: Ledger, is_delegation: Callable[[str], bool]) -> None:
        self._ledger = ledger
        self._is_delegation = is_delegation
        self._read: Position | None = None
        """Up to where messages were taken note of."""
        self._before: Position | None = None
        """The same, one look earlier."""
        self._sent: set[str] = set()
        """Held runs that were sent something, which they may not have heard."""

    def heard(self, run_id: str) -> None:
        """Nothing that was sent to a run is left for it to hear."""
        self._sent.discard(run_id)

    async def over(self) -> AsyncIterator[AgentRun]:
        """Held runs that may go on, with those below others; oldest first.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        await self._take_note()
        rows = self._rows("approval", ApprovalState.APPROVED)
        approved = {row["run_id"] async for row in rows}
        waiting = await self._waiting() - approved - self._sent
        held = set[str]()
        async for run in self._held():
            held.add(run.id)
            if run.id not in waiting:
                yield run
        self._sent &= held

    async def _waiting(self) -> set[str]:
        """Runs with a call that waits, whose time is not up."""
        rows = self._rows("approval", ApprovalState.WAITING)
        found = {row["run_id"] async for row in rows if row["expires_ms"] > self._now_ms}
        below = {run.id async for run in self._held() if run.parent_id is not None}
        stale = set[str]()
        async for row in self._rows("deferral", DeferralState.WAITING):
            is_below = self._is_delegation(row["tool"])
            if is_below and with_prefix(row["call_id"], RUN) not in below:
                stale.add(row["run_id"])  # the run below has ended, or somebody moves it
            elif row["expires_ms"] > self._now_ms:
                found.add(row["run_id"])
        return found - stale

    def _rows(self, table: str, state: str) -> AsyncIterator[Record]:
        return records(self._ledger.store.tables, selection(table, state=state))

    async def _held(self) -> AsyncIterator[AgentRun]:
        async for run in runs_at(self._ledger, RunStatus.HELD):
            yield run

    async def _take_note(self) -> None:
        """Of runs that were sent something of late; at first, ever."""
        at = self._before
        while page := await self._ledger.store.entries(
            kind=EntryKind.RUN_MESSAGE, after=at, limit=_PAGE
        ):
            self._sent |= {entry.run_id for entry in page if entry.run_id is not None}
            at = page[-1].position
        # What another writer appends at the same time may land before what was read.
        self._before, self._read = self._read, at

    @property
    def _now_ms(self) -> int:
        return self._ledger.clock.now_ms()


async def runs_at(ledger: Ledger, status: RunStatus) -> AsyncIterator[AgentRun]:
    """Runs of agents that stand there, oldest first."""
    after = ""
    while page := await ledger.store.runs(status=status, after=after, limit=_PAGE):
        after = page[-1].id
        for run in page:
            yield run
