"""What rides with an entry arrives with it, or waits for the next; reads stay within bounds."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from highroad.domain.entry import ApprovalSpent, KeyTaken, Written
from highroad.domain.error import LedgerError
from highroad.domain.outcome import Ending, Status
from highroad.ledger.writer import MAX_BEHIND

REPEATED = Ending(status=Status.COMPLETED, source="call_x", is_repeated=True, decided_by="dedupe")


async def fails(*_, **__):
    raise LedgerError("the disk says no")


async def test_a_call_that_lost_its_key_still_brings_everything_to_its_end(books, store, ledger):
    winner, loser = [await books.record(books.call()) for _ in range(2)]
    await books.intend(winner, claim=books.claim(winner.call))
    claim = books.claim(loser.call)
    entry_of_intent = await books.intend(loser, claim=claim)
    assert entry_of_intent == KeyTaken(books.claim(winner.call))
    loser.has_intent = False
    await books.end(loser, REPEATED)
    history = await ledger.history(loser.call.id)
    assert await ledger.open_json(history, "arguments") == b'{"order":7}'
    assert [line[0] for line in history.stages] == [
        "resolve",
        "validate",
        "authorize",
        "execute",
        "finish",
    ]
    assert await store.run_key(loser.call.run_id) is not None
    assert store.ledger.tables["agent_run"][loser.call.run_id,]["status"] == "completed"


async def test_the_first_call_of_a_run_may_be_turned_down_and_the_next_still_opens_it(
    books, store, ledger
):
    winner = await books.record(books.call())
    await books.intend(winner, claim=books.claim(winner.call))
    first, second = books.call(run_id="run_x", is_direct=False), None
    record = await books.record(first)
    await books.intend(record, claim=books.claim(first))
    assert await store.run_key("run_x") is None
    second = await books.complete(books.call(run_id="run_x", is_direct=False))
    assert await store.run_key("run_x") is not None
    record.has_intent = False
    await books.end(record, REPEATED)
    for call in (first, second):
        history = await ledger.history(call.id)
        assert await ledger.open_json(history, "arguments") == b'{"order":7}'


async def test_what_could_not_be_written_rides_with_the_next_entry(books, store, ledger):
    record = await books.record(books.call())
    append, store.append = store.append, fails
    with pytest.raises(LedgerError):
        await books.intend(record)
    store.append = append
    record.has_intent = False
    ending = Ending(status=Status.REFUSED, rule="ledger")
    await books.end(record, ending, code="ledger_unavailable")
    history = await ledger.history(record.call.id)
    assert await ledger.open_json(history, "arguments") == b'{"order":7}'
    assert [line[0] for line in history.stages][:3] == ["resolve", "validate", "authorize"]


async def test_what_has_landed_does_not_ride_again(books, store):
    record = await books.record(books.call())
    await books.intend(record)
    assert record.payloads == []
    assert record.run_key.pending is None
    assert record.profile is None
    await books.end(record)
    first, last = await store.entries(call_id=record.call.id)
    assert [line[0] for line in orjson.loads(first.body)["stages"]][-1] == "authorize"
    assert [line[0] for line in orjson.loads(last.body)["stages"]] == ["execute", "finish"]


async def test_who_a_principal_is_is_written_once(books, store, ledger, people):
    await books.complete(books.call())
    sealed = dict(store.ledger.tables["app_user"])
    await books.complete(books.call())
    assert store.ledger.tables["app_user"] == sealed
    renamed = replace(people[0], name="Alice Baker")
    await books.complete(books.call(principal=renamed))
    (row,) = store.ledger.tables["app_user"].values()
    profile = ledger.keyring.organization("acme").open_profile(row["id"], row["sealed_profile"])
    assert orjson.loads(profile)["name"] == "Alice Baker"


@pytest.mark.promise("P4")
async def test_the_intent_of_an_approved_call_spends_the_approval_once(books, store):
    call = books.call()
    approval = await books.hold(await books.record(call))
    await books.decide(approval)
    first, second = [await books.reopen(call) for _ in range(2)]
    assert isinstance(await books.intend(first, spends=True), Written)
    assert (await store.approval(approval.id)).state == "consumed"
    assert await books.intend(second, spends=True) == ApprovalSpent(approval.id)


async def test_a_call_from_inside_a_read_has_the_key_of_its_run(books, ledger, tools):
    parent = books.call(tools[0])
    record = await books.record(parent)
    await books.intend(record)  # rides: it is on no disk yet
    child = books.call(parent_id=parent.id, run_id=parent.run_id, is_direct=False, step=2)
    await books.complete(child)
    await books.end(record)
    for call in (parent, child):
        history = await ledger.history(call.id)
        assert await ledger.open_json(history, "result") == b'{"done":true}'


async def test_the_first_read_of_a_shared_run_brings_its_key_to_the_disk(books, store, tools):
    record = await books.record(books.call(tools[0], is_direct=False))
    await books.intend(record)
    assert await store.run_key(record.call.run_id) is not None
    assert record.run_key.pending is None


async def test_a_history_has_what_still_waits_for_its_commit(books, ledger, tools):
    record = await books.record(books.call(tools[0]))
    await books.intend(record)
    assert ledger.writer.behind == 1
    assert (await ledger.history(record.call.id)).intent is not None


@pytest.mark.promise("P2")
async def test_reads_are_refused_from_the_first_failed_commit_to_the_next_good_one(
    books, store, ledger, tools
):
    under_way = await books.record(books.call(tools[0]))
    await books.intend(under_way)
    append, store.append = store.append, fails
    with pytest.raises(LedgerError):
        await books.intend(await books.record(books.call()))
    refused = await books.record(books.call(tools[0]))
    with pytest.raises(LedgerError, match="the disk says no"):
        await books.intend(refused)
    # What was let through is told as it was, once that can be.
    await books.end(under_way)
    store.append = append
    accepted = await books.record(books.call(tools[0]))
    await books.intend(accepted)
    assert ledger.writer.failure is None
    assert (await ledger.history(refused.call.id)) is None
    assert (await ledger.history(under_way.call.id)).status is Status.COMPLETED


@pytest.mark.promise("P2")
async def test_reads_wait_where_too_many_do(books, store, ledger, tools):
    gate, append = asyncio.Event(), store.append

    async def wait(entries, *, fence):
        await gate.wait()
        return await append(entries, fence=fence)

    store.append = wait
    records = [await books.record(books.call(tools[0])) for _ in range(MAX_BEHIND + 50)]
    puts = [asyncio.ensure_future(books.intend(record)) for record in records]
    for _ in range(10):
        await asyncio.sleep(0)
    assert ledger.writer.behind == MAX_BEHIND
    assert sum(put.done() for put in puts) == MAX_BEHIND
    gate.set()
    await asyncio.gather(*puts)
    await ledger.writer.flush()
    assert len(store.ledger.entries) == len(records)
