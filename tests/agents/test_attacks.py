"""What may go amiss between the legs of a run and within one: a clear end, no wrong answer."""

import asyncio
from collections import Counter

import pytest

from highroad import Agent, Limits, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import HighroadError, VaultError
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call, fails


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


@pytest.fixture
def send(effects):
    @tool(tier="reversible")
    def send(what: str) -> str:
        """Send something."""
        effects["send", what] += 1
        return f"sent {what}"

    return send


def paying(**facts):
    return ScriptedModel(call("pay", cents=5), "It is paid.", by_turn=True, **facts)


def told_in(request):
    return [each.content for each in request.messages if isinstance(each, ToolMessage)]


def going(*, tool="send", arguments=None, purpose="step"):
    """A strategy that asks, sends, and then waits for people."""

    async def strategy(leg):
        await leg.ask(say="What now?", tools=(), purpose=purpose)
        sent = await leg.call(tool, arguments or {"what": "5"})
        paid = await leg.call("pay", {"cents": "1"})  # taken as a number
        return [sent.unwrap(), paid.unwrap()]

    return strategy


CHANGES = {
    "another tool": {"tool": "pay", "arguments": {"cents": 3}},
    "other arguments": {"arguments": {"what": "6"}},
    "arguments that are none": {"arguments": {"what": {1, 2}}},
    "another purpose": {"purpose": "judge"},
}


@pytest.mark.parametrize("change", [*CHANGES, None])
async def test_a_strategy_that_was_changed_takes_no_answer_to_something_else(
    scene, pay, send, effects, change
):
    def agent(**facts):
        model = ScriptedModel("Send it.", by_turn=True)
        return Agent(name="a", tools=[pay, send], model=model, strategy=going(**facts))

    stage = await scene(agent())
    held = await stage.run("a")
    await stage.approve(held)
    await stage.reopen(agent(**CHANGES.get(change, {})))
    run = await stage.resume(held)
    if change is None:
        assert (run.status, run.result) == (RunStatus.COMPLETED, ["sent 5", "paid"])
    else:
        assert (run.status, run.code) == (RunStatus.FAILED, "strategy_changed")
        assert effects == {("send", "5"): 1}
    assert await stage.resume(held) == run


async def test_a_tool_that_is_gone_is_told_to_the_model(scene, pay, send, effects):
    model = paying()
    stage = await scene(Agent(name="a", tools=[pay, send], model=model))
    held = await stage.run("a")
    await stage.approve(held)
    await stage.reopen(Agent(name="a", tools=[send], model=model))
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    assert '"unknown_tool"' in told_in(model.requests[-1])[0]
    assert not effects
    await stage.check()


async def test_without_its_agent_a_run_cannot_go_on_and_says_so(scene, pay, send):
    stage = await scene(Agent(name="a", tools=[pay], model=paying()))
    held = await stage.run("a")
    await stage.reopen(Agent(name="b", tools=[send], model=paying()))
    with pytest.raises(HighroadError, match="no agent 'a'"):
        await stage.resume(held)


async def test_a_run_goes_on_with_a_model_of_another_shape(scene, pay, effects):
    stage = await scene(Agent(name="a", tools=[pay], model=paying()))
    held = await stage.run("a")
    await stage.approve(held)
    other = paying(name="other:model", shape="anthropic")
    await stage.reopen(Agent(name="a", tools=[pay], model=other))
    assert (await stage.resume(held)).result == "It is paid."
    assert '"paid"' in told_in(other.requests[0])[0]
    assert effects == {("pay", 5): 1}


async def test_a_clock_that_is_set_back_repeats_nothing(scene, pay, effects):
    stage = await scene(Agent(name="a", tools=[pay], model=paying()))
    held = await stage.run("a")
    await stage.approve(held)
    stage.clock.set_back(365 * 86_400)
    run = await stage.resume(held)
    assert (run.status, effects) == (RunStatus.COMPLETED, {("pay", 5): 1})


async def test_what_was_erased_is_missed_and_not_made_up(scene, pay, effects):
    stage = await scene(Agent(name="a", tools=[pay], model=paying()))
    held = await stage.run("a")
    await stage.approve(held)
    stage.ledger.payloads.clear()
    with pytest.raises(VaultError, match="erased"):
        await stage.resume(held)
    assert not effects


async def test_a_run_that_many_resume_at_once_goes_one_way(scene, pay, send, effects):
    model = ScriptedModel(
        call("pay", cents=5), call("send", what="it"), "It is paid.", by_turn=True
    )
    stage = await scene(Agent(name="a", tools=[pay, send], model=model))
    held = await stage.run("a")
    await stage.approve(held)
    runs = await asyncio.gather(*(stage.resume(held) for _ in range(5)))
    assert {run.result for run in runs} == {"It is paid."}
    assert effects == {("pay", 5): 1, ("send", "it"): 1}
    assert len(model.requests) == 3
    assert len(await stage.bodies(EntryKind.RUN_ENDED)) == 1
    await stage.check()


async def test_what_is_asked_for_twice_in_a_reply_is_one_hold_and_one_run_below(
    scene, pay, effects
):
    def boss():
        clerk = Agent(
            name="clerk",
            tools=[pay],
            model=ScriptedModel(call("pay", cents=3), "Forty-two.", by_turn=True),
        )
        twice = [call("ask_clerk", task="Pay."), call("pay", cents=4)] * 2
        model = ScriptedModel(twice, "Done.", by_turn=True)
        return Agent(name="boss", tools=[pay], team=[clerk], model=model)

    stage = await scene(boss())
    held = await stage.run("boss")
    assert Counter(hold.path for hold in held.holds) == {("clerk",): 1, (): 1}
    assert await stage.resume(held) == held
    await stage.approve(held)
    last = boss()
    await stage.reopen(last)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects == {("pay", 3): 1, ("pay", 4): 1}
    assert len(await stage.bodies(EntryKind.RUN_STARTED)) == 2
    assert sum("Forty-two." in told for told in told_in(last.model.requests[-1])) == 2
    await stage.check()


@pytest.mark.promise("P3")
async def test_what_a_run_below_did_stands_though_it_came_to_nothing(scene, send, effects):
    """A delegation has failed only where nothing was applied; else asking again repeats nothing."""

    def boss(clerk):
        twice = [call("ask_clerk", task="Send it.")] * 2
        return Agent(
            name="boss", tools=(), team=[clerk], model=ScriptedModel(*twice, "Done.", by_turn=True)
        )

    forever = ScriptedModel.answering(lambda _: call("send", what="money"))
    stage = await scene(boss(Agent(name="clerk", tools=[send], model=forever, iterations=2)))
    await stage.run("boss", "Send the money.")
    assert effects == {("send", "money"): 1}
    ends = [b for b in await stage.bodies(EntryKind.ENDED) if b["tool"] == "ask_clerk"]
    assert [end["status"] for end in ends] == ["completed", "completed"]


async def test_a_team_that_contains_itself_goes_only_so_deep(scene):
    team = []
    model = ScriptedModel.answering(
        lambda request: call("ask_a", task=f"deeper {request.messages[0].text}")
    )
    agent = Agent(name="a", tools=(), team=team, model=model)
    team.append(agent)
    stage = await scene(agent)
    run = await stage.run("a")
    assert run.status is RunStatus.MAX_STEPS_EXCEEDED
    started = await stage.bodies(EntryKind.RUN_STARTED)
    assert max(len(body.get("delegation", ())) for body in started) == 5
    assert len(await stage.bodies(EntryKind.RUN_ENDED)) == len(started)
    await stage.check()


@pytest.mark.promise("P6")
@pytest.mark.parametrize(("calls", "sent"), [(200, 50), (30, None)])
async def test_fifty_runs_below_share_a_budget_that_ends_among_them(
    scene, send, effects, calls, sent
):
    async def all_hands(leg):
        await leg.act(await leg.ask(tools=[each.name for each in leg.tools]))
        return (await leg.ask(tools=())).text

    team = [
        Agent(
            name=f"w{number}",
            tools=[send],
            model=ScriptedModel(call("send", what=f"{number}"), "Sent.", by_turn=True),
        )
        for number in range(50)
    ]
    model = ScriptedModel(
        [call(f"ask_{each.name}", task="Send.") for each in team], "Done.", by_turn=True
    )
    boss = Agent(name="boss", tools=(), team=team, model=model, strategy=all_hands)
    stage = await scene(boss, limits=Limits(calls=calls, proposals=400, calls_per_tool=100))
    run = await stage.run("boss")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert len(told_in(model.requests[-1])) == 50
    begun = [body["tool"] for body in await stage.bodies(EntryKind.INTENT)]
    assert len(begun) == min(calls, 100)
    assert sum(effects.values()) == begun.count("send")
    assert sent is None or sum(effects.values()) == sent
    await stage.check()


async def test_what_is_huge_is_cut_for_the_model_and_the_run_goes_on(scene):
    @tool(tier="read")
    def big() -> str:
        """Say much."""
        return "x" * 3_000_000

    model = ScriptedModel(call("big"), "y" * 2_000_000)
    stage = await scene(Agent(name="a", tools=[big], model=model))
    run = await stage.run("a")
    assert len(run.result) == 2_000_000
    assert len(told_in(model.requests[-1])[0]) < 100_000


async def test_a_strategy_may_rest_in_a_task_group_of_its_own(scene, pay, effects):
    async def strategy(leg):
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(leg.call("pay", {"cents": each})) for each in (1, 2)]
        return [each.result().unwrap() for each in calls]

    stage = await scene(Agent(name="a", tools=[pay], model=ScriptedModel(), strategy=strategy))
    run = await stage.run("a")
    assert run.status is RunStatus.HELD
    assert run.holds
    await stage.check()


@pytest.mark.promise("P7")
async def test_a_failed_run_says_what_was_behind_it_and_not_a_word_of_it(scene):
    async def breaks(leg):
        raise LookupError(f"secret of {leg.request}")

    stage = await scene(
        Agent(name="a", tools=(), model=ScriptedModel(), strategy=breaks),
        Agent(name="b", tools=(), model=ScriptedModel(fails("denied"))),
    )
    broken, unavailable = await stage.run("a", "marmalade"), await stage.run("b")
    assert (broken.code, broken.reason) == ("strategy_failed", "LookupError")
    assert (unavailable.code, unavailable.reason) == ("model_unavailable", "denied")
    assert (await stage.resume(broken)).reason == "LookupError"
    assert "marmalade" not in str(await stage.bodies())
