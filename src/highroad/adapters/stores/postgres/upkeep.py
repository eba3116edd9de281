"""What keeps a shared ledger healthy over years: `highroad.ports.upkeep.Upkeep`."""

from collections.abc import Sequence
from typing import Final

from highroad.adapters.stores.postgres import carrying, logs, migrations, standing
from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.reading import Reader
from highroad.adapters.stores.postgres.session import Session
from highroad.domain.approval import ApprovalState
from highroad.domain.entry import Fence, Position, StoredEntry
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import LASTING, SECTIONS, Fact
from highroad.domain.outcome import Status
from highroad.ports.tables import Cell
from highroad.ports.upkeep import Figures

_MANY: Final = 100_000
"""Rows from which on the server's own estimate is good enough."""

_SIZE: Final = (
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
    "WHERE relnamespace = 'highroad'::regnamespace AND relkind = 'r'"
)
_ESTIMATE: Final = """
    SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
    WHERE relkind = 'r' AND oid IN (
        SELECT to_regclass($1)
        UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass($1))
"""
_PAYLOADS: Final = "SELECT coalesce(sum(octet_length(ciphertext)), 0)::bigint FROM payload"
_WAITING: Final = f"SELECT count(*) FROM approval WHERE state = '{ApprovalState.WAITING}'"  # noqa: S608 - a constant
_SPAN: Final = "SELECT min(at_ms), max(at_ms) FROM entry JOIN log USING (log_id) WHERE seq >= first"

# A payload is named by its run, its call, or the approval of its call, and a dot. A run that has
# not ended needs all that it has, and what its calls have, to go on.
_EXPIRED: Final = f"""
    WITH needed(call_id) AS (
        SELECT call_id FROM open_call
        UNION ALL SELECT call_id FROM tool_result
        WHERE status = '{Status.UNKNOWN}' AND source_call_id IS NULL AND NOT EXISTS (
            SELECT FROM amendment
            WHERE amendment.call_id = tool_result.call_id AND applied IS NOT NULL))
    SELECT DISTINCT id FROM payload
    WHERE created_ms < $1 AND split_part(id, '.', 1) NOT IN (
        SELECT call_id FROM needed
        UNION ALL SELECT approval.id FROM approval JOIN needed USING (call_id))
    AND NOT EXISTS (
        SELECT FROM agent_run
        WHERE agent_run.id = payload.run_id AND agent IS NOT NULL AND ended_ms IS NULL)
    ORDER BY id LIMIT $2
"""  # noqa: S608 - a constant
_RUNS_OF: Final = """
    SELECT run_id FROM tool_call WHERE principal_id = $1
    UNION SELECT run_id FROM approval_decision WHERE decided_by = $1
    UNION SELECT run_id FROM amendment WHERE amended_by = $1
    UNION SELECT run_id FROM payload_reveal WHERE revealed_by = $1
    UNION SELECT id FROM agent_run WHERE agent IS NOT NULL AND principal_id = $1
    ORDER BY run_id
"""
_RETIRE: Final = (
    "INSERT INTO ledger VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)

_IN_USE: Final = """
    SELECT EXISTS (
        SELECT FROM entry WHERE log_id = $1 AND seq BETWEEN $2 AND $3 AND (
            call_id IN (SELECT call_id FROM open_call UNION ALL SELECT call_id FROM key_claim)
            OR run_id IN (
                SELECT run_id FROM entry JOIN open_call USING (log_id, seq)
                UNION ALL SELECT id FROM agent_run
                WHERE agent IS NOT NULL AND ended_ms IS NULL)))
"""
_FIRST: Final = "UPDATE log SET first = $2 WHERE log_id = $1"
# What an earlier archive left of a call, in whichever log, goes with its last entry.
_DROP: Final = """
    WITH past AS (
        SELECT entry.log_id, seq, call_id FROM entry JOIN log USING (log_id)
        WHERE seq < first AND kind <> ALL ($2::text[]) AND (
            (entry.log_id = $1 AND seq >= $3)
            OR call_id IN (SELECT call_id FROM entry WHERE log_id = $1 AND seq BETWEEN $3 AND $4))
    )
    DELETE FROM entry USING past
    WHERE entry.log_id = past.log_id AND entry.seq = past.seq AND NOT EXISTS (
        SELECT FROM entry AS later JOIN log ON log.log_id = later.log_id
        WHERE later.call_id = past.call_id AND later.seq >= log.first)
"""


class PostgresUpkeep:
    """The part of a PostgreSQL store that operators use."""

    def __init__(self, address: Address, session: Session, reader: Reader) -> None:
        self._address = address
        self._session = session
        self._reader = reader

    async def figures(self) -> Figures:
        """How large it is."""
        oldest_ms, newest_ms = await self._row(_SPAN)
        return Figures(
            kind="postgresql",
            schema=migrations.VERSION,
            bytes=await self._number(_SIZE),
            log_bytes=0,
            payload_bytes=await self._number(_PAYLOADS),
            rows=tuple([(name, await self._count(name)) for name in sorted(SECTIONS)]),
            waiting_approvals=await self._number(_WAITING),
            oldest_ms=oldest_ms,
            newest_ms=newest_ms,
        )

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call and run have ended."""
        return [row[0] for row in await self._reader.all(_EXPIRED, before_ms, limit)]

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal left something, in order."""
        return [row[0] for row in await self._reader.all(_RUNS_OF, principal_id)]

    async def take_alone(self, *, pid: int, at_ms: int) -> bool:
        """Become the one process that owns this ledger or any log of it, until `close` or death."""
        return await self._session.work(
            lambda connection: logs.take_all(
                connection, self._session, self._address, pid=pid, at_ms=at_ms
            )
        )

    async def carry_out(
        self, section: str, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[tuple[Cell, ...]]:
        """A page of a section's rows in order of its key, from behind the key `after`."""
        query = carrying.page(section, has_after=bool(after))
        return [tuple(row) for row in await self._reader.all(query, *after, limit)]

    async def carry_in(
        self, section: str, rows: Sequence[tuple[Cell, ...]], *, is_first: bool = False
    ) -> None:
        """Add rows as they are, durably; those with a key that is there already are replaced."""
        carrying.known_section(section)

        async def put(connection: Connection) -> None:
            """Done twice it is the same."""
            async with connection.transaction():
                if is_first:
                    await carrying.clear(connection, section)
                await carrying.put(connection, section, rows)

        await self._session.work(put)

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more, nor leave an order: it goes on elsewhere."""
        await self._session.work(
            lambda connection: connection.execute(_RETIRE, Fact.MOVED_TO, moved_to)
        )

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries of a log away, once they are archived."""

        async def drop(connection: Connection) -> None:
            """All of them, or none."""
            async with connection.transaction():
                await self._drop(connection, entries, fence)

        if entries:
            await self._session.work(drop)

    async def _drop(
        self, connection: Connection, entries: Sequence[StoredEntry], fence: Fence
    ) -> None:
        log_id, name = entries[0].position.log_id, self._address.name
        found = await standing.lock_log(connection, fence.log_id)
        if found is None or found[0] != fence.epoch:
            raise FenceLost(f"somebody took over the ledger {name} after epoch {fence.epoch}")
        first = await connection.fetchval(
            "SELECT first FROM log WHERE log_id = $1 FOR UPDATE", log_id
        )
        last = first + len(entries) - 1
        wanted = [Position(log_id, seq) for seq in range(first, last + 1)]
        if [entry.position for entry in entries] != wanted:
            raise LedgerError(
                f"only the oldest entries of a log of {name} may be dropped: from {first} on, "
                "without a gap; read them anew"
            )
        if await connection.fetchval(_IN_USE, log_id, first, last):
            raise LedgerError(
                f"entries {first} to {last} of log {log_id} of {name} are still needed: of a call "
                "that is open or holds a key, or of a run that goes on; end it first, or stop "
                "before them"
            )
        await connection.execute(_FIRST, log_id, last + 1)
        await connection.execute(_DROP, log_id, LASTING, first, last)

    async def _count(self, table: str) -> int:
        estimate = await self._number(_ESTIMATE, table)
        if estimate >= _MANY:
            return estimate
        return await self._number(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours

    async def _number(self, query: str, *values: str) -> int:
        return int((await self._row(query, *values))[0])

    async def _row(self, query: str, *values: str) -> tuple[int, ...]:
        (row,) = await self._reader.all(query, *values)
        return tuple(row)
