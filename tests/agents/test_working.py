"""A runtime that works goes on with runs by itself; another one leaves them where they are."""

import asyncio

import pytest

from highroad import Agent, HighroadError, tool
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call
from highroad.testing.clock import FakeClock

TURNS = 2_000


@pytest.fixture
def pay(effects):
    # Without a thread: the turns of the loop that a test waits say nothing of one.
    @tool(tier="irreversible", effect="idempotent")
    async def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def payer(pay):
    script = ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    return Agent(name="payer", tools=[pay], model=script)


def boss(pay):
    script = ScriptedModel(call("ask_payer", task="Pay."), "Done.", by_turn=True)
    return Agent(name="boss", tools=(), team=[payer(pay)], model=script)


async def until_ended(stage, run_id):
    """How the run ended, once it has."""
    for _ in range(TURNS):
        for body in await stage.bodies("run.ended"):
            if body["run"] == run_id:
                return body["status"]
        await asyncio.sleep(0)
    return None


async def quiet(stage):
    """Nothing more happens."""
    for _ in range(200):
        await asyncio.sleep(0)
    return await stage.bodies()


@pytest.mark.parametrize("make", [payer, boss])
@pytest.mark.parametrize("word", ["approve", "reject"])
async def test_a_held_run_goes_on_once_it_is_decided_about(scene, pay, bob, effects, make, word):
    agent = make(pay)
    stage = await scene(agent, work=True, clock=FakeClock())
    held = await stage.run(agent.name)
    assert held.status is RunStatus.HELD
    desk = stage.runtime.approvals
    await getattr(desk, word)(held.holds[0].approval_id, by=bob)
    assert await until_ended(stage, held.id) == "completed"
    assert effects == ({("pay", 5): 1} if word == "approve" else {})
    await stage.check()


@pytest.mark.parametrize("make", [payer, boss])
async def test_what_was_decided_while_nobody_was_there_goes_on_behind_a_restart(
    scene, pay, effects, make
):
    agent = make(pay)
    stage = await scene(agent, clock=FakeClock())
    held = await stage.run(agent.name)
    await stage.approve(held)
    stage.work = True
    await stage.reopen()
    assert await until_ended(stage, held.id) == "completed"
    assert effects == {("pay", 5): 1}
    await stage.check()


async def test_a_run_whose_process_died_goes_on_behind_a_restart(scene, pay, effects):
    @tool(tier="read")
    async def look() -> str:
        """Look around, for ever the first time."""
        effects["look"] += 1
        if effects["look"] == 1:
            await asyncio.Event().wait()
        return "nothing"

    agent = Agent(
        name="looker", tools=[look], model=ScriptedModel(call("look"), "Done.", by_turn=True)
    )
    stage = await scene(agent, work=True, clock=FakeClock())
    running = asyncio.ensure_future(stage.run("looker"))
    while not effects["look"]:  # noqa: ASYNC110 - a body tells it by its effect alone
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (started,) = await stage.bodies("run.started")
    assert not [body for body in await quiet(stage) if body["kind"] == "run.ended"]
    await stage.reopen()
    assert await until_ended(stage, started["run"]) == "completed"
    await stage.check()


async def test_a_message_to_a_run_that_waits_moves_it(scene, pay, effects):
    agent = Agent(
        name="payer",
        tools=[pay],
        model=ScriptedModel(call("pay", cents=5), "I leave it.", by_turn=True),
    )
    stage = await scene(agent, work=True, clock=FakeClock())
    held = await stage.run("payer")
    await stage.runtime.send(held.id, "Leave it.")
    assert await until_ended(stage, held.id) == "completed"
    assert not effects


async def test_a_wait_that_is_over_moves_the_run(scene, pay, effects):
    stage = await scene(payer(pay), work=True, clock=FakeClock())
    held = await stage.run("payer")
    stage.clock.advance(400 * 86_400)
    await stage.assembly.waiting.sweep()
    assert await until_ended(stage, held.id) == "completed"
    assert not effects


async def test_nothing_moves_by_itself_where_nobody_asked_for_it(scene, pay, effects):
    stage = await scene(payer(pay), clock=FakeClock())
    held = await stage.run("payer")
    await stage.approve(held)
    before = await stage.bodies()
    assert await quiet(stage) == before
    await stage.reopen()
    assert [b for b in await quiet(stage) if b["kind"] in {"run.resumed", "run.ended"}] == []
    assert not effects


async def test_a_run_of_an_agent_that_is_not_there_is_left_alone(scene, pay, effects):
    stage = await scene(payer(pay), clock=FakeClock())
    held = await stage.run("payer")
    await stage.approve(held)
    stage.work = True
    await stage.reopen(Agent(name="other", tools=(), model=ScriptedModel()))
    await quiet(stage)
    with pytest.raises(HighroadError, match="no agent 'payer'"):
        await stage.resume(held)
    assert not effects


async def test_many_resumes_at_once_are_one(scene, pay, effects):
    stage = await scene(payer(pay), work=True, clock=FakeClock())
    held = await stage.run("payer")
    await stage.approve(held)
    runs = await asyncio.gather(*(stage.resume(held) for _ in range(5)))
    assert {run.status for run in runs} == {RunStatus.COMPLETED}
    assert effects == {("pay", 5): 1}
    assert len(await stage.bodies("run.ended")) == 1
    await stage.check()
