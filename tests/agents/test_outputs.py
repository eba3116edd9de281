"""A declared output holds whoever brings the answer: a model, a tool, a step, another agent."""

from dataclasses import dataclass

import pytest

from highroad import Agent, tool
from highroad.agents.strategies.chain import chain, use
from highroad.agents.strategies.router import to_agent
from highroad.agents.teams.handoff import hand_off
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@dataclass
class Quote:
    """What an article costs."""

    article: str
    cents: int


@tool(tier="read")
def quote(article: str) -> dict[str, object]:
    """Say what an article costs."""
    return {"article": article, "cents": 500 if article == "vase" else "much"}


def ending(article):
    model = ScriptedModel(call("quote", article=article), "Never asked.")
    return Agent(name="seller", model=model, tools=[quote], ends=[quote], output=Quote)


def chained(article):
    strategy = chain(use("quote", lambda _: {"article": article}))
    return Agent(
        name="seller", model=ScriptedModel(), tools=[quote], strategy=strategy, output=Quote
    )


def clerk(article):
    return Agent(
        name="clerk",
        model=ScriptedModel(call("quote", article=article)),
        tools=[quote],
        ends=[quote],
    )


def routed(article):
    strategy = to_agent("clerk")
    return Agent(
        name="seller",
        model=ScriptedModel(),
        tools=(),
        team=[clerk(article)],
        strategy=strategy,
        output=Quote,
    )


def handed(article):
    model = ScriptedModel(call("ask_clerk", task="A quote."), "Never asked.")
    return Agent(
        name="seller",
        model=model,
        tools=(),
        team=[clerk(article)],
        strategy=hand_off(),
        output=Quote,
    )


BROUGHT = {
    "by a tool that ends": ending,
    "by a step": chained,
    "by an agent": routed,
    "by whoever takes over": handed,
}
brought = pytest.mark.parametrize("by", BROUGHT.values(), ids=BROUGHT)


@brought
async def test_an_answer_that_was_brought_is_of_the_declared_type(scene, by):
    stage = await scene(by("vase"))
    run = await stage.run("seller")
    assert (run.status, run.result) == (RunStatus.COMPLETED, Quote("vase", 500))
    await stage.reopen()
    assert (await stage.resume(run)).result == Quote("vase", 500)


@brought
async def test_one_of_another_form_fails_the_run_and_says_so(scene, by):
    stage = await scene(by("lamp"))
    run = await stage.run("seller")
    assert (run.status, run.code, run.result) == (RunStatus.FAILED, "output_invalid", None)


async def test_a_value_of_the_type_stays_what_it_is(scene):
    async def strategy(leg):
        return Quote((await leg.ask()).text, 7)

    agent = Agent(name="seller", model=ScriptedModel("lamp"), strategy=strategy, output=Quote)
    stage = await scene(agent)
    assert (await stage.run("seller")).result == Quote("lamp", 7)
