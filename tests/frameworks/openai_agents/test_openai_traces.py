"""The SDK's trace is that of the calls that its functions make."""

import pytest
from agents import Runner, function_tool, set_trace_processors, set_tracing_disabled, trace
from agents.tracing import TracingProcessor

from highroad.frameworks.openai_agents import guard


class Spans(TracingProcessor):
    """Keeps the spans of functions."""

    def __init__(self):
        self.found = []

    def on_span_end(self, span):
        if span.span_data.type == "function":
            self.found.append(span)

    def on_trace_start(self, trace):
        pass

    on_trace_end = on_span_start = on_trace_start

    def shutdown(self):
        pass

    force_flush = shutdown


@pytest.fixture
def processor():
    found = Spans()
    set_trace_processors([found])
    set_tracing_disabled(False)
    return found


@function_tool
def look(what: str) -> str:
    """Look."""
    return what


@pytest.mark.parametrize("is_streamed", [False, True], ids=["run", "streamed"])
async def test_a_call_is_below_the_span_of_its_function(
    runtime, scripted, call, on_record, processor, is_streamed
):
    tools = guard([look], runtime, contracts={"look": {"tier": "read"}})
    agent = scripted(tools, [call("look", {"what": "tea"})])
    if is_streamed:
        running = Runner.run_streamed(agent, "hello")
        async for _ in running.stream_events():
            pass
    else:
        await Runner.run(agent, "hello")
    (span,) = processor.found
    (made,) = await on_record(runtime)
    known = await runtime.audit.explain(made["id"])
    assert span.trace_id == f"trace_{known.trace_id}"
    assert span.span_id.startswith(f"span_{known.parent_span_id}")


@pytest.mark.usefixtures("processor")
async def test_a_name_that_a_user_chose_for_a_trace_is_no_id(runtime, scripted, call, on_record):
    """It may say anything, and would stand in every entry."""
    tools = guard([look], runtime, contracts={"look": {"tier": "read"}})
    with trace("case", trace_id="trace_of-alice"):
        await Runner.run(scripted(tools, [call("look", {"what": "tea"})]), "hello")
    (made,) = await on_record(runtime)
    known = await runtime.audit.explain(made["id"])
    assert (known.parent_span_id, "alice" in known.trace_id) == (None, False)


async def test_where_tracing_is_disabled_the_trace_is_the_calls_own(
    runtime, scripted, call, on_record
):
    tools = guard([look], runtime, contracts={"look": {"tier": "read"}})
    await Runner.run(scripted(tools, [call("look", {"what": "tea"})]), "hello")
    (made,) = await on_record(runtime)
    assert (await runtime.audit.explain(made["id"])).parent_span_id is None
