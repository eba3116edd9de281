"""Questions to a ledger, over a pool of connections that come back by themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from highroad.adapters.stores.postgres import lives
from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Pool, Record, Value, pool
from highroad.adapters.stores.postgres.failures import LedgerErrors, is_away
from highroad.adapters.stores.postgres.lives import Trusted
from highroad.adapters.stores.postgres.schema import COMMON_KINDS
from highroad.adapters.stores.postgres.session import Patience
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.audit import AGENT_RUN_COLUMNS, APPROVAL, agent_run_of, approval_of
from highroad.domain.entry import EntryKind, KeyClaim, Position, StoredEntry
from highroad.domain.error import LedgerError
from highroad.domain.kinds import read_kind
from highroad.domain.limits import Scope
from highroad.domain.moving import payload_of
from highroad.domain.order_form import ASIDE, PostedOrder
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

POOL: Final = 8
"""Connections that may read at the same time."""

ENTRY_COLUMNS: Final = "log_id, seq, kind, schema, organization, run_id, call_id, at_ms, body"
_APPROVAL_COLUMNS: Final = ", ".join(column.name for column in APPROVAL.columns)
_APPROVALS: Final = f"SELECT {_APPROVAL_COLUMNS} FROM approval"  # noqa: S608 - constants
_CLAIM: Final = (
    "SELECT organization, digest, arguments, call_id, expires_ms FROM key_claim "
    "WHERE organization = $1 AND digest = $2 AND expires_ms > $3"
)
_INBOX: Final = f"SELECT id, kind, content FROM inbox WHERE kind <> '{ASIDE}' ORDER BY id"  # noqa: S608 - a constant
_LAST_ENDED: Final = (
    f"SELECT call_id FROM entry WHERE kind = '{EntryKind.ENDED}' ORDER BY place DESC LIMIT 1"  # noqa: S608 - a constant
)
_LAST_REFUSED: Final = (
    f"SELECT call_id FROM tool_result WHERE status = '{Status.REFUSED}' "  # noqa: S608 - a constant
    "ORDER BY ended_ms DESC, call_id DESC LIMIT 1"
)
# Nobody drives a held call; of the others those are open whose writer is this one, or gone.
_OPEN: Final = f"""
    SELECT call_id FROM open_call LEFT JOIN log ON log.log_id = driver
    WHERE driver IS NULL OR driver = $1
        OR {lives.gone("$2")}
    ORDER BY opened
"""  # noqa: S608 - constants
_DRIVEN: Final = f"""
    SELECT driver IS NOT NULL AND driver IS DISTINCT FROM $2
        AND NOT coalesce({lives.gone("$3")}, false)
    FROM open_call LEFT JOIN log ON log.log_id = driver WHERE call_id = $1
"""  # noqa: S608 - constants
_LIVE: Final = f"""
    SELECT log_id IS DISTINCT FROM $2 AND NOT coalesce({lives.gone("$3")}, false)
    FROM log WHERE log_id = $1
"""  # noqa: S608 - constants
_ABANDONED: Final = f"""
    SELECT call_id FROM open_call LEFT JOIN log ON log.log_id = driver
    WHERE driver = $1 OR (driver IS NOT NULL AND {lives.gone("$2")})
    ORDER BY opened
"""  # noqa: S608 - constants
_UNKNOWN: Final = f"""
    SELECT call_id FROM tool_result
    WHERE status = '{Status.UNKNOWN}' AND source_call_id IS NULL AND call_id > $1
        AND NOT EXISTS (
            SELECT FROM amendment
            WHERE amendment.call_id = tool_result.call_id AND applied IS NOT NULL)
    ORDER BY call_id LIMIT $2
"""  # noqa: S608 - a constant
# An id that is brought again in another month lies in two parts: the first one stands.
_PAYLOAD: Final = (
    "SELECT id, run_id, kind, ciphertext, created_ms FROM payload WHERE id = $1 "
    "ORDER BY created_ms LIMIT 1"
)
# What a call in flight or unknown has cost is not known, so what it reserved counts, until somebody
# settles it (P6).
_SPENT: Final = f"""
    SELECT tool, held, count(*), sum(has_intent)::bigint, sum(attempts * has_intent)::bigint,
        0, sum(microusd * has_intent)::bigint, sum(wall_ms * has_intent)::bigint
    FROM (
        SELECT tool, has_intent, coalesce(attempts, 1) AS attempts,
            CASE WHEN has_intent = 1
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
        ) AS told
    ) AS taken GROUP BY tool, held
"""  # noqa: S608 - a constant
# What a provider has counted of a request that was never answered is not known either.
_ASKED: Final = """
    SELECT '', held, 0, 0, 0, sum(tokens)::bigint, sum(microusd)::bigint, 0
    FROM (
        SELECT CASE WHEN request_id IS NULL THEN model_request.id ELSE '' END AS held,
            coalesce(tokens_in + tokens_out, reserved_tokens) AS tokens,
            coalesce(cost_microusd, reserved_microusd) AS microusd
        FROM model_request LEFT JOIN model_reply ON request_id = model_request.id
        WHERE %s
    ) AS taken GROUP BY held
"""
_IN_TREE: Final = """%s.run_id IN (
    WITH RECURSIVE tree (id) AS (
        SELECT $1::text COLLATE "C"
        UNION SELECT agent_run.id FROM agent_run JOIN tree ON parent_id = tree.id
    ) SELECT id FROM tree
)"""
_SPENT_BY_RUN: Final = (_SPENT % (_IN_TREE % "tool_call"), _ASKED % (_IN_TREE % "model_request"))
_BETWEEN: Final = "%s AND %s >= $2 AND ($3::bigint IS NULL OR %s < $3)"
_SPENT_SINCE: Final = {
    scope: (
        _SPENT % (_BETWEEN % (f"tool_call.{which}", "created_ms", "created_ms")),
        _ASKED % (_BETWEEN % (f"model_request.{which}", "asked_ms", "asked_ms")),
    )
    for scope, which in (
        (Scope.CONVERSATION, "run_id IN (SELECT id FROM agent_run WHERE conversation_id = $1)"),
        (Scope.USER, "principal_id = $1"),
        (Scope.ORGANIZATION, "organization = $1"),
    )
}
_RUN: Final = """
    SELECT count(*),
        coalesce(
            (SELECT started_ms FROM agent_run WHERE id = $1 AND agent IS NOT NULL),
            min(created_ms), 0),
        (SELECT parent_id FROM agent_run WHERE id = $1),
        (SELECT conversation_id FROM agent_run WHERE id = $1),
        EXISTS (SELECT FROM agent_run WHERE id = $1 AND agent IS NOT NULL)
    FROM tool_call WHERE run_id = $1
"""
# Each wait adds what it lasts beyond every earlier one: overlaps count once.
_RESTED: Final = """
    WITH wait AS (
        SELECT approval.created_ms AS since, coalesce(decided_ms, $1) AS until
        FROM approval WHERE call_id IN (SELECT id FROM tool_call WHERE run_id = $2)
        UNION ALL
        SELECT deferred_ms, coalesce(ended_ms, $1)
        FROM deferral WHERE call_id IN (SELECT id FROM tool_call WHERE run_id = $2)
    ), reach AS (
        SELECT since, until, max(until) OVER (
            ORDER BY since, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
        FROM wait
    )
    SELECT coalesce(sum(greatest(0, until - greatest(since, coalesce(reached, since)))), 0)::bigint
    FROM reach
"""
# An agent's run says itself when it rests: what waits for one call may work on with others.
_AGENT_RESTED: Final = f"""
    SELECT coalesce(sum(greatest(0, until - at_ms)), 0)::bigint
    FROM (
        SELECT kind, at_ms, lead(at_ms, 1, $1::bigint) OVER (ORDER BY place) AS until
        FROM entry WHERE run_id = $2
            AND kind IN ('{EntryKind.RUN_HELD}', '{EntryKind.RUN_RESUMED}', '{EntryKind.RUN_ENDED}')
    ) AS turned WHERE kind = '{EntryKind.RUN_HELD}'
"""  # noqa: S608 - constants
_AGENT_RUNS: Final = f"SELECT {', '.join(AGENT_RUN_COLUMNS)} FROM agent_run WHERE agent IS NOT NULL"  # noqa: S608 - columns of ours
# Of runs that have not ended the index has the status, and of no others.
_OPEN_RUN: Final = " AND ended_ms IS NULL"
# An id that is brought again in another month lies in two parts: the first one stands.
_PAYLOADS_OF_RUN: Final = """
    SELECT DISTINCT ON (id) id, run_id, kind, ciphertext, created_ms FROM payload
    WHERE run_id = $1 ORDER BY id, created_ms
"""
_ADMITTED: Final = (
    "SELECT organization, principal_id, tool, created_ms FROM tool_call "
    "WHERE created_ms >= $1 AND has_intent = 1 ORDER BY id"
)


class Reader:
    """The reading connections of a process; they see all that is committed.

    Args:
        address: Of the ledger.
        patience_s: How long to try to reach a server that is away.
        prepare: Makes the schema, before the first look at it.
    """

    def __init__(
        self, address: Address, *, patience_s: float, prepare: Callable[[], Awaitable[None]]
    ) -> None:
        self._address = address
        self._patience_s = patience_s
        self._prepare = prepare
        self._errors = LedgerErrors(address)
        self._opening = asyncio.Lock()
        self._pool: Pool | None = None
        self._is_closed = False

    async def ownership(self) -> Ownership | None:
        """Who came last."""
        row = await self.one("SELECT pid, since_ms FROM owner")
        return None if row is None else Ownership(row[0], row[1])

    async def claim(self, organization: str, digest: bytes, at_ms: int) -> KeyClaim | None:
        """The claim on a key that lasts at `at_ms`."""
        row = await self.one(_CLAIM, organization, digest, at_ms)
        return None if row is None else KeyClaim(*row)

    async def entries(  # noqa: PLR0913 - what may narrow them, each by name
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
        wanted = {"log_id": log_id, "run_id": run_id, "call_id": call_id, "kind": kind}
        given = {column: value for column, value in wanted.items() if value is not None}
        values: list[Value] = [*given.values()]
        conditions = [f"{column} = ${place}" for place, column in enumerate(given, 1)]
        if kind is not None and kind not in {EntryKind.INTENT, EntryKind.ENDED}:
            # Said so that the server sees that the index of rare kinds holds every answer.
            conditions.append(f"kind NOT IN {COMMON_KINDS}")
        if not {run_id, call_id, kind} - {None}:
            # Entries of lasting kinds stay when those around them are archived, and are found by
            # their kind alone: what is read in order has no holes.
            conditions.append("seq >= (SELECT first FROM log WHERE log.log_id = entry.log_id)")
        if after is not None:
            place = len(values) + 1
            conditions.append(_behind(place))
            values += [after.log_id, after.seq]
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        rows = await self.all(
            f"SELECT {ENTRY_COLUMNS} FROM entry {where}ORDER BY place LIMIT {limit:d}",  # noqa: S608 - columns of ours, values bound
            *values,
        )
        return [stored_entry(row) for row in rows]

    async def last_call(self, *, refused: bool) -> str | None:
        """Id of the newest ended, or refused, call."""
        row = await self.one(_LAST_REFUSED if refused else _LAST_ENDED)
        return None if row is None else str(row[0])

    async def open_calls(self, own_log: str | None, trusted: Trusted) -> list[str]:
        """Ids of calls without an end that no other living writer drives, oldest first."""
        return [row[0] for row in await self.all(_OPEN, own_log, trusted)]

    async def abandoned(self, own_log: str | None, trusted: Trusted) -> list[str]:
        """Ids of calls in flight, oldest first, that no other living writer drives."""
        return [row[0] for row in await self.all(_ABANDONED, own_log, trusted)]

    async def is_driven(self, call_id: str, own_log: str | None, trusted: Trusted) -> bool:
        """Whether another living writer has a call in flight."""
        row = await self.one(_DRIVEN, call_id, own_log, trusted)
        return row is not None and bool(row[0])

    async def is_live(self, log_id: str, own_log: str | None, trusted: Trusted) -> bool:
        """Whether another living writer has a log."""
        row = await self.one(_LIVE, log_id, own_log, trusted)
        return row is not None and bool(row[0])

    async def unknown_calls(self, after: str, limit: int) -> list[str]:
        """Ids of calls whose outcome nobody knows yet."""
        return [row[0] for row in await self.all(_UNKNOWN, after, limit)]

    async def payload(self, payload_id: str) -> SealedPayload | None:
        """A payload by its id."""
        row = await self.one(_PAYLOAD, payload_id)
        if row is None:
            return None
        found, run_id, kind, ciphertext, created_ms = row
        return payload_of((found, run_id, kind, ciphertext, created_ms))

    async def payloads(self, run_id: str) -> list[SealedPayload]:
        """All payloads of a run and its calls."""
        return [payload_of(tuple(row)) for row in await self.all(_PAYLOADS_OF_RUN, run_id)]

    async def profile(self, opaque_id: str) -> bytes | None:
        """The sealed profile of a principal."""
        row = await self.one("SELECT sealed_profile FROM app_user WHERE id = $1", opaque_id)
        return None if row is None else row[0]

    async def run_key(self, run_id: str) -> SealedKey | None:
        """The wrapped data key of a run."""
        row = await self.one(
            "SELECT run_id, master, wrapped, created_ms FROM run_key WHERE run_id = $1", run_id
        )
        return None if row is None else SealedKey(*row)

    async def approval(self, approval_id: str) -> Approval | None:
        """An approval by its id."""
        row = await self.one(f"{_APPROVALS} WHERE id = $1", approval_id)
        return None if row is None else approval_of(tuple(row))

    async def approvals(
        self, state: ApprovalState | None, after: str, limit: int
    ) -> list[Approval]:
        """A page of approvals, oldest first."""
        rows = await self.all(
            f"{_APPROVALS} WHERE id > $1 AND ($2::text IS NULL OR state = $2) "
            f"ORDER BY id LIMIT {limit:d}",
            after,
            state,
        )
        return [approval_of(tuple(row)) for row in rows]

    async def runs(
        self, status: RunStatus | None, after: str, limit: int, *, newest_first: bool
    ) -> list[AgentRun]:
        """A page of agents' runs."""
        keys: list[Value] = []
        conditions = ""
        if status is not None:
            keys.append(status)
            conditions += f"{_OPEN_RUN if is_open(status) else ''} AND status = $1"
        if after:
            keys.append(after)
            conditions += f" AND id {'<' if newest_first else '>'} ${len(keys)}"
        order = "DESC" if newest_first else "ASC"
        statement = f"{_AGENT_RUNS}{conditions} ORDER BY id {order} LIMIT {limit:d}"
        return [agent_run_of(tuple(row)) for row in await self.all(statement, *keys)]

    async def usage(self, run_id: str, at_ms: int) -> Usage:
        """What a run has used, and how long it waited for people until `at_ms`."""
        ((steps, started_ms, parent_id, conversation_id, is_agent),) = await self.all(_RUN, run_id)
        rows = await self._taken(_SPENT_BY_RUN, run_id)
        asked = _AGENT_RESTED if is_agent else _RESTED
        rested = await self.one(asked, at_ms, run_id) if steps or is_agent else None
        return Usage(
            steps=steps,
            spent=spent_of(rows),
            by_tool=calls_by_tool(rows),
            started_ms=started_ms,
            rested_ms=0 if rested is None else rested[0],
            parent_id=parent_id,
            conversation_id=conversation_id,
        )

    async def spent(self, scope: Scope, whose: str, since_ms: int, until_ms: int | None) -> Spent:
        """What calls took that were received between two moments."""
        return spent_of(await self._taken(_SPENT_SINCE[scope], whose, since_ms, until_ms))

    async def _taken(self, statements: Sequence[str], *keys: str | int | None) -> list[Record]:
        """What calls and model requests took."""
        return [row for statement in statements for row in await self.all(statement, *keys)]

    async def admitted_since(self, at_ms: int) -> list[tuple[str, str, str, int]]:
        """Calls with an intent since `at_ms`, oldest first."""
        rows = await self.all(_ADMITTED, at_ms)
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def inbox(self) -> list[PostedOrder]:
        """Orders that wait, oldest first."""
        rows = await self.all(_INBOX)
        return [PostedOrder(*row) for row in rows]

    async def one(self, query: str, *values: Value) -> Record | None:
        """The first row of an answer."""
        rows = await self.all(query, *values)
        return rows[0] if rows else None

    async def all(self, query: str, *values: Value) -> Sequence[Record]:
        """All rows of an answer; asked again, for a while, when the server goes away.

        Raises:
            LedgerError: It stayed away, or refuses.
        """
        with self._errors:
            patience = Patience(self._patience_s)
            while True:
                try:
                    reading = await self._opened()
                    async with reading.acquire() as connection:
                        return await connection.fetch(query, *values)
                except Exception as error:
                    if not is_away(error):
                        raise
                    await patience.pause(error)

    async def close(self) -> None:
        """Let go of the connections. Safe to call twice."""
        self._is_closed = True
        reading, self._pool = self._pool, None
        if reading is not None:
            await reading.close()

    async def _opened(self) -> Pool:
        if self._is_closed:
            raise LedgerError(f"the ledger {self._address.name} was closed; open it again")
        async with self._opening:
            if self._pool is None:
                await self._prepare()
                self._pool = await pool(self._address, size=POOL)
            return self._pool


def stored_entry(row: Record) -> StoredEntry:
    """An entry from the columns `ENTRY_COLUMNS`."""
    log_id, seq, kind, *rest = row
    return StoredEntry(Position(log_id, seq), read_kind(kind, seq), *rest)


def _behind(place: int) -> str:
    """SQL for what lies behind a position; it may be of an entry that is not there any more."""
    return (
        "place > coalesce((SELECT place FROM entry "  # noqa: S608 - numbers
        f"WHERE log_id = ${place} AND seq <= ${place + 1} ORDER BY seq DESC LIMIT 1), -1)"
    )
