"""Calls of one reply of which some wait for people: the others run, and nothing is lost (P5)."""

import asyncio
from contextlib import suppress
from itertools import permutations
from random import Random

import pytest

from highroad import ToolContext, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

pytestmark = [pytest.mark.promise("P4"), pytest.mark.promise("P5")]


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent", ask="args.cents > 100")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return f"paid {cents}"

    return pay


@pytest.fixture
def look(effects):
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        effects["look", what] += 1
        return f"{what} is fine"

    return look


def script():
    """One reply with four calls, of which two wait; the same in every process."""
    return ScriptedModel(
        [
            call("pay", cents=500),
            call("look", what="stock"),
            call("pay", cents=700),
            call("pay", cents=50),
        ],
        "Done.",
        by_turn=True,
    )


def told(model):
    """What the model was answered, in the order of its calls."""
    return [each.content for each in model.requests[-1].messages if isinstance(each, ToolMessage)]


async def test_the_others_run_and_the_run_goes_on_when_the_last_is_answered(
    scene, agent, pay, look, effects, bob
):
    stage = await scene(agent(script(), pay, look))
    held = await stage.run("support")
    assert held.status is RunStatus.HELD
    assert [hold.tool for hold in held.holds] == ["pay", "pay"]
    assert effects == {("look", "stock"): 1, ("pay", 50): 1}
    await stage.runtime.approvals.approve(held.holds[1].approval_id, by=bob)
    half = await stage.resume(held)
    assert half.status is RunStatus.HELD
    assert [hold.approval_id for hold in half.holds] == [held.holds[0].approval_id]
    assert effects["pay", 500] == 0
    model = script()
    await stage.reopen(agent(model, pay, look))
    await stage.runtime.approvals.approve(held.holds[0].approval_id, by=bob)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects == {
        ("look", "stock"): 1,
        ("pay", 50): 1,
        ("pay", 500): 1,
        ("pay", 700): 1,
    }
    answers = told(model)
    assert len(answers) == 4
    for answer, part in zip(
        answers, ("paid 500", "stock is fine", "paid 700", "paid 50"), strict=True
    ):
        assert part in answer
    await stage.check()


async def test_one_is_edited_and_one_rejected_and_the_model_is_told_of_both(
    scene, agent, pay, look, effects, bob
):
    model = script()
    stage = await scene(agent(model, pay, look))
    held = await stage.run("support")
    first, second = (hold.approval_id for hold in held.holds)
    await stage.runtime.approvals.edit(first, {"cents": 400}, by=bob)
    await stage.runtime.approvals.reject(second, by=bob, reason="No.")
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    assert effects == {("look", "stock"): 1, ("pay", 50): 1, ("pay", 400): 1}
    answers = told(model)
    assert "paid 400" in answers[0]
    assert "changed the arguments" in answers[0]
    assert '"rejected"' in answers[2]
    await stage.check()


# -- three at once -------------------------------------------------------------------------------

DAY_S = 86_400
AMOUNTS = (500, 700, 900)


def three():
    """Three calls that wait, with others between them."""
    first, second, third = (call("pay", cents=cents) for cents in AMOUNTS)
    return ScriptedModel(
        [first, call("look", what="stock"), second, call("pay", cents=50), third],
        "Done.",
        by_turn=True,
    )


def places(run):
    """The approval of each amount, as they stand in the reply."""
    return dict(zip(AMOUNTS, (hold.approval_id for hold in run.holds), strict=True))


@pytest.mark.parametrize(
    "order", [*permutations(AMOUNTS)], ids=lambda order: "-".join(map(str, order))
)
@pytest.mark.parametrize("dies", [False, True], ids=["one process", "a process for each"])
async def test_three_are_answered_in_any_order(scene, agent, pay, look, effects, bob, order, dies):
    """After each answer what was answered runs, and the others wait on."""
    model = three()
    stage = await scene(agent(model, pay, look))
    run = await stage.run("support")
    waiting = places(run)
    for cents in order:
        assert set(waiting.values()) == {hold.approval_id for hold in run.holds}
        await stage.runtime.approvals.approve(waiting.pop(cents), by=bob)
        if dies:
            model = three()
            await stage.reopen(agent(model, pay, look))
        run = await stage.resume(run)
        assert effects["pay", cents] == 1
        assert sum(effects["pay", each] for each in AMOUNTS) == len(AMOUNTS) - len(waiting)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects["look", "stock"] == effects["pay", 50] == 1
    for answer, cents in zip(told(model)[::2], AMOUNTS, strict=True):
        assert f"paid {cents}" in answer
    await stage.check()


async def test_one_is_rejected_one_is_edited_and_one_expires(scene, agent, pay, look, effects, bob):
    """The run goes on when the last of them is over, and its model is told what became of each."""
    model = three()
    stage = await scene(agent(model, pay, look))
    held = await stage.run("support")
    waiting = places(held)
    await stage.runtime.approvals.reject(waiting[500], by=bob, reason="No.")
    await stage.runtime.approvals.edit(waiting[900], {"cents": 90}, by=bob)
    half = await stage.resume(held)
    assert half.status is RunStatus.HELD
    assert [hold.approval_id for hold in half.holds] == [waiting[700]]
    stage.clock.advance(DAY_S)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects == {("look", "stock"): 1, ("pay", 50): 1, ("pay", 90): 1}
    rejected, looked, expired, paid, edited = told(model)
    assert '"rejected"' in rejected
    assert "stock is fine" in looked
    assert '"approval_expired"' in expired
    assert "paid 50" in paid
    assert "paid 90" in edited
    await stage.check()


class Fatal:
    """A store whose process dies before or behind one of its writes; the dead write nothing."""

    def __init__(self, store):
        self._store = store
        self.dies_at = None
        self.passed = 0
        self.died = asyncio.Event()

    def __getattr__(self, name):
        method = getattr(self._store, name)
        return self._mortal(method) if name in {"append", "begin_run", "adopt"} else method

    def _mortal(self, method):
        async def write(*given, **named):
            if self.died.is_set():
                raise LedgerError("this process is dead")
            await self._reach()
            result = await method(*given, **named)
            await self._reach()
            return result

        return write

    async def _reach(self):
        self.passed += 1
        if self.passed == self.dies_at:
            self.died.set()
            await asyncio.Event().wait()


async def see_through(stage, bob, chance):
    """Whoever comes next goes on with the run, and has people agree to one call after another."""
    started = await stage.bodies(EntryKind.RUN_STARTED)
    run = await (stage.resume(started[0]["run"]) if started else stage.run("support"))
    while run.status is RunStatus.HELD:
        hold = chance.choice(run.holds)
        with suppress(DecisionRefused):  # by a process that died behind it
            await stage.runtime.approvals.approve(hold.approval_id, by=bob)
        run = await stage.resume(run)
    return run


async def lived(scene, agent, tools, bob, dies_at):
    """A run whose process dies there, and what the next one makes of it."""
    stage = await scene(agent(three(), *tools), wrap=Fatal)
    first, chance = stage.store, Random(dies_at)  # noqa: S311 - repeatable
    first.dies_at = first.passed + dies_at
    before = asyncio.all_tasks()
    living = asyncio.ensure_future(see_through(stage, bob, chance))
    death = asyncio.ensure_future(first.died.wait())
    await asyncio.wait({living, death}, return_when=asyncio.FIRST_COMPLETED)
    is_over = living.done()
    # What is called off tries to say so; it meets a store that is as dead.
    while remains := asyncio.all_tasks() - before:
        for each in remains:
            each.cancel()
        await asyncio.wait(remains, timeout=0)
    model = three()
    stage.wrap = Fatal
    await stage.reopen(agent(model, *tools))
    run = await see_through(stage, bob, chance)
    await stage.check()
    return run, model, is_over


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
async def test_killed_at_any_write_nothing_is_lost_on_resume(scene, agent, look, bob):
    """Before and behind each: every call is answered once, and every amount is paid once."""
    paid = set()

    @tool(tier="irreversible", effect="idempotent", ask="args.cents > 100")
    def pay(cents: int, context: ToolContext[None]) -> str:
        """Pay somebody."""
        paid.add((cents, context.idempotency_key))
        return f"paid {cents}"

    dies_at, is_over = 0, False
    while not is_over:
        dies_at += 1
        paid.clear()
        run, model, is_over = await lived(scene, agent, (pay, look), bob, dies_at)
        assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
        assert sorted(cents for cents, _ in paid) == [50, *AMOUNTS]
        if model.requests:
            for answer, cents in zip(told(model)[::2], AMOUNTS, strict=True):
                assert f"paid {cents}" in answer
    assert dies_at > 20
