"""A run that waits or was interrupted goes on from its ledger, by the way it came."""

import asyncio
import json
from dataclasses import replace

import pytest

from highroad import tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import NotRecorded
from highroad.domain.model import ToolMessage
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


@pytest.fixture
def look(effects):
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        effects["look", what] += 1
        return f"{what} is fine"

    return look


def script():
    """The same in every process."""
    return ScriptedModel(
        call("look", what="order"),
        [call("pay", cents=500), call("look", what="stock")],
        "It is paid.",
        by_turn=True,
    )


async def test_a_run_that_needs_a_person_rests_and_is_let_go(scene, agent, pay, look, effects):
    stage = await scene(agent(script(), pay, look))
    run = await stage.run("support")
    assert run.status is RunStatus.HELD
    (hold,) = run.holds
    assert (hold.tool, hold.path, hold.reason) == ("pay", (), "approval")
    assert effects == {("look", "order"): 1, ("look", "stock"): 1}


@pytest.mark.promise("P1", "P11")
async def test_once_agreed_to_it_goes_on_and_nothing_is_done_twice(
    scene, agent, pay, look, effects
):
    stage = await scene(agent(script(), pay, look))
    held = await stage.run("support")
    await stage.approve(held)
    run = await stage.resume(held)
    assert (run.id, run.status, run.result) == (held.id, RunStatus.COMPLETED, "It is paid.")
    assert effects == {("look", "order"): 1, ("look", "stock"): 1, ("pay", 500): 1}
    assert run.steps == 3
    assert (run.tokens_in, run.tokens_out) == (300, 60)
    await stage.check()


async def test_another_process_goes_on_with_it(scene, agent, pay, look, effects):
    first, second = script(), script()
    stage = await scene(agent(first, pay, look))
    held = await stage.run("support")
    await stage.reopen(agent(second, pay, look))
    assert (await stage.resume(held)).status is RunStatus.HELD
    await stage.approve(held)
    run = await stage.resume(held)
    assert run.result == "It is paid."
    assert effects == {("look", "order"): 1, ("look", "stock"): 1, ("pay", 500): 1}
    (asked,) = second.requests
    assert asked.messages[: len(first.requests[-1].messages)] == first.requests[-1].messages
    assert sum(isinstance(each, ToolMessage) for each in asked.messages) == 3


async def test_a_rejected_call_is_answered_and_the_run_goes_on(scene, agent, pay, look, bob):
    model = script()
    stage = await scene(agent(model, pay, look))
    held = await stage.run("support")
    await stage.runtime.approvals.reject(held.holds[0].approval_id, by=bob, reason="Too much.")
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    told = [each.content for each in model.requests[-1].messages if isinstance(each, ToolMessage)]
    assert '"rejected"' in told[1]


async def test_resuming_what_still_waits_writes_nothing(scene, agent, pay, look):
    stage = await scene(agent(script(), pay, look))
    held = await stage.run("support")
    before = await stage.bodies()
    again = await stage.resume(held)
    assert (again.status, again.holds) == (RunStatus.HELD, held.holds)
    assert await stage.bodies() == before


async def test_a_run_that_has_ended_says_how(scene, agent, look):
    stage = await scene(agent(ScriptedModel("Hello."), look))
    run = await stage.run("support")
    before = await stage.bodies()
    assert await stage.resume(run) == run
    assert await stage.bodies() == before


async def test_there_is_no_such_run(scene, agent, look):
    stage = await scene(agent(ScriptedModel(), look))
    with pytest.raises(NotRecorded, match="run_nowhere"):
        await stage.resume("run_nowhere")


@pytest.mark.promise("P3", "P5")
async def test_who_stops_waiting_while_a_run_is_resumed_leaves_what_is_on_record_alone(
    scene, agent, pay, effects
):
    """A call that was made keeps its place, though the leg ends before it comes to it again."""

    @tool(tier="reversible", concurrency="barrier")
    async def later(what: str) -> str:
        """Come last."""
        return what

    model = ScriptedModel([call("pay", cents=1), call("later", what="a")], "Done.", by_turn=True)
    stage = await scene(agent(model, pay, later))
    held = await stage.run("support")
    before = await stage.bodies("call.ended", "call.held")
    for turns in range(30):
        resuming = asyncio.ensure_future(stage.resume(held))
        for _ in range(turns):
            await asyncio.sleep(0)
        resuming.cancel()
        await asyncio.gather(resuming, return_exceptions=True)
    assert await stage.bodies("call.ended", "call.held") == before
    await stage.approve(held)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects["pay", 1] == 1
    await stage.check()


class Older:
    """A store whose requests do not say in which form their model took its tools."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def entries(self, **which):
        return [_without_shape(each) for each in await self._store.entries(**which)]


def _without_shape(entry):
    if entry.kind != EntryKind.MODEL_ASKED:
        return entry
    body = json.loads(entry.body)
    del body["shape"]
    return replace(entry, body=json.dumps(body).encode())


async def test_a_run_goes_on_that_an_older_version_began(scene, agent, pay, effects):
    """Its requests do not say all that they say by now."""

    script = ScriptedModel(call("pay", cents=5), "Done.")
    stage = await scene(agent(script, pay), wrap=Older)
    held = await stage.run("support")
    await stage.approve(held)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert effects == {("pay", 5): 1}
