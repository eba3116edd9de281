"""LangChain's tracers see what they saw before, and our record has their trace."""

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_core.tracers import BaseTracer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from highroad import Runtime
from highroad.frameworks.langgraph import guard, unknown_tools

ASK = {"messages": [HumanMessage("Look at tea")]}


class Tracer(BaseTracer):
    """Keeps each run that it is told of, as LangSmith's sends them."""

    def __init__(self):
        super().__init__()
        self.runs = []

    def _persist_run(self, run):
        self.runs.append(run)

    def all(self):
        """In order, with what is below them."""
        left = list(self.runs)
        while left:
            run = left.pop(0)
            yield run
            left = [*run.child_runs, *left]


@tool
def look(what: str) -> str:
    """Look."""
    return what


def shape(tracer):
    return [(each.run_type, each.name) for each in tracer.all()]


async def test_a_call_is_below_the_run_of_its_tool_in_the_trace_of_the_agent(
    alice, scripted, calls, on_record
):
    bare, traced = Tracer(), Tracer()
    reply = calls(("look", {"what": "tea"}, "c1"))
    await create_agent(scripted(reply), [look]).ainvoke(ASK, {"callbacks": [bare]})
    async with Runtime.open(principal=alice) as runtime:
        guarded = guard([look], runtime, contracts={"look": {"tier": "read"}})
        await create_agent(scripted(reply), guarded).ainvoke(ASK, {"callbacks": [traced]})
        (made,) = await on_record(runtime)
        known = await runtime.audit.explain(made["id"])
    assert shape(traced) == shape(bare)
    (run,) = [each for each in traced.all() if each.run_type == "tool"]
    assert known.trace_id == run.trace_id.hex == traced.runs[0].id.hex
    assert known.parent_span_id == run.id.hex[:16]


async def test_a_name_that_no_tool_has_is_in_the_trace_too(alice, calls, on_record):
    traced = Tracer()
    async with Runtime.open(principal=alice) as runtime:
        node = ToolNode(guard([look], runtime), awrap_tool_call=unknown_tools(runtime))
        graph = StateGraph(MessagesState).add_node("tools", node).add_edge(START, "tools")
        await graph.compile().ainvoke(
            {"messages": [calls(("loook", {"what": "tea"}, "c1"))]}, {"callbacks": [traced]}
        )
        (made,) = await on_record(runtime)
        known = await runtime.audit.explain(made["id"])
    assert known.trace_id == traced.runs[0].trace_id.hex


async def test_without_a_tracer_the_trace_is_the_calls_own(alice, scripted, calls, on_record):
    async with Runtime.open(principal=alice) as runtime:
        guarded = guard([look], runtime, contracts={"look": {"tier": "read"}})
        reply = calls(("look", {"what": "tea"}, "c1"))
        await create_agent(scripted(reply), guarded).ainvoke(ASK)
        (made,) = await on_record(runtime)
        assert (await runtime.audit.explain(made["id"])).parent_span_id is None
