"""A run that is called off ends at once, with all below it and every call answered."""

import asyncio
from collections import Counter

import pytest

from highroad import Agent, tool
from highroad.domain.approval import ApprovalState
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

STEPS = 80


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


@pytest.fixture
def begun():
    return asyncio.Event()


def hanging_model(begun):
    """It begins to reply, and never ends."""

    class Hanging(ScriptedModel):
        async def reply(self, request):
            self.under_way += 1
            try:
                begun.set()
                await asyncio.Event().wait()
                yield  # for the form of it
            finally:
                self.under_way -= 1

    return Hanging()


def chain(pay, depth, model=None):
    """Chiefs above one another, and a clerk who pays, or does what `model` says."""
    clerk = model or ScriptedModel(call("pay", cents=5), "The clerk has paid.", by_turn=True)
    agent = Agent(name="clerk", tools=[pay], model=clerk)
    for number in range(depth - 1):
        below = agent.name
        script = ScriptedModel(call(f"ask_{below}", task="Pay."), "Done.", by_turn=True)
        agent = Agent(name=f"chief{number}", tools=(), team=[agent], model=script)
    return agent


async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


async def off(stage, by, **what):
    return await stage.runtime.cancel(by=by, reason="no longer wanted", **what)


async def ends_of_runs(stage):
    return [(body["agent"], body["status"]) for body in await stage.bodies("run.ended")]


async def all_is_over(stage):
    """Every call and every run has one end, and nothing waits for a person (P3)."""
    ends = await stage.check()
    begun = {body["call"] for body in await stage.bodies("call.intent", "call.held")}
    assert begun <= set(ends)
    runs = Counter(body["run"] for body in await stage.bodies("run.ended"))
    assert runs == Counter(body["run"] for body in await stage.bodies("run.started"))
    assert not await stage.runtime.approvals.list(state=ApprovalState.WAITING)


@pytest.mark.parametrize("depth", [1, 3])
async def test_a_model_that_is_being_asked_is_left_at_once(scene, pay, bob, begun, depth):
    model = hanging_model(begun)
    top = chain(pay, depth, model)
    stage = await scene(top)
    running = asyncio.ensure_future(stage.run(top.name))
    await begun.wait()
    first = (await stage.bodies("run.started"))[0]
    await off(stage, bob, run=first["run"])
    run = await running
    assert (run.status, run.code) == (RunStatus.CANCELLED, "cancelled")
    assert model.under_way == 0
    assert {status for _, status in await ends_of_runs(stage)} == {"cancelled"}
    await all_is_over(stage)
    assert (await stage.resume(run)).status is RunStatus.CANCELLED


async def test_whoever_stops_waiting_is_still_cancelled(scene, pay, begun):
    """A cancellation from outside is no calling off: the run stands, to be resumed."""
    stage = await scene(chain(pay, 1, hanging_model(begun)))
    running = asyncio.ensure_future(stage.run("clerk"))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not await ends_of_runs(stage)


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("is_reopened", [False, True])
async def test_a_run_that_waits_ends_though_nobody_resumes_it(
    scene, pay, bob, effects, depth, is_reopened
):
    top = chain(pay, depth)
    stage = await scene(top)
    held = await stage.run(top.name)
    if is_reopened:
        await stage.reopen()
    await off(stage, bob, run=held.id)
    assert len(await ends_of_runs(stage)) == depth
    assert {status for _, status in await ends_of_runs(stage)} == {"cancelled"}
    (approval,) = await stage.runtime.approvals.list(state=None)
    assert approval.state is ApprovalState.VOID
    await all_is_over(stage)
    assert not effects
    assert (await stage.resume(held)).status is RunStatus.CANCELLED


async def test_a_conversation_is_called_off_with_the_runs_that_wait_in_it(scene, pay, bob):
    stage = await scene(chain(pay, 1), chain(pay, 2))
    for _ in range(2):
        await stage.run("clerk", conversation="chat")
    other = await stage.run("clerk", conversation="another")
    await off(stage, bob, conversation="chat")
    assert await ends_of_runs(stage) == [("clerk", "cancelled")] * 2
    assert (await stage.resume(other)).status is RunStatus.HELD


async def test_the_call_that_hands_work_on_takes_the_run_below_along(scene, pay, bob):
    top = chain(pay, 2)
    stage = await scene(top)
    held = await stage.run(top.name)
    (delegation,) = await stage.bodies("call.deferred")
    await off(stage, bob, call_id=delegation["call"])
    assert await ends_of_runs(stage) == [("clerk", "cancelled")]
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    await all_is_over(stage)


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("step", range(STEPS))
async def test_called_off_at_any_step_a_run_ends_with_all_that_it_began(
    scene, pay, bob, effects, step
):
    @tool(tier="read")
    async def look(what: str) -> str:
        """Look something up."""
        for _ in range(5):
            await asyncio.sleep(0)
        return what

    clerk = Agent(
        name="clerk",
        tools=[look, pay],
        model=ScriptedModel(
            [call("look", what="a"), call("look", what="b")],
            [call("pay", cents=5), call("look", what="c")],
            "Paid.",
            by_turn=True,
        ),
    )
    boss = Agent(
        name="boss",
        tools=[look],
        team=[clerk],
        model=ScriptedModel(
            [call("ask_clerk", task="Pay."), call("look", what="d")], "Done.", by_turn=True
        ),
    )
    stage = await scene(boss)
    running = asyncio.ensure_future(stage.run("boss"))
    while not (started := [e for e in stage.ledger.entries if e.kind == "run.started"]):
        await turns(1)
    await turns(step * 4)
    await off(stage, bob, run=started[0].run_id)
    run = await running
    assert run.status in {RunStatus.CANCELLED, RunStatus.HELD}
    assert (await stage.resume(run)).status is RunStatus.CANCELLED
    assert not effects
    await all_is_over(stage)
