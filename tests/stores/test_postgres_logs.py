"""What happened to one call stands in several logs, and is told and judged as one story."""

import asyncio

import pytest

from highroad import Principal, Runtime, tool
from highroad.adapters.stores.postgres import PostgresStore
from highroad.ledger.tables.comparison import compare
from highroad.ledger.tables.derivation import is_archived, rederive
from highroad.ledger.upkeep.moving import Place, move
from highroad.testing.contracts.store.samples import NOW, noted

pytestmark = [pytest.mark.promise("P12"), pytest.mark.loopback]

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)


@tool(tier="irreversible")
async def wire(order: str) -> str:
    """Move money."""
    return order


@pytest.fixture
async def story(postgres_url):
    """Id of a call that was held in one log, decided in another and driven in a third."""
    # Whoever comes first empties the inbox, and so writes down what was decided.
    async with (
        Runtime.open(postgres_url, tools=[wire]) as desk,
        Runtime.open(postgres_url, tools=[wire]) as caller,
        Runtime.open(postgres_url, tools=[wire]) as driver,
    ):
        held = await caller.call(wire, {"order": "1"}, principal=ALICE, run="thread-1")
        await desk.approvals.approve(held.approval_id, by=BOB)
        outcome = await driver.wait(held.call_id)
        assert outcome.unwrap() == "1"
        return held.call_id


@pytest.fixture
async def store(postgres_url, story):
    store = PostgresStore(postgres_url)
    yield store
    await store.close()


async def test_the_entries_of_a_call_are_read_in_the_order_in_which_they_landed(store, story):
    entries = await store.entries(call_id=story)
    kinds = [str(entry.kind) for entry in entries]
    assert kinds == ["call.held", "approval.decided", "call.intent", "call.ended"]
    logs = [entry.position.log_id for entry in entries]
    assert len({*logs}) == 3
    assert logs[2] == logs[3]


async def test_the_tables_are_what_the_entries_of_all_logs_say(store):
    verdict = await compare(store)
    assert verdict.holds, verdict.differences
    await rederive(store)
    verdict = await compare(store)
    assert verdict.holds, verdict.differences


async def test_the_whole_story_is_explained(postgres_url, story):
    async with Runtime.open(postgres_url, tools=[wire]) as runtime:
        explained = await runtime.audit.explain(story)
        trail = await runtime.audit.trail(explained.run_id)
        assert explained.status == "completed"
        assert [step.status for step in trail.steps] == ["completed"]


async def test_the_story_is_the_same_after_a_move(store, story, postgres):
    """The logs are carried one after the other; between them stands what clocks said."""
    database = postgres.create(postgres.template)
    copy = PostgresStore(postgres.url(database))
    old, new = (
        Place(store=store, name="postgresql:///old"),
        Place(store=copy, name="postgresql:///new"),
    )
    await move(old, new, pid=1, at_ms=1)
    assert [entry.kind for entry in await copy.entries(call_id=story)] == [
        entry.kind for entry in await store.entries(call_id=story)
    ]
    verdict = await compare(copy)
    assert verdict.holds, verdict.differences
    await copy.close()
    await asyncio.to_thread(postgres.drop, database)


async def test_what_is_archived_of_one_log_is_taken_from_no_other(postgres_url):
    """Entries of the other writer stand between those that go."""
    stores = [PostgresStore(postgres_url), PostgresStore(postgres_url)]
    fences = [await store.acquire(pid=1, at_ms=NOW) for store in stores]
    for _ in range(3):
        for store, fence in zip(stores, fences, strict=True):
            await store.append([noted()], fence=fence)
    log_id = fences[1].log_id
    page = await stores[1].entries(log_id=log_id, limit=2)
    await stores[1].upkeep.drop_entries(page, fence=fences[1])
    left = [entry.position for entry in await stores[0].entries()]
    assert [at.seq for at in left if at.log_id == fences[0].log_id] == [0, 1, 2]
    assert [at.seq for at in left if at.log_id == log_id] == [2]
    assert await is_archived(stores[0])
    for store in stores:
        await store.close()
