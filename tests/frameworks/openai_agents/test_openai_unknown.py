"""What the SDK answers by itself, before the road: names that no tool has, and its guardrails."""

import pytest
from agents import (
    Agent,
    FunctionTool,
    GuardrailFunctionOutput,
    InputGuardrail,
    InputGuardrailTripwireTriggered,
    ModelBehaviorError,
    ModelResponse,
    RunConfig,
    RunContextWrapper,
    RunHooks,
    Runner,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrailTripwireTriggered,
    Usage,
    agent_tool_state,
    function_tool,
    handoff,
    tool_input_guardrail,
)
from openai.types.responses.response_output_item import McpCall
from pydantic import BaseModel

from highroad import Principal
from highroad.domain.acting import Acting
from highroad.domain.error import DeclarationError
from highroad.frameworks.openai_agents import guard, internals, unknown_tools
from highroad.sync import Runtime as SyncRuntime

READ = {"tier": "read"}
NO_TOOL = ("", "refused", "unknown_tool")
"""On record; the name is a word of the model's, and so among what is kept encrypted."""
TOLD = RunConfig(tool_not_found_behavior="return_error_to_model")


@pytest.fixture
def look():
    """A tool that reads, and what it read."""
    seen = []

    @function_tool
    def look(order: int) -> str:
        """Look at an order."""
        seen.append(order)
        return f"order {order}"

    return look, seen


def refusals(calls):
    return [(each["tool"], each["status"], each["code"]) for each in calls if each["code"]]


@pytest.mark.promise("P1")
async def test_a_name_that_no_tool_has_is_on_record_and_what_is_told_of_it_is_the_sdks(
    runtime, scripted, call, told, on_record, look
):
    guarded = guard([look[0]], runtime, contracts={"look": READ})
    asked = [call("wire_money", {"cents": 1}), call("look", {"order": 7}, "c2")]
    done = await Runner.run(
        scripted(guarded, asked), "hello", run_config=TOLD, hooks=unknown_tools(runtime)
    )
    assert sorted(told(done)) == ["Tool 'wire_money' not found.", "order 7"]
    kept = await on_record(runtime)
    assert refusals(kept) == [NO_TOOL]
    assert {(each["door"], each["origin"]) for each in kept} == {("openai-agents", "model")}


@pytest.mark.promise("P1")
@pytest.mark.parametrize("is_streamed", [False, True])
async def test_where_the_sdk_raises_it_is_on_record_first(
    runtime, scripted, call, on_record, look, is_streamed
):
    agent = scripted(guard([look[0]], runtime), [call("wire_money", '{"cents": ')])

    async def run(hooks):
        if not is_streamed:
            return await Runner.run(agent, "hello", hooks=hooks)
        running = Runner.run_streamed(agent, "hello", hooks=hooks)
        return [each async for each in running.stream_events()]

    with pytest.raises(ModelBehaviorError):
        await run(unknown_tools(runtime))
    assert refusals(await on_record(runtime)) == [NO_TOOL]


@pytest.mark.promise("P1")
async def test_a_tool_of_another_agent_is_never_run_for_this_one(
    runtime, scripted, call, on_record, look
):
    given, seen = look
    guard([given], runtime, contracts={"look": READ})
    agent = scripted([], [call("look", {"order": 7})])
    await Runner.run(agent, "hello", run_config=TOLD, hooks=unknown_tools(runtime))
    assert refusals(await on_record(runtime)) == [("look", "refused", "unknown_tool")]
    assert seen == []


async def test_a_tool_that_is_not_enabled_in_this_run_is_unknown_in_it(
    runtime, scripted, call, told, on_record, look
):
    given, seen = look
    given.is_enabled = lambda context, _: context.context == "open"
    guarded = guard([given], runtime, contracts={"look": READ})
    for context in ("closed", "open"):
        agent = scripted(guarded, [call("look", {"order": 7})])
        hooks = unknown_tools(runtime)
        done = await Runner.run(agent, "hello", context=context, run_config=TOLD, hooks=hooks)
    assert (told(done), seen) == (["order 7"], [7])
    assert refusals(await on_record(runtime)) == [("look", "refused", "unknown_tool")]


async def test_a_handoff_is_no_unknown_tool(runtime, scripted, call, told, on_record, look):
    inner = scripted(
        guard([look[0]], runtime, contracts={"look": READ}), [call("look", {"order": 7})]
    )
    inner.name = "clerk"
    outer = scripted([], [call("transfer_to_clerk", {}, "h1")], handoffs=[inner])
    outer.name = "porter"
    done = await Runner.run(outer, "hello", hooks=unknown_tools(runtime))
    assert (done.final_output, done.last_agent.name) == ("done", "clerk")
    assert [each["tool"] for each in await on_record(runtime)] == ["look"]


async def test_a_handoff_that_its_author_named_is_no_unknown_tool(
    runtime, scripted, call, on_record
):
    inner = scripted([])
    outer = scripted(
        [],
        [call("hand_over", {})],
        handoffs=[handoff(inner, tool_name_override="hand_over")],
    )
    done = await Runner.run(outer, "hello", hooks=unknown_tools(runtime))
    assert done.last_agent is inner
    assert await on_record(runtime) == []


class Report(BaseModel):
    """What an agent ends with."""

    title: str


@pytest.mark.parametrize(
    ("output_type", "recorded"), [(Report, []), (None, [NO_TOOL]), (str, [NO_TOOL])]
)
async def test_what_a_run_ends_with_is_no_call_though_some_models_write_it_as_one(
    runtime, call, on_record, output_type, recorded
):
    agent = Agent(name="clerk", output_type=output_type)
    reply = ModelResponse(output=[call("json_tool_call", {})], usage=Usage(), response_id=None)
    await unknown_tools(runtime).on_llm_end(RunContextWrapper(None), agent, reply)
    assert refusals(await on_record(runtime)) == recorded


async def test_nobody_is_asked_for_tools_where_all_are_known_and_calls_of_servers_are_no_calls(
    runtime, call, on_record, look
):
    class Costly(Agent):
        async def get_all_tools(self, run_context):
            pytest.fail("it may ask servers")

    made_elsewhere = McpCall(
        id="m1", type="mcp_call", name="wire_money", arguments="{}", server_label="bank"
    )
    output = [call("look", {"order": 7}), made_elsewhere]
    reply = ModelResponse(output=output, usage=Usage(), response_id=None)
    agent = Costly(name="clerk", tools=guard([look[0]], runtime))
    await unknown_tools(runtime).on_llm_end(RunContextWrapper(None), agent, reply)
    assert await on_record(runtime) == []


async def test_a_name_that_no_tool_has_is_part_of_the_trace_of_its_run(
    runtime, scripted, call, on_record, heard
):
    agent = scripted([], [call("wire_money", {"cents": 1})])
    await Runner.run(agent, "hello", run_config=TOLD, hooks=unknown_tools(runtime))
    (kept,) = await on_record(runtime)
    known = await runtime.audit.explain(kept["id"])
    assert {each.trace_id for each in heard.spans} == {f"trace_{known.trace_id}"}


async def test_who_proposed_an_unknown_name_is_whom_the_mapper_says(
    runtime, scripted, call, on_record
):
    seen = []

    def whose(context):
        seen.append((context.tool_name, context.tool_arguments, context.agent.name))
        return Acting(principal=Principal(context.context), run="ticket-17")

    config = RunConfig(tool_not_found_behavior="return_error_to_model", tracing_disabled=True)
    hooks = unknown_tools(runtime, acting=whose)
    agent = scripted([], [call("wire_money", {})], [call("wire_money", {}, "c2")])
    await Runner.run(agent, "hello", context="ann", run_config=config, hooks=hooks)
    first, again = await on_record(runtime)
    assert (first["run_id"], again["code"]) == (again["run_id"], "unknown_tool")
    assert "ann" in str(await runtime.audit.explain(first["id"]))
    assert seen == [("wire_money", "{}", "clerk")] * 2


async def test_a_runtime_that_is_not_async_has_it_on_record_as_well(scripted, call, on_record):
    with SyncRuntime.open() as runtime:
        agent = scripted([], [call("wire_money", {})])
        await Runner.run(agent, "hello", run_config=TOLD, hooks=unknown_tools(runtime))
        kept = await on_record(runtime.asynchronous)
    assert refusals(kept) == [NO_TOOL]


def stopping(behaviour):
    """An input guardrail of a tool that stops every call of it."""

    @tool_input_guardrail
    def never(_):
        if behaviour == "reject":
            return ToolGuardrailFunctionOutput.reject_content("not here", {"why": "because"})
        if behaviour == "raise":
            return ToolGuardrailFunctionOutput.raise_exception()
        raise LookupError("it broke")

    return never


@pytest.mark.promise("P1")
async def test_what_an_input_guardrail_rejects_is_on_record_and_the_model_is_told_its_words(
    runtime, scripted, call, told, on_record, look
):
    given, seen = look
    given.tool_input_guardrails = [stopping("reject")]
    agent = scripted(guard([given], runtime), [call("look", {"order": 7})])
    done = await Runner.run(agent, "hello")
    assert (told(done), seen) == (["not here"], [])
    (result,) = done.tool_input_guardrail_results
    assert (result.guardrail.get_name(), result.output.output_info) == ("never", {"why": "because"})
    (kept,) = await on_record(runtime)
    assert (kept["tool"], kept["status"], kept["code"]) == ("look", "refused", "denied")
    trail = str(await runtime.audit.explain(kept["id"]))
    assert "host.input_guardrail" in trail
    assert not await runtime.approvals.list()


@pytest.mark.promise("P1")
@pytest.mark.parametrize(
    ("behaviour", "raised"),
    [("raise", ToolInputGuardrailTripwireTriggered), ("break", Exception)],
)
async def test_a_guardrail_that_ends_the_run_leaves_its_call_on_record(
    runtime, scripted, call, on_record, look, behaviour, raised
):
    given, seen = look
    given.tool_input_guardrails = [stopping(behaviour)]
    agent = scripted(guard([given], runtime), [call("look", {"order": 7})])
    with pytest.raises(raised):
        await Runner.run(agent, "hello")
    assert refusals(await on_record(runtime)) == [("look", "refused", "denied")]
    assert seen == []


async def test_a_guardrail_that_lets_a_call_pass_changes_nothing(
    runtime, scripted, call, told, on_record, look
):
    given, _ = look

    @tool_input_guardrail(name="by day")
    async def lets(data):
        return ToolGuardrailFunctionOutput.allow(data.context.tool_arguments)

    given.tool_input_guardrails = [lets]
    agent = scripted(
        guard([given], runtime, contracts={"look": READ}), [call("look", {"order": 7})]
    )
    done = await Runner.run(agent, "hello")
    (result,) = done.tool_input_guardrail_results
    assert (result.guardrail.get_name(), result.output.output_info) == ("by day", '{"order":7}')
    assert told(done) == ["order 7"]
    assert [each["status"] for each in await on_record(runtime)] == ["completed"]
    assert given.tool_input_guardrails == [lets]


async def test_a_guardrail_of_the_agent_ends_the_run_before_any_call(
    runtime, scripted, call, on_record, look
):
    trips = InputGuardrail(
        lambda *_: GuardrailFunctionOutput(output_info=None, tripwire_triggered=True),
        run_in_parallel=False,
    )
    agent = scripted(
        guard([look[0]], runtime), [call("look", {"order": 7})], input_guardrails=[trips]
    )
    with pytest.raises(InputGuardrailTripwireTriggered):
        await Runner.run(agent, "hello")
    assert (await on_record(runtime), look[1]) == ([], [])


async def test_hooks_of_the_program_hand_on_to_it(runtime, scripted, call, on_record):
    hooks = unknown_tools(runtime)

    class Own(RunHooks):
        async def on_llm_end(self, context, agent, response):
            await hooks.on_llm_end(context, agent, response)

    agent = scripted([], [call("wire_money", {})])
    await Runner.run(agent, "hello", run_config=TOLD, hooks=Own())
    assert len(await on_record(runtime)) == 1


@pytest.mark.parametrize("name", internals.STATE)
async def test_a_version_of_the_sdk_without_what_a_hold_waits_in_is_refused(
    runtime, monkeypatch, look, name
):
    monkeypatch.delattr(agent_tool_state, name)
    with pytest.raises(DeclarationError, match=rf"openai-agents [0-9.]+ has no {name}"):
        guard([look[0]], runtime)


@pytest.mark.parametrize("name", [internals.FLAG, internals.OWNER])
async def test_so_is_one_without_its_flags(runtime, monkeypatch, look, name):
    kept = tuple(each for each in internals.fields(FunctionTool) if each.name != name)
    monkeypatch.setattr(internals, "fields", lambda _: kept)
    with pytest.raises(DeclarationError, match=f"has no {name}"):
        guard([look[0]], runtime)


def test_what_the_sdk_does_not_document_is_named_in_one_place(repository):
    rooms = (repository / "src/highroad/frameworks/openai_agents").glob("*.py")
    names = (*internals.STATE, internals.FLAG, internals.OWNER, "set_function_tool_failure")
    found = {room.name for room in rooms for name in names if name in room.read_text("utf-8")}
    assert found == {"internals.py"}
