"""A hold is the graph's own pause, and only people on the desk decide."""

import asyncio
import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, RetryPolicy, interrupt

from highroad import Principal, Runtime
from highroad.frameworks.langgraph import guard, pausing
from highroad.sync import Runtime as SyncRuntime

BOB = Principal("bob", name="Bob")
THREAD = {"configurable": {"thread_id": "ticket-17"}}
ASK = {"messages": [HumanMessage("Pay 600 to Eve")]}


class Bank:
    """What was paid, and tools that pay."""

    def __init__(self) -> None:
        self.paid: list[int] = []

        @tool
        def pay(cents: int) -> str:
            """Pay somebody."""
            self.paid.append(cents)
            return f"paid {cents}"

        @tool
        async def look(what: str) -> str:
            """Look something up."""
            self.paid.append(0)
            return f"{what} is fine"

        self.tools = [pay, look]


CONTRACTS: dict[str, Any] = {"look": {"tier": "read", "cache_s": 0}}


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
async def runtime(alice):
    async with Runtime.open(principal=alice) as opened:
        yield opened


@pytest.fixture
def agent(runtime, bank, scripted):
    """An agent whose tools are guarded, of a script."""

    def make(*replies, saver=None, **parts):
        guarded = guard(bank.tools, runtime, contracts=CONTRACTS)
        return create_agent(scripted(*replies), guarded, checkpointer=saver, **parts)

    return make


def pauses(done):
    return [each.value for each in done.get("__interrupt__", ())]


def answers(done):
    return {each.tool_call_id: each for each in done["messages"] if isinstance(each, ToolMessage)}


async def test_a_hold_pauses_the_graph_and_goes_on_after_the_decision(
    runtime, bank, agent, calls, on_record
):
    held = agent(calls(("pay", {"cents": 600}, "c1")), saver=InMemorySaver())
    (pause,) = pauses(await held.ainvoke(ASK, THREAD))
    (call,) = await on_record(runtime)
    assert pause == {
        "status": "held",
        "reason": "approval",
        "tool": "pay",
        "call_id": call["id"],
        "approval_id": pause["approval_id"],
        "reasons": pause["reasons"],
        "expires_ms": pause["expires_ms"],
    }
    assert pause["approval_id"].startswith("apr_")
    assert pause["reasons"]
    assert bank.paid == []
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await held.ainvoke(Command(resume=True), THREAD)
    assert answers(done)["c1"].content == "paid 600"
    assert bank.paid == [600]
    assert [each["status"] for each in await on_record(runtime)] == ["completed"]


async def test_what_the_graph_is_resumed_with_decides_nothing(
    runtime, bank, agent, calls, on_record
):
    held = agent(calls(("pay", {"cents": 600}, "c1")), saver=InMemorySaver())
    (pause,) = pauses(await held.ainvoke(ASK, THREAD))
    for word in ({"decisions": [{"type": "approve"}]}, True, "approve"):
        again = await held.ainvoke(Command(resume=word), THREAD)
        assert pauses(again) == [pause]
    assert bank.paid == []
    assert [each["status"] for each in await on_record(runtime)] == [None]


async def test_a_rejection_reaches_the_model_as_data(runtime, bank, agent, calls):
    held = agent(calls(("pay", {"cents": 600}, "c1")), saver=InMemorySaver())
    (pause,) = pauses(await held.ainvoke(ASK, THREAD))
    await runtime.approvals.reject(pause["approval_id"], by=BOB, reason="no")
    done = await held.ainvoke(Command(resume=True), THREAD)
    answer = answers(done)["c1"]
    assert answer.status == "error"
    assert json.loads(answer.content)["code"] == "rejected"
    assert done["messages"][-1].content == "done"
    assert bank.paid == []


async def test_without_a_checkpointer_the_model_is_told_and_asking_again_brings_the_result(
    runtime, bank, agent, calls
):
    ask = calls(("pay", {"cents": 600}, "c1"))
    again = [calls(("pay", {"cents": 600}, each)) for each in ("c2", "c3")]
    without = agent(ask, AIMessage("it waits"), *again)
    done = await without.ainvoke(ASK, THREAD)
    answer = answers(done)["c1"]
    told = json.loads(answer.content)
    assert answer.status == "error"
    assert told["code"] == "confirmation_required"
    assert not pauses(done)
    await runtime.approvals.approve(told["approval_id"], by=BOB, reason="seen")
    done = await without.ainvoke(ASK, THREAD)
    texts = [each.content for each in done["messages"] if isinstance(each, ToolMessage)]
    assert texts[0] == "paid 600"
    assert json.loads(texts[1])["repeated"] is True
    assert bank.paid == [600]


async def test_where_a_graph_does_not_say_what_it_is_saved_by_the_model_is_told_instead(
    runtime, bank, agent, calls, monkeypatch, caplog
):
    monkeypatch.setattr("highroad.frameworks.langgraph.pausing._CHECKPOINTER", None)
    pausing._tell_that_none_pauses.cache_clear()  # noqa: SLF001 - another test may have heard it
    ask, again = (calls(("pay", {"cents": 600}, each)) for each in ("c1", "c2"))
    without = agent(ask, again, saver=InMemorySaver())
    done = await without.ainvoke(ASK, THREAD)
    assert not pauses(done)
    for each in answers(done).values():
        assert json.loads(each.content)["code"] == "confirmation_required"
    assert caplog.text.count("no graph pauses") == 1
    assert bank.paid == []


async def test_others_of_the_same_reply_run_once(runtime, bank, agent, calls, on_record):
    held = agent(
        calls(("look", {"what": "Eve"}, "c1"), ("pay", {"cents": 600}, "c2")),
        saver=InMemorySaver(),
    )
    (pause,) = pauses(await held.ainvoke(ASK, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    done = await held.ainvoke(Command(resume=True), THREAD)
    assert {name: each.content for name, each in answers(done).items()} == {
        "c1": "Eve is fine",
        "c2": "paid 600",
    }
    assert bank.paid == [0, 600]
    assert len(await on_record(runtime)) == 2


async def test_two_holds_of_one_node_are_both_decided_and_each_runs_once(
    runtime, bank, calls, on_record
):
    """A `ToolNode` that is handed all calls at once is one task, which is made anew as a whole."""
    guarded = guard(bank.tools, runtime, contracts=CONTRACTS)
    node = StateGraph(MessagesState).add_node("tools", ToolNode(guarded)).add_edge(START, "tools")
    graph = node.compile(checkpointer=InMemorySaver())
    reply = calls(("pay", {"cents": 1}, "c1"), ("pay", {"cents": 2}, "c2"))
    await graph.ainvoke({"messages": [reply]}, THREAD)
    await asyncio.sleep(0)
    for approval in await runtime.approvals.list():
        await runtime.approvals.approve(approval.id, by=BOB, reason="seen")
    done = await graph.ainvoke(Command(resume=True), THREAD)
    assert not pauses(done)
    assert [each.content for each in done["messages"][1:]] == ["paid 1", "paid 2"]
    assert sorted(bank.paid) == [1, 2]
    assert len(await on_record(runtime)) == 2


@pytest.mark.parametrize("is_driven_elsewhere", [False, True])
@pytest.mark.parametrize("resumed_early", [0, 2])
async def test_what_a_hold_is_resumed_with_answers_no_other_pause_of_its_node(
    runtime, bank, calls, is_driven_elsewhere, resumed_early
):
    (pay, _) = guard(bank.tools, runtime, contracts=CONTRACTS)
    said = []

    async def work(state: MessagesState) -> dict[str, Any]:
        (call,) = state["messages"][-1].tool_calls
        answer = await pay.ainvoke(call)
        said.append([interrupt("Is that all?"), interrupt("Sure?")])
        return {"messages": [answer]}

    graph = StateGraph(MessagesState).add_node("work", work).add_edge(START, "work")
    compiled = graph.add_edge("work", END).compile(checkpointer=InMemorySaver())
    reply = calls(("pay", {"cents": 1}, "c1"))
    (pause,) = pauses(await compiled.ainvoke({"messages": [reply]}, THREAD))
    for _ in range(resumed_early):
        assert pauses(await compiled.ainvoke(Command(resume="early"), THREAD)) == [pause]
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    if is_driven_elsewhere:
        assert (await runtime.wait(pause["call_id"])).status == "completed"
    done = await compiled.ainvoke(Command(resume="the hold is decided"), THREAD)
    assert pauses(done) == ["Is that all?"]
    assert pauses(await compiled.ainvoke(Command(resume="yes"), THREAD)) == ["Sure?"]
    assert said == []
    done = await compiled.ainvoke(Command(resume="I am"), THREAD)
    assert said == [["yes", "I am"]]
    assert "paid 1" in done["messages"][-1].content
    assert bank.paid == [1]


async def test_a_pause_of_the_body_is_not_answered_by_the_decision(runtime, calls):
    """A tool that asks by itself is asked anew: what resumed the hold is not its answer."""
    heard = []

    @tool
    def survey(topic: str) -> str:
        """Ask the user something."""
        heard.append(interrupt(f"What of {topic}?"))
        return "asked"

    (guarded,) = guard([survey], runtime, contracts={"survey": {"effect": "repeatable"}})
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([guarded]))
    compiled = graph.add_edge(START, "tools").compile(checkpointer=InMemorySaver())
    reply = calls(("survey", {"topic": "tea"}, "c1"))
    (pause,) = pauses(await compiled.ainvoke({"messages": [reply]}, THREAD))
    await runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
    paused = await compiled.ainvoke(Command(resume="go on"), THREAD)
    assert heard == []
    assert pauses(paused) == ["What of tea?"]


async def test_a_read_that_pauses_by_itself_goes_on_where_the_graph_does(runtime, calls):
    @tool
    def ask_user(question: str) -> str:
        """Ask the user something."""
        return f"they say {interrupt(question)}"

    (guarded,) = guard([ask_user], runtime, contracts={"ask_user": {"tier": "read"}})
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([guarded]))
    compiled = graph.add_edge(START, "tools").compile(checkpointer=InMemorySaver())
    reply = calls(("ask_user", {"question": "Tea?"}, "c1"))
    assert pauses(await compiled.ainvoke({"messages": [reply]}, THREAD)) == ["Tea?"]
    done = await compiled.ainvoke(Command(resume="yes"), THREAD)
    assert done["messages"][-1].content == "they say yes"


async def test_a_body_with_effects_that_pauses_is_unknown_and_never_made_again(runtime, calls):
    begun = []

    @tool
    def send(text: str) -> str:
        """Send a text."""
        begun.append(text)
        return str(interrupt("sure?"))

    (guarded,) = guard([send], runtime, contracts={"send": {"tier": "reversible"}})
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([guarded]))
    compiled = graph.add_edge(START, "tools").compile(checkpointer=InMemorySaver())
    reply = calls(("send", {"text": "hi"}, "c1"))
    for _ in range(2):
        done = await compiled.ainvoke({"messages": [reply]}, THREAD)
        assert not pauses(done)
        assert done["messages"][-1].status == "error"
    assert begun == ["hi"]


async def test_a_node_that_is_retried_repeats_no_effect(runtime, bank, calls):
    guarded = guard(bank.tools, runtime, contracts={**CONTRACTS, "pay": {"tier": "reversible"}})
    node, tries = ToolNode(guarded), []

    async def flaky(state: MessagesState, config) -> Any:
        answered = await node.ainvoke(state, config)
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("lost behind the call")
        return answered

    graph = StateGraph(MessagesState).add_node(
        "tools", flaky, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False)
    )
    compiled = graph.add_edge(START, "tools").compile(checkpointer=InMemorySaver())
    await compiled.ainvoke({"messages": [calls(("pay", {"cents": 5}, "c1"))]}, THREAD)
    assert (len(tries), bank.paid) == (3, [5])


async def test_time_travel_and_forks_within_a_thread_repeat_no_effect(
    runtime, bank, scripted, calls
):
    guarded = guard(bank.tools, runtime, contracts={**CONTRACTS, "pay": {"tier": "reversible"}})
    reply = calls(("pay", {"cents": 5}, "c1"))
    agent = create_agent(scripted(reply), guarded, checkpointer=InMemorySaver())
    await agent.ainvoke(ASK, THREAD)
    assert bank.paid == [5]
    history = [each async for each in agent.aget_state_history(THREAD)]
    before = next(each for each in history if each.next == ("tools",))
    await agent.ainvoke(None, before.config)
    assert bank.paid == [5]
    fork = await agent.aupdate_state(before.config, {"messages": [HumanMessage("and again")]})
    await agent.ainvoke(None, fork)
    assert bank.paid == [5]
    other = {"configurable": {"thread_id": "ticket-18"}}
    agent = create_agent(scripted(reply), guarded, checkpointer=InMemorySaver())
    await agent.ainvoke(ASK, other)
    assert bank.paid == [5, 5]


def test_a_synchronous_agent_pauses_and_goes_on_likewise(alice, bank, scripted, calls):
    with SyncRuntime.open(principal=alice) as runtime:
        guarded = guard(bank.tools, runtime, contracts=CONTRACTS)
        model = scripted(calls(("look", {"what": "Eve"}, "c1"), ("pay", {"cents": 600}, "c2")))
        agent = create_agent(model, guarded, checkpointer=InMemorySaver())
        (pause,) = pauses(agent.invoke(ASK, THREAD))
        assert pauses(agent.invoke(Command(resume=True), THREAD)) == [pause]
        runtime.approvals.approve(pause["approval_id"], by=BOB, reason="seen")
        done = agent.invoke(Command(resume=True), THREAD)
    assert answers(done)["c2"].content == "paid 600"
    assert bank.paid == [0, 600]


@pytest.mark.parametrize("exceptions", [(Exception,), (ValueError,)])
async def test_fallbacks_that_take_every_error_take_a_hold_for_one(alice, exceptions):
    """LangGraph's pause is an `Exception`: what is to be tried on errors alone names those."""
    paid = []

    @tool
    def pay(cents: int) -> str:
        """Pay somebody."""
        paid.append(("pay", cents))
        return "paid"

    @tool
    def pay_otherwise(cents: int) -> str:
        """Pay somebody by another bank."""
        paid.append(("pay_otherwise", cents))
        return "paid otherwise"

    async with Runtime.open(principal=alice) as runtime:
        reversible = {"pay_otherwise": {"tier": "reversible"}}
        first, second = guard([pay, pay_otherwise], runtime, contracts=reversible)
        chain = first.with_fallbacks([second], exceptions_to_handle=exceptions)

        async def node(_, config):
            return {"messages": [HumanMessage(await chain.ainvoke({"cents": 600}, config))]}

        graph = StateGraph(MessagesState)
        graph.add_node("pay", node)
        graph.add_edge(START, "pay")
        made = graph.compile(checkpointer=InMemorySaver())
        done = await made.ainvoke({"messages": []}, THREAD)
        is_taken = exceptions == (Exception,)
        assert paid == ([("pay_otherwise", 600)] if is_taken else [])
        assert len(done.get("__interrupt__", ())) == (not is_taken)
        (waits,) = await runtime.approvals.list()
        await runtime.approvals.approve(waits.id, by=BOB)
        await made.ainvoke({"messages": []} if is_taken else Command(resume=True), THREAD)
        assert paid == [("pay_otherwise", 600)] * is_taken + [("pay", 600)]
