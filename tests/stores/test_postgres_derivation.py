"""Of several processes that open a shared ledger at once, one derives its audit tables."""

import asyncio

import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.adapters.stores.postgres.locks import DERIVING
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.ledger import entries, projections
from highroad.ledger.tables.derivation import bring_up_to_date
from highroad.ports.tables import Selection
from highroad.testing.contracts.store.samples import NOW, row

END_WHO_DERIVES = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "  # noqa: S608 - a number of ours
    f"AND classid = {DERIVING.keys.partition(',')[0]}"
)
pytestmark = [pytest.mark.loopback, pytest.mark.promise("P12")]


def session(id_):
    """An entry that stands for a row."""
    facts = {
        "session": id_, "door": "python", "version": "0", "profile": "dev", "pid": 1, "root": "r"
    }  # fmt: skip
    return entries.noted(EntryKind.OPENED, facts, organization="acme", at_ms=NOW)


@pytest.fixture
async def stores(postgres_url):
    """Two processes that have the ledger open; the first has written to it."""
    opened = [PostgresStore(postgres_url), PostgresStore(postgres_url)]
    fence = await opened[0].acquire(pid=1, at_ms=NOW)
    await opened[0].append([session("session_1"), session("session_2")], fence=fence)
    yield opened
    for store in opened:
        await store.close()


async def test_of_two_that_open_at_once_one_derives(stores):
    derived = await asyncio.gather(*map(bring_up_to_date, stores))
    assert sorted(derived) == [False, True]
    assert await stores[0].tables.projected() == projections.VERSION


async def test_who_comes_second_waits_for_the_first(stores):
    first, second = stores
    async with first.tables.derive_alone():
        waiting = asyncio.ensure_future(bring_up_to_date(second))
        await first.tables.rederive([row("session", id="s_1")], is_first=True, version=None)
        # Two trips to the server are enough for whoever does not wait.
        for _ in range(20):
            await second.tables.projected()
        assert len(await first.tables.rows(Selection(table="session"))) == 1
        await first.tables.rederive([], is_first=False, version=projections.VERSION)
    assert not await waiting
    assert len(await first.tables.rows(Selection(table="session"))) == 1


async def test_who_waits_derives_when_the_first_dies_on_the_way(stores):
    first, second = stores
    deriving = first.tables.derive_alone()
    await deriving.__aenter__()
    await first.tables.rederive([row("session", id="s_1")], is_first=True, version=None)
    waiting = asyncio.ensure_future(bring_up_to_date(second))
    await first.close()
    assert await waiting
    ids = [found[0] for found in await second.tables.rows(Selection(table="session"))]
    assert ids == ["session_1", "session_2"]
    assert await second.tables.projected() == projections.VERSION


async def test_who_lost_the_lock_with_its_session_derives_no_further(stores, postgres):
    """The server ends the session, and the other process is there before it comes back."""
    first, second = stores
    async with first.tables.derive_alone():
        postgres.sql([END_WHO_DERIVES])
        async with second.tables.derive_alone():
            with pytest.raises(LedgerError, match="another process derives"):
                await first.tables.rederive([], is_first=True, version=projections.VERSION)
