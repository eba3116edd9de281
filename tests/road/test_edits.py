"""What people may say of a held call besides yes and no (P4)."""

import asyncio

import pytest

from highroad import Completed, Held, Principal, tool
from highroad.approvals.desk import Desk
from highroad.domain.approval import ApprovalState
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.order_form import read_order
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.ledger import Ledger
from highroad.settings import load
from highroad.testing.memory import MemoryStore

pytestmark = pytest.mark.promise("P4")

CAROL = Principal("carol", authenticated=True)


@pytest.fixture
def wire(effects):
    @tool(tier="irreversible", ask='args.cents > 1000 ? "quorum" : "human"')
    async def wire(cents: int, to: str = "Ada") -> int:
        effects[cents] += 1
        return cents

    return wire


@pytest.fixture
def configured(world, tmp_path):
    async def opened(text, *tools):
        (tmp_path / "highroad.toml").write_text(text)
        return await world(*tools, settings=load(tmp_path, {})).open()

    return opened


async def states(here):
    return [approval.state for approval in await here.desk.list(state=None)]


async def words(here, held):
    found = await here.assembly.audit.explain(held.call_id)
    return [decision["ruling"] for decision in found.decisions]


async def test_an_edited_call_runs_with_what_the_editor_agreed_to(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 840})
    revised = await here.desk.edit(held.approval_id, {"cents": 84}, by=bob, reason="a comma")
    assert revised.id != held.approval_id
    assert revised.state is ApprovalState.APPROVED
    assert await states(here) == ["void", "approved"]
    outcome = await here.wait(held.call_id)
    assert outcome.unwrap() == 84
    assert effects == {84: 1}
    assert await states(here) == ["void", "consumed"]
    assert await words(here, held) == ["edit", "approve"]
    await here.check()


async def test_whoever_called_is_told_that_a_person_changed_the_arguments(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 840})
    await here.desk.edit(held.approval_id, {"cents": 84}, by=bob)
    outcome = await here.wait(held.call_id)
    assert outcome.warnings == ("A person changed the arguments of this call before it ran.",)
    assert (await here.wait(held.call_id)).warnings == outcome.warnings


async def test_what_an_edit_brings_up_that_the_editor_did_not_see_is_asked(
    world, wire, effects, bob
):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    revised = await here.desk.edit(held.approval_id, {"cents": 2000}, by=bob)
    assert (revised.state, revised.quorum, revised.approvers) == (ApprovalState.WAITING, 2, ())
    assert isinstance(await here.wait(held.call_id), Held)
    for who in (bob, CAROL):
        await here.desk.approve(revised.id, by=who)
    assert (await here.wait(held.call_id)).unwrap() == 2000
    assert effects == {2000: 1}


async def test_an_edit_counts_once_towards_a_quorum(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 3000})
    await here.desk.approve(held.approval_id, by=CAROL)
    revised = await here.desk.edit(held.approval_id, {"cents": 2000}, by=bob)
    assert len(revised.approvers) == 1
    with pytest.raises(DecisionRefused, match="another is needed"):
        await here.desk.approve(revised.id, by=bob)
    await here.desk.approve(revised.id, by=CAROL)
    assert (await here.wait(held.call_id)).unwrap() == 2000


async def test_what_an_edit_voids_cannot_be_decided_again(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)
    for say in (here.desk.approve, here.desk.reject, here.desk.revoke):
        with pytest.raises(DecisionRefused, match="void already"):
            await say(held.approval_id, by=CAROL)
    with pytest.raises(DecisionRefused, match="void already"):
        await here.desk.edit(held.approval_id, {"cents": 20}, by=bob)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [({"cents": "many"}, "invalid_arguments"), ({}, "invalid_arguments"), ("{", "arguments")],
)
async def test_an_edit_that_is_refused_changes_nothing(world, wire, bob, arguments, why):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    before = len(await here.entries())
    with pytest.raises(DecisionRefused, match=why):
        await here.desk.edit(held.approval_id, arguments, by=bob)
    assert len(await here.entries()) == before
    await here.approve(held)
    assert (await here.wait(held.call_id)).unwrap() == 100
    await here.check()


async def test_a_word_that_comes_as_a_call_is_edited_counts_or_is_refused(
    world, wire, bob, monkeypatch, turns
):
    """What the table says of who agreed is what the entries say: no word is lost on the way."""
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 2000})
    thaw, said = here.services.ledger.thaw, []

    async def while_it_is_edited(history):
        said.append(asyncio.ensure_future(here.desk.approve(held.approval_id, by=CAROL)))
        await turns(40)
        return await thaw(history)

    monkeypatch.setattr(here.services.ledger, "thaw", while_it_is_edited)
    await here.desk.edit(held.approval_id, {"cents": 3000}, by=bob)
    with pytest.raises(DecisionRefused, match="void already"):
        await said[0]
    assert await words(here, held) == ["edit", "approve"]
    before, after = await here.desk.list(state=None)
    assert (before.state, before.approvers) == (ApprovalState.VOID, ())
    assert len(after.approvers) == 1


async def test_an_edit_is_for_those_who_may_approve(configured, wire, alice, bob):
    here = await configured("[approvals]\nfour_eyes = true\n", wire)
    held = await here.call(wire, {"cents": 100})
    with pytest.raises(DecisionRefused, match="ask somebody else"):
        await here.desk.edit(held.approval_id, {"cents": 50}, by=alice)
    await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)


async def test_an_edited_call_is_the_same_call_for_whoever_repeats_it(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100}, run="r")
    revised = await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)
    for cents in (100, 50):
        again = await here.call(wire, {"cents": cents}, run="r")
        assert (again.call_id, again.approval_id) == (held.call_id, revised.id)
    assert (await here.wait(held.call_id)).unwrap() == 50
    assert effects == {50: 1}
    await here.check()


async def test_an_edit_to_what_was_made_already_is_refused(world, wire, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100}, run="r")
    other = await here.call(wire, {"cents": 50}, run="r")
    with pytest.raises(DecisionRefused, match="made already"):
        await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)
    await here.approve(other)
    assert (await here.wait(other.call_id)).unwrap() == 50


async def test_an_edit_is_no_second_proposal(world, wire, bob, limits):
    here = await world(wire, limits=limits(proposals=1)).open()
    held = await here.call(wire, {"cents": 100}, run="r")
    await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)
    assert (await here.wait(held.call_id)).unwrap() == 50


async def test_an_edit_after_agreement_voids_it(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.approve(held, by=CAROL)
    revised = await here.desk.edit(held.approval_id, {"cents": 2000}, by=bob)
    assert revised.state is ApprovalState.WAITING
    assert isinstance(await here.wait(held.call_id), Held)
    assert not effects


async def test_an_edit_survives_the_process(sqlite, wire, effects, bob):
    here = await sqlite(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.desk.edit(held.approval_id, {"cents": 50}, by=bob)
    await here.reopen()
    assert (await here.wait(held.call_id)).unwrap() == 50
    assert effects == {50: 1}
    await here.check()


async def test_another_process_edits_by_the_inbox_and_twice_is_once(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    store = MemoryStore(here.ledger)
    voided = await elsewhere(here).edit(held.approval_id, {"cents": 50}, by=bob)
    assert voided.state is ApprovalState.VOID
    (posted,) = await store.inbox()
    assert "cents" not in posted.content
    await store.post(read_order(posted))
    await here.assembly.inbox.empty()
    assert not await store.inbox()
    assert (await here.wait(held.call_id)).unwrap() == 50
    assert effects == {50: 1}


@pytest.fixture
def interrupted(world, wire, faulty):
    """An owner that wrote down an edit from the inbox, and failed before what it agrees to."""

    async def opened(by, cents):
        here = await world(wire, wrap=faulty).open()
        held = await here.call(wire, {"cents": 3000})
        await elsewhere(here).edit(held.approval_id, {"cents": cents}, by=by)
        last = here.store.appends + 1
        here.store.fails = lambda number: number > last
        with pytest.raises(LedgerError):
            await here.assembly.inbox.empty()
        here.store.fails = lambda number: False
        assert await words(here, held) == ["edit"]
        assert await here.store.inbox()
        return here, held

    return opened


def elsewhere(here):
    """The desk of another process."""
    ledger = Ledger(
        MemoryStore(here.ledger), ReadOnlyWriter(1), here.services.ledger.keyring, here.clock
    )
    return Desk(ledger, ApprovalRules(), is_owner=False)


async def test_an_edit_that_is_taken_again_agrees_to_its_own_arguments(interrupted):
    here, held = await interrupted(CAROL, 2000)
    await here.assembly.inbox.empty()
    assert await words(here, held) == ["edit", "approve"]
    (standing,) = await here.desk.list()
    assert len(standing.approvers) == 1


async def test_an_edit_that_is_taken_again_agrees_to_no_edit_of_another(interrupted, effects, bob):
    here, held = await interrupted(CAROL, 2000)
    (standing,) = await here.desk.list()
    revised = await here.desk.edit(standing.id, {"cents": 1500}, by=bob)
    await here.assembly.inbox.empty()
    assert not await here.store.inbox()
    assert (await here.desk.get(revised.id)).approvers == revised.approvers
    assert isinstance(await here.wait(held.call_id), Held)
    assert not effects


async def test_an_edit_that_is_taken_again_once_its_call_ran_is_not_refused(interrupted, bob):
    here, held = await interrupted(CAROL, 2000)
    (standing,) = await here.desk.list()
    for who in (bob, Principal("dave", authenticated=True)):
        await here.desk.approve(standing.id, by=who)
    assert (await here.wait(held.call_id)).unwrap() == 2000
    await here.assembly.inbox.empty()
    assert not await here.store.entries(kind="order.refused")
    assert not await here.store.inbox()


async def test_what_was_agreed_to_is_taken_back_before_it_is_used(world, wire, effects, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.approve(held)
    revoked = await here.desk.revoke(held.approval_id, by=bob, reason="wait")
    assert (revoked.state, revoked.approvers) == (ApprovalState.WAITING, ())
    assert isinstance(await here.wait(held.call_id), Held)
    await here.approve(held, by=CAROL)
    assert (await here.wait(held.call_id)).unwrap() == 100
    with pytest.raises(DecisionRefused, match="consumed already"):
        await here.desk.revoke(held.approval_id, by=CAROL)
    assert await words(here, held) == ["approve", "revoke", "approve"]
    assert effects == {100: 1}
    await here.check()


async def test_two_words_of_one_moment_by_the_inbox_both_count(world, wire, effects, bob):
    """Another process may agree and take it back within a millisecond."""
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    desk = elsewhere(here)
    await desk.approve(held.approval_id, by=bob)
    await here.assembly.inbox.empty()
    await desk.revoke(held.approval_id, by=bob)
    await here.assembly.inbox.empty()
    assert await words(here, held) == ["approve", "revoke"]
    assert isinstance(await here.wait(held.call_id), Held)
    assert not effects


async def test_nobody_takes_back_what_another_said(world, wire):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.approve(held)
    with pytest.raises(DecisionRefused, match="no agreement of theirs"):
        await here.desk.revoke(held.approval_id, by=CAROL)


async def test_what_is_taken_back_as_the_call_sets_out_is_not_used(world, effects, bob, turns):
    """The approval is spent in the transaction of the intent, or not at all."""
    opened = asyncio.Event()

    async def look(arguments):
        await opened.wait()

    @tool(tier="irreversible", data_checks=[look])
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return cents

    here = await world(wire).open()
    opened.set()
    held = await here.call(wire, {"cents": 1})
    await here.approve(held)
    opened.clear()
    driving = asyncio.ensure_future(here.wait(held.call_id))
    await turns()
    assert here.services.inflight.is_flying(held.call_id)
    await here.desk.revoke(held.approval_id, by=bob)
    opened.set()
    outcome = await driving
    assert isinstance(outcome, Held)
    assert not effects
    await here.approve(held)
    assert (await here.wait(held.call_id)).unwrap() == 1
    await here.check()


async def test_the_requester_is_asked_and_answers_on_record(world, wire, alice, bob):
    here = await world(wire).open()
    held = await here.call(wire, {"cents": 100})
    await here.desk.ask(held.approval_id, "For which invoice?", by=bob)
    with pytest.raises(DecisionRefused, match="only who requested"):
        await here.desk.answer(held.approval_id, "17", by=bob)
    with pytest.raises(DecisionRefused, match="say something"):
        await here.desk.answer(held.approval_id, " ", by=alice)
    standing = await here.desk.answer(held.approval_id, "17", by=alice)
    assert standing.is_waiting
    assert await words(here, held) == ["ask", "answer"]
    bodies = b"".join(entry.body for entry in await here.entries())
    assert b"invoice" not in bodies
    await here.approve(held)
    assert isinstance(await here.wait(held.call_id), Completed)


async def test_an_answer_needs_an_identity_wherever_deciding_does(configured, wire, alice):
    """It is evidence of the call: nobody who merely says to be the requester gives it."""
    here = await configured("[approvals.entitled.manager]\n", wire)
    held = await here.call(wire, {"cents": 100})
    manager = Principal("carol", authenticated=True, roles={"manager"})
    await here.desk.ask(held.approval_id, "For which invoice?", by=manager)
    with pytest.raises(DecisionRefused, match="nobody has checked who you are"):
        await here.desk.answer(held.approval_id, "17", by=Principal(alice.id))
    await here.desk.answer(held.approval_id, "17", by=alice)
    assert await words(here, held) == ["ask", "answer"]
