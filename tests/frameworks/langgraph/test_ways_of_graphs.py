"""What graphs do with their nodes, around tools that are on the road."""

import json
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ToolRetryMiddleware,
    wrap_tool_call,
)
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send

from highroad import Principal, Runtime
from highroad.bootstrap import Parts, assemble
from highroad.domain.error import Unauthenticated
from highroad.frameworks.langgraph import guard
from highroad.testing import FakeClock
from highroad.testing.verifier import ScriptedVerifier, rejects

BOB = Principal("bob", name="Bob")
THREAD: Any = {"configurable": {"thread_id": "ticket-17"}}
ASK = {"messages": [HumanMessage("Pay 600 to Eve")]}
REVERSIBLE: Any = {"pay": {"tier": "reversible"}}


class Bank:
    """What was paid, and a tool that pays."""

    def __init__(self) -> None:
        self.paid: list[int] = []

        @tool
        def pay(cents: int) -> str:
            """Pay somebody."""
            self.paid.append(cents)
            return f"paid {cents}"

        self.pay = pay


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
async def runtime(alice):
    async with Runtime.open(principal=alice) as opened:
        yield opened


@pytest.fixture
def pays(scripted, calls):
    """An agent that pays 600, of a runtime."""

    def make(runtime, bank, contracts=None, saver=True, **parts):
        guarded = guard([bank.pay], runtime, contracts=contracts or {})
        model = scripted(calls(("pay", {"cents": 600}, "c1")))
        return create_agent(
            model, guarded, checkpointer=InMemorySaver() if saver else None, **parts
        )

    return make


def pauses(done):
    return [each.value for each in done.get("__interrupt__", ())]


def answers(done):
    return [each for each in done["messages"] if isinstance(each, ToolMessage)]


# -- holds ---------------------------------------------------------------------------------------


async def test_an_approval_that_expired_is_asked_for_anew_when_the_graph_is_resumed(
    alice, bank, pays
):
    clock = FakeClock()
    assembly = await assemble(principal=alice, parts=Parts(clock=clock))
    async with Runtime(assembly) as runtime:
        agent = pays(runtime, bank)
        (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
        clock.advance(runtime.limits.approval_s)
        (again,) = pauses(await agent.ainvoke(Command(resume=True), THREAD))
        assert again["approval_id"] != pause["approval_id"]
        assert (await runtime.wait(pause["call_id"])).status == "expired"
    assert bank.paid == []


async def test_an_approval_that_is_taken_back_is_none(runtime, bank, pays):
    agent = pays(runtime, bank)
    (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    await runtime.approvals.revoke(pause["approval_id"], by=BOB, reason="no, wait")
    assert pauses(await agent.ainvoke(Command(resume=True), THREAD)) == [pause]
    assert bank.paid == []


async def test_what_a_person_changed_is_what_is_done(runtime, bank, pays):
    agent = pays(runtime, bank)
    (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
    await runtime.approvals.edit(pause["approval_id"], {"cents": 500}, by=BOB, reason="less")
    done = await agent.ainvoke(Command(resume=True), THREAD)
    told = json.loads(answers(done)[0].content)
    assert told["result"] == "paid 500"
    assert told["warnings"] == ["A person changed the arguments of this call before it ran."]
    assert bank.paid == [500]


async def test_credentials_that_end_while_a_graph_is_paused_resume_nothing(runtime, bank, pays):
    admin = Principal("root", roles=("admin",), authenticated=True)
    made = await runtime.identity.keys.create(Principal("carol"), by=admin)
    carol = await runtime.authenticate(made.secret)
    agent = pays(runtime, bank)
    with runtime.acting(carol):
        (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
        await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
        await runtime.identity.keys.revoke(made.key.id, by=admin)
        with pytest.raises(Unauthenticated):
            await agent.ainvoke(Command(resume=True), THREAD)
    assert bank.paid == []


async def test_a_graph_that_is_resumed_twice_does_it_once(runtime, bank, pays):
    agent = pays(runtime, bank)
    (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    first = await agent.ainvoke(Command(resume=True), THREAD)
    second = await agent.ainvoke(Command(resume=True), THREAD)
    assert [each.content for each in answers(first)] == ["paid 600"]
    assert answers(second) == answers(first)
    assert bank.paid == [600]


async def test_a_checkpoint_from_before_the_hold_finds_the_call_done(runtime, bank, pays):
    agent = pays(runtime, bank)
    (pause,) = pauses(await agent.ainvoke(ASK, THREAD))
    paused = await agent.aget_state(THREAD)
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    await agent.ainvoke(Command(resume=True), THREAD)
    done = await agent.ainvoke(Command(resume=True), paused.config)
    assert json.loads(answers(done)[0].content)["repeated"] is True
    assert bank.paid == [600]


@pytest.mark.parametrize("side", ["interrupt_before", "interrupt_after"])
async def test_a_pause_of_the_host_around_its_tools_is_beside_ours(runtime, bank, pays, side):
    agent = pays(runtime, bank, **{side: ["tools"]})
    done = await agent.ainvoke(ASK, THREAD)
    if side == "interrupt_before":
        assert not pauses(done)
        assert not await runtime.approvals.list()
        done = await agent.ainvoke(None, THREAD)
    (pause,) = pauses(done)
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await agent.ainvoke(Command(resume=True), THREAD)
    if side == "interrupt_after":
        done = await agent.ainvoke(None, THREAD)
    assert [each.content for each in answers(done)] == ["paid 600"]
    assert done["messages"][-1].content == "done"
    assert bank.paid == [600]


# -- other shapes of graphs ----------------------------------------------------------------------


async def test_a_hold_inside_a_subgraph_pauses_the_graph_around_it(runtime, bank, pays):
    inner = pays(runtime, bank, saver=False)
    outer = StateGraph(MessagesState).add_node("agent", inner).add_edge(START, "agent")
    graph = outer.compile(checkpointer=InMemorySaver())
    (pause,) = pauses(await graph.ainvoke(ASK, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await graph.ainvoke(Command(resume=True), THREAD)
    assert [each.content for each in answers(done)] == ["paid 600"]
    assert bank.paid == [600]


class Sums(TypedDict):
    """What is to be paid, and what was."""

    told: Annotated[list, operator.add]


async def test_calls_of_one_tool_that_a_graph_fans_out_are_each_held_and_done_once(runtime, bank):
    (pay,) = guard([bank.pay], runtime)

    async def work(state: dict[str, int]) -> dict[str, Any]:
        return {"told": [await pay.ainvoke({"cents": state["cents"]})]}

    def fan_out(state: Sums) -> list[Send]:
        return [Send("work", {"cents": cents}) for cents in (1, 2, 3)]

    shape = StateGraph(Sums).add_node("work", work).add_conditional_edges(START, fan_out, ["work"])
    graph = shape.add_edge("work", END).compile(checkpointer=InMemorySaver())
    done = await graph.ainvoke({"told": []}, THREAD)
    held = done["__interrupt__"]
    assert len({each.value["call_id"] for each in held}) == 3
    for each in held[:2]:
        await runtime.approvals.approve(each.value["approval_id"], by=BOB, reason="seen")
    done = await graph.ainvoke(Command(resume={each.id: True for each in held}), THREAD)
    (left,) = done["__interrupt__"]
    await runtime.approvals.approve(left.value["approval_id"], by=BOB, reason="seen")
    done = await graph.ainvoke(Command(resume={left.id: True}), THREAD)
    assert sorted(done["told"]) == ["paid 1", "paid 2", "paid 3"]
    assert sorted(bank.paid) == [1, 2, 3]


async def test_a_tool_node_of_a_graph_of_ones_own_holds_and_goes_on(runtime, bank, calls):
    shape = StateGraph(MessagesState).add_node("tools", ToolNode(guard([bank.pay], runtime)))
    graph = shape.add_edge(START, "tools").compile(checkpointer=InMemorySaver())
    reply = calls(("pay", {"cents": 600}, "c1"))
    (pause,) = pauses(await graph.ainvoke({"messages": [reply]}, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await graph.ainvoke(Command(resume=True), THREAD)
    assert [each.content for each in answers(done)] == ["paid 600"]
    assert bank.paid == [600]


# -- middleware of the host ----------------------------------------------------------------------


async def test_the_hosts_own_approval_is_no_approval_of_ours(runtime, bank, pays):
    asking = HumanInTheLoopMiddleware(interrupt_on={"pay": True})
    agent = pays(runtime, bank, middleware=[asking])
    (asked,) = pauses(await agent.ainvoke(ASK, THREAD))
    assert "action_requests" in asked
    said = {"decisions": [{"type": "approve"}]}
    (pause,) = pauses(await agent.ainvoke(Command(resume=said), THREAD))
    assert pause["approval_id"].startswith("apr_")
    assert bank.paid == []
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await agent.ainvoke(Command(resume=True), THREAD)
    assert [each.content for each in answers(done)] == ["paid 600"]
    assert bank.paid == [600]


async def test_what_middleware_answers_itself_does_not_reach_the_road(runtime, bank, pays):
    asking = HumanInTheLoopMiddleware(interrupt_on={"pay": True})
    agent = pays(runtime, bank, middleware=[asking])
    await agent.ainvoke(ASK, THREAD)
    said = {"decisions": [{"type": "reject", "message": "Not today."}]}
    done = await agent.ainvoke(Command(resume=said), THREAD)
    (answer,) = answers(done)
    assert "Not today." in answer.content
    assert (bank.paid, await runtime.approvals.list(), runtime.ledger_path.exists()) == (
        [],
        (),
        False,
    )


async def test_middleware_that_retries_tools_repeats_no_effect(runtime, pays):
    class Lossy(Bank):
        def __init__(self) -> None:
            super().__init__()

            @tool
            def pay(cents: int) -> str:
                """Pay somebody."""
                self.paid.append(cents)
                raise ConnectionResetError

            self.pay = pay

    bank = Lossy()
    retrying = ToolRetryMiddleware(max_retries=3, initial_delay=0, jitter=False)
    done = await pays(runtime, bank, REVERSIBLE, middleware=[retrying]).ainvoke(ASK, THREAD)
    (answer,) = answers(done)
    assert answer.status == "error"
    assert bank.paid == [600]


async def test_middleware_around_a_call_that_makes_it_again_does_it_once(runtime, bank, pays):
    @wrap_tool_call
    async def twice(request, execute):
        await execute(request)
        return await execute(request)

    done = await pays(runtime, bank, REVERSIBLE, middleware=[twice]).ainvoke(ASK, THREAD)
    assert json.loads(answers(done)[0].content)["repeated"] is True
    assert bank.paid == [600]


async def test_a_second_opinion_stops_a_call_under_a_host(alice, bank, pays):
    verifier = ScriptedVerifier(rejects("Nobody named Eve.", tool="pay", arguments={"cents": 600}))
    async with Runtime.open(principal=alice, verifier=verifier) as runtime:
        done = await pays(runtime, bank).ainvoke(ASK, THREAD)
    assert json.loads(answers(done)[0].content)["code"] == "verification_rejected"
    assert done["messages"][-1].content == "done"
    assert bank.paid == []
