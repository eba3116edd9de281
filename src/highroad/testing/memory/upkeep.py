"""What operators do with a store, on a ledger in memory."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from highroad.domain.approval import ApprovalState
from highroad.domain.entry import Fence, Position, StoredEntry
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import LASTING, SECTIONS, Fact
from highroad.ports.tables import Cell
from highroad.ports.upkeep import Figures
from highroad.testing.memory import carrying
from highroad.testing.memory.carrying import Line
from highroad.testing.memory.ledger import MemoryLedger, seq_of


class _Take(Protocol):
    def __call__(self, *, pid: int, at_ms: int) -> Fence | None: ...


class MemoryUpkeep:
    """The part of a store in memory that operators use; fulfils `highroad.ports.upkeep.Upkeep`.

    Args:
        open_ledger: Gives the ledger, unless it was closed.
        take: Makes the store its owner.
    """

    def __init__(self, open_ledger: Callable[[], MemoryLedger], take: _Take) -> None:
        self._open = open_ledger
        self._take = take

    async def figures(self) -> Figures:
        """How large it is."""
        ledger = self._open()
        here = [entry for entry in ledger.entries if seq_of(entry) >= ledger.first]
        payload_bytes = sum(len(payload.ciphertext) for payload in ledger.payloads.values())
        approvals = ledger.tables["approval"].values()
        return Figures(
            kind="memory",
            schema=0,
            bytes=payload_bytes + sum(len(entry.body) for entry in ledger.entries),
            log_bytes=0,
            payload_bytes=payload_bytes,
            rows=tuple((name, carrying.count(ledger, name)) for name in sorted(SECTIONS)),
            waiting_approvals=sum(row["state"] == ApprovalState.WAITING for row in approvals),
            oldest_ms=here[0].at_ms if here else None,
            newest_ms=here[-1].at_ms if here else None,
        )

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call and run have ended."""
        ledger = self._open()
        approvals = ledger.tables["approval"].values()
        calls = {*ledger.open_calls, *ledger.unsettled()}
        needed = calls | {row["id"] for row in approvals if row["call_id"] in calls}
        going_on = _going_on(ledger)
        found = [
            payload.id
            for payload in ledger.payloads.values()
            if payload.created_ms < before_ms
            and payload.id.partition(".")[0] not in needed
            and payload.run_id not in going_on
        ]
        return sorted(found)[:limit]

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal left something, in order."""
        tables = self._open().tables
        found = {
            row["run_id"]
            for name, column in _LEFT_BY
            for row in tables[name].values()
            if row[column] == principal_id
        }
        found |= {
            row["id"]
            for row in tables["agent_run"].values()
            if row["agent"] is not None and row["principal_id"] == principal_id
        }
        return sorted(found)

    async def take_alone(self, *, pid: int, at_ms: int) -> bool:
        """Become the one store that owns this ledger; a copy that is not complete as well."""
        return self._take(pid=pid, at_ms=at_ms) is not None

    async def carry_out(
        self, section: str, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[Line]:
        """A page of a section's rows in order of its key, from behind the key `after`."""
        return carrying.page(self._open(), section, after, limit)

    async def carry_in(self, section: str, rows: Sequence[Line], *, is_first: bool = False) -> None:
        """Add rows as they are; those with a key that is there already are replaced."""
        ledger = self._open()
        if is_first:
            carrying.clear(ledger, section)
        carrying.put(ledger, section, rows)

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more, nor leave an order: it goes on elsewhere."""
        self._open().facts[Fact.MOVED_TO] = moved_to

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries away, once they are archived; those of lasting kinds stay."""
        ledger = self._open()
        if fence != Fence(ledger.log_id, ledger.epoch):
            raise FenceLost(f"somebody took over the ledger after epoch {fence.epoch}")
        end = ledger.first + len(entries)
        oldest = [Position(ledger.log_id, seq) for seq in range(ledger.first, end)]
        if [entry.position for entry in entries] != oldest:
            raise LedgerError("only the oldest entries may be dropped, without a gap")
        if any(_is_in_use(ledger, entry) for entry in entries):
            raise LedgerError("entries are still needed: of calls or runs that are not over")
        ledger.first = end
        later = {entry.call_id for entry in ledger.entries if seq_of(entry) >= end} - {None}
        ledger.entries = [
            entry
            for entry in ledger.entries
            if seq_of(entry) >= end or entry.kind in LASTING or entry.call_id in later
        ]


_LEFT_BY: Final = (
    ("tool_call", "principal_id"),
    ("approval_decision", "decided_by"),
    ("amendment", "amended_by"),
    ("payload_reveal", "revealed_by"),
)


def _going_on(ledger: MemoryLedger) -> set[str]:
    """Runs of agents that have not ended."""
    rows = ledger.tables["agent_run"].values()
    return {row["id"] for row in rows if row["agent"] is not None and row["ended_ms"] is None}


def _is_in_use(ledger: MemoryLedger, entry: StoredEntry) -> bool:
    needed = {*ledger.open_calls, *(claim.call_id for claim in ledger.claims.values())}
    opened = {*ledger.open_calls.values()}
    runs = {each.run_id for each in ledger.entries if seq_of(each) in opened} | _going_on(ledger)
    return entry.call_id in needed or (entry.run_id is not None and entry.run_id in runs)
