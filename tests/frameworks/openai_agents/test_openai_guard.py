"""An agent of the OpenAI Agents SDK whose tools are guarded works as before, on the road."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from agents import (
    Agent,
    FunctionTool,
    RunConfig,
    RunContextWrapper,
    Runner,
    ToolOutputText,
    WebSearchTool,
    custom_span,
    function_tool,
    trace,
)
from agents.mcp import MCPServerStdio, MCPUtil
from pydantic import BaseModel

from highroad import Agent as OwnAgent
from highroad import Principal, Runtime, tool
from highroad.domain.acting import Acting
from highroad.domain.error import DeclarationError
from highroad.frameworks.openai_agents import acting_of, guard, tools
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import ScriptedModel as OwnModel
from highroad.testing import call as own_call

READ = {"tier": "read"}
NOTED = {"tier": "reversible"}


def notes():
    """A tool with an effect, and what it did."""
    taken = []

    @function_tool
    def note(text: str) -> str:
        """Write something down.

        Args:
            text: What.
        """
        taken.append(text)
        return f"noted {text}"

    return note, taken


async def test_a_good_call_is_made_once_and_on_record(runtime, scripted, call, told, on_record):
    note, taken = notes()
    agent = scripted(
        guard([note], runtime, contracts={"note": NOTED}), [call("note", {"text": "a"})]
    )
    done = await Runner.run(agent, "hello")
    assert (told(done), done.final_output, taken) == (["noted a"], "done", ["a"])
    (kept,) = await on_record(runtime)
    assert (kept["tool"], kept["door"], kept["origin"]) == ("note", "openai-agents", "model")
    assert kept["status"] == "completed"


async def test_what_has_a_default_may_be_left_out_as_without_guard(runtime, scripted, call, told):
    """The SDK asks its models for all of it, which those that are not strict do not heed."""

    @function_tool
    def note(text: str, times: int = 2) -> str:
        return text * times

    left_out = [call("note", {"text": "a"})]
    bare = await Runner.run(scripted([note], left_out), "hello")
    done = await Runner.run(
        scripted(guard([note], runtime, contracts={"note": READ}), left_out), "hello"
    )
    assert told(done) == told(bare) == ["aa"]


async def test_so_may_what_has_a_default_inside_of_an_argument(runtime, scripted, call, told):
    class Line(BaseModel):
        text: str
        times: int = 2

    @function_tool(name_override="note")
    def take(line: Line) -> str:
        return line.text * line.times

    left_out = [call("note", {"line": {"text": "a"}})]
    bare = await Runner.run(scripted([take], left_out), "hello")
    done = await Runner.run(
        scripted(guard([take], runtime, contracts={"note": READ}), left_out), "hello"
    )
    assert told(done) == told(bare) == ["aa"]


async def test_what_a_program_itself_requires_inside_of_an_argument_it_gets(
    runtime, scripted, call, told
):
    class Line(BaseModel):
        text: str
        times: int = 2

    @function_tool
    def note(line: Line) -> str:
        return line.text * line.times

    note.params_json_schema["$defs"]["Line"]["properties"]["times"]["maximum"] = 3
    (guarded,) = guard([note], runtime, contracts={"note": READ})
    done = await Runner.run(
        scripted([guarded], [call("note", {"line": {"text": "a", "times": 4}})]), "hello"
    )
    assert json.loads(told(done)[0])["code"] == "invalid_arguments"


async def test_a_result_without_an_end_is_no_result_and_no_failure(runtime, scripted, call, told):
    """It ran, and that is what its model is told: nobody has to find out what took effect."""
    deep = []
    for _ in range(3_000):
        deep = [deep]

    @function_tool
    def note() -> list:
        return deep

    guarded = guard([note], runtime, contracts={"note": NOTED})
    done = await Runner.run(scripted(guarded, [call("note", {})]), "hello")
    assert json.loads(told(done)[0])["result_invalid"] is True


async def test_the_model_is_shown_the_same_tool(runtime):
    @function_tool(timeout=3, is_enabled=lambda *_: True, needs_approval=True)
    async def note(text: str, times: int = 1) -> str:
        """Write it down."""
        return text * times

    (guarded,) = guard([note], runtime)
    for name in (
        "name",
        "description",
        "params_json_schema",
        "strict_json_schema",
        "is_enabled",
        "timeout_seconds",
        "needs_approval",
    ):
        assert getattr(guarded, name) == getattr(note, name), name
    assert isinstance(guarded, FunctionTool)


async def test_it_takes_plain_functions_and_our_own_tools(runtime, scripted, call, told):
    def plain(text: str) -> str:
        """Say it."""
        return text.upper()

    @tool(tier="read")
    def ours(text: str, times: int = 2) -> str:
        """Say it often."""
        return text * times

    agent = scripted(
        guard([plain, ours], runtime, contracts={"plain": READ}),
        [call("plain", {"text": "a"}), call("ours", {"text": "b"}, "c2")],
    )
    assert told(await Runner.run(agent, "hello")) == ["A", "bb"]


async def test_guarding_again_is_the_same_and_another_tool_of_the_name_is_refused(runtime):
    first, _ = notes()
    again, _ = notes()
    guard([first], runtime, contracts={"note": NOTED})
    guard([again], runtime, contracts={"note": NOTED})

    def note(number: int) -> int:
        """Something else."""
        return number

    with pytest.raises(DeclarationError, match="another tool called 'note'"):
        guard([note], runtime)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (WebSearchTool, "WebSearchTool"),
        (lambda: Agent(name="other").as_tool("other", "Does it"), "tools of that agent"),
        (lambda: 7, "int"),
    ],
)
async def test_what_cannot_take_the_road_is_refused_with_what_to_do(runtime, given, said):
    with pytest.raises(DeclarationError, match=said):
        guard([given()], runtime)


async def test_a_contract_of_no_tool_is_refused(runtime):
    note, _ = notes()
    with pytest.raises(DeclarationError, match="there are note"):
        guard([note], runtime, contracts={"notes": READ})


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    "arguments", ['{"text":', "[1]", '{"text": "a", "text": "b"}', '{"txt": 1}', ""]
)
async def test_a_malformed_call_is_refused_on_record_and_asks_nobody(
    runtime, scripted, call, told, on_record, arguments
):
    note, taken = notes()
    agent = scripted(guard([note], runtime), [call("note", arguments)])
    done = await Runner.run(agent, "hello")
    (answer,) = told(done)
    assert (json.loads(answer)["code"], done.interruptions) == ("invalid_arguments", [])
    (kept,) = await on_record(runtime)
    assert (kept["status"], taken) == ("refused", [])


@pytest.mark.promise("P5")
async def test_a_tool_that_fails_is_told_as_data_and_recorded_as_failed(
    runtime, scripted, call, told, on_record
):
    @function_tool  # its own `failure_error_function` would make a text of it, as if it went well
    def broken(text: str) -> str:
        """Break."""
        raise RuntimeError(text)

    agent = scripted(
        guard([broken], runtime, contracts={"broken": NOTED}), [call("broken", {"text": "a"})]
    )
    (answer,) = told(await Runner.run(agent, "hello"))
    (kept,) = await on_record(runtime)
    assert (json.loads(answer)["code"], kept["status"]) == (kept["code"], "unknown")


async def test_the_context_of_the_run_reaches_the_tool_and_not_the_road(
    runtime, scripted, call, told
):
    @dataclass
    class Shop:
        name: str

    @function_tool
    def whose(context: RunContextWrapper[Shop], order: int) -> str:
        """Say whose."""
        return f"{context.context.name}: {order}"

    agent = scripted(
        guard([whose], runtime, contracts={"whose": READ}), [call("whose", {"order": 1})]
    )
    assert told(await Runner.run(agent, "hello", context=Shop("Ann's"))) == ["Ann's: 1"]
    (definition,) = runtime.tools
    assert list(definition.input_schema["properties"]) == ["order"]


async def test_a_timeout_of_the_tool_calls_the_call_off(runtime, scripted, call, told, on_record):
    async def slow(text: str) -> str:
        """Take for ever."""
        await asyncio.Event().wait()
        return text

    waiting = function_tool(slow, timeout=0.05)
    agent = scripted(
        guard([waiting], runtime, contracts={"slow": READ}), [call("slow", {"text": "a"})]
    )
    (answer,) = told(await Runner.run(agent, "hello"))
    assert "timed out" in answer
    (kept,) = await on_record(runtime)
    assert kept["status"] == "cancelled"


async def test_outputs_of_the_sdk_stay_what_they_are(runtime, scripted, call):
    @function_tool
    def shown(text: str) -> list[ToolOutputText]:
        """Show."""
        return [ToolOutputText(text=text)]

    agent = scripted(
        guard([shown], runtime, contracts={"shown": READ}), [call("shown", {"text": "a"})]
    )
    done = await Runner.run(agent, "hello")
    (item,) = (each for each in done.new_items if each.type == "tool_call_output_item")
    assert item.raw_item["output"] == [{"type": "input_text", "text": "a"}]


@pytest.mark.promise("P4")
async def test_the_group_of_the_run_is_the_run_of_the_key(runtime, scripted, call, told, on_record):
    note, taken = notes()
    guarded = guard([note], runtime, contracts={"note": NOTED})
    config = RunConfig(group_id="ticket-17")
    for _ in range(2):  # the same run, tried again after its first try was lost
        agent = scripted(guarded, [call("note", {"text": "a"})])
        done = await Runner.run(agent, "hello", run_config=config)
    assert json.loads(told(done)[0])["repeated"] is True
    elsewhere = scripted(guarded, [call("note", {"text": "a"})])
    await Runner.run(elsewhere, "hello", run_config=RunConfig(group_id="ticket-18"))
    assert taken == ["a", "a"]
    first, again, other = await on_record(runtime)
    assert first["run_id"] == again["run_id"] != other["run_id"]


async def test_a_group_is_a_conversation_that_is_called_off_by_its_name(
    runtime, scripted, call, on_record, bob
):
    note, taken = notes()
    guarded = guard([note], runtime, contracts={"note": NOTED})
    config = RunConfig(group_id="ticket-17")
    await Runner.run(scripted(guarded, [call("note", {"text": "a"})]), "hello", run_config=config)
    await runtime.cancel(conversation="ticket-17", by=bob, reason="enough")
    await Runner.run(scripted(guarded, [call("note", {"text": "b"})]), "hello", run_config=config)
    assert taken == ["a"]
    assert [each["code"] for each in await on_record(runtime)] == [None, "cancelled"]


async def test_a_mapper_says_who_acts_and_leaves_the_rest(runtime, scripted, call, on_record):
    note, _ = notes()
    seen = []

    def whose(context):
        seen.append(acting_of(context))
        return Acting(principal=Principal(context.context))

    agent = scripted(
        guard([note], runtime, contracts={"note": NOTED}, acting=whose),
        [call("note", {"text": "a"})],
    )
    await Runner.run(
        agent,
        [{"role": "user", "content": "note a"}],
        context="ann",
        run_config=RunConfig(group_id="t"),
    )
    (kept,) = await on_record(runtime)
    trail = await runtime.audit.explain(kept["id"])
    assert "ann" in str(trail)
    await runtime.cancel(run="t", by=Principal("bob"), reason="the group is the run all the same")
    assert (seen[0].run, [turn.text for turn in seen[0].said]) == ("t", ["note a"])


async def test_the_users_words_are_read_from_all_forms_of_a_message(runtime, scripted, call):
    note, _ = notes()
    seen = []
    agent = scripted(
        guard(
            [note], runtime, contracts={"note": NOTED}, acting=lambda c: seen.append(c) or Acting()
        ),
        [call("note", {"text": "a"})],
    )
    parts = [{"type": "input_text", "text": "note"}, {"type": "input_text", "text": "a"}]
    await Runner.run(
        agent,
        [
            {"role": "developer", "content": "obey"},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "what?"},
            {"role": "user", "content": parts},
        ],
    )
    assert [turn.text for turn in acting_of(seen[0]).said] == ["first", "note\na"]


async def test_streamed_it_is_the_same(runtime, scripted, call):
    note, taken = notes()
    agent = scripted(
        guard([note], runtime, contracts={"note": NOTED}), [call("note", {"text": "a"})]
    )
    done = Runner.run_streamed(agent, "hello")
    names = [
        each.name async for each in done.stream_events() if each.type == "run_item_stream_event"
    ]
    assert names == ["tool_called", "tool_output", "message_output_created"]
    assert (done.final_output, taken) == ("done", ["a"])


@pytest.fixture
def _loop_of_the_sdk():
    """`run_sync` leaves its event loop open, for the next run."""
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("_loop_of_the_sdk")
def test_a_program_that_is_not_async_is_the_same(scripted, call, told):
    note, taken = notes()
    with SyncRuntime.open() as runtime:
        agent = scripted(
            guard([note], runtime, contracts={"note": NOTED}), [call("note", {"text": "a"})]
        )
        assert told(Runner.run_sync(agent, "hello")) == ["noted a"]
    assert taken == ["a"]


async def test_nothing_of_the_hosts_trace_is_lost(runtime, scripted, call, heard):
    @function_tool
    async def note(text: str) -> str:
        """Write it down."""
        with custom_span("inside"):
            return text

    agent = scripted(
        guard([note], runtime, contracts={"note": NOTED}), [call("note", {"text": "a"})]
    )
    with trace("work", group_id="ticket-17"):
        await Runner.run(agent, "hello")
    by_name = {getattr(each.span_data, "name", None): each for each in heard.spans}
    assert by_name["inside"].parent_id == by_name["note"].span_id
    assert (by_name["note"].span_data.input, by_name["note"].span_data.output) == (
        '{"text":"a"}',
        "a",
    )


async def test_the_sdks_tools_serve_our_own_agent(call):
    note, taken = notes()

    @function_tool
    def whose(context: RunContextWrapper[str], order: int) -> str:
        """Say whose."""
        return f"{context.context}: {order}"

    ours = tools([note, whose], contracts={"note": NOTED, "whose": NOTED})
    model = OwnModel(own_call("note", {"text": "a"}), own_call("whose", {"order": 1}), "Done.")
    async with Runtime.open(tools=ours) as runtime:
        await runtime.run(OwnAgent(name="clerk", model=model, tools=ours), "note a, order 1")
        outcome = await runtime.call("whose", {"order": 1})
    assert taken == ["a"]
    assert (outcome.status, "its host" in outcome.error.message) == ("failed", True)


async def test_what_a_server_of_the_agent_declares_is_accepted_first(runtime, scripted, call, told):
    command = {"command": sys.executable, "args": ["-m", "mcp_server_time", "--local-timezone=UTC"]}
    async with MCPServerStdio(command, name="clock") as server:
        made = [MCPUtil.to_function_tool(each, server, False) for each in await server.list_tools()]
        guarded = guard(made, runtime, contracts={"get_current_time": READ})
        asked = [call("get_current_time", {"timezone": "UTC"})]
        (refused,) = told(await Runner.run(scripted(guarded, asked), "What time is it in UTC?"))
        assert json.loads(refused)["code"] == "definition_changed"
        bob = Principal("bob", authenticated=True)
        await runtime.definitions.accept("get_current_time", by=bob)
        (answer,) = told(await Runner.run(scripted(guarded, asked), "What time is it in UTC?"))
    assert "+00:00" in str(answer)


async def test_what_the_user_said_and_earlier_results_ground_a_call(
    grounded, runtime, scripted, call, told
):
    @function_tool
    def find(name: str) -> list[int]:
        """Find orders."""
        return [4711] if name == "Ann" else []

    taken = []

    @function_tool
    def ship(order: int) -> str:
        """Ship an order."""
        taken.append(order)
        return "shipped"

    contracts = {"find": READ, "ship": NOTED}
    guarded = guard([find, ship], runtime, contracts=contracts)
    agent = scripted(
        guarded,
        [call("ship", {"order": 4712})],
        [call("find", {"name": "Ann"}, "c2")],
        [call("ship", {"order": 4711}, "c3")],
    )
    config = RunConfig(group_id="ticket-17")
    refused, found, shipped = told(await Runner.run(agent, "Ship Ann's order", run_config=config))
    assert (json.loads(refused)["code"], found, shipped) == ("ungrounded", [4711], "shipped")
    assert taken == [4711]


@pytest.mark.nightly
def test_importing_it_loads_no_room_of_the_road():
    here = "highroad.frameworks.openai_agents"
    code = f"import sys, {here}; print('highroad.domain.error' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
