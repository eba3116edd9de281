"""Questions to a ledger, answered on the event loop's thread.

A point read takes about ten microseconds, a hop to a thread and back several times that; larger
reads are bounded by a limit, by one run or by a window of time. Each statement is read to its
end at once, so that no read holds an old snapshot open and the WAL can be checkpointed.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import apsw

from highroad.adapters.stores.sqlite import inbox
from highroad.adapters.stores.sqlite.schema import COMMON_KINDS
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.audit import (
    AGENT_RUN_COLUMNS,
    APP_USER,
    APPROVAL,
    TOOL_CALL,
    Column,
    ColumnType,
    Table,
    agent_run_of,
    approval_of,
    typed,
)
from highroad.domain.entry import EntryKind, KeyClaim, Position, StoredEntry
from highroad.domain.kinds import read_kind
from highroad.domain.limits import Scope
from highroad.domain.moving import SECTIONS, Section, payload_of
from highroad.domain.order_form import PostedOrder
from highroad.domain.outcome import Status
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.run import (
    AgentRun,
    RunStatus,
    Spent,
    Usage,
    calls_by_tool,
    is_open,
    spent_of,
)
from highroad.ports.store import Ownership

_APPROVAL_COLUMNS: Final = ", ".join(column.name for column in APPROVAL.columns)
_APPROVAL: Final = f"SELECT {_APPROVAL_COLUMNS} FROM approval WHERE id = ?"  # noqa: S608 - constants
_APPROVALS: Final = f"SELECT {_APPROVAL_COLUMNS} FROM approval WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - constants
_APPROVALS_IN: Final = (
    f"SELECT {_APPROVAL_COLUMNS} FROM approval "  # noqa: S608 - constants
    "WHERE id > ? AND state = ? ORDER BY id LIMIT ?"
)
_LAST_ENDED: Final = (
    f"SELECT call_id FROM entry WHERE kind = '{EntryKind.ENDED}' ORDER BY seq DESC LIMIT 1"  # noqa: S608 - a constant
)
_LAST_REFUSED: Final = (
    f"SELECT call_id FROM tool_result WHERE status = '{Status.REFUSED}' "  # noqa: S608 - a constant
    "ORDER BY ended_ms DESC, call_id DESC LIMIT 1"
)
# What a call in flight or unknown has cost is not known, so what it reserved counts, until somebody
# settles it (P6).
_SPENT: Final = f"""
    SELECT tool, held, count(*), sum(has_intent), sum(attempts * has_intent),
        sum(microusd * has_intent), sum(wall_ms * has_intent)
    FROM (
        SELECT tool, has_intent, coalesce(attempts, 1) AS attempts,
            CASE WHEN has_intent
                AND (status IS NULL OR (status = '{Status.UNKNOWN}' AND applied IS NULL))
                THEN id ELSE '' END AS held,
            CASE WHEN status <> '{Status.UNKNOWN}' THEN cost_microusd
                WHEN applied = 0 THEN 0 ELSE reserved_microusd END AS microusd,
            coalesce(latency_us, 0) / 1000 AS wall_ms
        FROM (
            SELECT tool_call.*, status, attempts, cost_microusd, latency_us,
                CASE status WHEN '{Status.UNKNOWN}' THEN (
                    SELECT applied FROM amendment
                    WHERE amendment.call_id = tool_call.id AND applied IS NOT NULL
                    ORDER BY amended_ms DESC LIMIT 1
                ) END AS applied
            FROM tool_call LEFT JOIN tool_result ON tool_result.call_id = tool_call.id
            WHERE %s
        )
    ) GROUP BY tool, held
"""  # noqa: S608 - a constant
_SPENT_BY_RUN: Final = (
    _SPENT
    % """tool_call.run_id IN (
    WITH RECURSIVE tree (id) AS (
        SELECT ? UNION SELECT agent_run.id FROM agent_run JOIN tree ON parent_id = tree.id
    ) SELECT id FROM tree
)"""
)
_SPENT_BY_CONVERSATION: Final = _SPENT % (
    "tool_call.run_id IN (SELECT id FROM agent_run WHERE conversation_id = ?) "
    "AND created_ms >= ? AND created_ms < ?"
)
_SINCE: Final = (
    "tool_call.%s = ? AND created_ms >= ? AND created_ms < ? AND tool_call.id >= "
    "coalesce((SELECT id FROM tool_call ORDER BY id DESC LIMIT 1 OFFSET ?), '')"
)
_SPENT_SINCE: Final = {
    Scope.USER: _SPENT % (_SINCE % "principal_id"),
    Scope.ORGANIZATION: _SPENT % (_SINCE % "organization"),
}
_RUN: Final = """
    SELECT count(*), coalesce(min(created_ms), 0),
        (SELECT parent_id FROM agent_run WHERE id = ?1),
        (SELECT conversation_id FROM agent_run WHERE id = ?1)
    FROM tool_call WHERE run_id = ?1
"""
_BACK: Final = "SELECT created_ms FROM tool_call ORDER BY id DESC LIMIT 1 OFFSET ?"
_FOREVER_MS: Final = 1 << 62
# Each wait adds what it lasts beyond every earlier one: overlaps count once.
_RESTED: Final = """
    WITH wait AS (
        SELECT approval.created_ms AS since, coalesce(decided_ms, ?1) AS until
        FROM approval WHERE call_id IN (SELECT id FROM tool_call WHERE run_id = ?2)
        UNION ALL
        SELECT deferred_ms, coalesce(ended_ms, ?1)
        FROM deferral WHERE call_id IN (SELECT id FROM tool_call WHERE run_id = ?2)
    ), reach AS (
        SELECT since, until, max(until) OVER (
            ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
        FROM wait
    )
    SELECT coalesce(sum(max(0, until - max(since, coalesce(reached, since)))), 0) FROM reach
"""
_ADMITTED: Final = ("organization", "principal_id", "tool", "created_ms", "has_intent")
_NEWEST_CALLS: Final = f"SELECT {', '.join(_ADMITTED)} FROM tool_call ORDER BY id DESC"  # noqa: S608 - columns of ours
_DISORDER_MS: Final = 60_000
"""How far the order of ids and that of `created_ms` may differ: a clock that was set back."""

_UNKNOWN: Final = f"""
    SELECT call_id FROM tool_result
    WHERE status = '{Status.UNKNOWN}' AND source_call_id IS NULL AND call_id > ?
        AND NOT EXISTS (
            SELECT 1 FROM amendment
            WHERE amendment.call_id = tool_result.call_id AND applied IS NOT NULL
        )
    ORDER BY call_id LIMIT ?
"""  # noqa: S608 - a constant

_AGENT_RUNS: Final = f"SELECT {', '.join(AGENT_RUN_COLUMNS)} FROM agent_run WHERE agent IS NOT NULL"  # noqa: S608 - columns of ours
# Of runs that have not ended the index has the status, and of no others.
_OPEN_RUN: Final = " AND ended_ms IS NULL"
# A payload is named by its run, its call, or the approval of its call, and a dot.
_PAYLOADS_OF_RUN: Final = """
    SELECT payload.* FROM (
        SELECT ?1 AS id
        UNION ALL SELECT id FROM tool_call WHERE run_id = ?1
        UNION ALL SELECT approval.id FROM tool_call
        JOIN approval ON approval.call_id = tool_call.id WHERE tool_call.run_id = ?1
    ) AS named JOIN payload ON payload.id > named.id || '.' AND payload.id < named.id || '/'
    ORDER BY payload.id
"""

_ENTRY: Final = SECTIONS[Section.ENTRY]
_ENTRY_COLUMNS: Final = (
    *("seq", "kind", "schema", "organization", "run_id", "call_id", "at_ms", "body"),
)

_TAKEN: Final = Table(
    "tool_call and tool_result",
    (
        Column("tool"),
        Column("held"),
        *(
            Column(name, ColumnType.INTEGER)
            for name in ("proposals", "calls", "attempts", "microusd", "wall_ms")
        ),
    ),
)
"""What `_SPENT` answers."""
_PLACED: Final = Table(
    "tool_call and agent_run",
    (
        Column("steps", ColumnType.INTEGER),
        Column("started_ms", ColumnType.INTEGER),
        Column("parent_id", is_optional=True),
        Column("conversation_id", is_optional=True),
    ),
)
"""What `_RUN` answers."""

_Row: TypeAlias = tuple[Any, ...]
"""A wire edge: STRICT tables hold the types that the schema names."""


class Reader:
    """The reading connection of a process; it sees all that is committed."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def ownership(self) -> Ownership | None:
        """The present owner, or the last one."""
        row = self._one("SELECT pid, since_ms FROM owner")
        return None if row is None else Ownership(*row)

    def claim(self, organization: str, digest: bytes, at_ms: int) -> KeyClaim | None:
        """The claim on a key that lasts at `at_ms`."""
        row = self._one(
            "SELECT organization, digest, arguments, call_id, expires_ms FROM key_claim "
            "WHERE organization = ? AND digest = ? AND expires_ms > ?",
            organization,
            digest,
            at_ms,
        )
        return None if row is None else KeyClaim(*row)

    def entries(  # noqa: PLR0913 - what may narrow them, each by name
        self,
        *,
        log_id: str | None,
        run_id: str | None,
        call_id: str | None,
        kind: str | None,
        after: Position | None,
        limit: int,
    ) -> list[StoredEntry]:
        """A page of entries, in order."""
        wanted = {"run_id": run_id, "call_id": call_id, "kind": kind}
        given = {column: value for column, value in wanted.items() if value is not None}
        conditions = ["seq > ?", *(f"{column} = ?" for column in given)]
        if kind is not None and kind not in {EntryKind.INTENT, EntryKind.ENDED}:
            # Said so that SQLite sees that the index of rare kinds holds every answer.
            conditions.append(f"kind NOT IN {COMMON_KINDS}")
        if not given:
            # Entries of lasting kinds stay when those around them are archived, and are found by
            # their kind alone: what is read in order has no holes.
            conditions.append("seq >= (SELECT first FROM log)")
        rows = self._all(
            f"SELECT {', '.join(_ENTRY_COLUMNS)} FROM entry "  # noqa: S608 - columns of ours, values bound
            f"WHERE {' AND '.join(conditions)} ORDER BY seq LIMIT ?",
            -1 if after is None else after.seq,
            *given.values(),
            limit,
        )
        if not rows:
            return []
        own_log = self._connection.execute("SELECT log_id FROM log").get
        typed(SECTIONS[Section.LOG], (own_log,), ("log_id",))
        if log_id not in {None, own_log}:
            return []
        return [
            StoredEntry(Position(own_log, seq), read_kind(name, seq), *rest)
            for seq, name, *rest in (typed(_ENTRY, row, _ENTRY_COLUMNS) for row in rows)
        ]

    def last_call(self, *, refused: bool) -> str | None:
        """Id of the newest ended, or refused, call."""
        row = self._one(_LAST_REFUSED if refused else _LAST_ENDED)
        return None if row is None else str(row[0])

    def open_calls(self) -> list[str]:
        """Ids of calls without an end, oldest first."""
        return [call_id for (call_id,) in self._all("SELECT call_id FROM open_call ORDER BY seq")]

    def unknown_calls(self, after: str, limit: int) -> list[str]:
        """Ids of calls whose outcome nobody knows yet."""
        return [call_id for (call_id,) in self._all(_UNKNOWN, after, limit)]

    def is_open(self, call_id: str) -> bool:
        """Whether a call has no end yet."""
        return self._one("SELECT 1 FROM open_call WHERE call_id = ?", call_id) is not None

    def payload(self, payload_id: str) -> SealedPayload | None:
        """A payload by its id."""
        row = self._one("SELECT * FROM payload WHERE id = ?", payload_id)
        if row is None:
            return None
        return payload_of(row)

    def payloads(self, run_id: str) -> list[SealedPayload]:
        """All payloads of a run and its calls."""
        return [payload_of(row) for row in self._all(_PAYLOADS_OF_RUN, run_id)]

    def profile(self, opaque_id: str) -> bytes | None:
        """The sealed profile of a principal."""
        row = self._one("SELECT sealed_profile FROM app_user WHERE id = ?", opaque_id)
        return None if row is None else typed(APP_USER, row, ("sealed_profile",))[0]

    def run_key(self, run_id: str) -> SealedKey | None:
        """The wrapped data key of a run."""
        row = self._one("SELECT * FROM run_key WHERE run_id = ?", run_id)
        return None if row is None else SealedKey(*typed(SECTIONS[Section.RUN_KEY], row))

    def approval(self, approval_id: str) -> Approval | None:
        """An approval by its id."""
        row = self._one(_APPROVAL, approval_id)
        return None if row is None else approval_of(row)

    def approvals(self, state: ApprovalState | None, after: str, limit: int) -> list[Approval]:
        """A page of approvals, oldest first."""
        if state is None:
            rows = self._all(_APPROVALS, after, limit)
        else:
            rows = self._all(_APPROVALS_IN, after, state, limit)
        return [approval_of(row) for row in rows]

    def runs(self, status: RunStatus | None, after: str, limit: int) -> list[AgentRun]:
        """A page of agents' runs."""
        if status is None:
            rows = self._all(f"{_AGENT_RUNS} AND id > ? ORDER BY id LIMIT ?", after, limit)
        else:
            given = _OPEN_RUN if is_open(status) else ""
            statement = f"{_AGENT_RUNS}{given} AND status = ? AND id > ? ORDER BY id LIMIT ?"
            rows = self._all(statement, status, after, limit)
        return [agent_run_of(row) for row in rows]

    def usage(self, run_id: str, at_ms: int) -> Usage:
        """What a run has used, and how long it waited for people until `at_ms`."""
        placed = typed(_PLACED, self._all(_RUN, run_id)[0])
        steps, started_ms, parent_id, conversation_id = placed
        rows = self._taken(_SPENT_BY_RUN, run_id)
        rested_ms = self._connection.execute(_RESTED, (at_ms, run_id)).get if steps else 0
        return Usage(
            steps=steps,
            spent=spent_of(rows),
            by_tool=calls_by_tool(rows),
            started_ms=started_ms,
            rested_ms=rested_ms,
            parent_id=parent_id,
            conversation_id=conversation_id,
        )

    def spent(self, scope: Scope, whose: str, since_ms: int, until_ms: int | None) -> Spent:
        """What calls took that were received between two moments."""
        until_ms = _FOREVER_MS if until_ms is None else until_ms
        if scope is Scope.CONVERSATION:
            return spent_of(self._taken(_SPENT_BY_CONVERSATION, whose, since_ms, until_ms))
        back = self._calls_since(since_ms - _DISORDER_MS)
        return spent_of(self._taken(_SPENT_SINCE[scope], whose, since_ms, until_ms, back))

    def _taken(self, statement: str, *keys: str | int) -> list[Sequence[Any]]:
        return [typed(_TAKEN, row) for row in self._all(statement, *keys)]

    def _calls_since(self, at_ms: int) -> int:
        """So many of the newest calls hold all since `at_ms`, and at most twice as many.

        Ids are ordered by time, so that no index of times is needed, which every call would pay
        for.
        """
        back = 64
        while (found := self._one(_BACK, back)) is not None and found[0] >= at_ms:
            back *= 2
        return back

    def admitted_since(self, at_ms: int) -> list[tuple[str, str, str, int]]:
        """Calls with an intent since `at_ms`, oldest first; read back from the newest."""
        found: list[tuple[str, str, str, int]] = []
        rows = self._connection.execute(_NEWEST_CALLS)
        row: _Row
        for row in rows:
            organization, principal, tool, created_ms, has_intent = typed(TOOL_CALL, row, _ADMITTED)
            if created_ms < at_ms - _DISORDER_MS:
                break
            if has_intent and created_ms >= at_ms:
                found.append((organization, principal, tool, created_ms))
        rows.close()
        found.reverse()
        return found

    def inbox(self) -> list[PostedOrder]:
        """Orders that wait for the owner, oldest first."""
        return inbox.waiting(self._connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _all(self, statement: str, *keys: str | bytes | int) -> list[_Row]:
        return self._connection.execute(statement, keys).fetchall()

    def _one(self, statement: str, *keys: str | bytes | int) -> _Row | None:
        rows = self._all(statement, *keys)
        return rows[0] if rows else None
