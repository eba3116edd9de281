"""The schema of a shared ledger: steps up and down, parts by month, and who may change it."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from highroad.adapters.stores.postgres import PostgresStore, migrations, partitions
from highroad.adapters.stores.postgres.migrations import MIGRATIONS, VERSION
from highroad.adapters.stores.postgres.partitions import Month
from highroad.domain.audit import TABLES
from highroad.domain.error import LedgerError
from highroad.domain.ids import encode
from highroad.testing.contracts.store.samples import ended, intent, payload, tool_call

DESCRIPTION = """
SELECT line FROM (
    SELECT format('table %s: %s', relname, string_agg(format('%s %s%s', attname,
            format_type(atttypid, atttypmod) || CASE attcollation
                WHEN 0 THEN '' ELSE ' collate ' || attcollation::regcollation END,
            CASE WHEN attnotnull THEN ' not null' ELSE '' END),
            ', ' ORDER BY attnum)) AS line
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = 'highroad'::regnamespace AND relkind IN ('r', 'p', 'v')
        AND relname !~ '_[0-9]{4}_[0-9]{2}$'
    GROUP BY relname
    UNION ALL
    SELECT replace(replace(indexdef, 'highroad.', ''), ' ONLY', '') FROM pg_indexes
    WHERE schemaname = 'highroad' AND tablename !~ '_[0-9]{4}_[0-9]{2}$'
        AND tablename !~ '_default$'
    UNION ALL
    SELECT format('%s of %s: %s', child.relname, parent.relname,
        pg_get_expr(child.relpartbound, child.oid))
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        JOIN pg_class parent ON parent.oid = inhparent
    WHERE child.relname LIKE '%_default' AND parent.relkind = 'p'
) AS lines ORDER BY line COLLATE "C"
"""
FOREVER = 4_102_444_800_000  # the year 2100


async def connected(url):
    return await asyncpg.connect(url, server_settings={"search_path": "highroad"})


async def described(connection):
    return "\n".join(row[0] for row in await connection.fetch(DESCRIPTION)) + "\n"


@pytest.fixture
async def connection(postgres):
    """To a database that has nothing in it."""
    database = postgres.create()
    connection = await connected(postgres.url(database))
    yield connection
    await connection.close()
    postgres.drop(database)


@pytest.fixture
async def ledger(postgres_url):
    """A connection beside the store, to an empty ledger."""
    connection = await connected(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture
def written_down(repository):
    return Path(repository, "tests/data/postgres/schema.txt").read_text()


async def test_the_schema_is_the_one_that_is_written_down(ledger, written_down):
    """A change of a step that was released shows here; it takes a step of its own."""
    assert await described(ledger) == written_down


async def test_steps_go_up_down_to_nothing_and_up_again(connection):
    """And the second time leads to the same."""
    await migrations.migrate(connection, name="test")
    first = await described(connection)
    for number in reversed(range(VERSION)):
        await migrations.migrate(connection, name="test", to=number)
        assert await migrations.version_of(connection) == number
    assert await connection.fetchval("SELECT to_regnamespace('highroad')") is None
    for number in range(1, VERSION + 1):
        await migrations.migrate(connection, name="test", to=number)
    assert await described(connection) == first


DECISION = "INSERT INTO approval_decision VALUES ('a', 'u', 7, 'c', 'r', 'o', $1, 'd', NULL)"


async def test_of_two_words_of_one_moment_one_is_left_where_two_have_no_room(connection):
    """Step 11 taken back keeps one of them, and taken again keeps what is there."""
    await migrations.migrate(connection, name="test")
    for ruling in ("approve", "revoke"):
        await connection.execute(DECISION, ruling)
    await migrations.migrate(connection, name="test", to=10)
    await migrations.migrate(connection, name="test")
    left = await connection.fetch("SELECT ruling FROM approval_decision")
    assert [row[0] for row in left] == ["revoke"]


async def test_steps_are_numbered_from_one_and_named():
    assert [step.number for step in MIGRATIONS] == [*range(1, VERSION + 1)]
    assert len({step.name for step in MIGRATIONS}) == VERSION


async def test_an_audit_table_has_the_columns_of_its_description(ledger):
    """Word for word, in order: rows are written by position."""
    for name, table in TABLES.items():
        rows = await ledger.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
            "ORDER BY attnum",
            name,
        )
        assert [row[0] for row in rows] == [column.name for column in table.columns]


async def test_of_processes_that_open_an_empty_database_at_once_one_makes_the_schema(postgres):
    """The others find it."""
    database = postgres.create()
    stores = [PostgresStore(postgres.url(database)) for _ in range(4)]
    fences = await asyncio.gather(
        *(store.acquire(pid=n, at_ms=0) for n, store in enumerate(stores))
    )
    assert len({fence.log_id for fence in fences}) == 4
    for store in stores:
        await store.close()
    postgres.drop(database)


async def test_a_newer_schema_is_refused_by_its_number(ledger, postgres_url):
    await ledger.execute("INSERT INTO migration VALUES ($1, 'of tomorrow')", VERSION + 1)
    store = PostgresStore(postgres_url)
    with pytest.raises(LedgerError, match=rf"schema {VERSION + 1}.* {VERSION} at most.*newer"):
        await store.last_call()
    await store.close()


@pytest.mark.promise("P2")
async def test_a_session_that_would_not_wait_for_the_disk_is_refused(ledger, postgres_url):
    """An answer that the entry is written must mean that."""
    database = await ledger.fetchval("SELECT current_database()")
    await ledger.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    store = PostgresStore(postgres_url)
    with pytest.raises(LedgerError, match=r"synchronous_commit = off.*switch it on"):
        await store.acquire(pid=1, at_ms=0)
    await store.close()


async def test_parts_are_there_before_their_month_begins(ledger):
    """This month's and the next two, of each table that grows with every call."""
    months = await ledger.fetch(
        "SELECT parent.relname, count(*) FROM pg_inherits "
        "JOIN pg_class child ON child.oid = inhrelid "
        "JOIN pg_class parent ON parent.oid = inhparent "
        "WHERE parent.relkind = 'p' AND child.relname ~ '_[0-9]{4}_[0-9]{2}$' GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in months] == [
        (table, 3) for table in ("authz_decision", "entry", "payload", "tool_call", "tool_result")
    ]


async def test_what_fits_in_no_part_is_not_refused_and_moves_into_its_part_later(
    ledger, postgres_url, monkeypatch
):
    """A clock that is far ahead writes too; nothing of it is lost when its month is made."""
    store = PostgresStore(postgres_url)
    fence = await store.acquire(pid=1, at_ms=FOREVER)
    call = f"call_{encode(FOREVER << 80)}"
    sealed = payload("pl_1")
    sealed.created_ms = FOREVER
    row = tool_call(call, run="run_1", tool="refund", at_ms=FOREVER, reserved=0, has_intent=1)
    entry = ended(call, at_ms=FOREVER, rows=(row,), payloads=(sealed,))
    await store.append([entry], fence=fence)
    whole = await store.entries()
    async with ledger.transaction():
        for table in partitions.PARTITIONED:
            await partitions.make(ledger, partitions.Part(table, Month.of(FOREVER)))
    for table in ("entry", "payload", "tool_call", "tool_result"):
        assert await ledger.fetchval(f"SELECT count(*) FROM {table}_2100_01") == 1  # noqa: S608 - names of ours
        assert await ledger.fetchval(f"SELECT count(*) FROM {table}_default") == 0  # noqa: S608 - names of ours
    assert await store.entries() == whole
    assert await store.payload("pl_1") == sealed
    await store.close()


async def test_calls_of_a_month_lie_in_its_part(ledger, postgres_url):
    """Their ids are ordered by time, and so are the parts."""
    now_ms = await ledger.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint")
    store = PostgresStore(postgres_url)
    fence = await store.acquire(pid=1, at_ms=now_ms)
    call = f"call_{encode(now_ms << 80)}"
    await store.append([intent(call, at_ms=now_ms), ended(call, at_ms=now_ms)], fence=fence)
    month = Month.of(now_ms)
    suffix = f"{month.year}_{month.month:02d}"
    for table, rows in (("entry", 2), ("tool_call", 1), ("tool_result", 1)):
        assert await ledger.fetchval(f"SELECT count(*) FROM {table}_{suffix}") == rows  # noqa: S608 - names of ours
    await store.close()


@pytest.mark.parametrize(
    ("at_ms", "months"),
    [
        (0, [(1970, 1), (1970, 2), (1970, 3)]),
        (1_796_083_200_000, [(2026, 12), (2027, 1), (2027, 2)]),
    ],
)
def test_months_go_on_over_the_end_of_a_year(at_ms, months):
    assert [(m.year, m.month) for m in partitions.months_from(at_ms)] == months
