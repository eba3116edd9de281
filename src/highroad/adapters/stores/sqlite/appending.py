"""What becomes of entries inside a transaction: each lands whole, or is turned down alone."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import apsw

from highroad.adapters.stores.sqlite import schema
from highroad.domain.approval import ApprovalState
from highroad.domain.audit import API_KEY, LOGIN_SESSION, OWNED, TABLES
from highroad.domain.entry import (
    AlreadyEnded,
    ApprovalSpent,
    CallsOpen,
    CredentialsEnded,
    Entry,
    EntryKind,
    Erasure,
    Fence,
    KeyClaim,
    KeyDestroyed,
    KeyTaken,
    Position,
    Receipt,
    Written,
)
from highroad.domain.leaning import leaned_on, shown_by
from highroad.domain.payload import SealedKey, SealedPayload

_HEAD: Final = (
    "SELECT log_id, epoch, first, max(coalesce((SELECT max(seq) FROM entry), -1), first - 1) "
    "FROM log"
)
_ENDED: Final = f"""
    SELECT value FROM json_each(?)
    WHERE EXISTS (SELECT 1 FROM entry WHERE call_id = value AND kind = '{EntryKind.ENDED}')
"""  # noqa: S608 - a constant
_ENDED_OR_ARCHIVED: Final = f"{_ENDED} OR EXISTS (SELECT 1 FROM tool_result WHERE call_id = value)"  # noqa: S608 - constants
_RUNS_ENDED: Final = """
    SELECT value FROM json_each(?) WHERE EXISTS (
        SELECT 1 FROM agent_run WHERE id = value AND agent IS NOT NULL AND ended_ms IS NOT NULL)
"""
_APPROVAL_STATE: Final = "SELECT state FROM approval WHERE id = ?"
_IS_GOOD: Final = {
    table.name: f"SELECT count(*) FROM {table.name} WHERE id = ? AND ended_ms IS NULL"  # noqa: S608 - a name of ours
    for table in (API_KEY, LOGIN_SESSION)
}
_SPEND: Final = f"UPDATE approval SET state = '{ApprovalState.CONSUMED}' WHERE id = ?"  # noqa: S608 - a constant
_CLAIM: Final = """
    INSERT INTO key_claim VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET arguments = excluded.arguments, call_id = excluded.call_id,
        expires_ms = excluded.expires_ms
    WHERE key_claim.call_id IN (excluded.call_id, ?) OR key_claim.expires_ms <= ?
"""
_HOLDER: Final = (
    "SELECT arguments, call_id, expires_ms FROM key_claim WHERE organization = ? AND digest = ?"
)
_FREE: Final = "DELETE FROM key_claim WHERE call_id = ?"
_ENTRY: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
# What is there stays: a key that has sealed something, and the content that it sealed.
_PAYLOAD: Final = "INSERT OR IGNORE INTO payload VALUES (?, ?, ?, ?, ?)"
_RUN_KEY: Final = "INSERT OR IGNORE INTO run_key VALUES (?, ?, ?, ?)"
_KEY: Final = "SELECT wrapped FROM run_key WHERE run_id = ?"
_OPEN: Final = "INSERT OR IGNORE INTO open_call VALUES (?, ?)"
_OPEN_IN: Final = (
    "SELECT call_id FROM open_call JOIN tool_call ON tool_call.id = call_id "
    "WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY call_id"
)
_CLOSE: Final = "DELETE FROM open_call WHERE call_id = ?"
_ROW: Final = {name: schema.replacement(table) for name, table in TABLES.items()}

_ERASE_PAYLOAD: Final = "DELETE FROM payload WHERE id = ?"
# A payload is named by its run, its call, or the approval of its call, and a dot; '/' follows on
# '.'.
_ERASE_OF_RUN: Final = """
    DELETE FROM payload WHERE id IN (
        SELECT payload.id FROM (
            SELECT ?1 AS id
            UNION ALL SELECT id FROM tool_call WHERE run_id = ?1
            UNION ALL SELECT approval.id FROM tool_call
            JOIN approval ON approval.call_id = tool_call.id WHERE tool_call.run_id = ?1
        ) AS named JOIN payload ON payload.id > named.id || '.' AND payload.id < named.id || '/')
"""
_ERASE_KEY: Final = "DELETE FROM run_key WHERE run_id = ?"
_FREE_RUN: Final = (
    "DELETE FROM key_claim WHERE call_id IN (SELECT id FROM tool_call WHERE run_id = ?)"
)
_ERASE_PROFILE: Final = "UPDATE app_user SET sealed_profile = NULL WHERE id = ?"
_ERASE_OWNED: Final = tuple(
    f"DELETE FROM {table.name} WHERE principal_id = ?"  # noqa: S608 - a name of ours
    for table in OWNED
)

_Value = str | int | float | bytes | None
_OPENING: Final = (EntryKind.INTENT, EntryKind.HELD)


def append(
    connection: apsw.Connection, entries: Sequence[Entry], fence: Fence
) -> tuple[Receipt | None, ...]:
    """Write entries inside a transaction that is open.

    Returns:
        A receipt for each; where the fence is lost, `None` for all but amendments.
    """
    log_id, epoch, first, last = connection.execute(_HEAD).get
    is_lost = fence != Fence(log_id, epoch)
    # Of a call whose entries were archived, the audit row is what tells that it has ended.
    question = _ENDED_OR_ARCHIVED if first else _ENDED
    batch = _Batch(connection, log_id, last + 1, _ended_before(connection, entries, question))
    receipts = tuple(
        [
            None if is_lost and entry.kind is not EntryKind.AMENDED else batch.take(entry)
            for entry in entries
        ]
    )
    batch.flush()
    return receipts


def keep_key(connection: apsw.Connection, key: SealedKey) -> None:
    """Store the key of a run where there is none, inside a transaction."""
    connection.execute(_RUN_KEY, (key.run_id, key.master, key.wrapped, key.created_ms))


def _ended_before(connection: apsw.Connection, entries: Sequence[Entry], question: str) -> set[str]:
    """Which of the calls and runs that `entries` end have ended already: asked once for each."""
    calls = [entry.call_id for entry in entries if entry.kind is EntryKind.ENDED]
    runs = [entry.run_id for entry in entries if entry.kind is EntryKind.RUN_ENDED]
    return {
        subject
        for asked, ending in ((question, calls), (_RUNS_ENDED, runs))
        if ending
        for (subject,) in connection.execute(asked, (json.dumps(ending),))
    }


class _Batch:
    """Rows of one append, gathered by table, because one statement for many rows is the fastest.

    Gathering must not change what the rules see: what they read (approvals, claims, ends) is
    written or looked up in the order of entries.
    """

    def __init__(self, connection: apsw.Connection, log_id: str, seq: int, ended: set[str]) -> None:
        self._connection = connection
        self._log_id = log_id
        self._seq = seq
        self._rows: defaultdict[str, list[tuple[_Value, ...]]] = defaultdict(list)
        self._ended = ended
        self._opened: dict[str, int] = {}

    def take(self, entry: Entry) -> Receipt:
        """Accept an entry with all its riders, or turn it down with none."""
        obstacle = self._obstacle(entry)
        if obstacle is not None:
            return obstacle
        position = Position(self._log_id, self._seq)
        self._seq += 1
        self._rows[_ENTRY].append(
            (
                position.seq,
                entry.kind,
                entry.schema,
                entry.organization,
                entry.run_id,
                entry.call_id,
                entry.at_ms,
                entry.body,
            )
        )
        for row in entry.rows:
            self._rows[_ROW[row.table]].append(row.values)
        for payload in entry.payloads:
            self._rows[_PAYLOAD].append(
                (
                    payload.id,
                    payload.run_id,
                    payload.kind,
                    payload.ciphertext,
                    payload.created_ms,
                )
            )
        key = entry.run_key
        if key is not None:
            self._rows[_RUN_KEY].append((key.run_id, key.master, key.wrapped, key.created_ms))
        if entry.ends is not None:
            self._ended.add(entry.ends)
        if entry.call_id is not None:
            self._follow(entry, entry.call_id, position.seq)
        if entry.erases is not None:
            self._erase(entry.erases)
        return Written(position)

    def flush(self) -> None:
        """Write all that was gathered."""
        for call_id, seq in self._opened.items():
            self._rows[_OPEN].append((call_id, seq))
        self._opened.clear()
        for statement in tuple(self._rows):
            self._write(statement)

    def _obstacle(self, entry: Entry) -> Receipt | None:
        """Why the entry cannot land. The claim is judged last, by taking it."""
        if entry.ends is not None and entry.ends in self._ended:
            return AlreadyEnded(entry.ends)
        for payload in entry.payloads:
            if payload.sealed_under is not None and not self._stands(payload, entry.run_key):
                return KeyDestroyed(payload.run_id)
        if entry.erases is not None and (open_calls := self._open_in(entry.erases.runs)):
            return CallsOpen(open_calls)
        fallen = self._fallen(entry)
        if fallen is not None:
            return fallen
        if entry.claim is not None:
            holder = self._take_key(entry.claim, entry.at_ms)
            if holder is not None:
                return KeyTaken(holder)
        if entry.spends is not None:
            self._connection.execute(_SPEND, (entry.spends,))
        return None

    def _fallen(self, entry: Entry) -> ApprovalSpent | CredentialsEnded | None:
        """What the entry leans on, and does not stand as it must."""
        for approval_id, states in leaned_on(entry):
            self._write(_ROW["approval"])
            if self._value(_APPROVAL_STATE, approval_id) not in states:
                return ApprovalSpent(approval_id)
        for table, subject in shown_by(entry):
            self._write(_ROW[table])
            if not self._value(_IS_GOOD[table], subject):
                return CredentialsEnded(subject)
        return None

    def _stands(self, payload: SealedPayload, brought: SealedKey | None) -> bool:
        """Whether a payload is sealed under its run's key, or under one that is new with it."""
        self._write(_RUN_KEY)
        standing = self._value(_KEY, payload.run_id)
        if standing is None and brought is not None and brought.run_id == payload.run_id:
            standing = brought.wrapped
        return standing == payload.sealed_under

    def _open_in(self, runs: Sequence[str]) -> tuple[str, ...]:
        """Calls without an end in some runs, with those of this append."""
        self.flush()
        rows = self._connection.execute(_OPEN_IN, (json.dumps(runs),))
        return tuple(call_id for (call_id,) in rows)

    def _take_key(self, claim: KeyClaim, at_ms: int) -> KeyClaim | None:
        """Take the key, unless another call has it: then the claim that stands."""
        self._write(_FREE)
        scope = (claim.organization, claim.digest)
        self._connection.execute(
            _CLAIM,
            (*scope, claim.arguments, claim.call_id, claim.expires_ms, claim.replaces, at_ms),
        )
        if self._connection.changes():
            return None
        return KeyClaim(*scope, *self._connection.execute(_HOLDER, scope).get)

    def _follow(self, entry: Entry, call_id: str, seq: int) -> None:
        """Keep the books on open calls and keys."""
        if entry.kind in _OPENING:
            self._opened.setdefault(call_id, seq)
        elif entry.kind is EntryKind.ENDED:
            # Not opened here does not mean not open: a hold may have opened it long ago.
            self._opened.pop(call_id, None)
            self._rows[_CLOSE].append((call_id,))
        if entry.frees_key:
            self._rows[_FREE].append((call_id,))

    def _erase(self, erasure: Erasure) -> None:
        """Destroy content: its place in the file is overwritten (`PRAGMA secure_delete`)."""
        for statement in tuple(self._rows):
            self._write(statement)
        runs = [(run_id,) for run_id in erasure.runs]
        self._connection.executemany(_ERASE_PAYLOAD, [(id_,) for id_ in erasure.payloads])
        self._connection.executemany(_ERASE_OF_RUN, runs)
        self._connection.executemany(_ERASE_KEY, runs)
        if erasure.frees_keys:
            self._connection.executemany(_FREE_RUN, runs)
        people = [(id_,) for id_ in erasure.profiles]
        for statement in (_ERASE_PROFILE, *_ERASE_OWNED):
            self._connection.executemany(statement, people)

    def _write(self, statement: str) -> None:
        rows = self._rows.pop(statement, None)
        if rows is not None:
            self._connection.executemany(statement, rows)

    def _value(self, statement: str, key: str) -> object:
        return self._connection.execute(statement, (key,)).get
