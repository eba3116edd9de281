"""Work that is handed on: a run below, whose holds appear at the top."""

from dataclasses import dataclass

import pytest

from highroad import Agent, Limits, tool
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def chain(pay, *, depth):
    """The boss hands on to a manager, who hands on to a clerk, who pays."""
    clerk = Agent(
        name="clerk",
        tools=[pay],
        model=ScriptedModel(call("pay", cents=5), "The clerk has paid.", by_turn=True),
    )
    agent = clerk
    for number in range(depth - 1):
        below = agent.name
        agent = Agent(
            name=f"chief{number}",
            tools=(),
            team=[agent],
            model=ScriptedModel(
                call(f"ask_{below}", task="Pay 5 cents."), f"Chief {number} is done.", by_turn=True
            ),
        )
    return agent


async def test_the_result_of_a_run_below_is_the_result_of_the_call(scene, pay, effects):
    helper = Agent(name="helper", tools=(), model=ScriptedModel("Forty-two."))
    boss = Agent(
        name="boss",
        tools=(),
        team=[helper],
        model=ScriptedModel(call("ask_helper", task="What is six by seven?"), "It is 42."),
    )
    stage = await scene(boss)
    run = await stage.run("boss", "Ask around.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "It is 42.")
    told = boss.model.requests[1].messages[-1].content
    assert '"result":"Forty-two."' in told
    assert helper.model.requests[0].messages[0].text == "What is six by seven?"
    below = [body for body in await stage.bodies("run.started") if "parent_run" in body]
    assert [body["parent_run"] for body in below] == [run.id]
    await stage.check()


@dataclass
class Sum:
    """What it comes to."""

    total: int


async def test_what_is_handed_up_is_the_answer_in_its_declared_form(scene):
    helper = Agent(name="helper", tools=(), output=Sum, model=ScriptedModel('{"total": 42}'))
    model = ScriptedModel(call("ask_helper", task="Add up."), "It is 42.")
    boss = Agent(name="boss", tools=(), team=[helper], model=model)
    stage = await scene(boss)
    await stage.run("boss")
    assert '"result":{"total":42}' in model.requests[1].messages[-1].content


async def test_a_run_below_that_comes_to_nothing_is_told_as_data(scene):
    helper = Agent(name="helper", tools=(), output=Sum, model=ScriptedModel(*["No."] * 3))
    model = ScriptedModel(call("ask_helper", task="Add up."), "I could not find out.")
    boss = Agent(name="boss", tools=(), team=[helper], model=model)
    stage = await scene(boss)
    run = await stage.run("boss")
    assert run.result == "I could not find out."
    told = model.requests[1].messages[-1]
    assert told.is_error
    assert "output_invalid" in told.content


@pytest.mark.parametrize("depth", [2, 3])
async def test_a_hold_at_any_depth_appears_at_the_top_and_moves_only_that_branch(
    scene, pay, effects, depth
):
    top = chain(pay, depth=depth)
    stage = await scene(top)
    held = await stage.run(top.name)
    assert held.status is RunStatus.HELD
    (hold,) = held.holds
    path = tuple(f"chief{number}" for number in range(depth - 3, -1, -1))
    assert (hold.path, hold.tool) == ((*path, "clerk"), "pay")
    await stage.approve(held)
    await stage.reopen(chain(pay, depth=depth))
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, f"Chief {depth - 2} is done.")
    assert effects == {("pay", 5): 1}
    await stage.check()


async def test_runs_below_go_side_by_side_and_each_waits_for_itself(scene, pay, effects):
    def clerk(name, cents):
        return Agent(
            name=name,
            tools=[pay],
            model=ScriptedModel(call("pay", cents=cents), f"{name} paid.", by_turn=True),
        )

    def boss():
        team = [clerk("anna", 1), clerk("ben", 2)]
        model = ScriptedModel(
            [call("ask_anna", task="Pay."), call("ask_ben", task="Pay.")], "All paid.", by_turn=True
        )
        return Agent(name="boss", tools=(), team=team, model=model)

    stage = await scene(boss())
    held = await stage.run("boss")
    assert {hold.path for hold in held.holds} == {("anna",), ("ben",)}
    first = next(hold for hold in held.holds if hold.path == ("ben",))
    await stage.runtime.approvals.approve(first.approval_id, by=stage.principal)
    again = await stage.resume(held)
    assert effects == {("pay", 2): 1}
    assert [hold.path for hold in again.holds] == [("anna",)]
    await stage.approve(again)
    assert (await stage.resume(held)).result == "All paid."
    assert effects == {("pay", 1): 1, ("pay", 2): 1}


@pytest.mark.promise("P6")
async def test_twenty_calls_over_runs_below_share_ten(scene, effects):
    @tool(tier="reversible", effect="idempotent")
    def note(number: int) -> int:
        """Note a number."""
        effects["note", number] += 1
        return number

    team = [
        Agent(
            name=f"worker{number}",
            tools=[note],
            model=ScriptedModel(
                [call("note", number=10 * number + each) for each in range(5)], "."
            ),
        )
        for number in range(4)
    ]
    boss = Agent(
        name="boss",
        tools=(),
        team=team,
        model=ScriptedModel([call(f"ask_{each.name}", task="Note.") for each in team], "Done."),
    )
    limits = Limits(calls=14, calls_per_tool=100)  # four of them hand work on
    stage = await scene(boss, limits=limits)
    await stage.run("boss")
    assert sum(effects.values()) == 10


async def test_a_team_may_do_no_more_than_the_one_above_it(scene, pay):
    clerk = Agent(name="clerk", tools=[pay], model=ScriptedModel("Nothing to do."))
    boss = Agent(
        name="boss",
        tools=(),
        team=[clerk],
        model=ScriptedModel(call("ask_clerk", task="Look."), "."),
    )
    stage = await scene(boss)
    run = await stage.run("boss")
    brief = stage.assembly.runs.crew.brief("boss")
    assert brief.scope.tools == ("ask_clerk", "pay")
    assert run.status is RunStatus.COMPLETED
