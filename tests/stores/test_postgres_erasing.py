"""An erasure and what another process seals at that very moment: one waits for the other."""

import asyncio

import asyncpg
import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.domain.entry import CallsOpen, KeyDestroyed, Written
from highroad.testing.contracts.store.erasing import FIRST, call, erased
from highroad.testing.contracts.store.samples import NOW, intent

pytestmark = pytest.mark.promise("P7")


@pytest.fixture
async def store(postgres_url):
    store = PostgresStore(postgres_url)
    yield store
    await store.close()


@pytest.fixture
async def fence(store):
    return await store.acquire(pid=1, at_ms=NOW)


@pytest.fixture
async def other(postgres_url, fence):
    """Another process, in the midst of a transaction."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("SET search_path = highroad")
    yield connection
    await connection.close()


async def waits(task):
    """Whether a task is held up until somebody else goes on."""
    done, _ = await asyncio.wait((task,), timeout=0.3)
    return not done


async def test_what_is_sealed_waits_for_an_erasure_that_is_about_to_commit(store, fence, other):
    await store.append([call(1, FIRST, brings=FIRST)], fence=fence)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("DELETE FROM run_key WHERE run_id = 'run_1'")
    landing = asyncio.ensure_future(store.append([call(2, FIRST)], fence=fence))
    assert await waits(landing)
    await transaction.commit()
    assert await landing == (KeyDestroyed("run_1"),)
    assert await store.payload("call_2.result") is None


async def test_an_erasure_waits_for_what_is_about_to_be_sealed_and_then_sees_it(
    store, fence, other
):
    await store.append([call(1, FIRST, brings=FIRST)], fence=fence)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM run_key WHERE run_id = 'run_1' FOR KEY SHARE")
    erasing = asyncio.ensure_future(store.append([erased("run_1")], fence=fence))
    assert await waits(erasing)
    await other.execute(
        'INSERT INTO tool_call SELECT (jsonb_populate_record(one, \'{"id": "call_2"}\')).* '
        "FROM tool_call AS one WHERE id = 'call_1'"
    )
    await other.execute("INSERT INTO open_call (call_id, log_id, seq) VALUES ('call_2', 'x', 0)")
    await transaction.commit()
    assert await erasing == (CallsOpen(("call_2",)),)
    assert await store.run_key("run_1") == FIRST


async def test_two_that_seal_under_one_key_do_not_wait_for_each_other(store, fence, other):
    await store.append([call(1, FIRST, brings=FIRST)], fence=fence)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM run_key WHERE run_id = 'run_1' FOR KEY SHARE")
    (receipt,) = await store.append([call(2, FIRST)], fence=fence)
    assert isinstance(receipt, Written)
    await transaction.commit()


async def test_what_names_no_key_asks_for_none(store, fence, other):
    """As little as an embedded ledger does."""
    await store.append([call(1, FIRST, brings=FIRST)], fence=fence)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("DELETE FROM run_key WHERE run_id = 'run_1'")
    (receipt,) = await store.append([intent("call_2")], fence=fence)
    assert isinstance(receipt, Written)
    await transaction.rollback()
