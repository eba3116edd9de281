"""What an auditor is told, and what it takes to be shown payloads in plain."""

from dataclasses import replace

import orjson
import pytest

from highroad.domain.approval import ApprovalState
from highroad.domain.entry import Amendment, AmendmentKind, EntryKind
from highroad.domain.error import LedgerError, NotPermitted, NotRecorded, VaultError
from highroad.domain.identity import Delegate, Origin
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.trail import StageRecord
from highroad.ledger import entries
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.audit import Audit
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.testing import MemoryStore


@pytest.fixture
def audit(ledger):
    return Audit(ledger, is_owner=True)


@pytest.fixture
def bystander(store, ledger, keys, clock):
    """The audit of a process that does not own the ledger."""
    other = MemoryStore(store.ledger)
    return Audit(Ledger(other, ReadOnlyWriter(1), Keyring(keys), clock), is_owner=False)


async def fails(*_, **__):
    raise LedgerError("the disk says no")


async def test_a_trail_has_every_call_of_its_run_in_order_and_no_other(books, audit, tools):
    shared = {"run_id": "run_x", "is_direct": False}
    second = await books.complete(books.call(**shared, step=2))
    first = await books.complete(books.call(tools[0], **shared, step=1))
    refusal = ("resolve", "refuse", "unknown_tool", None, 1)
    third = await books.refuse(
        books.call(None, **shared, step=3), refusal, code="unknown_tool", rule="registry"
    )
    await books.complete(books.call())
    trail = await audit.trail("run_x")
    assert trail.run_id == "run_x"
    assert [step.call_id for step in trail.steps] == [first.id, second.id, third.id]
    assert [step.tool for step in trail.steps] == ["get_order", "refund", None]
    assert [step.status for step in trail.steps] == ["completed", "completed", "refused"]
    done, refused = trail.steps[1:]
    assert (done.latency_us, done.cost_usd, done.created_ms) == (1234, 0.01, second.created_ms)
    assert len(done.arguments_digest) == 64
    assert (refused.code, refused.rule, refused.cost_usd) == ("unknown_tool", "registry", 0)
    assert (await audit.trail("run_y")).steps == ()


async def test_a_trail_tells_of_calls_under_way_held_and_repeated(books, audit):
    shared = {"run_id": "run_x", "is_direct": False}
    running = await books.record(books.call(**shared, step=1))
    await books.intend(running)
    await books.hold(await books.record(books.call(**shared, step=2)))
    repeated = await books.record(books.call(**shared, step=3))
    source = Ending(status=Status.COMPLETED, source="call_x", is_repeated=True)
    await books.end(repeated, source)
    steps = (await audit.trail("run_x")).steps
    assert [step.status for step in steps] == ["running", "held", "completed"]
    assert [step.code for step in steps] == [None, "ask_rule", None]
    assert [step.is_repeated for step in steps] == [False, False, True]
    assert steps[0].latency_us is None


async def test_a_long_trail_is_told_to_its_end(books, audit):
    for step in range(1, 621):
        await books.complete(books.call(run_id="run_x", is_direct=False, step=step))
    assert [step.step for step in (await audit.trail("run_x")).steps] == [*range(1, 621)]


async def test_an_explanation_has_all_that_is_recorded_but_what_was_carried(
    books, ledger, audit, people
):
    call = books.call(origin=Origin.MODEL, delegation=(Delegate("planner"),), door="http")
    record = await books.record(call)
    record.coercions = ("/order: string to integer",)
    await books.intend(record)
    failed = Ending(
        status=Status.FAILED, decided_by="execute", proof=Proof.TOOL_SAID, rule="tool.said"
    )
    await books.end(record, failed, code="sold_out", message=b'["Sold out: 7","Wait"]')
    found = await audit.explain(call.id)
    assert (found.call_id, found.run_id, found.trace_id) == (call.id, call.run_id, call.trace_id)
    assert (found.tool, found.tool_version, found.tool_digest) == ("refund", "1", "1" * 64)
    assert (found.tier, found.effect) == ("irreversible", "unprotected")
    assert (found.principal, found.principal_name) == (record.principal_id, "Alice Archer")
    assert (found.organization, found.delegation) == ("acme", ("planner",))
    assert (found.origin, found.door) == ("model", "http")
    assert (found.policy_version, found.rules) == ("policy-1", ("policy.allow",))
    assert (found.status, found.code, found.rule) == ("failed", "sold_out", "tool.said")
    assert (found.proof, found.attempts) == ("tool_said", 1)
    assert (found.created_ms, found.ended_ms) == (call.created_ms, call.created_ms)
    assert (found.latency_us, found.cost_usd) == (1234, 0.01)
    assert found.stages[0] == StageRecord(stage="resolve", verdict="proceed", elapsed_us=11)
    assert found.stages[2].rule == "policy.rules.own"
    assert found.stages[-1].code == "sold_out"
    assert found.coercions == ("/order: string to integer",)
    assert found.positions == (0, 1)
    assert (found.approvals, found.decisions, found.amendments) == ((), (), ())
    assert (found.arguments, found.result, found.message) == (None, None, None)


async def test_an_explanation_tells_who_decided_and_whether_that_was_spent(
    books, ledger, audit, people
):
    call = books.call()
    await books.decide(await books.hold(await books.record(call)))
    held = await audit.explain(call.id)
    assert (held.status, held.code) == ("held", "ask_rule")
    assert held.approvals[0].state is ApprovalState.APPROVED
    again = await books.reopen(call)
    await books.intend(again, spends=True)
    running = await audit.explain(call.id)
    assert (running.status, running.ended_ms, running.attempts) == ("running", None, 0)
    assert running.approvals[0].state is ApprovalState.CONSUMED
    (decision,) = running.decisions
    assert decision == {
        "approval": running.approvals[0].id,
        "ruling": "approve",
        "by": ledger.keyring.opaque(people[1]),
        "name": "Bob Baker",
        "saw": "d" * 64,
        "at_ms": call.created_ms,
    }


async def test_an_explanation_has_later_facts_and_the_call_that_answered(books, ledger, audit):
    record = await books.record(books.call())
    ending = Ending(status=Status.UNKNOWN, source="call_x", is_repeated=True)
    await books.end(record, ending, code="outcome_unknown")
    fact = Amendment(
        id="amd_1",
        call_id=record.call.id,
        kind=AmendmentKind.LATE,
        applied=True,
        by="highroad",
        at_ms=9,
    )
    amended = entries.amended(fact, organization="acme", run_id=record.call.run_id, reason=None)
    await ledger.writer.write(amended)
    found = await audit.explain(record.call.id)
    assert (found.status, found.source_call_id) == ("unknown", "call_x")
    assert found.amendments == (fact,)


async def test_of_whoever_was_erased_and_of_a_lost_key_no_name_is_told(
    books, store, ledger, audit, people
):
    call = await books.complete(books.call())
    row = store.ledger.tables["app_user"][ledger.keyring.opaque(people[0]),]
    sealed = row["sealed_profile"]
    row["sealed_profile"] = sealed[:-1] + bytes([sealed[-1] ^ 1])
    assert (await audit.explain(call.id)).principal_name is None
    row["sealed_profile"] = None
    assert (await audit.explain(call.id)).principal_name is None


async def test_a_principal_without_a_name_is_told_by_their_id(books, audit, people):
    nameless = replace(people[0], name=None)
    call = await books.complete(books.call(principal=nameless))
    assert (await audit.explain(call.id)).principal_name == "alice"


async def test_a_call_that_is_not_there_is_named(audit):
    with pytest.raises(NotRecorded, match="the ledger has no call call_1"):
        await audit.explain("call_1")
    with pytest.raises(LookupError):
        await audit.explain("call_1")


@pytest.mark.promise("P7")
async def test_payloads_are_shown_once_it_stands_in_the_ledger_who_looked(
    books, store, ledger, audit, people
):
    call = books.call()
    record = await books.record(call)
    await books.intend(record)
    await books.end(record, message=b'["Sold out: 7","Wait"]')
    found = await audit.explain(call.id, reveal_by=people[1])
    assert (found.arguments, found.result) == ({"order": 7}, {"done": True})
    assert found.message == ["Sold out: 7", "Wait"]
    (entry,) = await store.entries(kind=EntryKind.REVEALED)
    assert (entry.call_id, entry.run_id, entry.organization) == (call.id, call.run_id, "acme")
    body = orjson.loads(entry.body)
    assert body["by"] == ledger.keyring.opaque(people[1])
    assert body["payloads"] == [f"{call.id}.{name}" for name in ("arguments", "result", "message")]
    assert await store.profile(body["by"]) is not None, "who looked can be found out"
    assert entry.position.seq in (await audit.explain(call.id)).positions


@pytest.mark.promise("P7")
async def test_who_may_not_reveal_is_shown_nothing_and_leaves_no_mark(books, store, audit, people):
    call = await books.complete(books.call())
    alice, bob = people
    with pytest.raises(NotPermitted, match="audit:reveal"):
        await audit.explain(call.id, reveal_by=alice)
    with pytest.raises(NotRecorded, match="has no call"):
        await audit.explain(call.id, reveal_by=replace(bob, organization="globex"))
    assert await store.entries(kind=EntryKind.REVEALED) == []


@pytest.mark.promise("P7")
async def test_what_cannot_be_recorded_is_not_shown(
    books, store, ledger, audit, people, monkeypatch
):
    call = await books.complete(books.call())
    opened = []
    monkeypatch.setattr(store, "append", fails)
    monkeypatch.setattr(ledger.vault, "open", opened.append)
    with pytest.raises(LedgerError, match="the disk says no"):
        await audit.explain(call.id, reveal_by=people[1])
    assert opened == []


async def test_erased_payloads_are_named(books, store, audit, people):
    call = await books.complete(books.call())
    del store.ledger.payloads[f"{call.id}.result"]
    with pytest.raises(VaultError, match=rf"{call.id}.result is not in the ledger"):
        await audit.explain(call.id, reveal_by=people[1])


async def test_any_process_may_read_but_only_the_owner_reveals(books, bystander, people):
    call = await books.complete(books.call())
    assert (await bystander.explain(call.id)).principal_name == "Alice Archer"
    assert len((await bystander.trail(call.run_id)).steps) == 1
    assert await bystander.last_call() == call.id
    with pytest.raises(LedgerError, match="another process owns this ledger: ask there"):
        await bystander.explain(call.id, reveal_by=people[1])


async def test_the_last_call_is_known_as_soon_as_it_ended(books, audit, tools):
    assert await audit.last_call() is None
    refusal = ("resolve", "refuse", "unknown_tool", None, 1)
    refused = await books.refuse(books.call(None), refusal, code="unknown_tool")
    done = await books.complete(books.call(tools[0]))  # rides: it is on no disk yet
    assert await audit.last_call() == done.id
    assert await audit.last_call(refused=True) == refused.id


async def test_a_ledger_that_cannot_be_written_can_still_be_asked(books, store, audit, tools):
    call = await books.complete(books.call())
    await books.complete(books.call(tools[0]))
    append, store.append = store.append, fails
    assert await audit.last_call() == call.id
    assert (await audit.explain(call.id)).status == "completed"
    store.append = append
