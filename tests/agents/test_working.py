"""A runtime that works goes on with runs by itself; another one leaves them where they are."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from highroad import Agent, HighroadError, Principal, tool
from highroad.agents.working import Working
from highroad.domain.error import CountersError, LedgerError
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call
from highroad.testing.clock import FakeClock

TURNS = 2_000
ALICE = Principal("alice", authenticated=True)


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


LOOKS_S = 60
"""Stock is taken that often."""


class Failing:
    """A store that cannot be read in some way, while it is told so."""

    def __init__(self, store):
        self._store = store
        self.fails = None

    def __getattr__(self, name):
        if name == self.fails:
            raise LedgerError("the server is gone")
        return getattr(self._store, name)


@pytest.mark.parametrize("is_awake", [False, True])
@pytest.mark.parametrize("error", [LedgerError, CountersError])
async def test_a_run_whose_counters_or_ledger_were_gone_goes_on_once_they_are_back(
    scene, pay, effects, bob, error, is_awake
):
    """It had waited for a word that was given meanwhile, and nobody tells of that again."""
    is_gone = []

    async def steps(leg):
        reply = await leg.ask()
        if is_gone and not is_awake:
            raise error(is_gone.pop())
        await leg.act(reply)
        answer = await leg.ask()
        if is_gone:
            raise error(is_gone.pop())
        return answer.text

    stage = await scene(replace(payer(pay), strategy=steps), work=True, clock=FakeClock())
    held = await stage.run("payer")
    is_gone.append("the server is gone")
    await stage.runtime.approvals.approve(held.holds[0].approval_id, by=bob)
    await quiet(stage)
    assert not is_gone
    assert await stage.bodies("run.ended") == []
    stage.clock.advance(LOOKS_S)
    assert await until_ended(stage, held.id) == "completed"
    assert effects == {("pay", 5): 1}


async def test_a_message_is_found_however_often_it_could_not_be_looked_for(scene, pay, effects):
    stage = await scene(payer(pay), clock=FakeClock(), wrap=Failing)
    held = await stage.run("payer")
    await stage.runtime.send(held.id, "Leave it.")
    await stage.runtime.flush()
    stage.store.fails = "tables"
    working = Working(stage.assembly.services, stage.assembly.runs)
    stage.working = asyncio.ensure_future(working.watch())
    for _ in range(4):
        await quiet(stage)
        stage.clock.advance(LOOKS_S)
    await quiet(stage)
    stage.store.fails = None
    stage.clock.advance(LOOKS_S)
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


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store):
        self.store = store
        self.asked = Counter()

    def __getattr__(self, name):
        found = getattr(self.store, name)
        if asyncio.iscoroutinefunction(found):
            self.asked[name] += 1
        return found


MANY = 60


async def waiting_runs(stage, number=MANY):
    return [await stage.run("payer") for _ in range(number)]


@pytest.mark.promise("P10")
async def test_of_many_runs_that_wait_it_is_asked_by_the_page(scene, pay, effects, bob):
    stage = await scene(payer(pay), clock=FakeClock(), wrap=Counting)
    held = await waiting_runs(stage)
    stage.work = True
    await stage.reopen()
    await quiet(stage)
    before = stage.store.asked.total()
    assert 0 < before < MANY / 3
    chosen = held[MANY // 2]
    await stage.runtime.approvals.approve(chosen.holds[0].approval_id, by=bob)
    assert await until_ended(stage, chosen.id) == "completed"
    assert effects == {("pay", 5): 1}


async def test_of_many_runs_that_wait_those_go_on_that_were_decided_or_sent_something(
    scene, pay, effects
):
    stage = await scene(payer(pay), clock=FakeClock())
    held = await waiting_runs(stage, 9)
    await stage.approve(held[2])
    await stage.runtime.send(held[5].id, "Leave it.")
    await stage.runtime.approvals.reject(held[7].holds[0].approval_id, by=ALICE, reason="No.")
    stage.work = True
    await stage.reopen()
    for number in (2, 5, 7):
        assert await until_ended(stage, held[number].id) == "completed"
    assert len(await stage.bodies("run.ended")) == 3
    assert effects == {("pay", 5): 1}


async def test_one_of_two_calls_that_was_agreed_to_is_made_while_the_other_waits(
    scene, pay, effects, bob
):
    script = ScriptedModel([call("pay", cents=5), call("pay", cents=7)], "Paid.", by_turn=True)
    stage = await scene(Agent(name="payer", tools=[pay], model=script), clock=FakeClock())
    held = await stage.run("payer")
    await stage.runtime.approvals.approve(held.holds[0].approval_id, by=bob)
    stage.work = True
    await stage.reopen()
    await quiet(stage)
    assert sum(effects.values()) == 1
    assert await stage.bodies("run.ended") == []


async def test_a_run_goes_on_whose_work_below_was_brought_to_its_end_alone(scene, pay, effects):
    stage = await scene(boss(pay), clock=FakeClock())
    held = await stage.run("boss")
    await stage.approve(held)
    (below,) = [each["run"] for each in await stage.bodies("run.started") if "parent_run" in each]
    assert (await stage.resume(below)).status is RunStatus.COMPLETED
    stage.work = True
    await stage.reopen()
    assert await until_ended(stage, held.id) == "completed"
    assert effects == {("pay", 5): 1}


async def test_what_goes_on_at_once_is_bounded_however_many_there_are(scene, pay):
    may_end, under_way = asyncio.Event(), []

    async def slow(leg):
        reply = await leg.ask()
        await leg.act(reply)
        under_way.append(len(asyncio.all_tasks()))
        await may_end.wait()
        return "Done."

    agent = replace(payer(pay), strategy=slow)
    stage = await scene(agent, clock=FakeClock())
    for run in await waiting_runs(stage, 100):
        await stage.approve(run)
    stage.work = True
    await stage.reopen()
    while len(under_way) < 16:  # noqa: ASYNC110 - a strategy tells it by what it has done
        await asyncio.sleep(0)
    await quiet(stage)
    assert len(under_way) == 16
    assert max(under_way) < 50
    may_end.set()
    while len(await stage.bodies("run.ended")) < 100:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    await stage.check()
