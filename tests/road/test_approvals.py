"""What is put before people, what they may say, and what becomes of it (P4)."""

import asyncio
from dataclasses import replace

import pytest

from highroad import Completed, Expired, Held, Refused, ToolContext, tool
from highroad.approvals.desk import Desk
from highroad.approvals.waiting import Waiting
from highroad.domain.approval_rules import ApprovalRules, QuorumRule, Reach
from highroad.domain.error import DecisionRefused
from highroad.domain.order_form import read_order
from highroad.domain.policy import Line, PolicyRules, Rule, Then
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.ledger import Ledger
from highroad.recovery.settle import settle
from highroad.settings import load
from highroad.testing import ScriptedVerifier, doubts
from highroad.testing.memory import MemoryStore

pytestmark = pytest.mark.promise("P4")

DAY_S = 86_400


def wire_tool(effects, **options):
    @tool(**{"tier": "irreversible", **options})
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return effects[cents]

    return wire


@pytest.fixture
def wire(effects):
    return wire_tool(effects)


@pytest.fixture
def asking(tmp_path):
    """Settings whose one rule asks about large amounts, written on some line."""

    def make(line=3, limit=100, folder="p"):
        rule = Rule(
            name=Line("large", f"/{folder}/highroad.toml:{line}"),
            tools=(Line("*", f"/{folder}/highroad.toml:{line + 1}"),),
            when=Line(f"args.cents > {limit}", f"/{folder}/highroad.toml:{line + 2}"),
            then=Then.ASK,
        )
        return replace(load(tmp_path, {}), policy=PolicyRules(rules=(rule,)))

    return make


async def states(here):
    return [approval.state for approval in await here.desk.list(state=None)]


async def test_an_approval_is_spent_once_by_the_intent_of_its_call(world, wire, effects):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1}, run="r")
    await here.approve(held)
    for _ in range(3):
        assert (await here.wait(held.call_id)).unwrap() == 1
    again = await here.call(wire, {"cents": 1}, run="r")
    assert again.is_repeated
    assert effects[1] == 1
    assert await states(here) == ["consumed"]
    other = await here.call(wire, {"cents": 1}, run="another")
    assert isinstance(other, Held)
    await here.check()


async def test_deciding_only_records_and_nothing_runs_before_somebody_waits(world, wire, effects):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    await here.approve(held)
    assert not effects
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_looking_without_waiting_brings_the_same_hold(world, wire):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    assert await here.wait(held.call_id, timeout_s=0) == held


async def test_a_wait_with_a_time_ends_with_it(world, wire, turns):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    waiting = asyncio.ensure_future(here.wait(held.call_id, timeout_s=10))
    await turns()
    here.clock.advance(9.5)
    await turns()
    assert not waiting.done()
    here.clock.advance(0.5)
    assert await waiting == held


async def test_whoever_waits_drives_on_when_it_is_approved_and_two_drive_once(
    world, wire, effects, turns
):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    waiting = [asyncio.ensure_future(here.wait(held.call_id, timeout_s=None)) for _ in range(3)]
    await turns()
    await here.approve(held)
    outcomes = await asyncio.gather(*waiting)
    assert [outcome.value for outcome in outcomes] == [1, 1, 1]
    assert effects[1] == 1
    await here.check()


async def test_a_call_nobody_knows_cannot_be_waited_for(world, wire):
    here = await world(wire).open()
    with pytest.raises(LookupError):
        await here.wait("call_none")


async def test_an_approval_expires_at_its_time_and_not_before(world, wire, effects, bob):
    here = await world(wire).open()
    early = await here.call(wire, {"cents": 1})
    late = await here.call(wire, {"cents": 2})
    here.clock.advance(DAY_S - 0.001)
    assert isinstance(await here.wait(late.call_id), Held)
    await here.approve(early)
    here.clock.advance(0.001)
    with pytest.raises(DecisionRefused, match="expired"):
        await here.approve(late)
    assert isinstance(await here.wait(late.call_id), Expired)
    assert (await here.wait(early.call_id)).unwrap() == 1
    assert await states(here) == ["consumed", "expired"]
    assert effects == {1: 1}
    await here.check()


async def test_a_wait_ends_when_the_approval_expires(world, wire, turns):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    waiting = asyncio.ensure_future(here.wait(held.call_id, timeout_s=None))
    await turns()
    here.clock.advance(DAY_S)
    outcome = await waiting
    assert isinstance(outcome, Expired)
    assert outcome.error.code == "approval_expired"


async def test_a_rejection_ends_the_call_and_cannot_be_taken_back(world, wire, effects):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    await here.reject(held)
    with pytest.raises(DecisionRefused, match="rejected already"):
        await here.approve(held)
    outcome = await here.wait(held.call_id)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "rejected"
    assert not effects
    await here.check()


async def test_of_decisions_at_the_same_time_each_counts_once(world, wire, alice, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    decided = await asyncio.gather(
        here.approve(held), here.reject(held), here.approve(held, by=alice), return_exceptions=True
    )
    assert sum(isinstance(each, DecisionRefused) for each in decided) == 2
    assert (await here.wait(held.call_id)).status in {"completed", "refused"}
    await here.check()


@pytest.fixture
def doubted(world, verifying):
    """A world whose verifier knows of no call whether it is right, and whose policy asks two."""

    def make(*tools):
        people = ApprovalRules(quorums=(QuorumRule(people=2, reach=Reach()),))
        settings = replace(verifying(), approvals=people)
        return world(*tools, settings=settings, verifier=ScriptedVerifier(doubts("It is odd.")))

    return make


async def test_a_quorum_needs_different_people_and_a_verifier_is_asked_once(
    doubted, effects, alice, bob
):
    pay = wire_tool(effects, tier="reversible")
    here = await doubted(pay).open()
    held = await here.call(pay, {"cents": 1})
    (approval,) = await here.desk.list()
    assert approval.quorum == 2
    await here.approve(held)
    with pytest.raises(DecisionRefused, match="agreed before"):
        await here.approve(held)
    assert isinstance(await here.wait(held.call_id), Held)
    await here.approve(held, by=alice)
    assert (await here.wait(held.call_id)).unwrap() == 1
    assert len(here.verifier.cases) == 1
    await here.check()


async def test_a_rejection_counts_also_where_a_verifier_alone_had_asked(doubted, effects):
    pay = wire_tool(effects, tier="reversible")
    here = await doubted(pay).open()
    held = await here.call(pay, {"cents": 1})
    await here.reject(held)
    assert (await here.wait(held.call_id)).error.code == "rejected"
    assert not effects


async def test_a_quorum_is_reached_by_two_who_agree_at_once(doubted, effects, alice, bob):
    pay = wire_tool(effects)
    here = await doubted(pay).open()
    held = await here.call(pay, {"cents": 1})
    assert held.reasons == (
        "A second opinion is uncertain whether this is what was asked for.",
        "The effect cannot be undone.",
        "The policy asks 2 people.",
    )
    await asyncio.gather(here.approve(held, by=alice), here.approve(held, by=bob))
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_a_person_is_asked_once_with_every_reason(world, effects, asking):
    wire = wire_tool(effects)
    here = await world(wire, settings=asking()).open()
    held = await here.call(wire, {"cents": 500})
    policy, tier = held.reasons
    assert policy.startswith("The policy asks: large (`args.cents")
    assert tier == "The effect cannot be undone."
    assert len(await here.desk.list()) == 1


async def test_a_changed_definition_voids_what_was_agreed(world, wire, effects):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1}, run="r")
    await here.approve(held)
    await here.reopen(wire_tool(effects, timeout_s=5))
    outcome = await here.wait(held.call_id)
    assert outcome.error.code == "approval_void"
    assert await states(here) == ["void"]
    assert not effects
    assert isinstance(await here.call("wire", {"cents": 1}, run="r"), Held)
    await here.check()


async def test_other_arguments_void_what_was_agreed(world, wire, effects):
    """Somebody who could write to the store put another call's arguments in place."""
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    await here.approve(held)
    payload = here.ledger.payloads[f"{held.call_id}.arguments"]
    (key,) = [key for run, key in here.ledger.run_keys.items() if run == payload.run_id]
    run_key = here.services.ledger.keyring.open_run_key(key)
    forged = run_key.seal(payload.id, b'{"cents":1000000}')
    here.ledger.payloads[payload.id] = replace(payload, ciphertext=forged)
    await here.reopen()
    assert (await here.wait(held.call_id)).error.code == "approval_void"
    assert not effects


async def test_a_changed_rule_voids_what_was_agreed(world, effects, asking):
    wire = wire_tool(effects)
    here = await world(wire, settings=asking(limit=100)).open()
    held = await here.call(wire, {"cents": 500})
    await here.approve(held)
    here.settings = replace(
        here.settings,
        policy=replace(
            here.settings.policy,
            rules=(replace(here.settings.policy.rules[0], name=Line("larger", "x:3")),),
        ),
    )
    await here.reopen()
    assert (await here.wait(held.call_id)).error.code == "approval_void"
    assert not effects


async def test_what_another_line_permits_now_is_agreed_to_anew(world, wire, effects):
    here = await world(wire).open()
    base = here.assembly.settings
    for text in ("wire", "wi*"):
        here.settings = replace(base, policy=PolicyRules(allow=(Line(text, "f.toml:3"),)))
        await here.reopen()
        if text == "wire":
            held = await here.call(wire, {"cents": 1})
            await here.approve(held)
    assert (await here.wait(held.call_id)).error.code == "approval_void"
    assert not effects


@pytest.mark.parametrize("folder", ["p", "my folder"])
async def test_a_rule_that_only_moved_in_its_file_voids_nothing(world, effects, asking, folder):
    wire = wire_tool(effects)
    here = await world(wire, settings=asking(line=3, folder=folder)).open()
    held = await here.call(wire, {"cents": 500})
    await here.approve(held)
    here.settings = asking(line=40, folder=folder)
    await here.reopen()
    assert (await here.wait(held.call_id)).unwrap() == 1


@pytest.mark.promise("P4")
async def test_a_rule_with_another_condition_under_the_same_name_voids_what_was_agreed(
    world, effects, asking
):
    wire = wire_tool(effects)
    here = await world(wire, settings=asking(limit=100)).open()
    held = await here.call(wire, {"cents": 500})
    await here.approve(held)
    here.settings = asking(limit=200)  # it would still ask
    await here.reopen()
    assert (await here.wait(held.call_id)).error.code == "approval_void"
    assert not effects


async def test_who_is_no_longer_allowed_is_refused_though_people_agreed(world, wire, effects):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    await here.approve(held)
    here.settings = replace(here.assembly.settings, policy=PolicyRules(deny=(Line("wire", "f:1"),)))
    await here.reopen()
    assert (await here.wait(held.call_id)).error.code == "unknown_tool"
    assert not effects


async def test_four_eyes_means_another_pair(world, wire, alice, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    rules = ApprovalRules(four_eyes=True)
    desk = Desk(here.services.ledger, rules, is_owner=True)
    with pytest.raises(DecisionRefused, match="ask somebody else"):
        await desk.approve(held.approval_id, by=alice)
    await desk.approve(held.approval_id, by=bob)
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_people_of_another_organization_find_no_such_approval(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    with pytest.raises(DecisionRefused, match="there is no approval"):
        await here.approve(held, by=replace(bob, organization="other"))


async def test_a_role_is_needed_where_one_is_asked_for(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    rules = ApprovalRules(roles=frozenset({"manager"}))
    desk = Desk(here.services.ledger, rules, is_owner=True)
    with pytest.raises(DecisionRefused, match="manager"):
        await desk.approve(held.approval_id, by=bob)
    await desk.approve(held.approval_id, by=replace(bob, roles=frozenset({"manager"})))


async def test_a_privileged_tool_asks_people_whose_identity_was_checked(world, effects, bob):
    root = wire_tool(effects, tier="privileged")
    here = await world(root).open()
    held = await here.call(root, {"cents": 1})
    with pytest.raises(DecisionRefused, match="identity"):
        await here.approve(held, by=replace(bob, authenticated=False))
    await here.approve(held)
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_an_ask_rule_decides_and_asks_where_it_has_no_answer(world, effects):
    @tool(tier="irreversible", ask="args.cents > 100")
    async def wire(cents: int | None = None) -> int:
        effects[cents] += 1
        return 1

    here = await world(wire).open()
    assert isinstance(await here.call(wire, {"cents": 100}), Completed)
    assert isinstance(await here.call(wire, {"cents": 101}), Held)
    assert isinstance(await here.call(wire, {}), Held)
    assert effects == {100: 1}


async def test_another_process_decides_by_the_inbox(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    other = MemoryStore(here.ledger)
    assert await other.acquire(pid=2, at_ms=0) is None
    ledger = Ledger(other, ReadOnlyWriter(1), here.services.ledger.keyring, here.clock)
    desk = Desk(ledger, ApprovalRules(), is_owner=False)
    decided = await desk.approve(held.approval_id, by=bob, reason="seen")
    assert decided.state == "approved"
    assert isinstance(await here.wait(held.call_id), Held)
    await desk.approve(held.approval_id, by=bob)  # once more, before anybody looked
    await here.assembly.inbox.empty()
    assert not await here.store.inbox()
    assert (await here.wait(held.call_id)).unwrap() == 1
    decisions = [body for body in await here.bodies() if body["kind"] == "approval.decided"]
    assert len(decisions) == 1
    assert effects[1] == 1
    await here.check()


@pytest.fixture
async def elsewhere(world, wire):
    """A runtime, a held call of its, and the desk of another process."""
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    other = MemoryStore(here.ledger)
    assert await other.acquire(pid=2, at_ms=0) is None
    ledger = Ledger(other, ReadOnlyWriter(1), here.services.ledger.keyring, here.clock)
    return here, held, Desk(ledger, here.desk.judging.rules, is_owner=False)


async def words_of(here):
    rows = here.ledger.tables["approval_decision"].values()
    return sorted((row["ruling"], row["decided_ms"]) for row in rows)


async def test_two_words_of_one_person_in_one_millisecond_are_two(elsewhere, bob, effects):
    here, held, desk = elsewhere
    await desk.approve(held.approval_id, by=bob)
    await here.assembly.inbox.empty()
    await desk.revoke(held.approval_id, by=bob)
    await here.assembly.inbox.empty()
    now_ms = here.clock.now_ms()
    assert await words_of(here) == [("approve", now_ms), ("revoke", now_ms)]
    approval = await here.desk.get(held.approval_id)
    assert (approval.state, approval.approvers) == ("waiting", ())
    assert isinstance(await here.wait(held.call_id), Held)
    assert not effects
    assert (await here.runtime.audit.compare_tables()).holds


async def test_a_word_that_is_taken_twice_from_the_inbox_is_one(elsewhere, bob):
    """As by an owner who died between the entry and forgetting the order."""
    here, held, desk = elsewhere
    await desk.approve(held.approval_id, by=bob)
    (posted,) = await here.store.inbox()
    await here.assembly.inbox.empty()
    await desk.revoke(held.approval_id, by=bob)
    await here.assembly.inbox.empty()
    await here.store.post(read_order(posted))
    await here.assembly.inbox.empty()
    assert len(await words_of(here)) == 2
    assert (await here.desk.get(held.approval_id)).is_waiting


@pytest.fixture
def confirmed(world, effects, tmp_path):
    """A call that asks its requester, where who decides must be known."""

    async def make():
        (tmp_path / "highroad.toml").write_text("[approvals.entitled.manager]\n")
        pay = wire_tool(effects, ask='"confirm"')
        here = await world(pay, settings=load(tmp_path, {})).open()
        return here, await here.call(pay, {"cents": 1})

    return make


async def test_who_only_says_to_be_the_requester_confirms_and_takes_back_nothing(confirmed, alice):
    here, held = await confirmed()
    claimed = replace(alice, authenticated=False)
    with pytest.raises(DecisionRefused, match="nobody has checked who you are"):
        await here.approve(held, by=claimed)
    await here.approve(held, by=alice)
    with pytest.raises(DecisionRefused, match="nobody has checked who you are"):
        await here.desk.revoke(held.approval_id, by=claimed)
    assert (await here.desk.get(held.approval_id)).state == "approved"


@pytest.mark.promise("P7")
async def test_who_only_says_to_be_the_requester_is_shown_no_value(confirmed, alice):
    here, held = await confirmed()
    claimed = replace(alice, authenticated=False)
    case = await here.desk.case(held.approval_id, by=claimed)
    assert case.withheld
    assert case.arguments is None
    assert (await here.desk.case(held.approval_id, by=alice)).arguments == {"cents": 1}


async def test_decisions_that_wait_in_the_inbox_reach_the_next_owner(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1})
    other = MemoryStore(here.ledger)
    ledger = Ledger(other, ReadOnlyWriter(1), here.services.ledger.keyring, here.clock)
    desk = Desk(ledger, ApprovalRules(), is_owner=False)
    await desk.approve(held.approval_id, by=bob)
    await here.reopen()
    assert (await here.wait(held.call_id)).unwrap() == 1


async def test_a_call_from_inside_a_body_that_would_have_to_ask_is_refused(world, wire, effects):
    seen = []

    @tool(tier="reversible")
    async def outer(cents: int, context: ToolContext[None]) -> str:
        seen.append(await context.call(wire, {"cents": cents}))
        return "done"

    here = await world(wire, outer).open()
    assert (await here.call(outer, {"cents": 1})).unwrap() == "done"
    assert isinstance(seen[0], Refused)
    assert seen[0].error.code == "confirmation_required"
    assert not await here.desk.list()
    assert not effects
    await here.check()


@pytest.mark.parametrize("arguments", [{"cents": "many"}, {}, {"cents": 1, "to": "x"}])
async def test_nobody_is_asked_about_nonsense(world, wire, arguments):
    here = await world(wire).open()
    outcome = await here.call(wire, arguments)
    assert outcome.error.code == "invalid_arguments"
    assert not await here.desk.list(state=None)


async def test_nobody_is_asked_about_what_cannot_run(world, effects, limits):
    wire = wire_tool(effects, max_per_run=0)
    here = await world(wire).open()
    outcome = await here.call(wire, {"cents": 1}, run="r")
    assert outcome.error.code == "budget_exceeded"
    assert not await here.desk.list(state=None)


async def test_a_hold_survives_the_end_of_its_process(sqlite, wire, effects):
    here = await sqlite(wire).open()
    held = await here.call(wire, {"cents": 1}, run="r")
    await here.runtime.close()
    await here.open()
    assert not here.settled
    assert await here.call(wire, {"cents": 1}, run="r") == held
    await here.approve(held)
    await here.runtime.close()
    await here.open()
    assert (await here.wait(held.call_id)).unwrap() == 1
    assert effects[1] == 1
    await here.check()


@pytest.mark.promise("P6")
async def test_deadline_and_wall_time_stand_still_while_a_call_is_held(
    world, wire, effects, limits
):
    here = await world(wire, limits=limits(call_s=2, run_s=3, approval_s=10_000)).open()
    held = await here.call(wire, {"cents": 1}, run="r")
    here.clock.advance(5_000)
    await here.approve(held)
    assert (await here.wait(held.call_id)).unwrap() == 1
    second = await here.call(wire, {"cents": 2}, run="r")
    here.clock.advance(5_000)
    await here.approve(second)
    await here.reopen()
    assert (await here.wait(second.call_id)).unwrap() == 1


@pytest.mark.promise("P6")
async def test_a_held_call_is_counted_once_as_a_proposal(world, wire):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 1}, run="r")
    assert ((await here.account("r")).proposals, (await here.account("r")).calls) == (1, 0)
    await here.approve(held)
    await here.wait(held.call_id)
    assert ((await here.account("r")).proposals, (await here.account("r")).calls) == (1, 1)
    await here.reopen()
    assert ((await here.account("r")).proposals, (await here.account("r")).calls) == (1, 1)


async def test_a_dry_run_claims_nothing_asks_nobody_and_spends_nothing(world, effects):
    def preview(arguments):
        return {"would_pay": arguments["cents"]}

    wire = wire_tool(effects, preview=preview, cost=0.05)
    here = await world(wire).open()
    for _ in range(2):
        outcome = await here.call(wire, {"cents": 1}, run="r", dry_run=True)
        assert outcome.dry_run
        assert (outcome.value.would, outcome.value.changes) == ("ask", {"would_pay": 1})
    assert (await here.wait(outcome.call_id)).dry_run
    assert not effects
    assert not here.ledger.claims
    assert not await here.desk.list(state=None)
    assert (await here.account("r")).calls == 0
    assert isinstance(await here.call(wire, {"cents": 1}, run="r"), Held)
    await here.check()


async def test_overdue_approvals_end_though_one_of_them_cannot_be_read(world, wire, caplog):
    here = await world(wire).open()
    held = [await here.call(wire, {"cents": cents}) for cents in range(3)]
    del here.ledger.run_keys[here.ledger.payloads[f"{held[1].call_id}.arguments"].run_id]
    here.clock.advance(DAY_S)
    await here.reopen()
    await Waiting(here.services, here.desk, settle).sweep()
    await Waiting(here.services, here.desk, settle).sweep()
    ended = {b["call"]: b["status"] for b in await here.bodies() if b["kind"] == "call.ended"}
    assert ended[held[0].call_id] == ended[held[2].call_id] == "expired"
