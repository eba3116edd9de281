"""Messages to a run that works or waits reach the model, and calls that wait give way to them."""

import asyncio
import json

import pytest

from highroad import Agent, Principal, ToolContext, tool
from highroad.domain.approval import ApprovalState
from highroad.domain.error import DecisionRefused, NotRecorded
from highroad.domain.model import ModelMessage, ToolMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

CAROL = Principal("carol", authenticated=True)


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def is_legal(request):
    """Each call of a reply is answered once, before anybody says anything else."""
    open_calls = []
    for message in request.messages:
        if isinstance(message, ToolMessage):
            assert message.id in open_calls
            open_calls.remove(message.id)
            continue
        assert not open_calls
        if isinstance(message, ModelMessage):
            open_calls = [each.id for each in message.calls]
            assert len(set(open_calls)) == len(open_calls)
    return not open_calls


def check(model):
    """Every request was legal, and began with the whole of the one before it."""
    for request in model.requests:
        assert is_legal(request)
    for before, behind in zip(model.requests, model.requests[1:], strict=False):
        assert behind.messages[: len(before.messages)] == before.messages


def texts(request):
    return [each.text for each in request.messages if isinstance(each, UserMessage)]


def results(request):
    return [json.loads(each.content) for each in request.messages if isinstance(each, ToolMessage)]


@pytest.mark.parametrize("when", ["now", "after"])
async def test_a_message_to_a_run_that_works_is_heard_in_its_time(scene, agent, when):
    @tool(tier="read")
    async def look() -> str:
        """Look around."""
        (body,) = await stage.bodies("run.started")
        await stage.runtime.send(body["run"], "Be quick.", when=when)
        return "nothing"

    model = ScriptedModel(call("look"), "Nothing there.", "I was quick.", by_turn=True)
    stage = await scene(agent(model, look))
    run = await stage.run("support", "Look.")
    heard = [texts(request) for request in model.requests]
    if when == "now":
        assert heard == [["Look."], ["Look.", "Be quick."]]
        assert run.result == "Nothing there."
    else:
        assert heard == [["Look."], ["Look."], ["Look.", "Be quick."]]
        assert run.result == "I was quick."
    check(model)
    await stage.check()


async def test_a_message_that_comes_with_the_last_reply_begins_another_turn(scene, agent):
    async def late(request):
        (body,) = await stage.bodies("run.started")
        await stage.runtime.send(body["run"], "One more thing.")
        return "Done."

    class Late(ScriptedModel):
        async def reply(self, request):
            if len(self.requests) == 0:
                (body,) = await stage.bodies("run.started")
                await stage.runtime.send(body["run"], "One more thing.")
            async for part in super().reply(request):
                yield part

    model = Late("Done.", "Done as well.")
    stage = await scene(agent(model))
    run = await stage.run("support", "Do it.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done as well.")
    assert texts(model.requests[1]) == ["Do it.", "One more thing."]
    check(model)


@pytest.mark.promise("P5")
async def test_a_call_that_waits_gives_way_and_ends_where_it_is_not_made_again(
    scene, agent, pay, effects
):
    model = ScriptedModel(call("pay", cents=500), "I leave it.", by_turn=True)
    stage = await scene(agent(model, pay))
    held = await stage.run("support", "Pay 500 cents.")
    await stage.runtime.send(held.id, "No, do not.")
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "I leave it.")
    assert [answer["status"] for answer in results(model.requests[1])] == ["waiting"]
    assert texts(model.requests[1]) == ["Pay 500 cents.", "No, do not."]
    (approval,) = await stage.runtime.approvals.list(state=None)
    assert approval.state is ApprovalState.VOID
    (ended,) = await stage.bodies("call.ended")
    assert ended["status"] == "cancelled"
    assert not effects
    check(model)
    await stage.check()


@pytest.mark.promise("P5")
async def test_a_call_that_is_made_again_is_the_one_that_waits(scene, agent, pay, effects):
    model = ScriptedModel(
        call("pay", cents=500), call("pay", '{ "cents": 500 }'), "Paid.", by_turn=True
    )
    stage = await scene(agent(model, pay))
    held = await stage.run("support", "Pay 500 cents.")
    await stage.runtime.send(held.id, "Is it paid?")
    again = await stage.resume(held)
    assert again.holds == held.holds
    await stage.approve(again)
    run = await stage.resume(again)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Paid.")
    assert effects == {("pay", 500): 1}
    waiting, paid = results(model.requests[2])
    assert (waiting["status"], paid["result"]) == ("waiting", "paid")
    assert len(await stage.bodies("call.held")) == 1
    check(model)
    await stage.check()


@pytest.mark.promise("P4", "P5")
@pytest.mark.parametrize("is_repeated", [True, False])
async def test_an_agreement_behind_a_message_waits_for_what_the_model_makes_of_that(
    scene, agent, pay, effects, is_repeated
):
    second = call("pay", cents=500) if is_repeated else "I leave it."
    model = ScriptedModel(call("pay", cents=500), second, "Paid.", by_turn=True)
    stage = await scene(agent(model, pay))
    held = await stage.run("support", "Pay 500 cents.")
    await stage.runtime.send(held.id, "Hm.")
    await stage.approve(held)
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    assert effects == ({("pay", 500): 1} if is_repeated else {})
    assert results(model.requests[1])[0]["status"] == "waiting"
    check(model)
    await stage.check()


async def test_an_outcome_that_comes_behind_the_answer_enters_as_a_message(scene, agent):
    @tool(tier="reversible", effect="idempotent")
    async def order(what: str, context: ToolContext[None]) -> str:
        """Order something."""
        context.defer(expires_s=3_600)

    model = ScriptedModel(
        call("order", what="a vase"), "It is under way.", "It came.", by_turn=True
    )
    stage = await scene(agent(model, order))
    held = await stage.run("support", "Order a vase.")
    await stage.runtime.send(held.id, "Well?")
    still = await stage.resume(held)
    assert (still.status, [hold.call_id for hold in still.holds]) == (
        RunStatus.HELD,
        [hold.call_id for hold in held.holds],
    )
    token = stage.assembly.services.ledger.keyring.completion_token(held.holds[0].call_id)
    await stage.runtime.complete(held.holds[0].call_id, token, "delivered")
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "It came.")
    assert '"result":"delivered"' in texts(model.requests[2])[-1]
    check(model)
    await stage.check()


async def test_a_run_below_that_waits_gives_way_with_the_call_that_stands_for_it(
    scene, pay, effects
):
    clerk = Agent(
        name="clerk", tools=[pay], model=ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    )
    model = ScriptedModel(call("ask_clerk", task="Pay."), "I leave it.", by_turn=True)
    stage = await scene(Agent(name="boss", tools=(), team=[clerk], model=model))
    held = await stage.run("boss")
    await stage.runtime.send(held.id, "Stop that.")
    await stage.approve(held)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "I leave it.")
    below, above = await stage.bodies("run.ended")
    assert (below["status"], above["status"]) == ("cancelled", "completed")
    assert not effects
    check(model)
    await stage.check()


async def test_a_delegation_that_is_made_again_goes_on_below(scene, pay, effects):
    clerk = Agent(
        name="clerk", tools=[pay], model=ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    )
    model = ScriptedModel(
        call("ask_clerk", task="Pay."), call("ask_clerk", task="Pay."), "Done.", by_turn=True
    )
    stage = await scene(Agent(name="boss", tools=(), team=[clerk], model=model))
    held = await stage.run("boss")
    await stage.runtime.send(held.id, "Go on.")
    again = await stage.resume(held)
    assert again.holds == held.holds
    await stage.approve(again)
    run = await stage.resume(again)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects == {("pay", 5): 1}
    check(model)
    await stage.check()


async def test_a_run_that_has_ended_takes_no_message(scene, agent, bob):
    stage = await scene(agent(ScriptedModel("Hello.")))
    run = await stage.run("support")
    with pytest.raises(DecisionRefused, match="has ended"):
        await stage.runtime.send(run.id, "Hello?")
    with pytest.raises(NotRecorded):
        await stage.runtime.send("run_nowhere", "Hello?")
    with pytest.raises(DecisionRefused, match="empty"):
        await stage.runtime.send(run.id, " ")


async def test_nobody_of_another_organization_learns_of_a_run(scene, agent, pay):
    stage = await scene(agent(ScriptedModel(call("pay", cents=1)), pay))
    held = await stage.run("support")
    stranger = Principal("alice", "globex", authenticated=True)
    with pytest.raises(NotRecorded):
        await stage.runtime.send(held.id, "Pay me.", by=stranger)
    assert not await stage.bodies("run.message")


async def test_what_is_sent_stands_nowhere_in_plain(scene, agent, pay):
    stage = await scene(agent(ScriptedModel(call("pay", cents=1)), pay))
    held = await stage.run("support")
    await stage.runtime.send(held.id, "My number is 0815-4711.", by=CAROL)
    (body,) = await stage.bodies("run.message")
    assert "0815-4711" not in json.dumps(body)
    assert body["by"] != "carol"


async def test_messages_are_heard_in_the_order_in_which_they_were_sent(scene, agent, pay):
    model = ScriptedModel(call("pay", cents=1), "First.", "Second.", by_turn=True)
    stage = await scene(agent(model, pay))
    held = await stage.run("support", "Pay 1 cent.")
    for number, when in enumerate(["after", "now", "after", "now"]):
        await stage.runtime.send(held.id, f"{number}", when=when)
    run = await stage.resume(held)
    assert run.result == "Second."
    assert texts(model.requests[1]) == ["Pay 1 cent.", "1", "3"]
    assert texts(model.requests[2]) == ["Pay 1 cent.", "1", "3", "0", "2"]


async def test_many_senders_at_once_lose_no_message(scene, agent):
    @tool(tier="read")
    async def look() -> str:
        """Look around."""
        (body,) = await stage.bodies("run.started")
        await asyncio.gather(*(stage.runtime.send(body["run"], f"{n}") for n in range(10)))
        return "nothing"

    model = ScriptedModel(call("look"), "Done.", by_turn=True)
    stage = await scene(agent(model, look))
    await stage.run("support", "Look.")
    assert sorted(texts(model.requests[1])[1:]) == [f"{n}" for n in range(10)]
