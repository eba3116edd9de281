"""What becomes of entries: each lands whole, or is turned down alone, judged in their order."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from highroad.adapters.stores.postgres.standing import Scope, Standing
from highroad.domain.approval import ApprovalState
from highroad.domain.audit import APPROVAL, TABLES, Table
from highroad.domain.entry import (
    AlreadyEnded,
    ApprovalSpent,
    CredentialsEnded,
    Entry,
    EntryKind,
    KeyClaim,
    KeyDestroyed,
    KeyTaken,
    Position,
    Receipt,
    Row,
    StoredEntry,
    Written,
)
from highroad.domain.leaning import credential_of, leaned_on, shown_by
from highroad.domain.payload import SealedKey, SealedPayload

Cell: TypeAlias = str | int | float | bytes | None
Key: TypeAlias = tuple[Cell, ...]

_STATE: Final = [column.name for column in APPROVAL.columns].index("state")
_KEYS: Final = {
    name: tuple(index for index, column in enumerate(table.columns) if column.is_key)
    for name, table in TABLES.items()
}


@dataclass(slots=True)
class Harvest:
    """Rows to be written, by table."""

    entries: list[StoredEntry] = field(default_factory=list)
    payloads: dict[str, SealedPayload] = field(default_factory=dict)
    run_keys: dict[str, SealedKey] = field(default_factory=dict)
    opened: dict[str, tuple[Position, bool]] = field(default_factory=dict)
    """Where each call was opened, and whether it is driven: one that is held is not."""
    closed: dict[str, None] = field(default_factory=dict)
    rows: dict[str, dict[Key, tuple[Cell, ...]]] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list)
    """Approvals that are consumed, and have no row here."""
    claimed: list[KeyClaim] = field(default_factory=list)
    unclaimed: list[Scope] = field(default_factory=list)

    def put(self, row: Row) -> None:
        """Add a row, in place of one with its key."""
        key = tuple(row.values[index] for index in _KEYS[row.table])
        self.rows.setdefault(row.table, {})[key] = row.values

    def table_rows(self, table: Table) -> list[tuple[Cell, ...]]:
        """Rows of one audit table in the order of their keys: all writers lock in that order."""
        rows = self.rows.get(table.name, {})
        return [rows[key] for key in sorted(rows)]


class Batch:
    """Judges entries by what stands, and gathers what those that land bring."""

    def __init__(self, log_id: str, seq: int, standing: Standing) -> None:
        self._log_id = log_id
        self.seq: int = seq
        """Position of the next entry."""
        self._may_end = set(standing.newly_ended)
        self._keys = standing.keys
        self._approvals = standing.approvals
        self._shown = standing.shown
        self._claims = standing.claims
        self._stored = {**standing.claims, **standing.placed}
        self._harvest = Harvest()

    @property
    def unended(self) -> set[str]:
        """Calls and runs that could have ended here, and did not."""
        return self._may_end

    def take(self, entry: Entry) -> Receipt:
        """Accept an entry with all its riders, or turn it down with none."""
        obstacle = self._obstacle(entry)
        if obstacle is not None:
            return obstacle
        self._take_riders(entry)
        stored = StoredEntry(
            position=Position(self._log_id, self.seq),
            kind=entry.kind,
            schema=entry.schema,
            organization=entry.organization,
            run_id=entry.run_id,
            call_id=entry.call_id,
            at_ms=entry.at_ms,
            body=entry.body,
        )
        self.seq += 1
        self._harvest.entries.append(stored)
        if entry.ends is not None:
            self._may_end.discard(entry.ends)
        if entry.call_id is not None:
            self._follow(entry, entry.call_id, stored)
        return Written(stored.position)

    def reap(self) -> Harvest:
        """What was gathered since the last time."""
        harvest, self._harvest = self._harvest, Harvest()
        harvest.claimed = [c for scope, c in self._claims.items() if self._stored.get(scope) != c]
        harvest.unclaimed = [scope for scope in self._stored if scope not in self._claims]
        self._stored = dict(self._claims)
        return harvest

    def forget(self, runs: Iterable[str], freed: Iterable[Scope]) -> None:
        """What comes behind an erasure finds neither the keys nor the claims that it destroyed."""
        self._shown.clear()  # those of who is forgotten went with them; the others are asked anew
        for run_id in runs:
            self._keys.pop(run_id, None)
        for scope in freed:
            self._claims.pop(scope, None)
            self._stored.pop(scope, None)

    def _obstacle(self, entry: Entry) -> Receipt | None:
        if entry.ends is not None and entry.ends not in self._may_end:
            return AlreadyEnded(entry.ends)
        for payload in entry.payloads:
            if payload.sealed_under is not None and not self._stands(payload, entry.run_key):
                return KeyDestroyed(payload.run_id)
        fallen = self._fallen(entry)
        if fallen is not None:
            return fallen
        if entry.claim is not None:
            standing = self._claims.get((entry.claim.organization, entry.claim.digest))
            if standing is not None and not _gives_way(standing, entry.claim, entry.at_ms):
                return KeyTaken(standing)
        return None

    def _fallen(self, entry: Entry) -> ApprovalSpent | CredentialsEnded | None:
        """What the entry leans on, and does not stand as it must."""
        for approval_id, states in leaned_on(entry):
            if self._approvals.get(approval_id) not in states:
                return ApprovalSpent(approval_id)
        for each in shown_by(entry):
            if not self._shown.get(each, False):
                return CredentialsEnded(each[1])
        return None

    def _stands(self, payload: SealedPayload, brought: SealedKey | None) -> bool:
        """Whether a payload is sealed under its run's key, or under one that is new with it."""
        standing = self._keys.get(payload.run_id)
        if standing is None and brought is not None and brought.run_id == payload.run_id:
            standing = brought.wrapped
        return standing == payload.sealed_under

    def _take_riders(self, entry: Entry) -> None:
        harvest = self._harvest
        if entry.claim is not None:
            scope = (entry.claim.organization, entry.claim.digest)
            self._claims[scope] = replace(entry.claim, replaces=None)
        if entry.spends is not None:
            self._spend(entry.spends)
        for row in entry.rows:
            self._put(row)
        for payload in entry.payloads:
            harvest.payloads.setdefault(payload.id, payload)
        if entry.run_key is not None:
            harvest.run_keys.setdefault(entry.run_key.run_id, entry.run_key)
            self._keys.setdefault(entry.run_key.run_id, entry.run_key.wrapped)

    def _spend(self, approval_id: str) -> None:
        self._approvals[approval_id] = ApprovalState.CONSUMED
        rows = self._harvest.rows.get(APPROVAL.name, {})
        row = rows.get((approval_id,))
        if row is None:
            self._harvest.spent.append(approval_id)
        else:
            rows[approval_id,] = (*row[:_STATE], ApprovalState.CONSUMED, *row[_STATE + 1 :])

    def _put(self, row: Row) -> None:
        self._harvest.put(row)
        changed = credential_of(row)
        if changed is not None:
            credential, self._shown[credential] = changed
        if row.table == APPROVAL.name:
            approval_id = row.values[0]
            self._approvals[str(approval_id)] = str(row.values[_STATE])
            self._harvest.spent = [id_ for id_ in self._harvest.spent if id_ != approval_id]

    def _follow(self, entry: Entry, call_id: str, stored: StoredEntry) -> None:
        """Keep the books on open calls and keys."""
        harvest = self._harvest
        if entry.kind in {EntryKind.INTENT, EntryKind.HELD, EntryKind.DEFERRED}:
            opening, _ = harvest.opened.get(call_id, (stored.position, False))
            harvest.opened[call_id] = (opening, entry.kind is EntryKind.INTENT)
            harvest.closed.pop(call_id, None)
        elif entry.kind is EntryKind.ENDED:
            # Not opened here does not mean not open: a hold may have opened it long ago.
            harvest.opened.pop(call_id, None)
            harvest.closed[call_id] = None
        if entry.frees_key:
            for scope in [s for s, claim in self._claims.items() if claim.call_id == call_id]:
                del self._claims[scope]


def _gives_way(standing: KeyClaim, claim: KeyClaim, at_ms: int) -> bool:
    return standing.call_id in {claim.call_id, claim.replaces} or standing.expires_ms <= at_ms


def columns_of(rows: Iterable[tuple[Cell, ...]]) -> list[list[Cell]]:
    """Rows, of which there is one at least, turned into columns."""
    return [list(column) for column in zip(*rows, strict=True)]
