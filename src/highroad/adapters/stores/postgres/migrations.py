"""Steps of the schema, up and down, each once: `highroad.migration` says which were taken.

A step is never changed once it was released: the audit tables are rendered from the one
description of them, and a change of that comes with a step that alters what is there.
"""

from dataclasses import dataclass
from typing import Final

from highroad.adapters.stores.postgres import schema
from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.locks import MIGRATION
from highroad.domain.audit import (
    BREAKER_CHANGE,
    COMPENSATION,
    DEAD_LETTER,
    DEFERRAL,
    MODEL_REPLY,
    MODEL_REQUEST,
)
from highroad.domain.error import LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step: what it does, and what takes it back."""

    number: int
    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]


MIGRATIONS: Final = (
    Migration(number=1, name="entries", up=schema.ENTRIES, down=schema.NO_ENTRIES),
    Migration(
        number=2,
        name="audit_tables",
        up=(
            *(statement for table in schema.tables_of_2() for statement in schema.creation(table)),
            *schema.AUDIT_INDEXES,
        ),
        down=(
            "DROP VIEW trace_span",
            f"DROP TABLE {', '.join(table.name for table in schema.tables_of_2())}",
        ),
    ),
    Migration(number=3, name="proof", up=schema.PROOF, down=schema.NO_PROOF),
    Migration(number=4, name="lives", up=schema.LIVES, down=schema.NO_LIVES),
    Migration(
        number=5,
        name="amendment_id",
        up=schema.AMENDMENT_IDS,
        down=schema.NO_AMENDMENT_IDS,
    ),
    Migration(number=6, name="run_places", up=schema.RUN_PLACES, down=schema.NO_RUN_PLACES),
    Migration(
        number=7,
        name="given_up",
        up=(*schema.GIVEN_UP, *schema.creation(DEAD_LETTER)),
        down=(*schema.NO_GIVEN_UP, *schema.creation(schema.DEAD_LETTER_OF_2)),
    ),
    Migration(
        number=8,
        name="breaker_changes",
        up=schema.creation(BREAKER_CHANGE),
        down=(f"DROP TABLE {BREAKER_CHANGE.name}",),
    ),
    Migration(
        number=9,
        name="deferrals",
        up=schema.creation(DEFERRAL),
        down=(f"DROP TABLE {DEFERRAL.name}",),
    ),
    Migration(
        number=10,
        name="agents",
        up=(
            *schema.AGENTS,
            *schema.creation(MODEL_REQUEST),
            schema.MODEL_REQUEST_INDEX,
            *schema.creation(MODEL_REPLY),
        ),
        down=(*schema.NO_AGENTS, f"DROP TABLE {MODEL_REQUEST.name}, {MODEL_REPLY.name}"),
    ),
    Migration(
        number=11,
        name="use_of_approvals",
        up=(*schema.USE, *schema.creation(COMPENSATION)),
        down=(*schema.NO_USE, *schema.creation(schema.COMPENSATION_OF_2)),
    ),
    Migration(
        number=12,
        name="identity",
        up=tuple(s for table in schema.IDENTITY for s in schema.creation(table)),
        down=(f"DROP TABLE {', '.join(table.name for table in schema.IDENTITY)}",),
    ),
    Migration(number=13, name="traces", up=schema.TRACES, down=schema.NO_TRACES),
)
VERSION: Final = MIGRATIONS[-1].number
"""Of the schema: the number of its last step."""

_BEGINNING: Final = (
    "CREATE SCHEMA IF NOT EXISTS highroad",
    f"""CREATE TABLE IF NOT EXISTS highroad.migration (
        number bigint PRIMARY KEY,
        name {schema.TEXT} NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )""",
)


async def version_of(connection: Connection) -> int:
    """Number of the last step that was taken; 0 of an empty database."""
    if await connection.fetchval("SELECT to_regclass('highroad.migration')::text") is None:
        return 0
    found = await connection.fetchval("SELECT max(number) FROM highroad.migration")
    return 0 if found is None else int(found)


async def migrate(connection: Connection, *, name: str, to: int = VERSION) -> None:
    """Take all steps up, or back down, to number `to`; of two processes one does it.

    Raises:
        LedgerError: The schema is newer than this program.
    """
    if await _is_there(connection, name=name, to=to):
        return
    async with connection.transaction():
        await connection.execute(MIGRATION.wait_for)
        if await _is_there(connection, name=name, to=to):
            return
        for statement in _BEGINNING:
            await connection.execute(statement)
        there = await version_of(connection)
        for step in MIGRATIONS[there:to]:
            await _take(connection, step)
        for step in reversed(MIGRATIONS[to:there]):
            await _take_back(connection, step)
        if to == 0:
            await connection.execute("DROP TABLE migration; DROP SCHEMA highroad")


async def _is_there(connection: Connection, *, name: str, to: int) -> bool:
    there = await version_of(connection)
    if there > VERSION:
        raise LedgerError(
            f"the ledger {name} has schema {there}, and this Highroad knows {VERSION} at most; "
            "install a newer Highroad"
        )
    return there == to


async def _take(connection: Connection, step: Migration) -> None:
    for statement in step.up:
        await connection.execute(statement)
    await connection.execute("INSERT INTO migration VALUES ($1, $2)", step.number, step.name)


async def _take_back(connection: Connection, step: Migration) -> None:
    for statement in step.down:
        await connection.execute(statement)
    await connection.execute("DELETE FROM migration WHERE number = $1", step.number)
