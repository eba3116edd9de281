"""Ways around the road that a program, or a saved run, might take under the OpenAI Agents SDK."""

import json

import pytest
from agents import RunConfig, Runner, RunState, function_tool

from highroad import Principal
from highroad.domain.error import DeclarationError
from highroad.frameworks.openai_agents import approval_id, guard

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
CAROL = Principal("carol", organization="other", authenticated=True)
READ = {"look": {"tier": "read"}}
GROUP = RunConfig(group_id="1")


@pytest.fixture
def shop():
    """Tools that delete and look, and what was deleted."""
    done = []

    @function_tool
    def delete(name: str) -> str:
        """Delete it."""
        done.append(name)
        return f"{name} is gone"

    @function_tool
    def look(name: str) -> str:
        """Look at it."""
        return f"{name} is there"

    return [delete, look], done


@pytest.mark.promise("P1")
async def test_a_tool_that_is_renamed_behind_guard_keeps_its_own_contract(
    runtime, scripted, call, shop
):
    tools, done = shop
    guarded = guard(tools, runtime, contracts=READ)
    tools[0].name = "look"
    ended = await Runner.run(scripted(guarded, [call("delete", {"name": "a"})]), "go on")
    assert (len(ended.interruptions), done) == (1, [])


async def test_a_guarded_tool_is_not_guarded_again(runtime, shop):
    guarded = guard(shop[0], runtime, contracts=READ)
    with pytest.raises(DeclarationError, match="'delete' is guarded already"):
        guard(guarded, runtime)


@pytest.fixture
async def paused(runtime, scripted, call, shop):
    """What a run of somebody is kept as that waits for people, and its agent."""
    guarded = guard(shop[0], runtime, contracts=READ)

    async def pause(who, name):
        agent = scripted(guarded, [call("delete", {"name": name})])
        with runtime.acting(who):
            ended = await Runner.run(agent, "go on", run_config=GROUP)
        (waits,) = ended.interruptions
        return agent, ended.to_state().to_string(), waits

    return pause


async def resumed(runtime, who, agent, state, *, reject=False):
    state = await RunState.from_string(agent, state)
    for each in state.get_interruptions():
        (state.reject if reject else state.approve)(each)
    with runtime.acting(who):
        return await Runner.run(agent, state, run_config=GROUP)


@pytest.mark.promise("P4")
@pytest.mark.parametrize("other", [BOB, CAROL])
async def test_the_state_of_another_ones_run_brings_no_result_and_no_effect(
    runtime, paused, shop, other
):
    agent, state, waits = await paused(ALICE, "hers")
    await runtime.approvals.approve(approval_id(waits), by=ALICE)
    (theirs,) = (await resumed(runtime, other, agent, state)).interruptions
    assert approval_id(theirs) != approval_id(waits)
    assert shop[1] == []
    ended = await resumed(runtime, ALICE, agent, state)
    assert (ended.final_output, shop[1]) == ("done", ["hers"])
    again = await resumed(runtime, other, agent, state)
    assert "is gone" not in json.dumps(again.to_input_list())


@pytest.mark.promise("P4")
async def test_a_call_that_a_forged_state_names_is_neither_told_nor_called_off(
    runtime, paused, shop, told
):
    _, _, hers = await paused(ALICE, "hers")
    agent, state, his = await paused(BOB, "his")
    forged = state.replace(his.raw_item.call_id, hers.raw_item.call_id)
    rejected = await resumed(runtime, BOB, agent, forged, reject=True)
    assert "is gone" not in json.dumps(told(rejected))
    assert (await runtime.approvals.get(approval_id(hers))).is_waiting
    await runtime.approvals.approve(approval_id(hers), by=ALICE)
    (waits,) = (await resumed(runtime, BOB, agent, forged)).interruptions
    assert approval_id(waits) == approval_id(his)
    assert shop[1] == []


@pytest.mark.promise("P5")
@pytest.mark.parametrize("reject", [False, True])
async def test_a_state_whose_call_is_on_no_record_ends_no_run(runtime, paused, shop, reject):
    agent, state, waits = await paused(ALICE, "hers")
    forged = state.replace(waits.raw_item.call_id, "call_01m82khss5e3vasfw36xezzfdt")
    ended = await resumed(runtime, ALICE, agent, forged, reject=reject)
    assert shop[1] == []
    assert len(ended.interruptions) == (0 if reject else 1)


@pytest.mark.promise("P1")
async def test_the_call_of_one_user_never_runs_the_function_of_another(runtime, scripted, call):
    """Where no host waits, as behind a decision, nobody can tell whose function is meant."""
    ran = []

    def pay_of(user):
        def pay(cents: int) -> str:
            """Pay somebody."""
            ran.append(user)
            return "paid"

        return pay

    guard([pay_of("alice")], runtime)
    agent = scripted(guard([pay_of("bob")], runtime), [call("pay", {"cents": 600})])
    (held,) = (await Runner.run(agent, "go on")).interruptions
    await runtime.approvals.approve(approval_id(held), by=ALICE)
    assert (await runtime.wait(held.raw_item.call_id)).status == "failed"
    assert ran == []


@pytest.mark.promise("P4")
@pytest.mark.parametrize("reject", [False, True])
async def test_a_state_that_names_a_call_of_another_tool_is_not_answered_with_it(
    runtime, scripted, call, shop, told, reject
):
    guarded = guard(shop[0], runtime)
    with runtime.acting(ALICE):
        (other,) = (
            await Runner.run(scripted(guarded, [call("look", {"name": "a"})]), "go on")
        ).interruptions
        agent = scripted(guarded, [call("delete", {"name": "b"})])
        ended = await Runner.run(agent, "go on")
    (own,) = ended.interruptions
    state = ended.to_state().to_string()
    forged = state.replace(own.raw_item.call_id, other.raw_item.call_id)
    if not reject:
        await runtime.approvals.approve(approval_id(other), by=BOB)
    again = await resumed(runtime, ALICE, agent, forged, reject=reject)
    assert "is there" not in json.dumps(told(again))
    assert shop[1] == []
    if reject:
        assert (await runtime.approvals.get(approval_id(other))).is_waiting
