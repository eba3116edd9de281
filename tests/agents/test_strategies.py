"""Each strategy does what it is known for, and goes on where it was."""

import json

import pytest

from highroad import HighroadError, ToolError, tool
from highroad.agents.strategies.chain import chain, prompt, use
from highroad.agents.strategies.planning import plan_and_execute
from highroad.agents.strategies.router import by_model, by_rules, router
from highroad.agents.strategies.single import single_tool
from highroad.agents.strategies.thought import chain_of_thought
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@pytest.fixture
def price_of(effects):
    @tool(tier="read")
    def price_of(article: str) -> int:
        """Say what an article costs."""
        effects["price_of", article] += 1
        if article == "chair":
            raise ToolError("No such article.")
        return {"vase": 500, "lamp": 900}[article]

    return price_of


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay."""
        effects["pay", cents] += 1
        return f"{cents} paid"

    return pay


async def test_a_single_tool_answers_by_itself(scene, agent, price_of):
    model = ScriptedModel(call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, strategy=single_tool("price_of")))
    assert (await stage.run("support")).result == 500
    (request,) = model.requests
    assert request.choice.name == "price_of"
    assert [each.name for each in request.tools] == ["price_of"]


async def test_a_single_call_that_was_refused_may_be_mended_once(scene, agent, price_of):
    model = ScriptedModel(call("price_of", colour="red"), call("price_of", article="lamp"))
    stage = await scene(agent(model, price_of, strategy=single_tool("price_of")))
    assert (await stage.run("support")).result == 900
    model = ScriptedModel.answering(lambda _: call("price_of", article="chair"))
    stage = await scene(agent(model, price_of, strategy=single_tool("price_of")))
    run = await stage.run("support")
    assert (run.status, run.code, run.steps) == (RunStatus.FAILED, "no_call", 2)


async def test_a_chain_takes_its_steps_in_order_and_goes_on_where_it_waited(
    scene, agent, price_of, pay, effects
):
    def steps():
        return chain(
            prompt("Which article is meant? {before}"),
            use("price_of", lambda article: {"article": article}),
            use("pay", lambda cents: {"cents": cents}),
            prompt("Tell the customer: {before}"),
        )

    def script():
        return ScriptedModel("vase", "Done.", by_turn=False)

    model = script()
    stage = await scene(agent(model, price_of, pay, strategy=steps()))
    held = await stage.run("support", "The thing for flowers.")
    assert held.status is RunStatus.HELD
    await stage.approve(held)
    again = ScriptedModel("Done.")
    await stage.reopen(agent(again, price_of, pay, strategy=steps()))
    run = await stage.resume(held)
    assert run.result == "Done."
    assert again.requests[0].messages[-1].text == "Tell the customer: 500 paid"
    assert effects == {("price_of", "vase"): 1, ("pay", 500): 1}


async def test_a_chain_ends_where_a_step_is_not_completed(scene, agent, price_of):
    steps = chain(use("price_of", lambda _: {"article": "chair"}))
    stage = await scene(agent(ScriptedModel(), price_of, strategy=steps))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.FAILED, "execution_error")


def saying(words):
    async def strategy(leg):
        return words

    return strategy


async def test_a_router_goes_by_rules_without_a_model(scene, agent):
    way = router(
        {"refunds": saying("refund"), "rest": saying("rest")},
        by=by_rules(("refunds", lambda request: "refund" in request)),
        otherwise="rest",
    )
    stage = await scene(agent(ScriptedModel(), strategy=way))
    assert (await stage.run("support", "I want a refund.")).result == "refund"
    assert (await stage.run("support", "Hello.")).result == "rest"


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ('{"way": "refunds", "confidence": 0.9}', "refund"),
        ('{"way": "refunds", "confidence": 0.2}', "rest"),
        ('{"way": "nowhere", "confidence": 1}', "rest"),
        ("I am not sure.", "rest"),
    ],
)
async def test_a_router_goes_by_a_model_as_far_as_that_is_sure(scene, agent, said, gone):
    way = router(
        {"refunds": saying("refund"), "rest": saying("rest")},
        by=by_model({"refunds": "Money back."}),
        least=0.5,
        otherwise="rest",
    )
    cheap, strong = ScriptedModel(said), ScriptedModel()
    stage = await scene(agent(strong, strategy=way, roles={"route": cheap}))
    assert (await stage.run("support")).result == gone
    assert cheap.requests[0].output["properties"]["way"]["enum"] == ["refunds", "rest"]
    assert not strong.requests


def test_a_router_needs_the_way_that_it_falls_back_on():
    with pytest.raises(HighroadError, match="none of the ways"):
        router({}, by=by_rules(), otherwise="rest")


async def test_chain_of_thought_gives_the_answer_without_the_reasons(scene, agent, price_of):
    model = ScriptedModel('{"reasoning": "6 by 7 is 42.", "answer": "42"}')
    stage = await scene(agent(model, price_of, strategy=chain_of_thought))
    assert (await stage.run("support")).result == "42"
    assert not model.requests[0].tools


async def test_a_plan_is_taken_step_by_step_each_with_what_it_needs(scene, agent, price_of):
    model = ScriptedModel(
        json.dumps({"steps": ["Price of the vase", "Price of the lamp"]}),
        call("price_of", article="vase"),
        "5 euros.",
        call("price_of", article="lamp"),
        "9 euros.",
        "14 euros in all.",
    )
    stage = await scene(agent(model, price_of, strategy=plan_and_execute()))
    run = await stage.run("support", "What do both cost?")
    assert run.result == "14 euros in all."
    assert "5 euros." in model.requests[3].messages[0].text
    assert "9 euros." not in model.requests[3].messages[0].text
    assert len(model.requests[3].messages) == 1


async def test_a_step_that_fails_makes_a_new_plan(scene, agent, price_of):
    model = ScriptedModel(
        json.dumps({"steps": ["Price of the chair", "Add up"]}),
        call("price_of", article="chair"),
        "FAILED: there is none.",
        json.dumps({"is_done": False, "steps": ["Price of the vase"]}),
        call("price_of", article="vase"),
        "5 euros.",
        "A vase is 5 euros.",
    )
    stage = await scene(agent(model, price_of, strategy=plan_and_execute()))
    assert (await stage.run("support")).result == "A vase is 5 euros."
    model.assert_complete()


async def test_a_model_without_a_plan_fails_the_run(scene, agent):
    stage = await scene(agent(ScriptedModel("No idea."), strategy=plan_and_execute()))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.FAILED, "no_plan")
