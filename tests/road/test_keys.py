"""The table of keys: what the second call with a key gets (DESIGN section 2)."""

import asyncio

import pytest

from highroad import Completed, Held, Refused, ToolContext, ToolError, Unknown, tool
from highroad.domain.entry import Amendment, AmendmentKind
from highroad.ledger.entries import amended

pytestmark = pytest.mark.promise("P11")


@pytest.fixture
def pay(effects):
    """A tool with an unprotected effect, and what each amount makes it do."""

    @tool(tier="reversible")
    async def pay(cents: int) -> int:
        effects[cents] += 1
        await pay_gate(cents)
        return effects[cents]

    async def nothing(_):
        return None

    def pay_gate(cents):
        return gates.get(cents, nothing)(cents)

    gates = {}
    pay.gates = gates
    return pay


@pytest.fixture
def ask(effects):
    @tool(tier="irreversible")
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return effects[cents]

    return wire


SCOPES = [{"run": "r"}, {"key": "k"}, {"run": "r", "key": "k"}]


@pytest.mark.parametrize("scope", SCOPES, ids=["derived", "given", "both"])
async def test_a_completed_call_answers_the_next_one_with_its_key(world, pay, effects, scope):
    here = await world(pay).open()
    first = await here.call(pay, {"cents": 1}, **scope)
    second = await here.call(pay, {"cents": 1}, **scope)
    assert (first.value, second.value) == (1, 1)
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert second.call_id != first.call_id
    assert (await here.end_of(second))["source"] == first.call_id
    assert effects[1] == 1
    await here.check()


async def test_a_completed_call_answers_after_a_restart_too(world, pay, effects):
    here = await world(pay).open()
    await here.call(pay, {"cents": 1}, run="r")
    await here.reopen()
    again = await here.call(pay, {"cents": 1}, run="r")
    assert again.is_repeated
    assert effects[1] == 1


async def test_without_a_run_or_a_key_every_call_is_one_of_its_own(world, pay, effects):
    here = await world(pay).open()
    for _ in range(3):
        assert not (await here.call(pay, {"cents": 1})).is_repeated
    assert effects[1] == 3


async def test_a_key_is_the_principals_and_the_tools_own(world, pay, bob, effects):
    @tool(name="other", tier="reversible")
    async def other(cents: int) -> int:
        effects[cents] += 1
        return effects[cents]

    here = await world(pay, other).open()
    await here.call(pay, {"cents": 1}, key="k")
    assert not (await here.call(pay, {"cents": 1}, key="k", principal=bob)).is_repeated
    assert not (await here.call(other, {"cents": 1}, key="k")).is_repeated
    assert effects[1] == 3


@pytest.mark.parametrize("is_running", [False, True])
async def test_a_given_key_with_other_arguments_is_refused(world, pay, turns, is_running):
    here = await world(pay).open()
    gate = asyncio.Event()
    pay.gates[1] = lambda _: gate.wait()
    first = asyncio.ensure_future(here.call(pay, {"cents": 1}, key="k"))
    await turns()
    if not is_running:
        gate.set()
        await first
    other = await here.call(pay, {"cents": 2}, key="k")
    assert other.error.code == "idempotency_key_reused"
    gate.set()
    assert (await first).unwrap() == 1
    assert (await here.call(pay, {"cents": 1}, key="k")).is_repeated
    await here.check()


async def test_a_tool_names_the_arguments_that_make_two_calls_the_same(world, effects):
    @tool(tier="reversible", key=["order"])
    async def ship(order: str, note: str = "") -> str:
        effects[order] += 1
        return note

    here = await world(ship).open()
    await here.call(ship, {"order": "a", "note": "one"}, run="r")
    again = await here.call(ship, {"order": "a", "note": "two"}, run="r")
    assert (again.value, again.is_repeated) == ("one", True)
    assert not (await here.call(ship, {"order": "b"}, run="r")).is_repeated
    assert effects == {"a": 1, "b": 1}


async def test_who_comes_while_it_runs_joins_and_gets_the_same_outcome(world, pay, effects, turns):
    here = await world(pay).open()
    gate = asyncio.Event()
    pay.gates[1] = lambda _: gate.wait()
    calls = [asyncio.ensure_future(here.call(pay, {"cents": 1}, run="r")) for _ in range(5)]
    await turns()
    gate.set()
    first, *joined = await asyncio.gather(*calls)
    assert {outcome.value for outcome in joined} == {first.value}
    assert all(outcome.is_repeated for outcome in joined)
    assert {(await here.end_of(each))["source"] for each in joined} == {first.call_id}
    assert effects[1] == 1
    await here.check()


async def test_who_joins_gets_a_failure_too_and_the_next_one_may_run(world, pay, effects, turns):
    here = await world(pay).open()
    gate = asyncio.Event()

    async def refuse(_):
        await gate.wait()
        raise ToolError("no", applied=False)

    pay.gates[1] = refuse
    calls = [asyncio.ensure_future(here.call(pay, {"cents": 1}, run="r")) for _ in range(2)]
    await turns()
    gate.set()
    first, joined = await asyncio.gather(*calls)
    assert first.status == joined.status == "failed"
    assert (await here.end_of(joined))["source"] == first.call_id
    del pay.gates[1]
    assert (await here.call(pay, {"cents": 1}, run="r")).unwrap() == 2


async def test_a_joiner_that_is_cancelled_takes_nobody_along(world, pay, effects, turns):
    here = await world(pay).open()
    gate = asyncio.Event()
    pay.gates[1] = lambda _: gate.wait()
    first, second, third = [
        asyncio.ensure_future(here.call(pay, {"cents": 1}, run="r")) for _ in range(3)
    ]
    await turns()
    second.cancel()
    await turns()
    gate.set()
    assert (await first).unwrap() == (await third).unwrap() == 1
    assert second.cancelled()
    assert effects[1] == 1
    assert not await here.check()


async def test_when_the_one_that_runs_is_cancelled_joiners_get_its_end(world, pay, effects, turns):
    here = await world(pay).open()
    pay.gates[1] = lambda _: asyncio.Event().wait()
    first, joined = [asyncio.ensure_future(here.call(pay, {"cents": 1}, run="r")) for _ in range(2)]
    await turns()
    first.cancel()
    outcome = await joined
    assert isinstance(outcome, Unknown)
    assert first.cancelled()
    after = await here.call(pay, {"cents": 1}, run="r")
    assert isinstance(after, Unknown)
    assert effects[1] == 1
    await here.check()


async def test_a_held_call_holds_the_next_one_with_its_key(world, ask, effects):
    here = await world(ask).open()
    first = await here.call(ask, {"cents": 1}, run="r")
    second = await here.call(ask, {"cents": 1}, run="r")
    assert second == first
    assert len(await here.desk.list()) == 1
    assert await here.check() == {first.call_id}


async def test_an_unknown_call_stays_unknown_and_is_never_run_again(world, pay, effects):
    def crash(_):
        raise RuntimeError

    pay.gates[1] = crash
    here = await world(pay).open()
    first = await here.call(pay, {"cents": 1}, run="r")
    del pay.gates[1]
    second = await here.call(pay, {"cents": 1}, run="r")
    assert isinstance(first, Unknown)
    assert isinstance(second, Unknown)
    assert (await here.end_of(second))["source"] == first.call_id
    await here.reopen()
    assert isinstance(await here.call(pay, {"cents": 1}, run="r"), Unknown)
    assert effects[1] == 1


@pytest.mark.promise("P4")
async def test_a_rejection_stands_for_its_run_also_after_a_restart(world, ask, effects):
    here = await world(ask).open()
    first = await here.call(ask, {"cents": 1}, run="r")
    await here.reject(first)
    assert (await here.wait(first.call_id)).error.code == "rejected"
    for _ in range(2):
        again = await here.call(ask, {"cents": 1}, run="r")
        assert isinstance(again, Refused)
        assert again.error.code == "rejected"
        await here.reopen()
    assert isinstance(await here.call(ask, {"cents": 1}, run="another"), Held)
    assert not effects


@pytest.mark.promise("P4")
async def test_a_rejection_under_a_given_key_stands_for_its_run_and_for_no_other(world, ask):
    """The next run is asked about anew, under the same key, and then has it."""
    here = await world(ask).open()
    first = await here.call(ask, {"cents": 1}, run="r", key="k")
    await here.reject(first)
    assert (await here.wait(first.call_id)).error.code == "rejected"
    assert (await here.call(ask, {"cents": 1}, run="r", key="k")).error.code == "rejected"
    other = await here.call(ask, {"cents": 1}, run="another", key="k")
    assert isinstance(other, Held)
    await here.approve(other)
    assert (await here.wait(other.call_id)).unwrap() == 1
    third = await here.call(ask, {"cents": 1}, run="a third", key="k")
    assert third.is_repeated


@pytest.mark.promise("P4")
@pytest.mark.parametrize("is_swept", [True, False])
async def test_an_expired_approval_frees_its_key(world, ask, bob, is_swept):
    here = await world(ask).open()
    first = await here.call(ask, {"cents": 1}, run="r")
    here.clock.advance(86_400)
    if is_swept:
        assert (await here.wait(first.call_id)).status == "expired"
    second = await here.call(ask, {"cents": 1}, run="r")
    assert isinstance(second, Held)
    assert second.call_id != first.call_id
    assert (await here.wait(first.call_id)).status == "expired"
    await here.approve(second)
    assert (await here.wait(second.call_id)).unwrap() == 1
    await here.check()


async def test_what_failed_was_refused_or_cancelled_may_run(world, pay, effects, turns):
    async def fail(_):
        raise ToolError("no", applied=False)

    here = await world(pay).open()
    pay.gates[1] = fail
    assert (await here.call(pay, {"cents": 1}, run="r")).status == "failed"
    del pay.gates[1]
    assert (await here.call(pay, {"cents": 1}, run="r")).unwrap() == 2
    assert (await here.call(pay, {"cents": "x"}, key="k")).status == "refused"
    assert (await here.call(pay, {"cents": 2}, key="k")).unwrap() == 1
    await here.check()


async def test_the_key_of_a_repeatable_tool_only_joins_what_is_under_way(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="reversible", effect="repeatable")
    async def touch(name: str) -> int:
        effects[name] += 1
        await gate.wait()
        return effects[name]

    here = await world(touch).open()
    calls = [asyncio.ensure_future(here.call(touch, {"name": "a"}, run="r")) for _ in range(3)]
    await turns()
    gate.set()
    assert [outcome.value for outcome in await asyncio.gather(*calls)] == [1, 1, 1]
    assert (await here.call(touch, {"name": "a"}, run="r")).value == 2


async def test_reads_of_a_run_join_and_are_read_anew_afterwards(world, effects, turns, limits):
    gate = asyncio.Event()

    @tool(tier="read")
    async def look(name: str) -> int:
        effects[name] += 1
        await gate.wait()
        return effects[name]

    here = await world(look, limits=limits(identical_calls=10)).open()
    calls = [asyncio.ensure_future(here.call(look, {"name": "a"}, run="r")) for _ in range(3)]
    await turns()
    gate.set()
    assert [outcome.value for outcome in await asyncio.gather(*calls)] == [1, 1, 1]
    fresh = await here.call(look, {"name": "a"}, run="r")
    assert (fresh.value, fresh.is_repeated) == (2, False)


@pytest.mark.promise("P4")
async def test_a_read_that_was_asked_about_keeps_its_key_no_longer_than_it_lasts(
    world, effects, limits
):
    @tool(tier="read", ask="true")
    async def peek(name: str) -> int:
        effects[name] += 1
        return effects[name]

    here = await world(peek, limits=limits(identical_calls=10)).open()
    for expected in (1, 2):
        held = await here.call(peek, {"name": "a"}, run="r")
        assert await here.call(peek, {"name": "a"}, run="r") == held
        await here.approve(held)
        assert (await here.wait(held.call_id)).value == expected
        assert (await here.desk.get(held.approval_id)).state == "consumed"
    await here.check()


async def test_who_loses_the_key_at_the_intent_is_answered_by_the_winner(
    world, pay, blind, effects
):
    here = await world(pay, wrap=lambda store: blind(store, blinks=0)).open()
    first = await here.call(pay, {"cents": 1}, run="r")
    here.store.blinks = 1
    second = await here.call(pay, {"cents": 1}, run="r")
    assert (second.value, second.is_repeated) == (1, True)
    assert (await here.end_of(second))["source"] == first.call_id
    assert effects[1] == 1
    assert (await here.account("r")).calls == 1
    await here.check()


async def test_who_loses_the_key_at_the_hold_gets_the_hold_of_the_winner(world, ask, blind):
    here = await world(ask, wrap=lambda store: blind(store, blinks=0)).open()
    first = await here.call(ask, {"cents": 1}, run="r")
    here.store.blinks = 1
    assert await here.call(ask, {"cents": 1}, run="r") == first
    assert len(await here.desk.list(state=None)) == 1
    await here.check()


@pytest.mark.promise("P4")
async def test_who_loses_the_key_to_a_call_that_then_frees_it_is_asked_all_the_same(
    world, ask, blind, effects
):
    """The winner expires between the lost race and the look at it."""

    class Expiring(blind):
        loser_looks = False

        async def entries(self, **wanted):
            if self.loser_looks and wanted.get("call_id") == first.call_id:
                self.loser_looks = False
                here.clock.advance(86_400)
                assert (await here.wait(first.call_id)).status == "expired"
            return await self._store.entries(**wanted)

    here = await world(ask, wrap=lambda store: Expiring(store, blinks=0)).open()
    first = await here.call(ask, {"cents": 1}, run="r")
    here.store.blinks = 1
    here.store.loser_looks = True
    second = await asyncio.wait_for(here.call(ask, {"cents": 1}, run="r"), 5)
    assert isinstance(second, Held)
    assert second.call_id != first.call_id
    assert not effects
    await here.check()


async def test_a_call_whose_driver_is_gone_is_settled_for_the_next_with_its_key(
    world, effects, turns
):
    @tool(tier="reversible", effect="idempotent")
    async def charge(cents: int) -> int:
        effects[cents] += 1
        if effects[cents] == 1:
            await asyncio.Event().wait()
        return effects[cents]

    here = await world(charge).open()
    lost = asyncio.ensure_future(here.call(charge, {"cents": 1}, run="r"))
    await turns()
    await here.reopen(settles=False)
    assert await here.store.open_calls()
    both = await asyncio.gather(*(here.call(charge, {"cents": 1}, run="r") for _ in range(2)))
    assert [outcome.value for outcome in both] == [2, 2]
    assert all(outcome.is_repeated for outcome in both)
    assert effects[1] == 2
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    assert not await here.check()


async def test_an_unknown_call_that_a_person_settled_answers_or_may_run(world, pay, effects):
    def crash(_):
        raise RuntimeError

    here = await world(pay).open()
    for cents, applied in ((1, True), (2, False)):
        pay.gates[cents] = crash
        first = await here.call(pay, {"cents": cents}, run="r")
        del pay.gates[cents]
        amendment = Amendment(
            id="amd_1",
            call_id=first.call_id,
            kind=AmendmentKind.SETTLED,
            applied=applied,
            by="usr_bob",
            at_ms=here.clock.now_ms(),
        )
        facts = {"organization": "default", "run_id": "run_1", "reason": None}
        await here.services.ledger.writer.write(amended(amendment, **facts))
        second = await here.call(pay, {"cents": cents}, run="r")
        assert second.status == "completed"
        assert second.is_repeated is applied
    assert effects == {1: 1, 2: 2}
    await here.check()


async def test_a_result_that_broke_its_schema_is_repeated_as_it_was(world, effects):
    @tool(tier="reversible")
    async def count(name: str) -> int:
        effects[name] += 1
        return "many"  # no int

    here = await world(count).open()
    first = await here.call(count, {"name": "a"}, run="r")
    second = await here.call(count, {"name": "a"}, run="r")
    assert first.result_invalid
    assert isinstance(second, Completed)
    assert (second.result_invalid, second.value) == (True, first.value)
    assert (await here.wait(second.call_id)).result_invalid
    assert effects["a"] == 1


async def test_a_tool_that_calls_itself_is_told_and_does_not_wait_for_itself(world, effects):
    @tool(tier="reversible")
    async def again(name: str, context: ToolContext[None]) -> str:
        effects[name] += 1
        inner = await context.call(again, {"name": name})
        return inner.error.code

    here = await world(again).open()
    outcome = await asyncio.wait_for(here.call(again, {"name": "a"}), 5)
    assert outcome.value == "loop_detected"
    assert effects["a"] == 1
    await here.check()


async def test_a_key_that_nobody_else_can_have_is_not_claimed(world, effects):
    @tool(tier="reversible", effect="idempotent")
    async def note(text: str, context: ToolContext) -> str:
        effects[context.idempotency_key] += 1
        return text

    here = await world(note).open()
    alone = await here.call(note, {"text": "hello"})
    given = await here.call(note, {"text": "hello"}, key="k")
    named = await here.call(note, {"text": "hello"}, run="r")
    assert len(effects) == 3
    assert None not in effects
    claimed = {
        claim.call_id
        for key in effects
        if (claim := await here.services.ledger.claim("default", bytes.fromhex(key))) is not None
    }
    assert claimed == {given.call_id, named.call_id}
    assert (await here.bodies(alone.call_id))[0]["key"]
    await here.check()


@pytest.mark.parametrize("effect", ["unprotected", "idempotent"])
async def test_the_vault_keeps_what_drives_a_call_again_only_where_something_may(world, effect):
    @tool(tier="reversible", effect=effect)
    async def note(text: str) -> str:
        return text

    here = await world(note).open()
    call_id = (await here.call(note, {"text": "hello"})).call_id
    assert await here.store.payload(f"{call_id}.arguments") is not None
    kept = await here.store.payload(f"{call_id}.call")
    assert (kept is not None) is (effect == "idempotent")
