"""The loop of Pydantic AI around guarded tools: what it counts, tells, orders and ends."""

import asyncio
from dataclasses import dataclass

import pytest
from pydantic import BaseModel
from pydantic_ai import (
    Agent,
    DeferredToolResults,
    RunContext,
    Tool,
    UsageLimitExceeded,
    UsageLimits,
)
from pydantic_ai.exceptions import CallDeferred, UnexpectedModelBehavior
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import CombinedToolset, FunctionToolset
from tests.frameworks.pydantic_ai.scripted import (
    BOB,
    PAUSES,
    call,
    failure,
    held,
    on_record,
    resumed,
    returns,
    script,
)

from highroad import Runtime
from highroad.frameworks.pydantic_ai import guard

READ = {"tier": "read"}


def look(path: str) -> str:
    """Look at a file."""
    return f"saw {path}"


def guarded(runtime, *tools, **contracts):
    """Tools on the road, where nothing else is said as reads."""
    return guard(tools, runtime, contracts={"look": READ, **contracts})


# -- what it counts --------------------------------------------------------------------------


async def test_the_host_counts_calls_that_completed_and_no_others(runtime, disk):
    async def count(*turns, conversation):
        agent = Agent(script(*turns), tools=guarded(runtime, look, disk.delete), output_type=PAUSES)
        result = await agent.run("go", conversation_id=conversation)
        return result.usage.tool_calls

    assert await count([call("look", {"path": "a"})], conversation="done") == 1
    assert await count([call("look", "{")], conversation="refused") == 0
    assert await count([call("delete", {"path": "a"})], conversation="held") == 0
    easy = guard(
        [Tool(disk.delete, name="clear")], runtime, contracts={"clear": {"tier": "reversible"}}
    )
    twice = [call("clear", {"path": "a"})], [call("clear", {"path": "a"}, "c2")]
    result = await Agent(script(*twice), tools=easy).run("go")
    assert returns(result)["c2"].content["repeated"] is True
    assert result.usage.tool_calls == 2
    assert disk.deleted == ["a"]


async def test_calls_over_the_hosts_limit_are_not_made(runtime):
    agent = Agent(
        script([call("look", {"path": "a"}), call("look", {"path": "b"}, "c2")]),
        tools=guarded(runtime, look),
    )
    with pytest.raises(UsageLimitExceeded):
        await agent.run("go", usage_limits=UsageLimits(tool_calls_limit=1))
    assert await on_record(runtime) == []


async def test_a_guard_asks_the_model_no_more_often(runtime):
    agent = Agent(
        script([call("look", {"path": "a"})], [call("look", "{", "c2")], [call("see", {}, "c3")]),
        tools=guarded(runtime, look),
    )
    result = await agent.run("go", usage_limits=UsageLimits(request_limit=4))
    assert result.usage.requests == 4
    with pytest.raises(UsageLimitExceeded):
        await agent.run("go", usage_limits=UsageLimits(request_limit=3))


async def test_names_that_the_agent_does_not_have_take_of_the_hosts_retries_as_before(runtime):
    def agent(tools, *, times):
        turns = [[call("see", {}, f"c{at}")] for at in range(times)]
        return Agent(script(*turns), tools=tools, retries=2)

    made = guarded(runtime, look)
    for tools in ([look], made):
        assert (await agent(tools, times=2).run("go")).output == "done"
        with pytest.raises(UnexpectedModelBehavior, match="max retries"):
            await agent(tools, times=3).run("go")
    # The one that the host gives the run up with has no step behind it.
    assert [each.code for each in await on_record(runtime)] == ["unknown_tool"] * 4


# -- what it tells ---------------------------------------------------------------------------


def told(event):
    """What an event says of its part, beside what the road puts into results."""
    part = getattr(event, "part", None) or getattr(event, "result", None)
    return event.event_kind, getattr(part, "tool_call_id", None), getattr(event, "args_valid", None)


def streamed(*turns):
    """A model that streams its turns."""

    async def stream(messages, info):
        said = sum(isinstance(each, ModelResponse) for each in messages)
        if said == len(turns):
            yield "done"
            return
        for at, part in enumerate(turns[said]):
            yield {at: DeltaToolCall(part.tool_name, part.args, tool_call_id=part.tool_call_id)}

    return FunctionModel(stream_function=stream)


async def test_the_events_of_guarded_tools_are_those_of_unguarded_ones(runtime):
    turns = [call("look", {"path": "a"})], [call("see", {}, "c2")]
    seen = []
    for tools in ([look], guarded(runtime, look)):
        agent = Agent(streamed(*turns), tools=tools)
        async with agent.run_stream_events("go") as events:
            seen.append([told(event) async for event in events])
    assert seen[0] == seen[1]
    assert ("function_tool_call", "c1", True) in seen[0]


async def test_the_nodes_of_a_run_are_those_of_an_unguarded_one_also_one_by_one(runtime):
    seen = []
    for tools in ([look], guarded(runtime, look)):
        agent = Agent(script([call("look", {"path": "a"})]), tools=tools)
        names = []
        async with agent.iter("go") as run:
            node = run.next_node
            while not Agent.is_end_node(node):
                names.append(type(node).__name__)
                node = await run.next(node)
        seen.append(names)
    assert seen[0] == seen[1]
    assert [each.status for each in await on_record(runtime)] == ["completed"]


async def test_a_run_that_is_left_between_its_nodes_leaves_its_calls_ended(runtime):
    agent = Agent(script([call("look", {"path": "a"})]), tools=guarded(runtime, look))
    async with agent.iter("go") as run:
        async for node in run:
            if Agent.is_call_tools_node(node):
                break
    assert await on_record(runtime) == []


# -- in which order --------------------------------------------------------------------------


async def test_tools_that_the_host_runs_alone_do_not_overlap_on_the_road(runtime):
    line = []

    async def step(name: str) -> str:
        line.append(f"{name} begins")
        await asyncio.sleep(0.01)
        line.append(f"{name} ends")
        return name

    def agent(*, sequential):
        tool = Tool(step, sequential=sequential)
        made = guard([tool], runtime, contracts={"step": READ})
        return Agent(
            script([call("step", {"name": "a"}), call("step", {"name": "b"}, "c2")]), tools=made
        )

    await agent(sequential=True).run("go")
    assert line == ["a begins", "a ends", "b begins", "b ends"]
    line.clear()
    await agent(sequential=False).run("go")
    assert sorted(line[:2]) == ["a begins", "b begins"]


@pytest.mark.promise("P5")
async def test_of_calls_of_one_turn_one_is_held_one_done_one_refused_and_one_of_no_tool(
    runtime, disk
):
    agent = Agent(
        script(
            [
                call("delete", {"path": "a"}),
                call("look", {"path": "b"}, "c2"),
                call("look", "{", "c3"),
                call("see", {}, "c4"),
            ]
        ),
        tools=guarded(runtime, look, disk.delete),
        output_type=PAUSES,
    )
    paused = await agent.run("go")
    parts = returns(paused)
    assert list(paused.output.metadata) == ["c1"]
    assert parts["c2"].content["result"] == "saw b"
    assert failure(parts["c3"])["code"] == "invalid_arguments"
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    done = await resumed(agent, paused)
    assert returns(done)["c1"].content["result"] == "deleted a"
    ends = sorted((each.tool or "", each.status) for each in await on_record(runtime))
    assert ends == [
        ("", "refused"),
        ("delete", "completed"),
        ("look", "completed"),
        ("look", "refused"),
    ]


# -- how it ends -----------------------------------------------------------------------------


class Report(BaseModel):
    """What an agent comes to."""

    text: str


@pytest.mark.parametrize("end_strategy", ["early", "graceful", "exhaustive"])
async def test_calls_beside_the_final_output_are_made_as_the_host_says(runtime, end_strategy):
    ran = []

    def note(path: str) -> str:
        ran.append(path)
        return "noted"

    turn = [
        call("note", {"path": "a"}),
        call("final_result", {"text": "it is"}, "c2"),
        call("note", {"path": "b"}, "c3"),
    ]
    seen = []
    for tools in ([note], guard([note], runtime, contracts={"note": READ})):
        agent = Agent(script(turn), tools=tools, output_type=Report, end_strategy=end_strategy)
        assert (await agent.run("go")).output == Report(text="it is")
        seen.append(sorted(ran))
        ran.clear()
    assert seen[0] == seen[1]
    assert len(await on_record(runtime)) == len(seen[1]) == (0 if end_strategy == "early" else 2)


async def test_the_hosts_own_model_of_tests_calls_every_guarded_tool(runtime):
    agent = Agent(TestModel(), tools=guarded(runtime, look))
    result = await agent.run("go")
    assert '"result":"saw a"' in result.output
    assert [each.status for each in await on_record(runtime)] == ["completed"]


# -- what waits in the host ------------------------------------------------------------------


async def test_our_holds_stand_beside_what_the_host_itself_defers(runtime, disk):
    agent = Agent(
        script(
            [
                call("delete", {"path": "a"}),
                call("pay", {}, "c2"),
                call("compute", {}, "c3"),
            ]
        ),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )

    @agent.tool_plain(requires_approval=True)
    def pay() -> str:
        return "paid"

    @agent.tool_plain
    def compute() -> str:
        raise CallDeferred(metadata={"job": 7})

    paused = await agent.run("go")
    assert sorted(each.tool_call_id for each in paused.output.approvals) == ["c1", "c2"]
    assert [each.tool_call_id for each in paused.output.calls] == ["c3"]
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    answers = DeferredToolResults(approvals={"c1": True, "c2": True}, calls={"c3": 42})
    parts = returns(await resumed(agent, paused, answers))
    assert parts["c1"].content["result"] == "deleted a"
    assert (parts["c2"].content, parts["c3"].content) == ("paid", 42)


async def test_a_guarded_tool_that_leaves_its_result_to_the_host_pauses_it_and_ends_unknown(
    runtime,
):
    def compute() -> str:
        raise CallDeferred(metadata={"job": 7})

    agent = Agent(
        script([call("compute", {})]),
        tools=guard([compute], runtime, contracts={"compute": {"tier": "reversible"}}),
        output_type=PAUSES,
    )
    paused = await agent.run("go")
    assert held(paused) == {"job": 7}
    done = await resumed(agent, paused, DeferredToolResults(calls={"c1": 42}))
    assert returns(done)["c1"].content == 42
    assert [each.status for each in await on_record(runtime)] == ["unknown"]


@pytest.mark.parametrize("is_toolset", [False, True])
async def test_a_body_is_told_that_people_agreed_and_not_where_nobody_was_asked(
    runtime, is_toolset
):
    seen = []

    def delete(ctx: RunContext, path: str) -> str:
        seen.append(ctx.tool_call_approved)
        return "deleted"

    def clear(ctx: RunContext, path: str) -> str:
        seen.append(ctx.tool_call_approved)
        return "cleared"

    contracts = {"clear": {"tier": "reversible"}}
    tools = [delete, clear]
    made = (
        {"toolsets": [guard(FunctionToolset(tools), runtime, contracts=contracts)]}
        if is_toolset
        else {"tools": guard(tools, runtime, contracts=contracts)}
    )
    agent = Agent(
        script(
            [call("clear", {"path": "a"}), call("delete", {"path": "a"}, "c2")],
            [TextPart("it waits")],
            [call("delete", {"path": "a"}, "c3")],
        ),
        **made,
    )
    first = await agent.run("go")
    assert seen == [False]
    await runtime.approvals.approve(returns(first)["c2"].content["approval_id"], by=BOB)
    await agent.run("and now?", message_history=first.all_messages())
    assert seen == [False, True]


# -- what is put around tools ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("look", lambda own, on_road: on_road(own)),
        ("my_look", lambda own, on_road: on_road(own.prefixed("my"))),
        ("my_look", lambda own, on_road: on_road(own).prefixed("my")),
        ("see", lambda own, on_road: on_road(own.renamed({"see": "look"}))),
        ("look", lambda own, on_road: on_road(own.filtered(lambda _, tool: tool.name == "look"))),
        ("look", lambda own, on_road: on_road(CombinedToolset([own, FunctionToolset([keep])]))),
        ("look", lambda own, on_road: CombinedToolset([on_road(own), FunctionToolset([keep])])),
    ],
    ids=["itself", "prefixed", "prefixed around", "renamed", "filtered", "combined", "one of two"],
)
async def test_toolsets_of_every_kind_are_on_the_road_and_denials_are_heeded(runtime, name, around):
    toolset = around(FunctionToolset([look]), lambda own: guard(own, runtime))
    agent = Agent(script([call(name, {"path": "a"})]), toolsets=[toolset], output_type=PAUSES)
    paused = await agent.run("go")
    done = await resumed(agent, paused, DeferredToolResults(approvals={"c1": False}))
    assert done.output == "done"
    (record,) = await on_record(runtime)
    assert (record.call_id, record.status) == (held(paused)["call_id"], "cancelled")


def keep(path: str) -> str:
    """Keep a file."""
    return f"kept {path}"


async def test_a_toolset_that_asks_its_host_is_asked_about_on_the_road_alone(runtime, disk):
    own = FunctionToolset([disk.delete]).approval_required(lambda ctx, definition, args: True)
    agent = Agent(
        script([call("delete", {"path": "a"})]), toolsets=[guard(own, runtime)], output_type=PAUSES
    )
    paused = await agent.run("go")
    assert held(paused)["reason"] == "approval"
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    await resumed(agent, paused)
    assert disk.deleted == ["a"]


async def test_a_toolset_that_is_made_for_each_step_is_the_same_on_the_road(runtime, disk):
    agent = Agent(
        script([call("delete", {"path": "a"})], [call("delete", {"path": "a"}, "c2")]),
        output_type=PAUSES,
    )

    @agent.toolset
    def made(ctx):
        return guard(FunctionToolset([disk.delete]), runtime)

    paused = await agent.run("go")
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    done = await resumed(agent, paused)
    assert returns(done)["c2"].content["repeated"] is True
    assert disk.deleted == ["a"]
    assert len(runtime.tools) == 1


async def test_what_an_agent_has_for_a_while_is_on_the_road_for_as_long(runtime):
    @dataclass
    class Deps:
        name: str

    def whose(ctx: RunContext[Deps]) -> str:
        """Say whose."""
        return ctx.deps.name

    made = guard([whose], runtime, contracts={"whose": READ})
    agent = Agent(script([call("whose", {})]), deps_type=Deps)
    with agent.override(tools=made, deps=Deps("Ada")):
        result = await agent.run("go", deps=Deps("Bob"))
    assert returns(result)["c1"].content["result"] == "Ada"
    result = await agent.run("go", deps=Deps("Bob"))
    assert returns(result)["c1"].retry.cause == "unknown_tool"
    assert [each.status for each in await on_record(runtime)] == ["completed"]


async def test_a_tool_that_is_renamed_as_it_is_prepared_has_its_own_name_on_the_road(disk):
    async def renamed(ctx, definition):
        definition.name = "erase"
        return definition

    def agent(runtime):
        return Agent(
            script([call("erase", {"path": "a"})]),
            tools=guard([Tool(disk.delete, prepare=renamed)], runtime),
            output_type=PAUSES,
        )

    async with Runtime.open() as runtime:
        paused = await agent(runtime).run("go")
    async with Runtime.open() as runtime:
        answers = DeferredToolResults(approvals={"c1": False})
        assert (await resumed(agent(runtime), paused, answers)).output == "done"
        (record,) = await on_record(runtime)
    assert (record.tool, record.status) == ("delete", "cancelled")
