"""What a host may do with its run while guarded tools are in it, as it did before."""

import asyncio
import json

import pytest
from agents import (
    MaxTurnsExceeded,
    RunConfig,
    Runner,
    RunState,
    SQLiteSession,
    StopAtTools,
    ToolsToFinalOutputResult,
    WebSearchTool,
    function_tool,
)
from agents.tool_context import ToolContext as HostContext

from highroad import ToolContext, tool
from highroad.frameworks.openai_agents import guard, internals, pausing

READ = {"tier": "read"}
NOTED = {"tier": "reversible"}
CONTRACTS = {"look": READ, "note": NOTED}


class Shop:
    """The tools of an agent, and what they did."""

    def __init__(self):
        self.done = []
        self.begun = asyncio.Event()
        self.tools = [function_tool(each) for each in (self.look, self.note, self.pay)]

    def look(self, order: int) -> str:
        """Look at an order."""
        return f"order {order}"

    def note(self, text: str) -> str:
        """Write something down."""
        self.done.append(text)
        return f"noted {text}"

    def pay(self, cents: int) -> str:
        """Pay somebody."""
        self.done.append(cents)
        return f"paid {cents}"


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def endless():
    """A tool that never ends by itself, and what says that it has begun."""
    begun = asyncio.Event()

    @function_tool
    async def wait(text: str) -> str:
        """Wait for ever."""
        begun.set()
        await asyncio.Event().wait()
        return text

    return wait, begun


def ends(calls):
    return [(each["tool"], each["status"]) for each in calls]


async def decide(runtime, bob):
    for each in await runtime.approvals.list():
        await runtime.approvals.approve(each.id, by=bob, reason="seen")


async def resumed(agent, done):
    state = await RunState.from_string(agent, done.to_state().to_string())
    for each in state.get_interruptions():
        state.approve(each)
    return await Runner.run(agent, state)


async def test_a_run_that_is_out_of_turns_leaves_whole_calls(
    runtime, scripted, call, on_record, shop
):
    agent = scripted(
        guard(shop.tools, runtime, contracts=CONTRACTS),
        [call("note", {"text": "a"})],
        [call("note", {"text": "b"}, "c2"), call("pay", {"cents": 1}, "c3")],
        [call("note", {"text": "c"}, "c4")],
    )
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent, "hello", max_turns=1)
    assert ends(await on_record(runtime)) == [("note", "completed")]
    assert shop.done == ["a"]


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("contract", "end"), [(READ, "cancelled"), (NOTED, "unknown")])
async def test_a_host_that_is_cancelled_while_a_tool_runs_has_its_end_on_record(
    runtime, scripted, call, on_record, endless, contract, end
):
    waiting, begun = endless
    guarded = guard([waiting], runtime, contracts={"wait": contract})
    agent = scripted(guarded, [call("wait", {"text": "a"})])
    running = asyncio.create_task(Runner.run(agent, "hello"))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ends(await on_record(runtime)) == [("wait", end)]


@pytest.mark.promise("P4")
async def test_a_host_that_is_cancelled_beside_a_call_that_is_held_leaves_it_to_people(
    runtime, scripted, call, on_record, shop, endless, bob, monkeypatch
):
    waiting, begun = endless
    held = asyncio.Event()

    def wait_behind(*given):
        internals.wait_behind(*given)
        held.set()

    monkeypatch.setattr(pausing, "wait_behind", wait_behind)
    guarded = guard([*shop.tools, waiting], runtime, contracts={**CONTRACTS, "wait": READ})
    agent = scripted(guarded, [call("pay", {"cents": 6}), call("wait", {"text": "a"}, "c2")])
    running = asyncio.create_task(Runner.run(agent, "hello", run_config=RunConfig(group_id="t")))
    await begun.wait()
    await held.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await decide(runtime, bob)
    again = scripted(guarded, [call("pay", {"cents": 6})])
    await Runner.run(again, "hello", run_config=RunConfig(group_id="t"))
    assert shop.done == [6]
    assert min(ends(await on_record(runtime))) == ("pay", "completed")


@pytest.mark.promise("P11")
async def test_a_stream_that_is_cancelled_at_once_calls_the_call_off(
    runtime, scripted, call, on_record, endless
):
    waiting, begun = endless
    guarded = guard([waiting], runtime, contracts={"wait": READ})
    running = Runner.run_streamed(scripted(guarded, [call("wait", {"text": "a"})]), "hello")
    follower = asyncio.create_task(anext(aiter(running.stream_events())))
    await begun.wait()
    running.cancel()
    await asyncio.gather(follower, running.run_loop_task, return_exceptions=True)
    (kept,) = await on_record(runtime)  # the SDK does not wait for its end
    assert (await runtime.wait(kept["id"])).status == "cancelled"


async def test_a_stream_that_is_cancelled_after_its_turn_has_the_turn_whole(
    runtime, scripted, call, on_record, shop
):
    guarded = guard(shop.tools, runtime, contracts=CONTRACTS)
    agent = scripted(guarded, [call("note", {"text": "a"})], [call("note", {"text": "b"}, "c2")])
    running = Runner.run_streamed(agent, "hello")
    async for event in running.stream_events():
        if event.type == "run_item_stream_event":
            running.cancel(mode="after_turn")
    assert ends(await on_record(runtime)) == [("note", "completed")]
    assert shop.done == ["a"]


async def test_events_of_a_stream_are_those_of_the_same_tools_without_a_guard(
    runtime, scripted, call, shop
):
    async def events(tools):
        asked = [call("look", {"order": 7}), call("note", {"text": "a"}, "c2")]
        running = Runner.run_streamed(scripted(tools, asked), "hello")
        return [
            (each.type, getattr(each, "name", None), getattr(each.item, "output", None))
            async for each in running.stream_events()
            if each.type == "run_item_stream_event"
        ]

    assert await events(guard(shop.tools, runtime, contracts=CONTRACTS)) == await events(shop.tools)


async def test_spans_of_a_run_are_those_of_the_same_tools_without_a_guard(
    runtime, scripted, call, shop, heard
):
    async def spans(tools):
        heard.spans.clear()
        await Runner.run(scripted(tools, [call("look", {"order": 7})]), "hello")
        return [
            (each.span_data.type, getattr(each.span_data, "output", None)) for each in heard.spans
        ]

    assert await spans(guard(shop.tools, runtime, contracts=CONTRACTS)) == await spans(shop.tools)


@pytest.mark.promise("P5")
async def test_of_three_calls_at_once_one_is_done_one_refused_and_one_held(
    runtime, scripted, call, told, on_record, shop, bob
):
    agent = scripted(
        guard(shop.tools, runtime, contracts=CONTRACTS),
        [
            call("note", {"text": "a"}, "c1"),
            call("note", {"txt": "a"}, "c2"),
            call("pay", {"cents": 6}, "c3"),
        ],
    )
    done = await Runner.run(agent, "hello")
    (waits,) = done.interruptions
    assert (waits.tool_name, shop.done) == ("pay", ["a"])
    await decide(runtime, bob)
    done = await resumed(agent, done)
    refused = [each for each in told(done) if each.startswith("{")]
    assert json.loads(refused[0])["code"] == "invalid_arguments"
    assert sorted(set(told(done)) - set(refused)) == ["noted a", "paid 6"]
    assert shop.done == ["a", 6]
    assert sorted(ends(await on_record(runtime))) == [
        ("note", "completed"),
        ("note", "refused"),
        ("pay", "completed"),
    ]


@pytest.mark.promise("P5")
async def test_the_hosts_words_for_failures_are_not_asked(runtime, scripted, call, told):
    asked = []

    def words(_, error):
        asked.append(error)
        return "all is well"

    def broken(text: str) -> str:
        """Break."""
        raise RuntimeError(text)

    made = function_tool(broken, failure_error_function=words)
    agent = scripted(
        guard([made], runtime, contracts={"broken": READ}), [call("broken", {"text": "a"})]
    )
    (answer,) = told(await Runner.run(agent, "hello"))
    assert (json.loads(answer)["code"], asked) == ("execution_error", [])


@pytest.mark.parametrize(
    ("behaviour", "final"),
    [
        ("stop_on_first_tool", "noted a"),
        (StopAtTools(stop_at_tool_names=["note"]), "noted a"),
        (StopAtTools(stop_at_tool_names=["pay"]), "done"),
        (
            lambda _, results: ToolsToFinalOutputResult(
                is_final_output=True, final_output="; ".join(each.output for each in results)
            ),
            "noted a",
        ),
    ],
)
async def test_what_the_run_ends_with_is_what_the_host_says(
    runtime, scripted, call, shop, behaviour, final
):
    agent = scripted(
        guard(shop.tools, runtime, contracts=CONTRACTS),
        [call("note", {"text": "a"})],
        tool_use_behavior=behaviour,
    )
    assert (await Runner.run(agent, "hello")).final_output == final


async def test_a_run_that_ends_with_its_first_tool_waits_for_one_that_is_held(
    runtime, scripted, call, shop, bob
):
    agent = scripted(
        guard(shop.tools, runtime),
        [call("pay", {"cents": 6})],
        tool_use_behavior="stop_on_first_tool",
    )
    done = await Runner.run(agent, "hello")
    assert (done.final_output, len(done.interruptions)) == (None, 1)
    await decide(runtime, bob)
    assert (await resumed(agent, done)).final_output == "paid 6"


async def test_an_agent_that_a_run_is_handed_to_has_its_own_guarded_tools(
    runtime, scripted, call, told, on_record, shop, bob
):
    inner = scripted(
        guard(shop.tools, runtime, contracts=CONTRACTS),
        [call("look", {"order": 7}, "i1"), call("pay", {"cents": 6}, "i2")],
    )
    outer = scripted([], [call("transfer_to_clerk", {}, "h1")], handoffs=[inner])
    outer.name = "porter"
    done = await Runner.run(outer, "hello", run_config=RunConfig(group_id="t"))
    assert len(done.interruptions) == 1
    await decide(runtime, bob)
    done = await resumed(outer, done)
    assert (done.last_agent.name, done.final_output, shop.done) == ("clerk", "done", [6])
    kept = await on_record(runtime)
    assert (ends(kept), len({each["run_id"] for each in kept})) == (
        [("look", "completed"), ("pay", "completed")],
        1,
    )


async def test_a_session_keeps_what_was_told_and_goes_on_behind_a_hold(
    runtime, scripted, call, shop, bob
):
    agent = scripted(guard(shop.tools, runtime), [call("pay", {"cents": 6})])
    session = SQLiteSession("s1")
    try:
        done = await Runner.run(agent, "hello", session=session)
        await decide(runtime, bob)
        state = await RunState.from_string(agent, done.to_state().to_string())
        state.approve(state.get_interruptions()[0])
        done = await Runner.run(agent, state, session=session)
        kept = await session.get_items()
    finally:
        session.close()
    outputs = [each["output"] for each in kept if each.get("type") == "function_call_output"]
    assert (outputs, done.final_output, shop.done) == (["paid 6"], "done", [6])


async def test_hosted_tools_stand_beside_guarded_ones(runtime, scripted, call, told, shop):
    guarded = guard(shop.tools, runtime, contracts=CONTRACTS)
    agent = scripted([*guarded, WebSearchTool()], [call("look", {"order": 7})])
    assert told(await Runner.run(agent, "hello")) == ["order 7"]


async def test_a_call_whose_result_comes_later_interrupts_nothing(runtime, scripted, call, told):
    @tool(tier="reversible")
    async def later(order: int, context: ToolContext) -> str:
        """Answer later."""
        context.defer(expires_s=60)

    agent = scripted(guard([later], runtime), [call("later", {"order": 7})])
    done = await Runner.run(agent, "hello")
    (answer,) = told(done)
    assert (json.loads(answer)["code"], done.interruptions) == ("deferred", [])


async def test_what_has_no_json_form_becomes_its_text(runtime, scripted, call, told):
    class Odd:
        def __str__(self):
            return "odd"

    @function_tool
    def odd(order: int) -> object:
        """Give something odd."""
        return Odd()

    agent = scripted(guard([odd], runtime, contracts={"odd": READ}), [call("odd", {"order": 7})])
    assert told(await Runner.run(agent, "hello")) == ["odd"]


async def test_the_arguments_in_the_context_stay_what_the_model_wrote(runtime, scripted, call, bob):
    seen = []

    @function_tool
    def pay(context: HostContext, cents: int) -> str:
        """Pay somebody."""
        seen.append((json.loads(context.tool_arguments), cents))
        return "paid"

    agent = scripted(guard([pay], runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    (approval,) = await runtime.approvals.list()
    await runtime.approvals.edit(approval.id, {"cents": 6}, by=bob, reason="a slip")
    await resumed(agent, done)
    assert seen == [({"cents": 600}, 6)]
