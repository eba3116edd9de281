"""Each strategy does what it is known for, and goes on where it was."""

import json

import pytest

from highroad import HighroadError, ToolError, tool
from highroad.agents.strategies.chain import chain, prompt, use
from highroad.agents.strategies.planning import plan_and_execute
from highroad.agents.strategies.router import (
    Chosen,
    by_model,
    by_offline,
    by_rules,
    in_turn,
    router,
    to_agent,
)
from highroad.agents.strategies.single import single_tool
from highroad.agents.strategies.thought import chain_of_thought, plan_and_solve
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


async def test_another_tool_than_the_single_one_does_not_answer(scene, agent, price_of):
    @tool(tier="read")
    def weather() -> str:
        """Say what the weather is."""
        return "rain"

    model = ScriptedModel(call("weather"), call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, weather, strategy=single_tool("price_of")))
    assert (await stage.run("support")).result == 500


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


@pytest.mark.parametrize(
    ("request_", "gone"),
    [
        ("Please refund 5 euros of my order.", "refund"),
        ("Where is my parcel?", "shipping"),
        ("Write a poem about the sea.", "rest"),
    ],
)
async def test_a_router_goes_by_the_offline_model_without_a_request(scene, agent, request_, gone):
    ways = {"refund": saying("refund"), "track": saying("shipping"), "rest": saying("rest")}
    by = by_offline(
        {
            "refund": "Refund money of an order to the customer.",
            "track": "Say where a parcel is: track its shipping.",
        }
    )
    stage = await scene(agent(ScriptedModel(), strategy=router(ways, by=by, otherwise="rest")))
    run = await stage.run("support", request_)
    assert (run.result, run.steps) == (gone, 0)


@pytest.mark.parametrize(("chosen", "sure"), [("refunds", 0.4), ("nowhere", 1.0)])
async def test_a_chooser_that_is_not_sure_leaves_it_to_the_next(scene, agent, chosen, sure):
    async def unsure(leg, ways):
        return Chosen(chosen, sure)

    model = ScriptedModel('{"way": "rest", "confidence": 0.6}')
    way = router(
        {"refunds": saying("refund"), "rest": saying("rest")},
        by=in_turn(by_rules(("refunds", str.isupper)), unsure, by_model({}), least=0.7),
    )
    stage = await scene(agent(model, strategy=way))
    shouted = await stage.run("support", "MONEY BACK!")
    assert (shouted.result, shouted.steps) == ("refund", 0)
    assert (await stage.run("support", "Hello?")).result == "rest"


async def test_a_router_hands_on_to_an_agent_of_the_team(scene, agent, pay, effects):
    model = ScriptedModel(call("pay", cents=5), "It is paid.", by_turn=True)
    clerk = agent(model, pay, name="clerk")
    way = router({"pay": to_agent("clerk")}, by=by_rules(("pay", lambda _: True)))
    stage = await scene(agent(ScriptedModel(), strategy=way, team=[clerk]))
    held = await stage.run("support", "Pay 5 cents.")
    (hold,) = held.holds
    assert (hold.tool, hold.path) == ("pay", ("clerk",))
    await stage.approve(held)
    assert (await stage.resume(held)).result == "It is paid."
    assert model.requests[0].messages[0].text == "Pay 5 cents."
    assert effects == {("pay", 5): 1}


async def test_an_agent_of_the_team_that_comes_to_nothing_fails_the_way(scene, agent):
    clerk = agent(ScriptedModel(), name="clerk", strategy=plan_and_execute())
    stage = await scene(agent(ScriptedModel(), strategy=to_agent("clerk"), team=[clerk]))
    assert (await stage.run("support")).status is RunStatus.FAILED


async def test_chain_of_thought_gives_the_answer_without_the_reasons(scene, agent, price_of):
    model = ScriptedModel('{"reasoning": "6 by 7 is 42.", "answer": "42"}')
    stage = await scene(agent(model, price_of, strategy=chain_of_thought))
    assert (await stage.run("support")).result == "42"
    assert not model.requests[0].tools


async def test_chain_of_thought_answers_in_the_form_of_the_agent(scene, agent):
    model = ScriptedModel('{"reasoning": "6 by 7 is 42.", "answer": "42"}', "42")
    stage = await scene(agent(model, strategy=chain_of_thought, output=int))
    assert (await stage.run("support")).result == 42
    assert "6 by 7" in model.requests[1].messages[-1].text


async def test_a_plan_is_made_and_solved_in_one_request(scene, agent, price_of):
    model = ScriptedModel('{"plan": "Add.", "solution": "5 + 9", "answer": "14"}')
    stage = await scene(agent(model, price_of, strategy=plan_and_solve))
    assert (await stage.run("support")).result == "14"
    (request,) = model.requests
    assert list(request.output["properties"]) == ["plan", "solution", "answer"]
    assert not request.tools


async def test_a_model_that_does_not_keep_to_the_form_has_answered_all_the_same(scene, agent):
    stage = await scene(agent(ScriptedModel("Forty-two."), strategy=chain_of_thought))
    assert (await stage.run("support")).result == "Forty-two."


async def test_new_plans_are_made_as_often_as_there_may_be(scene, agent):
    steps = '{"steps": ["One"]}'
    anew = '{"is_done": false, "steps": ["Another"]}'
    model = ScriptedModel(steps, "FAILED: 1", anew, "FAILED: 2", "That is all there is.")
    stage = await scene(agent(model, strategy=plan_and_execute(max_replans=1)))
    assert (await stage.run("support")).result == "That is all there is."
    model.assert_complete()


async def test_a_tool_that_ends_the_run_ends_a_plan_in_its_middle(scene, agent, price_of):
    model = ScriptedModel('{"steps": ["One", "Two"]}', call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, strategy=plan_and_execute(), ends=[price_of]))
    run = await stage.run("support")
    assert (run.result, run.steps) == (500, 2)


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
