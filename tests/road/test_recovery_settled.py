"""Unknown calls before people: who may settle them, when, and what follows."""

import asyncio

import pytest

from highroad import Principal, ToolContext, tool
from highroad.domain.approval import Ruling
from highroad.domain.error import DecisionRefused, LedgerError, NotRecorded
from highroad.domain.order import Decision, ErasureOrder
from highroad.domain.order_form import read_order
from highroad.ledger.authorship import author
from highroad.settings import load

pytestmark = pytest.mark.promise("P11")

BOB = Principal("bob", authenticated=True)
STRANGER = Principal("eve", "globex", authenticated=True)


@pytest.fixture
def doubtful(effects):
    """A tool of which nobody knows whether it took effect."""

    @tool(tier="reversible", cost=0.01)
    async def pay(number: int) -> int:
        effects[number] += 1
        raise RuntimeError

    return pay


@pytest.fixture
async def here(world, doubtful):
    where = await world(doubtful).open()
    where.unknown = await where.call(doubtful, {"number": 1}, run="r")
    assert where.unknown.status == "unknown"
    return where


def settle(here, *, applied, by=BOB, reason="looked it up", call_id=None):
    return here.runtime.settle(
        call_id or here.unknown.call_id, applied=applied, by=by, reason=reason
    )


async def test_a_call_settled_as_applied_answers_the_next_one_with_its_key(here, effects):
    end = await here.end_of(here.unknown)
    amendment = await settle(here, applied=True)
    assert (amendment.kind, amendment.applied) == ("settled", True)
    again = await here.call("pay", {"number": 1}, run="r")
    assert (again.status, again.is_repeated) == ("completed", True)
    assert effects[1] == 1
    assert await here.end_of(here.unknown) == end


async def test_a_call_settled_as_not_applied_may_run_again(here, effects):
    await settle(here, applied=False)
    again = await here.call("pay", {"number": 1}, run="r")
    assert again.status == "unknown"
    assert effects[1] == 2
    third = await here.call("pay", {"number": 1}, run="r")
    assert third.status == "unknown"
    assert effects[1] == 2
    assert not await here.check()


async def test_of_two_calls_that_take_a_key_over_one_runs(here, effects):
    await settle(here, applied=False)
    calls = (here.call("pay", {"number": 1}, run="r") for _ in range(5))
    assert {outcome.status for outcome in await asyncio.gather(*calls)} == {"unknown"}
    assert effects[1] == 2


@pytest.mark.parametrize("applied", [True, False])
async def test_the_same_word_twice_is_refused_and_another_corrects(here, effects, applied):
    await settle(here, applied=applied)
    with pytest.raises(DecisionRefused, match="already"):
        await settle(here, applied=applied)
    here.clock.advance(1)
    await settle(here, applied=not applied)
    history = await here.services.ledger.history(here.unknown.call_id)
    assert [each.applied for each in history.amendments] == [applied, not applied]
    again = await here.call("pay", {"number": 1}, run="r")
    assert again.status == ("unknown" if applied else "completed")
    assert effects[1] == (2 if applied else 1)


async def test_two_words_in_one_millisecond_are_two_amendments(here):
    first = await settle(here, applied=True, reason="the bank has it")
    second = await settle(here, applied=False, reason="it does not")
    assert first.at_ms == second.at_ms
    history = await here.services.ledger.history(here.unknown.call_id)
    assert history.amendments == (first, second)
    vault = here.services.ledger.vault
    said = [await vault.open(history.run_id, each.reason) for each in history.amendments]
    assert said == [b'"the bank has it"', b'"it does not"']
    rows = here.ledger.tables["amendment"].values()
    assert [(row["id"], row["applied"]) for row in rows] == [(first.id, 1), (second.id, 0)]
    assert (await here.runtime.audit.compare_tables()).holds


async def test_only_what_is_unknown_is_settled(world, doubtful):
    @tool
    async def wire(number: int) -> int:
        return number

    @tool(tier="read")
    async def look(number: int) -> int:
        return number

    here = await world(doubtful, wire, look).open()
    held = await here.call(wire, {"number": 1})
    done = await here.call(look, {"number": 1})
    first = await here.call(doubtful, {"number": 1}, run="r")
    repeated = await here.call(doubtful, {"number": 1}, run="r")
    for call_id, reason in [
        (held.call_id, "approve or reject"),
        (done.call_id, "ended as completed"),
        (repeated.call_id, first.call_id),
    ]:
        with pytest.raises(DecisionRefused, match=reason):
            await settle(here, applied=True, call_id=call_id)
    with pytest.raises(NotRecorded):
        await settle(here, applied=True, call_id="call_none")
    assert [each.call_id for each in await here.runtime.unsettled()] == [first.call_id]


async def test_a_call_in_flight_is_not_settled(world, turns):
    gate = asyncio.Event()

    @tool(tier="reversible")
    async def pay(number: int) -> int:
        await gate.wait()
        return number

    here = await world(pay).open()
    calling = asyncio.ensure_future(here.call(pay, {"number": 1}))
    await turns(40)
    (running,) = await here.runtime.unsettled(with_open=True)
    assert running.standing == "running"
    with pytest.raises(DecisionRefused, match="in flight"):
        await settle(here, applied=True, call_id=running.call_id)
    gate.set()
    assert (await calling).status == "completed"


async def test_another_organization_learns_nothing(here):
    with pytest.raises(NotRecorded):
        await settle(here, applied=True, by=STRANGER)


@pytest.mark.parametrize("reason", ["", "  "])
async def test_a_settlement_has_a_reason(here, reason):
    with pytest.raises(DecisionRefused, match="reason"):
        await settle(here, applied=True, reason=reason)


async def test_under_a_policy_settling_needs_its_permission(world, doubtful, tmp_path):
    (tmp_path / "highroad.toml").write_text('[policy]\nallow = ["*"]\n')
    here = await world(doubtful, settings=load(tmp_path, {})).open()
    here.unknown = await here.call(doubtful, {"number": 1})
    with pytest.raises(DecisionRefused, match="calls:settle"):
        await settle(here, applied=True)
    await settle(here, applied=True, by=Principal("bob", permissions={"calls:settle"}))


@pytest.mark.promise("P7")
async def test_the_reason_is_sealed_and_names_are_opaque(here):
    amendment = await settle(here, applied=True, reason="the bank's secret statement")
    (entry,) = [e for e in await here.entries() if e.kind == "call.amended"]
    assert b"secret" not in entry.body
    assert b"bob" not in entry.body
    explained = await here.runtime.audit.explain(here.unknown.call_id)
    assert explained.amendments == (amendment,)
    assert amendment.by == here.services.ledger.keyring.opaque(BOB)
    plain = await here.services.ledger.vault.open(explained.run_id, amendment.reason)
    assert plain == b'"the bank\'s secret statement"'


async def test_a_call_of_an_erased_run_is_settled_without_its_reason(here):
    here.ledger.run_keys.clear()
    amendment = await settle(here, applied=True)
    assert amendment.reason is None
    assert await here.runtime.unsettled() == ()
    assert not here.ledger.run_keys


async def test_the_word_of_another_process_waits_for_the_owner(world, here):
    second = world(*here.tools)
    second.ledger, second.clock = here.ledger, here.clock
    await second.open()
    assert second.runtime.owner_pid is not None
    await settle(second, applied=True, call_id=here.unknown.call_id)
    assert [each.call_id for each in await here.runtime.unsettled()] == [here.unknown.call_id]
    await here.assembly.inbox.empty()
    assert await here.runtime.unsettled() == ()
    assert await here.store.inbox() == []


async def test_an_order_that_was_recorded_before_its_owner_died_counts_once(here):
    order = await posted(here, applied=True)
    by = author(here.services.ledger.keyring, order)
    await here.assembly.settlements.record(order, by)
    here.clock.advance(1)
    await settle(here, applied=False)
    await here.assembly.inbox.empty()
    history = await here.services.ledger.history(here.unknown.call_id)
    assert [each.applied for each in history.amendments] == [True, False]
    assert await here.store.inbox() == []


async def posted(here, *, applied):
    """An order as another process leaves it."""
    settlements = type(here.assembly.settlements)(
        here.services.ledger, here.ids, permissions=None, is_owner=False
    )
    await settlements.settle(here.unknown.call_id, applied=applied, by=BOB, reason="seen")
    return (await waiting(here))[-1]


async def waiting(here):
    return [read_order(posted) for posted in await here.store.inbox()]


async def test_each_order_finds_its_handler_and_one_without_waits(here):
    erasure = ErasureOrder(principal_id="usr_x", organization="default", by="usr_y", at_ms=1)
    lost = Decision(
        approval_id="apr_none",
        organization="default",
        ruling=Ruling.APPROVE,
        by="usr_y",
        digest="d",
        at_ms=1,
    )
    await here.store.post(erasure)
    await here.store.post(lost)
    await posted(here, applied=True)
    here.assembly.inbox._handlers = {  # noqa: SLF001 - the one that nobody handles
        kind: handler
        for kind, handler in here.assembly.inbox._handlers.items()  # noqa: SLF001 - as above
        if kind is not ErasureOrder
    }
    await here.assembly.inbox.empty()
    assert await waiting(here) == [erasure]
    assert await here.runtime.unsettled() == ()


async def test_an_order_that_cannot_be_written_now_stays(world, faulty, doubtful):
    here = await world(doubtful, wrap=faulty).open()
    here.unknown = await here.call(doubtful, {"number": 1})
    order = await posted(here, applied=True)
    here.store.fails = lambda number: True
    with pytest.raises(LedgerError):
        await here.assembly.inbox.empty()
    assert await waiting(here) == [order]
    here.store.fails = lambda number: False
    await here.assembly.inbox.empty()
    assert await here.runtime.unsettled() == ()


async def test_what_waits_for_people_is_told_with_it(world, doubtful):
    @tool
    async def wire(number: int, context: ToolContext[None]) -> int:
        return number

    here = await world(doubtful, wire).open()
    held = await here.call(wire, {"number": 1})
    unknown = await here.call(doubtful, {"number": 1})
    told = await here.runtime.unsettled(with_open=True)
    assert [(each.call_id, each.standing) for each in told] == [
        (unknown.call_id, "unknown"),
        (held.call_id, "held"),
    ]
    assert told[1].approval_id == held.approval_id
