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
from highroad.domain.demand import Amount
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
    SELECT tool, held, count(*), sum(has_intent), sum(attempts * has_intent), 0,
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
# What a provider has counted of a request that was never answered is not known either.
_ASKED: Final = """
    SELECT '', held, 0, 0, 0, sum(tokens), sum(microusd), 0
    FROM (
        SELECT iif(request_id IS NULL, model_request.id, '') AS held,
            iif(request_id IS NULL, reserved_tokens, tokens_in + tokens_out) AS tokens,
            iif(request_id IS NULL, reserved_microusd, cost_microusd) AS microusd
        FROM model_request LEFT JOIN model_reply ON request_id = model_request.id
        WHERE %s
    ) GROUP BY held
"""
_IN_TREE: Final = """%s.run_id IN (
    WITH RECURSIVE tree (id) AS (
        SELECT ? UNION SELECT agent_run.id FROM agent_run JOIN tree ON parent_id = tree.id
    ) SELECT id FROM tree
)"""
_SPENT_BY_RUN: Final = (_SPENT % (_IN_TREE % "tool_call"), _ASKED % (_IN_TREE % "model_request"))
_IN_CONVERSATION: Final = (
    "%s.run_id IN (SELECT id FROM agent_run WHERE conversation_id = ?) AND %s >= ? AND %s < ?"
)
_SPENT_BY_CONVERSATION: Final = (
    _SPENT % (_IN_CONVERSATION % ("tool_call", "created_ms", "created_ms")),
    _ASKED % (_IN_CONVERSATION % ("model_request", "asked_ms", "asked_ms")),
)
_CALLS_SINCE: Final = (
    "tool_call.%s = ? AND created_ms >= ? AND created_ms < ? AND tool_call.id >= "
    "coalesce((SELECT id FROM tool_call ORDER BY id DESC LIMIT 1 OFFSET ?), '')"
)
_REQUESTS_SINCE: Final = (
    "model_request.%s = ? AND asked_ms >= ? AND asked_ms < ? AND model_request.id >= "
    "coalesce((SELECT id FROM model_request ORDER BY id DESC LIMIT 1 OFFSET ?), '')"
)
_SPENT_SINCE: Final = {
    scope: (_SPENT % (_CALLS_SINCE % column), _ASKED % (_REQUESTS_SINCE % column))
    for scope, column in ((Scope.USER, "principal_id"), (Scope.ORGANIZATION, "organization"))
}
_RUN: Final = """
    SELECT count(*),
        coalesce(
            (SELECT started_ms FROM agent_run WHERE id = ?1 AND agent IS NOT NULL),
            min(created_ms), 0),
        (SELECT parent_id FROM agent_run WHERE id = ?1),
        (SELECT conversation_id FROM agent_run WHERE id = ?1),
        EXISTS (SELECT 1 FROM agent_run WHERE id = ?1 AND agent IS NOT NULL)
    FROM tool_call WHERE run_id = ?1
"""
_CALLS_BACK: Final = "SELECT created_ms FROM tool_call ORDER BY id DESC LIMIT 1 OFFSET ?"
_REQUESTS_BACK: Final = "SELECT asked_ms FROM model_request ORDER BY id DESC LIMIT 1 OFFSET ?"
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
# An agent's run says itself when it rests: what waits for one call may work on with others.
_AGENT_RESTED: Final = f"""
    SELECT coalesce(sum(max(0, until - at_ms)), 0)
    FROM (
        SELECT kind, at_ms, lead(at_ms, 1, ?1) OVER (ORDER BY seq) AS until
        FROM entry WHERE run_id = ?2
            AND kind IN ('{EntryKind.RUN_HELD}', '{EntryKind.RUN_RESUMED}', '{EntryKind.RUN_ENDED}')
    ) WHERE kind = '{EntryKind.RUN_HELD}'
"""  # noqa: S608 - constants
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
    "tool_call, tool_result, model_request and model_reply",
    (
        Column("tool"),
        Column("held"),
        *(Column(name, ColumnType.INTEGER) for name in Amount._fields),
    ),
)
"""What `_SPENT` and `_ASKED` answer."""
_PLACED: Final = Table(
    "tool_call and agent_run",
    (
        Column("steps", ColumnType.INTEGER),
        Column("started_ms", ColumnType.INTEGER),
        Column("parent_id", is_optional=True),
        Column("conversation_id", is_optional=True),
        Column("is_agent", ColumnType.INTEGER),
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
        for row in rows:
            typed(_ENTRY, row, _ENTRY_COLUMNS)
        return [
            StoredEntry(Position(own_log, row[0]), read_kind(row[1], row[0]), *row[2:])
            for row in rows
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

    def runs(
        self, status: RunStatus | None, after: str, limit: int, *, newest_first: bool
    ) -> list[AgentRun]:
        """A page of agents' runs."""
        keys: list[str | int] = []
        conditions = ""
        if status is not None:
            conditions += f"{_OPEN_RUN if is_open(status) else ''} AND status = ?"
            keys.append(status)
        if after:
            conditions += f" AND id {'<' if newest_first else '>'} ?"
            keys.append(after)
        order = "DESC" if newest_first else "ASC"
        statement = f"{_AGENT_RUNS}{conditions} ORDER BY id {order} LIMIT ?"
        return [agent_run_of(row) for row in self._all(statement, *keys, limit)]

    def usage(self, run_id: str, at_ms: int) -> Usage:
        """What a run has used, and how long it waited for people until `at_ms`."""
        placed = typed(_PLACED, self._all(_RUN, run_id)[0])
        steps, started_ms, parent_id, conversation_id, is_agent = placed
        calls, requests = (self._taken(statement, run_id) for statement in _SPENT_BY_RUN)
        rows = [*calls, *requests]
        return Usage(
            steps=steps,
            spent=spent_of(rows),
            by_tool=calls_by_tool(rows),
            started_ms=started_ms,
            rested_ms=self._rested(run_id, at_ms, is_agent) if steps or is_agent else 0,
            parent_id=parent_id,
            conversation_id=conversation_id,
        )

    def _rested(self, run_id: str, at_ms: int, is_agent: int) -> int:
        asked = _AGENT_RESTED if is_agent else _RESTED
        return int(self._connection.execute(asked, (at_ms, run_id)).get)

    def spent(self, scope: Scope, whose: str, since_ms: int, until_ms: int | None) -> Spent:
        """What calls took that were received between two moments."""
        until_ms = _FOREVER_MS if until_ms is None else until_ms
        if scope is Scope.CONVERSATION:
            calls, requests = (
                self._taken(statement, whose, since_ms, until_ms)
                for statement in _SPENT_BY_CONVERSATION
            )
        else:
            calls, requests = (
                self._taken(
                    statement, whose, since_ms, until_ms, self._since(since_ms - _DISORDER_MS, back)
                )
                for statement, back in zip(
                    _SPENT_SINCE[scope], (_CALLS_BACK, _REQUESTS_BACK), strict=True
                )
            )
        return spent_of([*calls, *requests])

    def _taken(self, statement: str, *keys: str | int) -> list[Sequence[Any]]:
        return [typed(_TAKEN, row) for row in self._all(statement, *keys)]

    def _since(self, at_ms: int, newest: str) -> int:
        """So many of the newest rows hold all since `at_ms`, and at most twice as many.

        Ids are ordered by time, so that no index of times is needed, which every call would pay
        for.
        """
        back = 64
        while (found := self._one(newest, back)) is not None and found[0] >= at_ms:
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
