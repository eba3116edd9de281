"""A reply calls what its request offered, in the form of the model that gave it; no more."""

import json

import pytest

from highroad import Agent, tool
from highroad.domain.entry import EntryKind, KeyTaken
from highroad.domain.error import LedgerError
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call, fails


@pytest.fixture
def look(effects):
    @tool(tier="read")
    def look(what: str = "all") -> str:
        """Look something up."""
        effects["look", what] += 1
        return f"{what} is fine"

    return look


@pytest.fixture
def pay(effects):
    @tool(tier="reversible")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def asking(*, tools=None, choice="auto"):
    """A strategy that asks once in this way, makes the calls, and asks for the answer."""

    async def strategy(leg):
        await leg.act(await leg.ask(tools=tools, choice=choice))
        return (await leg.ask(tools=())).text

    return strategy


def told(request):
    """What the model was told of its calls."""
    said = [each for each in request.messages if isinstance(each, ToolMessage)]
    return [json.loads(each.content) for each in said]


def codes(request):
    return [each.get("code") for each in told(request)]


NARROWED = {
    "by name": {"tools": ["look"]},
    "none must be called": {"choice": "none"},
    "another must be called": {"choice": "look"},
}


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("how", NARROWED.values(), ids=NARROWED)
async def test_a_call_that_the_request_had_not_offered_is_refused_on_record(
    scene, agent, look, pay, effects, how
):
    model = ScriptedModel(call("pay", cents=500), "Done.")
    stage = await scene(agent(model, look, pay, strategy=asking(**how)))
    run = await stage.run("support")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Done.")
    assert codes(model.requests[1]) == ["unknown_tool"]
    assert not effects
    (ended,) = await stage.bodies("call.ended")
    assert (ended["status"], ended["rule"]) == ("refused", "offering.not_offered")
    assert ended["tool"] == "pay"
    await stage.check()


@pytest.mark.promise("P5")
async def test_beside_it_what_was_offered_is_made(scene, agent, look, pay, effects):
    calls = [call("look", what="one"), call("pay", cents=5), call("look", what="two")]
    model = ScriptedModel(calls, "Done.")
    stage = await scene(agent(model, look, pay, strategy=asking(tools=["look"])))
    await stage.run("support")
    assert codes(model.requests[1]) == [None, "unknown_tool", None]
    assert effects == {("look", "one"): 1, ("look", "two"): 1}


async def test_whoever_is_to_wind_up_calls_nothing_more(scene, agent, look, effects):
    model = ScriptedModel(call("look"), call("look", what="more"), "Done.")
    stage = await scene(agent(model, look, iterations=2))
    run = await stage.run("support")
    assert (run.status, run.steps) == (RunStatus.MAX_STEPS_EXCEEDED, 2)
    assert effects == {("look", "all"): 1}
    ends = await stage.bodies("call.ended")
    assert [each["status"] for each in ends] == ["completed", "refused"]


@pytest.mark.promise("P1")
async def test_a_resumed_run_refuses_the_same_and_asks_nobody(scene, agent, look, pay, effects):
    async def dying(leg):
        reply = await leg.ask(tools=["look"])
        if lives:
            await leg.act(reply)
            return (await leg.ask(tools=())).text
        raise LedgerError("the process is gone")

    lives = []
    first, second = ScriptedModel(call("pay", cents=500)), ScriptedModel("Done.")
    stage = await scene(agent(first, look, pay, strategy=dying))
    with pytest.raises(LedgerError):
        await stage.run("support")
    (started,) = await stage.bodies("run.started")
    lives.append(True)
    await stage.reopen(agent(second, look, pay, strategy=dying))
    run = await stage.resume(started["run"])
    assert run.result == "Done."
    assert codes(second.requests[0]) == ["unknown_tool"]
    assert not effects
    assert len(await stage.check()) == 1


class Overtaken:
    """A shared store where another process always gets the leg that this one would begin."""

    is_shared = True

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        if any(each.kind == EntryKind.RUN_RESUMED for each in entries):
            return [KeyTaken(each.claim) for each in entries]
        return await self._store.append(entries, fence=fence)


@pytest.mark.promise("P3")
async def test_of_two_processes_one_refuses_what_was_not_offered(scene, agent, look, pay):
    """Whoever does not get the leg writes no end of its own for the same place."""

    async def dying(leg):
        reply = await leg.ask(tools=["look"])
        if lives:
            await leg.act(reply)
        raise LedgerError("the process is gone")

    lives = []
    model = ScriptedModel(call("pay", cents=500))
    stage = await scene(agent(model, look, pay, strategy=dying), wrap=Overtaken)
    with pytest.raises(LedgerError, match="process is gone"):
        await stage.run("support")
    (started,) = await stage.bodies("run.started")
    lives.append(True)
    await stage.reopen()
    with pytest.raises(LedgerError, match="another process has gone on"):
        await stage.resume(started["run"])
    assert await stage.bodies("call.ended") == []


async def test_what_is_begun_while_the_reply_streams_was_offered(scene, agent, look, effects):
    model = ScriptedModel(call("look"), "Done.")
    stage = await scene(agent(model, look, strategy=asking(choice="none")))
    found = [event async for event in stage.runtime.stream("support", "Go.")]
    assert found[-1].data["status"] == RunStatus.COMPLETED
    assert not effects


@pytest.mark.parametrize("goes", ["at once", "resumed", "by a role"])
async def test_a_reply_is_read_in_the_form_of_the_model_that_gave_it(
    scene, agent, look, effects, goes
):
    """In strict mode a model says null for what it leaves out, and means nothing by it."""

    async def strategy(leg):
        reply = await leg.ask(purpose="cheap")
        if goes == "resumed" and not lives:
            lives.append(True)
            raise LedgerError("the process is gone")
        await leg.act(reply)
        return (await leg.ask(tools=(), purpose="cheap")).text

    lives = []
    down = ScriptedModel.answering(lambda _: fails("denied"))
    strict = ScriptedModel(call("look", what=None), "Done.", shape="openai-strict")
    models = {"model": [down, strict]}
    if goes == "by a role":
        models = {"model": down, "roles": {"cheap": strict}}
    stage = await scene(Agent(name="support", tools=[look], strategy=strategy, **models))
    if goes == "resumed":
        with pytest.raises(LedgerError):
            await stage.run("support")
        (started,) = await stage.bodies("run.started")
        run = await stage.resume(started["run"])
    else:
        run = await stage.run("support")
    assert run.result == "Done."
    assert effects == {("look", "all"): 1}
    assert {each["shape"] for each in await stage.bodies("model.asked")} >= {"openai-strict"}
