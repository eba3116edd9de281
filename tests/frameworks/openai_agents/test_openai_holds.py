"""A hold becomes an interruption of the SDK's run, which goes on when people have decided."""

import asyncio
import json

import pytest
from agents import Runner, RunState, function_tool

from highroad.frameworks.openai_agents import approval_id, guard

READ = {"tier": "read"}


@pytest.fixture
def till():
    """A tool that people are asked about, one that they are not, and what was paid."""
    paid = []

    @function_tool
    def pay(cents: int) -> str:
        """Pay somebody."""
        paid.append(cents)
        return f"paid {cents}"

    @function_tool
    def look(order: int) -> str:
        """Look at an order."""
        paid.append(f"looked at {order}")
        return f"order {order}"

    return [pay, look], paid


async def decide(runtime, by, *, approve=True):
    for each in await runtime.approvals.list():
        if approve:
            await runtime.approvals.approve(each.id, by=by, reason="seen")
        else:
            await runtime.approvals.reject(each.id, by=by, reason="too much")


async def resumed(agent, saved, *, reject=None):
    """Read a run from its JSON, as another process does, and go on with it."""
    state = await RunState.from_string(agent, saved)
    for each in state.get_interruptions():
        if reject is None:
            state.approve(each)
        else:
            state.reject(each, rejection_message=reject)
    return await Runner.run(agent, state)


@pytest.mark.promise("P4")
async def test_a_held_call_interrupts_the_run_and_runs_once_it_is_approved(
    runtime, scripted, call, told, on_record, till, bob
):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    (waits,) = done.interruptions
    (approval,) = await runtime.approvals.list()
    assert (waits.tool_name, waits.raw_item.arguments) == ("pay", '{"cents":600}')
    assert (approval_id(waits), done.final_output, paid) == (approval.id, None, [])
    await decide(runtime, bob)
    assert paid == []
    done = await resumed(agent, done.to_state().to_string())
    assert (told(done), done.final_output, paid) == (["paid 600"], "done", [600])
    (kept,) = await on_record(runtime)
    assert (kept["id"], kept["status"]) == (waits.raw_item.call_id, "completed")


async def test_in_the_same_process_without_json_it_is_the_same(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    await decide(runtime, bob)
    state = done.to_state()
    state.approve(done.interruptions[0])
    done = await Runner.run(agent, state)
    assert (told(done), paid) == (["paid 600"], [600])


async def test_streamed_it_is_the_same(runtime, scripted, call, till, bob):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = Runner.run_streamed(agent, "Pay 600")
    names = [
        each.name async for each in done.stream_events() if each.type == "run_item_stream_event"
    ]
    assert "tool_output" not in names
    await decide(runtime, bob)
    state = done.to_state()
    state.approve(done.interruptions[0])
    done = Runner.run_streamed(agent, state)
    names = [
        each.name async for each in done.stream_events() if each.type == "run_item_stream_event"
    ]
    assert (names.count("tool_output"), done.final_output, paid) == (1, "done", [600])


@pytest.mark.promise("P4")
async def test_the_hosts_approval_is_none(runtime, scripted, call, told, till, bob):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    waits = done.interruptions[0].raw_item
    for _ in range(2):
        done = await resumed(agent, done.to_state().to_string())
        assert ([each.raw_item.id for each in done.interruptions], paid) == ([waits.id], [])
    await decide(runtime, bob)
    done = await resumed(agent, done.to_state().to_string())
    assert (told(done), paid) == (["paid 600"], [600])


async def test_resumed_without_a_word_it_waits_as_before(runtime, scripted, call, told, till, bob):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    await decide(runtime, bob)
    (waits,) = done.interruptions
    state = await RunState.from_string(agent, done.to_state().to_string())
    done = await Runner.run(agent, state)
    assert ([approval_id(each) for each in done.interruptions], paid) == ([approval_id(waits)], [])
    done = await resumed(agent, done.to_state().to_string())
    assert (told(done), paid) == (["paid 600"], [600])


@pytest.mark.promise("P5")
async def test_rejected_on_the_desk_the_model_is_told(runtime, scripted, call, told, till, bob):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    await decide(runtime, bob, approve=False)
    done = await resumed(agent, done.to_state().to_string())
    assert (json.loads(told(done)[0])["code"], done.final_output, paid) == ("rejected", "done", [])


async def test_rejected_by_the_host_it_is_called_off(
    runtime, scripted, call, told, on_record, till, bob
):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    done = await resumed(agent, done.to_state().to_string(), reject="not today")
    assert (told(done), done.interruptions, paid) == (["not today"], [], [])
    assert not await runtime.approvals.list()
    (kept,) = await on_record(runtime)
    assert kept["status"] == "cancelled"


async def test_rejected_by_the_host_behind_its_end_the_model_is_told_the_truth(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    saved = done.to_state().to_string()
    await decide(runtime, bob)
    await resumed(agent, saved)
    done = await resumed(agent, saved, reject="not today")
    assert (told(done), paid) == (["paid 600"], [600])


@pytest.mark.promise("P4")
async def test_what_the_road_would_refuse_interrupts_nobody(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    agent = scripted(
        guard(given, runtime), [call("pay", '{"cents": '), call("pay", {"cents": "many"}, "c2")]
    )
    done = await Runner.run(agent, "Pay 600")
    assert (done.interruptions, paid) == ([], [])
    assert [json.loads(each)["code"] for each in told(done)] == ["invalid_arguments"] * 2


async def test_an_edited_call_runs_as_people_left_it(runtime, scripted, call, told, till, bob):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    (approval,) = await runtime.approvals.list()
    await runtime.approvals.edit(approval.id, {"cents": 6}, by=bob, reason="a slip")
    done = await resumed(agent, done.to_state().to_string())
    answer = json.loads(told(done)[0])
    assert (paid, answer["result"], len(answer["warnings"])) == ([6], "paid 6", 1)


@pytest.mark.promise("P11")
async def test_a_state_that_is_resumed_twice_or_twice_at_once_pays_once(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    saved = (await Runner.run(agent, "Pay 600")).to_state().to_string()
    await decide(runtime, bob)
    both = await asyncio.gather(resumed(agent, saved), resumed(agent, saved))
    third = await resumed(agent, saved)
    assert [told(each) for each in (*both, third)] == [["paid 600"]] * 3
    assert paid == [600]


@pytest.mark.promise("P11")
async def test_of_parallel_calls_those_that_are_not_held_run_once(
    runtime, scripted, call, told, on_record, till, bob
):
    given, paid = till
    agent = scripted(
        guard(given, runtime, contracts={"look": READ}),
        [
            call("pay", {"cents": 1}, "c1"),
            call("look", {"order": 7}, "c2"),
            call("pay", {"cents": 2}, "c3"),
        ],
    )
    done = await Runner.run(agent, "Pay")
    assert (len(done.interruptions), paid) == (2, ["looked at 7"])
    first = done.interruptions[0].raw_item.id
    await runtime.approvals.approve(first, by=bob, reason="seen")
    done = await resumed(agent, done.to_state().to_string())
    assert (len(done.interruptions), paid) == (1, ["looked at 7", 1])
    await decide(runtime, bob)
    done = await resumed(agent, done.to_state().to_string())
    assert (paid, done.final_output) == (["looked at 7", 1, 2], "done")
    assert sorted(told(done)) == ["order 7", "paid 1", "paid 2"]
    assert [each["status"] for each in await on_record(runtime)] == ["completed"] * 3


async def test_the_hosts_own_approval_comes_first_where_its_tool_wants_one(
    runtime, scripted, call, told, on_record, till, bob
):
    given, paid = till
    given[0].needs_approval = True
    agent = scripted(guard(given, runtime), [call("pay", {"cents": 600})])
    done = await Runner.run(agent, "Pay 600")
    assert await on_record(runtime) == []
    assert approval_id(done.interruptions[0]) is None
    done = await resumed(agent, done.to_state().to_string())
    assert (len(await on_record(runtime)), len(done.interruptions), paid) == (1, 1, [])
    await decide(runtime, bob)
    done = await resumed(agent, done.to_state().to_string())
    assert (told(done), paid) == (["paid 600"], [600])


async def test_an_agent_that_is_a_tool_is_interrupted_as_the_sdk_does_it(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    inner = scripted(guard(given, runtime), [call("pay", {"cents": 600}, "i1")])
    outer = scripted([inner.as_tool("cashier", "Pays.")], [call("cashier", {"input": "Pay 600"})])
    done = await Runner.run(outer, "Pay 600")
    (waits,) = done.interruptions
    (approval,) = await runtime.approvals.list()
    assert (approval_id(waits), paid) == (approval.id, [])
    await decide(runtime, bob)
    done = await resumed(outer, done.to_state().to_string())
    assert (done.final_output, told(done), paid) == ("done", ["done"], [600])


async def test_of_two_that_wait_the_one_without_a_word_waits_on(
    runtime, scripted, call, told, till, bob
):
    given, paid = till
    agent = scripted(
        guard(given, runtime), [call("pay", {"cents": 1}, "c1"), call("pay", {"cents": 2}, "c2")]
    )
    done = await Runner.run(agent, "Pay")
    await decide(runtime, bob)
    state = await RunState.from_string(agent, done.to_state().to_string())
    state.approve(state.get_interruptions()[0])
    done = await Runner.run(agent, state)
    assert (len(done.interruptions), paid) == (1, [1])
    done = await resumed(agent, done.to_state().to_string())
    assert (done.final_output, paid) == ("done", [1, 2])
