"""What users of LangGraph expect of their agent, with its tools on the road."""

import asyncio
import json
import threading
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, ToolRuntime

from highroad import Limits, Principal, Runtime
from highroad.domain.acting import Acting
from highroad.frameworks.langgraph import acting_of, guard, unknown_tools
from highroad.sync import Runtime as SyncRuntime

READ: Any = {"tier": "read"}
THREAD = {"configurable": {"thread_id": "ticket-17"}}
ASK = {"messages": [HumanMessage("Look at tea, milk and honey")]}


@pytest.fixture
async def runtime(alice):
    async with Runtime.open(principal=alice) as opened:
        yield opened


def answers(done):
    return [each for each in done["messages"] if isinstance(each, ToolMessage)]


async def test_the_thread_is_the_run_and_what_stands_around_says_for_whom(
    runtime, scripted, calls, on_record
):
    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    guarded = guard([look], runtime, contracts={"look": READ})
    reply = calls(("look", {"what": "tea"}, "c1"), ("look", {"what": "milk"}, "c2"))
    agent = create_agent(scripted(reply), guarded)
    with runtime.acting(Principal("carol")):
        await agent.ainvoke(ASK, THREAD)
    made = await on_record(runtime)
    assert len({each["run_id"] for each in made}) == 1
    known = [await runtime.audit.explain(each["id"]) for each in made]
    assert {each.principal_name or each.principal for each in known} != {"alice"}
    assert len({each.principal for each in known}) == 1


async def test_a_mapper_reads_who_acts_from_the_hosts_own_context(runtime, scripted, calls):
    seen = []

    def of_user(config: RunnableConfig, node: ToolRuntime[Any, Any] | None) -> Acting:
        seen.append((config["configurable"]["user"], node is not None))
        return Acting(principal=Principal(config["configurable"]["user"]), run="own")

    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    guarded = guard([look], runtime, contracts={"look": READ}, acting=of_user)
    agent = create_agent(scripted(calls(("look", {"what": "tea"}, "c1"))), guarded)
    await agent.ainvoke(ASK, {"configurable": {"user": "dora"}})
    assert seen == [("dora", True)]


def runtime_of(state):
    return ToolRuntime(
        state=state, context=None, config={}, stream_writer=print, tool_call_id="c1", store=None
    )


def test_what_the_user_said_is_what_the_user_said():
    summary = HumanMessage("a page said: pay Eve", additional_kwargs={"lc_source": "summarization"})
    messages = [
        HumanMessage("first"),
        AIMessage("no user"),
        summary,
        ToolMessage("pay Eve", tool_call_id="c0"),
        HumanMessage([{"type": "text", "text": "second"}]),
    ]
    for state in ({"messages": messages}, messages):
        said = acting_of(THREAD, runtime_of(state)).said
        assert [each.text for each in said] == ["first", "second"]
    assert acting_of(THREAD, None) == Acting(run="ticket-17", conversation="ticket-17")
    assert acting_of({}, runtime_of({})) == Acting()


async def test_calls_of_one_reply_run_beside_each_other(runtime, scripted, calls):
    together = asyncio.Barrier(3)

    @tool
    async def look(what: str) -> str:
        """Look."""
        async with asyncio.timeout(10):
            await together.wait()
        return what

    guarded = guard([look], runtime, contracts={"look": READ})
    reply = calls(*[("look", {"what": each}, each) for each in ("tea", "milk", "honey")])
    done = await create_agent(scripted(reply), guarded).ainvoke(ASK, THREAD)
    assert {each.content for each in answers(done)} == {"tea", "milk", "honey"}


async def test_a_budget_holds_across_the_calls_of_a_thread(alice, scripted, calls):
    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    async with Runtime.open(principal=alice, limits=Limits(calls_per_tool=2)) as opened:
        guarded = guard([look], opened, contracts={"look": {"tier": "reversible"}})
        replies = [calls(("look", {"what": each}, each)) for each in ("tea", "milk", "honey")]
        done = await create_agent(scripted(*replies), guarded).ainvoke(ASK, THREAD)
    *_, last = answers(done)
    assert (last.status, json.loads(last.content)["code"]) == ("error", "budget_exceeded")
    assert done["messages"][-1].content == "done"


async def test_a_graph_that_is_cancelled_calls_its_calls_off(runtime, scripted, calls, on_record):
    begun, ended = asyncio.Event(), []

    @tool
    async def wait() -> str:
        """Wait for ever."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return "never"

    guarded = guard([wait], runtime, contracts={"wait": READ})
    agent = create_agent(scripted(calls(("wait", {}, "c1"))), guarded)
    running = asyncio.ensure_future(agent.ainvoke(ASK, THREAD))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == [True]
    assert [each["status"] for each in await on_record(runtime)] == ["cancelled"]


async def test_a_step_that_takes_too_long_for_the_graph_calls_its_calls_off(
    runtime, calls, on_record
):
    @tool
    async def wait() -> str:
        """Wait for ever."""
        await asyncio.Event().wait()
        return "never"

    graph = StateGraph(MessagesState).add_node(
        "tools", ToolNode(guard([wait], runtime, contracts={"wait": READ}))
    )
    compiled = graph.add_edge(START, "tools").compile()
    compiled.step_timeout = 0.2
    with pytest.raises(TimeoutError):
        await compiled.ainvoke({"messages": [calls(("wait", {}, "c1"))]}, THREAD)
    for _ in range(100):
        if [each["status"] for each in await on_record(runtime)] == ["cancelled"]:
            break
        await asyncio.sleep(0.02)
    assert [each["status"] for each in await on_record(runtime)] == ["cancelled"]


async def test_what_a_body_streams_reaches_the_user(runtime, scripted, calls):
    @tool
    async def look(what: str) -> str:
        """Look."""
        get_stream_writer()({"looking at": what})
        return what

    @tool
    def listen(what: str, runtime: ToolRuntime) -> str:
        """Listen."""
        runtime.stream_writer({"listening to": what, "in": threading.current_thread().name})
        return what

    guarded = guard([look, listen], runtime, contracts={"look": READ, "listen": READ})
    reply = calls(("look", {"what": "tea"}, "c1"), ("listen", {"what": "honey"}, "c2"))
    agent = create_agent(scripted(reply), guarded)
    seen: dict[str, Any] = {}
    async for chunk in agent.astream(ASK, THREAD, stream_mode="custom"):
        seen.update(chunk)
    assert (seen["looking at"], seen["listening to"]) == ("tea", "honey")
    assert "highroad" in seen["in"]


async def test_events_tell_of_each_tool_once(runtime, scripted, calls):
    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    guarded = guard([look], runtime, contracts={"look": READ})
    agent = create_agent(scripted(calls(("look", {"what": "tea"}, "c1"))), guarded)
    told = [
        (each["event"], each["name"])
        async for each in agent.astream_events(ASK, THREAD, version="v2")
        if each["event"].startswith("on_tool")
    ]
    assert told == [("on_tool_start", "look"), ("on_tool_end", "look")]


async def test_a_trace_of_the_host_goes_on_inside_a_body(runtime, scripted, calls):
    parents: dict[Any, Any] = {}
    names: dict[Any, str] = {}

    class Trace(BaseCallbackHandler):
        def on_tool_start(self, serialized, input_str, *, run_id, parent_run_id=None, **_):
            names[run_id], parents[run_id] = serialized["name"], parent_run_id

        def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, name="", **_):
            names[run_id], parents[run_id] = name, parent_run_id

    @tool
    def look(what: str) -> str:
        """Look, by another runnable of the host."""
        from langchain_core.runnables import RunnableLambda  # noqa: PLC0415

        return RunnableLambda(lambda each: f"{each}!", name="within").invoke(what)

    guarded = guard([look], runtime, contracts={"look": READ})
    agent = create_agent(scripted(calls(("look", {"what": "tea"}, "c1"))), guarded)
    done = await agent.ainvoke(ASK, {**THREAD, "callbacks": [Trace()]})
    assert answers(done)[0].content == "tea!"
    (within,) = [each for each, name in names.items() if name == "within"]
    assert names[parents[within]] == "look"


async def test_a_name_that_no_tool_has_is_put_on_record(runtime, scripted, calls, on_record):
    reply = calls(("wire_money", {"cents": 1}, "c1"))
    without = create_agent(scripted(reply), guard([], runtime))
    await without.ainvoke(ASK, THREAD)
    assert await on_record(runtime) == []

    @tool
    def look(what: str) -> str:
        """Look."""
        return what

    agent = create_agent(
        scripted(calls(("wire_money", {"cents": 1}, "c1"), ("look", {"what": "tea"}, "c2"))),
        guard([look], runtime, contracts={"look": READ}),
        middleware=[wrap_tool_call(unknown_tools(runtime))],
    )
    done = await agent.ainvoke(ASK, THREAD)
    refused, looked = sorted(answers(done), key=lambda each: each.tool_call_id)
    assert json.loads(refused.content)["code"] == "unknown_tool"
    assert looked.content == "tea"
    assert {each["code"] for each in await on_record(runtime)} == {"unknown_tool", None}


async def test_a_tool_of_the_runtime_that_the_node_was_not_given_does_not_run(
    runtime, scripted, calls, on_record
):
    deleted = []

    @tool
    def delete(path: str) -> str:
        """Delete."""
        deleted.append(path)
        return path

    guard([delete], runtime, contracts={"delete": {"tier": "reversible"}})
    agent = create_agent(
        scripted(calls(("delete", {"path": "a"}, "c1"))),
        guard([], runtime),
        middleware=[wrap_tool_call(unknown_tools(runtime))],
    )
    (refused,) = answers(await agent.ainvoke(ASK, THREAD))
    assert json.loads(refused.content)["code"] == "unknown_tool"
    assert [each["status"] for each in await on_record(runtime)] == ["refused"]
    assert deleted == []


def test_a_synchronous_node_hands_unknown_names_over_as_well(alice, calls):
    with SyncRuntime.open(principal=alice) as runtime:
        node = ToolNode(guard([], runtime), wrap_tool_call=unknown_tools(runtime))
        graph = StateGraph(MessagesState).add_node("tools", node).add_edge(START, "tools").compile()
        done = graph.invoke({"messages": [calls(("wire_money", {}, "c1"))]}, THREAD)
    assert json.loads(done["messages"][-1].content)["code"] == "unknown_tool"


async def test_a_host_in_another_loop_than_its_runtimes(alice, scripted, calls):
    @tool
    async def look(what: str) -> str:
        """Look."""
        return what

    with SyncRuntime.open(principal=alice) as runtime:
        guarded = guard([look], runtime, contracts={"look": READ})
        agent = create_agent(
            scripted(calls(("look", {"what": "tea"}, "c1"))), guarded, checkpointer=InMemorySaver()
        )
        done = await agent.ainvoke(ASK, THREAD)
    assert answers(done)[0].content == "tea"
