"""A person is forgotten by one process while another one writes the same ledger."""

import gc
import weakref

import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.domain.entry import Written
from highroad.domain.error import ErasureRefused, VaultError
from highroad.domain.identity import Principal
from highroad.domain.outcome import Ending, Status
from highroad.ledger import writer as writer_module
from highroad.ledger.audit import Audit
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.upkeep.retention import Retention
from highroad.ledger.writer import GroupWriter
from highroad.testing import SequentialIds

ADMIN = Principal("admin", "acme", permissions={"audit:erase", "audit:reveal"})
KEPT = Ending(status=Status.COMPLETED, decided_by="execute", keeps_key=True)
REFUSED = Ending(status=Status.REFUSED, decided_by="resolve")

pytestmark = pytest.mark.promise("P7")


class Place:
    """A process: its store, its ledger, and what is asked of it."""

    def __init__(self, store, ledger, books):
        self.store = store
        self.ledger = ledger
        self.books = books
        self.audit = Audit(ledger, is_owner=True)

    async def begin(self, *using, **facts):
        """A call in the run of these tests, and nothing of it written yet."""
        call = self.books.call(*using, run_id="run_x", is_direct=False, **facts)
        return await self.books.record(call)

    async def complete(self, *using, **facts):
        record = await self.begin(*using, **facts)
        await self.books.intend(record)
        await self.books.end(record)
        await self.ledger.writer.flush()
        return record.call

    async def ends_of(self, record):
        call_id = record.call.id
        return [
            entry.kind
            for entry in await self.store.entries(call_id=call_id)
            if entry.kind == "call.ended"
        ]


@pytest.fixture
async def open_place(postgres_url, keys, clock, books_of):
    opened = []

    async def opening():
        store = PostgresStore(postgres_url)
        opened.append(store)
        fence = await store.acquire(pid=len(opened), at_ms=clock.now_ms())
        ledger = Ledger(store, GroupWriter(store, fence), Keyring(keys), clock)
        return Place(store, ledger, books_of(ledger, number=len(opened)))

    yield opening
    for store in opened:
        await store.close()


@pytest.fixture
async def here(open_place):
    return await open_place()


@pytest.fixture
async def there(here, open_place):
    return await open_place()


@pytest.mark.promise("P3")
@pytest.mark.parametrize("brings_key", [False, True])
async def test_a_call_whose_key_is_destroyed_elsewhere_ends_under_a_fresh_one(
    here, there, brings_key
):
    """Its one terminal record comes, and whoever may look can read what it carries; the key that
    was destroyed does not come back with it, though this process had made it."""
    late = await there.begin() if brings_key else None
    before = await here.complete()
    late = late or await there.begin()
    destroyed = await here.store.run_key("run_x")
    await here.audit.erase("alice", by=ADMIN)
    receipt = await there.books.end(late, REFUSED, code="unknown_tool")
    assert isinstance(receipt, Written)
    standing = await here.store.run_key("run_x")
    assert standing is not None
    assert standing != destroyed
    assert await here.ends_of(late) == ["call.ended"]
    (stored,) = await here.store.entries(call_id=late.call.id)
    for place in (here, there):
        history = await place.ledger.history(late.call.id)
        plain = await place.ledger.open_json(history, "arguments")
        assert history.ref("arguments").digest in stored.body.decode()
        key = await place.ledger.vault.key_of_run("run_x")
        assert key.digest(plain) == history.ref("arguments").digest
        with pytest.raises(VaultError, match="erased"):
            await place.ledger.open_json(await place.ledger.history(before.id), "result")
    assert (await here.audit.compare_tables()).holds


@pytest.mark.promise("P3")
@pytest.mark.parametrize("is_begun", [False, True])
async def test_a_read_whose_key_is_destroyed_elsewhere_ends_under_a_fresh_one(
    here, there, tools, is_begun, monkeypatch
):
    """Though nobody waits for its entries: in their order, and with all that they say."""
    await here.complete()
    monkeypatch.setattr(writer_module, "MAX_DELAY_S", 60.0)  # nothing rides before it is asked to
    late = await there.begin(tools[0], arguments={"order": 7})
    if is_begun:
        await there.books.intend(late)
    await here.audit.erase("alice", by=ADMIN)
    if not is_begun:
        await there.books.intend(late)
    await there.books.end(late)
    await there.ledger.writer.flush()
    assert await here.ends_of(late) == ["call.ended"]
    history = await here.ledger.history(late.call.id)
    assert await here.ledger.open_json(history, "arguments") == b'{"raw":"{order"}'
    assert await here.ledger.open_json(history, "result") == b'{"done":true}'
    explained = await here.audit.explain(late.call.id)
    assert [line.stage for line in explained.stages] == [
        "resolve", "validate", "authorize", "execute", "finish",
    ]  # fmt: skip
    assert (await here.audit.compare_tables()).holds


@pytest.mark.promise("P3")
@pytest.mark.parametrize("is_behind", [False, True])
async def test_the_intent_of_a_read_lands_before_its_end_though_both_are_sealed_anew(
    here, there, tools, monkeypatch, is_behind
):
    """Whether the end came while the intent was on its way, or once that was turned down."""
    before = await here.complete()
    monkeypatch.setattr(writer_module, "MAX_DELAY_S", 60.0)
    late = await there.begin(tools[0], arguments={"order": 7})
    await there.books.intend(late)
    await here.audit.erase("alice", by=ADMIN)
    append = there.store.append

    async def append_while_it_ends(entries, *, fence):
        monkeypatch.undo()
        if not is_behind:
            await there.books.end(late)
        receipts = await append(entries, fence=fence)
        if is_behind:
            await there.books.end(late)
        return receipts

    monkeypatch.setattr(there.store, "append", append_while_it_ends)
    await there.ledger.writer.flush()
    await there.ledger.writer.flush()
    stored = await here.store.entries(call_id=late.call.id)
    assert [entry.kind for entry in stored] == ["call.intent", "call.ended"]
    history = await here.ledger.history(late.call.id)
    assert await here.ledger.open_json(history, "arguments") == b'{"order":7}'
    assert await here.ledger.open_json(history, "result") == b'{"done":true}'
    explained = await here.audit.explain(late.call.id)
    assert [line.stage for line in explained.stages] == [
        "resolve", "validate", "authorize", "execute", "finish",
    ]  # fmt: skip
    assert explained.principal_name == "Alice Archer"
    assert (await here.audit.explain(before.id)).erased_ms is not None


async def test_while_a_call_is_in_flight_elsewhere_nobody_is_forgotten(here, there):
    """What it claimed keeps it from being repeated, and what it carries is needed to settle it."""
    await here.complete()
    late = await there.begin()
    await there.books.intend(late)
    destroyed = await here.store.run_key("run_x")
    with pytest.raises(ErasureRefused, match=late.call.id):
        await here.audit.erase("alice", by=ADMIN)
    assert await here.store.run_key("run_x") == destroyed
    await there.books.end(late)
    plan = await here.audit.erase("alice", by=ADMIN)
    assert (plan.runs, plan.calls) == (("run_x",), 2)
    assert await here.store.run_key("run_x") is None


async def test_what_was_erased_elsewhere_is_erased_here_though_a_call_holds_its_key(here, there):
    """A key in memory opens nothing of what was destroyed, however it came to be read."""
    before = await here.complete()
    history = await there.ledger.history(before.id)
    holder = await there.begin()
    assert await there.ledger.open_json(history, "result") == b'{"done":true}'
    await here.audit.erase("alice", by=ADMIN)
    after = await there.ledger.history((await here.complete()).id)
    assert await there.ledger.open_json(after, "result") == b'{"done":true}'
    for _ in range(2):
        with pytest.raises(VaultError, match="erased"):
            await there.ledger.open_json(history, "result")
    assert await there.books.end(holder, REFUSED, code="unknown_tool")
    with pytest.raises(VaultError, match="erased"):
        await there.ledger.open_json(history, "result")


async def test_a_process_keeps_no_key_of_a_run_in_which_it_drives_nothing(here, there):
    """So the one that is destroyed elsewhere is in nobody's memory for long."""
    await here.complete()
    record = await there.begin()
    key = weakref.ref(record.run_key)
    await there.books.end(record, REFUSED, code="unknown_tool")
    assert key() is not None
    del record
    gc.collect()
    assert key() is None


async def test_a_run_in_which_another_process_begins_a_call_keeps_its_key_from_retention(
    here, there, clock, monkeypatch
):
    """What is old goes all the same."""
    old = await here.complete()
    clock.advance(60 * 86_400)
    late = await there.begin()
    append = here.store.append

    async def append_behind_the_call(entries, *, fence):
        monkeypatch.undo()
        await there.books.intend(late)
        return await append(entries, fence=fence)

    monkeypatch.setattr(here.store, "append", append_behind_the_call)
    retention = Retention(here.ledger, here.store.upkeep, SequentialIds(), days=28)
    assert await retention.sweep() == 2
    assert await here.store.payload(f"{old.id}.result") is None
    assert await here.store.run_key("run_x") is not None
    await there.books.end(late)
    history = await here.ledger.history(late.call.id)
    assert await here.ledger.open_json(history, "arguments") == b'{"order":7}'


async def test_what_was_claimed_in_the_runs_of_whoever_is_forgotten_goes_too(here, clock):
    """A claim has digests under the key of the organization, which stays."""
    record = await here.begin()
    await here.books.intend(record, claim=here.books.claim(record.call))
    await here.books.end(record, KEPT)
    assert await here.store.claim("acme", b"key", at_ms=clock.now_ms()) is not None
    del record
    await here.audit.erase("alice", by=ADMIN)
    assert await here.store.claim("acme", b"key", at_ms=clock.now_ms()) is None
