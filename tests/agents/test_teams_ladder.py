"""The cheap model answers where it is sure, the strong one the rest, each in its role."""

import json
from dataclasses import dataclass

import pytest

from highroad import Agent, tool
from highroad.agents.ladder import Rung, by_role, ladder, measured
from highroad.agents.offline import Offline
from highroad.agents.strategies.router import by_model, router
from highroad.agents.teams.supervisor import supervisor
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@pytest.fixture
def price_of(effects):
    @tool(tier="read")
    def price_of(article: str) -> int:
        """Say the price of an article."""
        effects["price_of", article] += 1
        return 5

    return price_of


@pytest.fixture
def pay(effects):
    @tool(tier="reversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def said(answer, confidence):
    return json.dumps({"answer": answer, "confidence": confidence})


def climber(cheap, strong, *rungs, **parts):
    parts.setdefault("tools", ())
    return Agent(
        name="support",
        model=strong,
        roles={"cheap": cheap},
        strategy=ladder(*(rungs or ("cheap",))),
        **parts,
    )


async def test_what_the_cheap_model_is_sure_of_it_answers(scene):
    strong = ScriptedModel()
    stage = await scene(climber(ScriptedModel(said("Five.", 0.9)), strong))
    assert (await stage.run("support")).result == "Five."
    assert not strong.requests


@pytest.mark.parametrize(
    "reply",
    [said("Five?", 0.3), "Five.", '{"answer": "Five."}', '{"answer": "Five.", "confidence": "x"}'],
)
async def test_what_it_is_not_sure_of_goes_up_untold(scene, reply):
    """The strong model begins with the request alone: a wrong guess does not lead it astray."""
    strong = ScriptedModel("Six.")
    stage = await scene(climber(ScriptedModel(reply), strong))
    assert (await stage.run("support", "How many?")).result == "Six."
    assert [each.text for each in strong.requests[0].messages] == ["How many?"]


async def test_below_the_top_nothing_has_effects(scene, price_of, pay, effects):
    """A call that was not offered is refused by no rule: it is not made at all."""
    cheap = ScriptedModel(call("price_of", article="vase"), said("?", 0.0))
    strong = ScriptedModel(call("pay", cents=5), "Paid.")
    stage = await scene(climber(cheap, strong, tools=[price_of, pay]))
    assert (await stage.run("support")).result == "Paid."
    assert [each.name for each in cheap.requests[0].tools] == ["price_of"]
    assert [each.name for each in strong.requests[0].tools] == ["pay", "price_of"]
    assert effects == {("price_of", "vase"): 1, ("pay", 5): 1}


async def test_a_cheap_model_that_calls_what_has_effects_is_not_obeyed(scene, pay, effects):
    cheap = ScriptedModel(call("pay", cents=5))
    stage = await scene(climber(cheap, ScriptedModel("Better not."), tools=[pay]))
    assert (await stage.run("support")).result == "Better not."
    assert not effects


@dataclass
class Sum:
    """What it comes to."""

    total: int


@pytest.mark.parametrize(("total", "asked"), [(4, 0), ("many", 1)])
async def test_an_answer_of_another_form_goes_up(scene, total, asked):
    cheap = ScriptedModel(said({"total": total}, 1))
    strong = ScriptedModel('{"total": 4}')
    stage = await scene(climber(cheap, strong, output=Sum))
    assert (await stage.run("support")).result == Sum(4)
    assert len(strong.requests) == asked


async def test_the_offline_model_tells_how_sure_it_is(scene, price_of):
    """It reads, and reports; what it cannot place goes up."""
    strong = ScriptedModel("Hello.")
    agent = climber(Offline(), strong, Rung("cheap", 0.6, measured), tools=[price_of])
    stage = await scene(agent)
    run = await stage.run("support", 'price of the article "vase"')
    assert "5" in run.result
    assert not strong.requests
    assert (await stage.run("support", "Who are you, and what do you think?")).result == "Hello."


async def test_a_rung_without_a_model_is_told(scene):
    stage = await scene(climber(ScriptedModel(), ScriptedModel(), "cheapest"))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.FAILED, "strategy_failed")


async def test_a_run_that_climbed_goes_on_where_it_was(scene, effects):
    @tool(tier="irreversible", effect="idempotent")
    def refund(cents: int) -> str:
        """Refund."""
        effects["refund", cents] += 1
        return "done"

    def made():
        strong = ScriptedModel(call("refund", cents=5), "Refunded.", by_turn=True)
        return climber(ScriptedModel(said("?", 0)), strong, tools=[refund])

    stage = await scene(made())
    held = await stage.run("support")
    await stage.approve(held)
    again = made()
    await stage.reopen(again)
    assert (await stage.resume(held)).result == "Refunded."
    assert not again.roles["cheap"].requests
    assert effects == {("refund", 5): 1}


async def test_a_cheap_model_chooses_the_way_and_another_goes_it(scene, price_of):
    route = ScriptedModel(json.dumps({"way": "prices", "confidence": 1}))
    reader = ScriptedModel(call("price_of", article="vase"), "Five.")
    strong = ScriptedModel()
    agent = Agent(
        name="support",
        model=strong,
        tools=[price_of],
        roles={"route": route, "cheap": reader},
        strategy=router({"prices": by_role("cheap"), "rest": by_role("step")}, by=by_model({})),
    )
    stage = await scene(agent)
    assert (await stage.run("support")).result == "Five."
    assert (len(route.requests), len(reader.requests), len(strong.requests)) == (1, 2, 0)


async def test_a_supervisor_plans_and_answers_by_its_roles(scene):
    helper = Agent(name="helper", tools=(), model=ScriptedModel("Found."))
    planner = ScriptedModel(json.dumps({"tasks": [{"agent": "helper", "task": "Find."}]}))
    writer, own = ScriptedModel("Written."), ScriptedModel()
    boss = Agent(
        name="boss",
        tools=(),
        team=[helper],
        model=own,
        roles={"plan": planner, "answer": writer},
        strategy=supervisor(),
    )
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Written."
    assert not own.requests
