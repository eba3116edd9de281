"""Calls of Pydantic AI's agents that wait: the host's own pause, and how it goes on."""

import pytest
from pydantic_ai import (
    Agent,
    DeferredToolResults,
    RunContext,
    Tool,
    ToolApproved,
    ToolDenied,
)
from pydantic_ai.exceptions import ApprovalRequired
from pydantic_ai.messages import ModelMessagesTypeAdapter, TextPart
from pydantic_ai.models.function import DeltaToolCall, FunctionModel
from pydantic_ai.toolsets import FunctionToolset
from tests.frameworks.pydantic_ai.scripted import (
    BOB,
    PAUSES,
    approved,
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


@pytest.mark.promise("P4")
async def test_a_hold_is_the_pause_of_the_host_and_goes_on_once_it_is_decided(runtime, disk):
    agent = Agent(
        script([call("delete", {"path": "a"})]),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )
    paused = await agent.run("delete a")
    waits = held(paused)
    assert waits["reason"] == "approval"
    assert [each.tool_call_id for each in paused.output.approvals] == ["c1"]

    early = await resumed(agent, paused)
    assert held(early) == waits
    assert disk.deleted == []

    await runtime.approvals.approve(waits["approval_id"], by=BOB)
    done = await resumed(agent, paused)
    assert done.output == "done"
    assert returns(done)["c1"].content == {"result": "deleted a", "call_id": waits["call_id"]}
    again = await resumed(agent, paused)
    assert returns(again)["c1"].content["repeated"] is True
    assert disk.deleted == ["a"]


async def test_a_rejection_is_told_to_the_model(runtime, disk):
    agent = Agent(
        script([call("delete", {"path": "a"})]),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )
    paused = await agent.run("delete a")
    await runtime.approvals.reject(held(paused)["approval_id"], by=BOB, reason="keep it")
    told = failure(returns(await resumed(agent, paused))["c1"])
    assert told["call_id"] == held(paused)["call_id"]
    assert disk.deleted == []


async def test_what_the_host_denies_is_called_off(runtime, disk):
    agent = Agent(
        script([call("delete", {"path": "a"})]),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )
    paused = await agent.run("delete a")
    waits = held(paused)
    denied = DeferredToolResults(approvals={"c1": ToolDenied("not today")})
    done = await resumed(agent, paused, denied)
    assert returns(done)["c1"].outcome == "denied"
    assert (await runtime.audit.explain(waits["call_id"])).status == "cancelled"
    assert await runtime.approvals.list() == []


@pytest.mark.promise("P4")
@pytest.mark.parametrize("is_toolset", [False, True])
async def test_what_the_host_denies_after_a_restart_is_called_off_and_nothing_else(
    disk, is_toolset
):
    def archive(path: str) -> str:
        return f"archived {path}"

    def agent(runtime):
        tools = [disk.delete, archive]
        return Agent(
            script(
                [
                    call("delete", {"path": "a"}),
                    call("archive", {"path": "a"}, "c2"),
                    call("delete", {"path": "b"}, "c3"),
                    call("keep", {"path": "b"}, "c4"),
                ]
            ),
            tools=[] if is_toolset else guard(tools, runtime),
            toolsets=[guard(FunctionToolset(tools), runtime)] if is_toolset else [],
            output_type=PAUSES,
        )

    async with Runtime.open() as runtime:
        host = agent(runtime)
        host.tool_plain(requires_approval=True)(keep)
        paused = await host.run("delete a")
        saved = ModelMessagesTypeAdapter.dump_json(paused.all_messages())
    async with Runtime.open() as runtime:
        host = agent(runtime)
        host.tool_plain(requires_approval=True)(keep)
        answers = DeferredToolResults(
            approvals={"c1": False, "c2": True, "c3": True, "c4": ToolDenied("not today")}
        )
        again = await host.run(
            message_history=ModelMessagesTypeAdapter.validate_json(saved),
            deferred_tool_results=answers,
        )
        assert sorted(again.output.metadata) == ["c2", "c3"]
        # The host goes on once the others are decided, and asks its model only then.
        for each in ("c2", "c3"):
            await runtime.approvals.approve(held(again, each)["approval_id"], by=BOB)
        done = await resumed(host, again, approved("c2", "c3"))
        assert done.output == "done"
        ends = {each.call_id: each.status for each in await on_record(runtime)}
        assert ends.pop(held(paused, "c1")["call_id"]) == "cancelled"
        assert list(ends.values()) == ["completed", "completed"]
        assert await runtime.approvals.list() == []
    assert disk.deleted == ["b"]


def keep(path: str) -> str:
    """Keep a file."""
    return f"kept {path}"


async def test_a_denial_of_what_has_gone_on_meanwhile_changes_nothing(disk, caplog):
    def agent(runtime):
        return Agent(
            script([call("delete", {"path": "a"})]),
            tools=guard([disk.delete], runtime),
            output_type=PAUSES,
        )

    async with Runtime.open() as runtime:
        paused = await agent(runtime).run("delete a")
        await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
        await resumed(agent(runtime), paused)
    async with Runtime.open() as runtime:
        denied = DeferredToolResults(approvals={"c1": False})
        done = await resumed(agent(runtime), paused, denied)
        assert done.output == "done"
        assert [each.status for each in await on_record(runtime)] == ["completed"]
    assert disk.deleted == ["a"]


async def test_arguments_that_the_host_edits_are_another_call(runtime, disk):
    agent = Agent(
        script([call("delete", {"path": "a"})]),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )
    paused = await agent.run("delete a")
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    edit = DeferredToolResults(approvals={"c1": ToolApproved(override_args={"path": "b"})})
    other = await resumed(agent, paused, edit)
    assert held(other)["call_id"] != held(paused)["call_id"]
    assert disk.deleted == []


async def test_an_agent_that_cannot_pause_is_told_and_gets_the_result_when_it_asks_again(
    runtime, disk
):
    agent = Agent(
        script(
            [call("delete", {"path": "a"})],
            [TextPart("it waits")],
            [call("delete", {"path": "a"}, "c2")],
        ),
        tools=guard([disk.delete], runtime),
    )
    first = await agent.run("delete a")
    told = returns(first)["c1"]
    assert told.outcome == "success"
    assert told.content["code"] == "confirmation_required"
    await runtime.approvals.approve(told.content["approval_id"], by=BOB)
    second = await agent.run("and now?", message_history=first.all_messages())
    assert returns(second)["c2"].content == {
        "result": "deleted a",
        "call_id": told.content["call_id"],
    }
    assert disk.deleted == ["a"]


async def test_of_calls_together_one_is_held_and_the_others_are_done(runtime, disk):
    def look(path: str) -> str:
        return f"saw {path}"

    agent = Agent(
        script([call("look", {"path": "x"}), call("delete", {"path": "a"}, "c2")]),
        tools=guard([look, disk.delete], runtime, contracts={"look": {"tier": "read"}}),
        output_type=PAUSES,
    )
    paused = await agent.run("both")
    assert returns(paused)["c1"].content["result"] == "saw x"
    await runtime.approvals.approve(held(paused, "c2")["approval_id"], by=BOB)
    done = await resumed(agent, paused, approved("c2"))
    assert returns(done)["c2"].content["result"] == "deleted a"


async def test_the_events_of_a_streamed_run_tell_of_a_hold_and_a_result(runtime, disk):
    async def stream(messages, info):
        if len(messages) == 1:
            yield {0: DeltaToolCall("delete", '{"path": ', tool_call_id="c1")}
            yield {0: DeltaToolCall(json_args='"a"}')}
        else:
            yield "done"

    agent = Agent(
        FunctionModel(stream_function=stream),
        tools=guard([disk.delete], runtime),
        output_type=PAUSES,
    )
    async with agent.run_stream("delete a") as streamed:
        requests = await streamed.get_output()
    await runtime.approvals.approve(requests.metadata["c1"]["approval_id"], by=BOB)
    async with agent.run_stream_events(
        message_history=streamed.all_messages(), deferred_tool_results=approved()
    ) as events:
        kinds = [event.event_kind async for event in events]
    assert "function_tool_result" in kinds
    assert disk.deleted == ["a"]


async def test_a_tool_that_its_author_wants_approved_is_asked_about_on_the_road_alone(
    runtime, disk
):
    agent = Agent(
        script([call("delete", {"path": "a"})]),
        tools=guard(
            [Tool(disk.delete, requires_approval=True)],
            runtime,
            contracts={"delete": {"tier": "reversible"}},
        ),
        output_type=PAUSES,
    )
    paused = await agent.run("delete a")
    await runtime.approvals.approve(held(paused)["approval_id"], by=BOB)
    await resumed(agent, paused)
    assert disk.deleted == ["a"]


async def test_a_tool_that_raises_for_approval_pauses_its_host_and_runs_when_that_agrees(runtime):
    deleted = []

    def delete(ctx: RunContext, path: str) -> str:
        if path == ".env" and not ctx.tool_call_approved:
            raise ApprovalRequired(metadata={"reason": "protected"})
        deleted.append(path)
        return "deleted"

    agent = Agent(
        script([call("delete", {"path": ".env"})]),
        tools=guard([delete], runtime, contracts={"delete": {"tier": "reversible"}}),
        output_type=PAUSES,
    )
    paused = await agent.run("delete")
    assert held(paused) == {"reason": "protected"}
    assert deleted == []
    assert returns(await resumed(agent, paused))["c1"].content["result"] == "deleted"
    assert deleted == [".env"]


async def test_a_tool_that_asks_its_host_for_approval_has_it_from_those_who_agreed_on_the_road(
    runtime,
):
    deleted = []

    def delete(ctx: RunContext, path: str) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        deleted.append(path)
        return "deleted"

    agent = Agent(
        script(
            [call("delete", {"path": "a"})],
            [TextPart("it waits")],
            [call("delete", {"path": "a"}, "c2")],
        ),
        tools=guard([delete], runtime),
    )
    first = await agent.run("delete a")
    await runtime.approvals.approve(returns(first)["c1"].content["approval_id"], by=BOB)
    second = await agent.run("and now?", message_history=first.all_messages())
    assert returns(second)["c2"].content["result"] == "deleted"
    assert deleted == ["a"]
