"""What keeps a ledger's file healthy over years: `highroad.ports.upkeep.Upkeep` on SQLite."""

import json
from collections.abc import Generator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import apsw

from highroad.adapters.stores.sqlite import carrying, ownership, schema
from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.adapters.stores.sqlite.writing import Writer
from highroad.domain.approval import ApprovalState
from highroad.domain.audit import typed
from highroad.domain.entry import Fence, Position, StoredEntry
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import LASTING, SECTIONS, Fact, Section
from highroad.domain.outcome import Status
from highroad.domain.payload import PayloadKind
from highroad.ports.tables import Cell
from highroad.ports.upkeep import Figures

_SIZE: Final = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
_PAYLOADS: Final = "SELECT coalesce(sum(length(ciphertext)), 0) FROM payload"
_WAITING: Final = f"SELECT count(*) FROM approval WHERE state = '{ApprovalState.WAITING}'"  # noqa: S608 - a constant
_SPAN: Final = """
    SELECT (SELECT at_ms FROM entry WHERE seq >= first ORDER BY seq LIMIT 1),
        (SELECT at_ms FROM entry WHERE seq >= first ORDER BY seq DESC LIMIT 1)
    FROM log
"""

# A payload is named by its run, its call, or the approval of its call, and a dot. A run that has
# not ended needs all that it has, and what its calls have, to go on.
_CONTENT: Final = f"""
    WITH needed(call_id) AS (
        SELECT call_id FROM open_call
        UNION ALL SELECT call_id FROM tool_result
        WHERE status = '{Status.UNKNOWN}' AND source_call_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM amendment
            WHERE amendment.call_id = tool_result.call_id AND applied IS NOT NULL))
    SELECT id, kind, created_ms,
        substr(id, 1, instr(id || '.', '.') - 1) IN (
            SELECT call_id FROM needed
            UNION ALL SELECT approval.id FROM approval JOIN needed USING (call_id))
        OR EXISTS (
            SELECT 1 FROM agent_run
            WHERE agent_run.id = payload.run_id AND agent IS NOT NULL AND ended_ms IS NULL)
    FROM payload WHERE id >= ? AND id < ? ORDER BY id
"""  # noqa: S608 - a constant
_OLDEST_FIRST: Final = (
    ("", "run_", PayloadKind.ARGUMENTS),
    ("run_", "{", PayloadKind.REQUEST),
)
"""From where to where ids of payloads lie in the order of their times, and what is written first of
all that belongs together: calls, and runs of agents."""
_DISORDER_MS: Final = 60_000
"""How far the order of ids and that of `created_ms` may differ: a clock that was set back."""

_RUNS_OF: Final = """
    SELECT run_id FROM tool_call WHERE principal_id = ?1
    UNION SELECT run_id FROM approval_decision WHERE decided_by = ?1
    UNION SELECT run_id FROM amendment WHERE amended_by = ?1
    UNION SELECT run_id FROM payload_reveal WHERE revealed_by = ?1
    UNION SELECT id FROM agent_run WHERE agent IS NOT NULL AND principal_id = ?1
    ORDER BY run_id
"""

_IN_USE: Final = """
    SELECT EXISTS (
        SELECT 1 FROM entry WHERE seq BETWEEN ? AND ? AND (
            call_id IN (SELECT call_id FROM open_call UNION ALL SELECT call_id FROM key_claim)
            OR run_id IN (
                SELECT run_id FROM entry JOIN open_call USING (seq)
                UNION ALL SELECT id FROM agent_run
                WHERE agent IS NOT NULL AND ended_ms IS NULL)))
"""
# What an earlier archive left of a call goes with its last entry.
_DROP: Final = """
    DELETE FROM entry
    WHERE seq <= ?1 AND kind NOT IN (SELECT value FROM json_each(?2)) AND NOT EXISTS (
        SELECT 1 FROM entry AS later WHERE later.call_id = entry.call_id AND later.seq > ?1)
"""


class SQLiteUpkeep:
    """The part of a SQLite store that operators use."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        reading: apsw.Connection,
        lock: ownership.OwnerLock,
    ) -> None:
        self._errors = LedgerErrors(path)
        self._writer = writer
        self._reading = reading
        self._lock = lock

    async def figures(self) -> Figures:
        """How large it is."""
        with self._errors:
            ask = self._reading.execute
            oldest_ms, newest_ms = ask(_SPAN).get
            for at_ms in {oldest_ms, newest_ms} - {None}:
                typed(SECTIONS[Section.ENTRY], (at_ms,), ("at_ms",))
            return Figures(
                kind="sqlite",
                schema=schema.VERSION,
                bytes=ask(_SIZE).get,
                log_bytes=self._log_bytes(),
                payload_bytes=ask(_PAYLOADS).get,
                rows=tuple(
                    (name, ask(f"SELECT count(*) FROM {name}").get)  # noqa: S608 - a name of ours
                    for name in sorted(SECTIONS)
                ),
                waiting_approvals=ask(_WAITING).get,
                oldest_ms=oldest_ms,
                newest_ms=newest_ms,
            )

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call and run have ended, in order of id.

        The table is read from where retention has left least, and no further than to the first call
        that is too young, and the first run: its arguments, or its request, are as old as itself.
        """
        with self._errors:
            found: list[str] = []
            for start, stop, first in _OLDEST_FIRST:
                expired = self._expired(before_ms, (start, stop), first)
                found += islice(expired, limit - len(found))
                expired.close()
            return found

    def _expired(
        self, before_ms: int, between: tuple[str, str], first: PayloadKind
    ) -> Generator[str, None, None]:
        rows = self._reading.execute(_CONTENT, between)
        try:
            for payload_id, kind, created_ms, is_needed in rows:
                is_first = kind == first and payload_id.endswith(f".{kind}")
                if is_first and created_ms >= before_ms + _DISORDER_MS:
                    return
                if created_ms < before_ms and not is_needed:
                    yield payload_id
        finally:
            rows.close()

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal left something, in order."""
        with self._errors:
            return [run for (run,) in self._reading.execute(_RUNS_OF, (principal_id,))]

    async def take_alone(self, *, pid: int, at_ms: int) -> bool:
        """Become the one process that owns this ledger; a copy that is not complete as well."""

        def begin(connection: apsw.Connection) -> Fence:
            """Say who owns it now, unless it was moved away."""
            ownership.refuse_moved(connection, self._errors.path)
            return ownership.raised_epoch(connection, pid=pid, at_ms=at_ms)

        return await ownership.take_over(self._lock, self._writer, begin) is not None

    async def carry_out(
        self, section: str, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[tuple[Cell, ...]]:
        """A page of a section's rows in order of its key, from behind the key `after`."""
        with self._errors:
            return carrying.page(self._reading, section, after, limit)

    async def carry_in(
        self, section: str, rows: Sequence[tuple[Cell, ...]], *, is_first: bool = False
    ) -> None:
        """Add rows as they are, durably; those with a key that is there already are replaced."""

        def put(connection: apsw.Connection) -> None:
            """All rows, or none."""
            if is_first:
                carrying.clear(connection, section)
            carrying.put(connection, section, rows)

        await self._writer.transaction(put)

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more, nor leave an order: it goes on elsewhere."""
        await self._writer.transaction(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO ledger VALUES (?, ?)", (Fact.MOVED_TO, moved_to)
            )
        )

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries away, once they are archived; those of lasting kinds stay."""
        if entries:
            await self._writer.transaction(
                lambda connection: _drop(connection, entries, fence, self._errors.path)
            )

    def _log_bytes(self) -> int:
        path = self._errors.path
        wal = path.with_name(f"{path.name}-wal")
        return wal.stat().st_size if wal.exists() else 0


def _drop(
    connection: apsw.Connection, entries: Sequence[StoredEntry], fence: Fence, path: Path
) -> None:
    log_id, epoch, first = connection.execute("SELECT log_id, epoch, first FROM log").get
    if fence != Fence(log_id, epoch):
        raise FenceLost(f"somebody took over the ledger {path} after epoch {fence.epoch}")
    last = first + len(entries) - 1
    if [entry.position for entry in entries] != [
        Position(log_id, seq) for seq in range(first, last + 1)
    ]:
        raise LedgerError(
            f"only the oldest entries of the ledger {path} may be dropped: from {first} on, "
            "without a gap; read them anew"
        )
    if connection.execute(_IN_USE, (first, last)).get:
        raise LedgerError(
            f"entries {first} to {last} of the ledger {path} are still needed: of a call that is "
            "open or holds a key, or of a run that goes on; end it first, or stop before them"
        )
    connection.execute(_DROP, (last, json.dumps(LASTING)))
    connection.execute("UPDATE log SET first = ?", (last + 1,))
