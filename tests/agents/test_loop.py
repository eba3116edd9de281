"""The loop: ask, act, show the results, ask again, until there is an answer."""

import json
from dataclasses import dataclass, replace

import pytest

from highroad import Agent, HighroadError, Limits, ToolError, tool
from highroad.domain.model import ModelMessage, ToolMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@tool(tier="read")
def price_of(article: str) -> int:
    """Say what an article costs.

    Args:
        article: Its name.
    """
    prices = {"vase": 500, "lamp": 900}
    if article not in prices:
        raise ToolError("No such article.", hint="There are vase and lamp.")
    return prices[article]


def results_of(request):
    """What the model was told of its calls, by the provider's ids."""
    return {
        message.id: json.loads(message.content)
        for message in request.messages
        if isinstance(message, ToolMessage)
    }


async def test_a_run_asks_acts_and_answers(scene, agent):
    model = ScriptedModel(call("price_of", article="vase"), "It costs 5 euros.")
    stage = await scene(agent(model, price_of, instructions="Be brief."))
    run = await stage.run("support", "What does the vase cost?")
    assert (run.status, run.result, run.steps) == (RunStatus.COMPLETED, "It costs 5 euros.", 2)
    assert (run.tokens_in, run.tokens_out) == (200, 40)
    model.assert_complete()
    first, second = model.requests
    assert first.instructions == "Be brief."
    assert first.messages == (UserMessage(text="What does the vase cost?"),)
    assert [each.name for each in first.tools] == ["price_of"]
    assert [answer["result"] for answer in results_of(second).values()] == [500]
    await stage.check()


async def test_a_request_begins_with_the_very_messages_of_the_one_before_it(scene, agent):
    model = ScriptedModel(
        call("price_of", article="vase"), call("price_of", article="lamp"), "Five and nine."
    )
    stage = await scene(agent(model, price_of))
    await stage.run("support")
    for before, behind in zip(model.requests, model.requests[1:], strict=False):
        assert behind.messages[: len(before.messages)] == before.messages
        assert (behind.instructions, behind.tools) == (before.instructions, before.tools)


@pytest.mark.promise("P5")
async def test_every_call_of_a_reply_has_one_result_whatever_became_of_it(scene, agent):
    model = ScriptedModel(
        [
            call("price_of", article="vase"),
            call("price_of", article="chair"),
            call("price_of", colour="red"),
            call("no_such_tool", x=1),
        ],
        "Done.",
    )
    stage = await scene(agent(model, price_of))
    run = await stage.run("support")
    assert run.status is RunStatus.COMPLETED
    asked, answers = model.requests[1].messages[1], results_of(model.requests[1])
    assert isinstance(asked, ModelMessage)
    assert list(answers) == [each.id for each in asked.calls]
    codes = [answer.get("code") for answer in answers.values()]
    assert codes == [None, "execution_error", "invalid_arguments", "unknown_tool"]
    assert len(await stage.check()) == 4


@pytest.mark.promise("P5")
async def test_calls_with_one_id_or_none_are_told_apart(scene, agent):
    model = ScriptedModel(
        [
            call("price_of", article="vase", id="same"),
            call("price_of", article="lamp", id="same"),
            call("price_of", article="vase", id=""),
        ],
        call("price_of", article="lamp", id="same"),
        "Done.",
    )
    stage = await scene(agent(model, price_of))
    await stage.run("support")
    said = model.requests[2].messages
    asked = [
        each.id for message in said if isinstance(message, ModelMessage) for each in message.calls
    ]
    answered = [message.id for message in said if isinstance(message, ToolMessage)]
    assert asked == answered
    assert len(set(asked)) == 4
    assert all(asked)


async def test_what_a_model_writes_that_is_no_json_is_answered(scene, agent):
    model = ScriptedModel(call("price_of", raw='{"article": "va'), "Sorry.")
    stage = await scene(agent(model, price_of))
    run = await stage.run("support")
    assert run.result == "Sorry."
    (answer,) = results_of(model.requests[1]).values()
    assert answer["code"] == "invalid_arguments"


async def test_the_last_request_offers_no_choice_but_to_answer(scene, agent):
    model = ScriptedModel(call("price_of", article="vase"), "Five, I think.")
    stage = await scene(agent(model, price_of, iterations=2))
    run = await stage.run("support")
    assert run.result == "Five, I think."
    assert [each.choice for each in model.requests] == ["auto", "none"]
    assert model.requests[1].messages[-1].text.startswith("No further tool calls")


async def test_a_run_that_never_answers_ends_at_its_limit_of_requests(scene, agent):
    model = ScriptedModel.answering(lambda _: call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, iterations=3))
    run = await stage.run("support")
    assert (run.status, run.code, run.steps) == (
        RunStatus.MAX_STEPS_EXCEEDED,
        "max_steps_exceeded",
        3,
    )
    assert len(model.requests) == 3


async def test_going_to_and_fro_is_stopped_with_a_message(scene, agent):
    model = ScriptedModel(
        *[call("price_of", article=each) for each in ("vase", "lamp") * 4], "Enough."
    )
    stage = await scene(agent(model, price_of, iterations=20))
    await stage.run("support")
    codes = [answer.get("code") for answer in results_of(model.requests[-1]).values()]
    assert codes == [None] * 7 + ["loop_detected"]


@dataclass
class Quote:
    """What an article costs."""

    article: str
    cents: int


async def test_a_final_answer_has_the_declared_type(scene, agent):
    model = ScriptedModel('{"article": "vase", "cents": 500}')
    stage = await scene(agent(model, price_of, output=Quote))
    run = await stage.run("support")
    assert run.result == Quote("vase", 500)
    assert model.requests[0].output["title"] == "Quote"
    assert (await stage.resume(run)).result == Quote("vase", 500)


async def test_an_answer_of_another_form_is_told_what_is_wrong_with_it(scene, agent):
    model = ScriptedModel("Five euros.", '```json\n{"article": "vase", "cents": 500}\n```')
    stage = await scene(agent(model, price_of, output=Quote))
    run = await stage.run("support")
    assert run.result == Quote("vase", 500)
    assert "not of the form" in model.requests[1].messages[-1].text
    assert "Five euros" not in model.requests[1].messages[-1].text


async def test_an_answer_that_is_never_of_the_form_fails_the_run(scene, agent):
    model = ScriptedModel.answering(lambda _: "Five euros.")
    stage = await scene(agent(model, price_of, output=Quote))
    run = await stage.run("support")
    assert (run.status, run.code, run.result) == (RunStatus.FAILED, "output_invalid", None)
    assert len(model.requests) == 3


async def test_a_tool_that_ends_the_run_brings_its_result(scene, agent):
    @tool(tier="read")
    def submit(cents: int) -> int:
        """Hand in the answer."""
        return cents

    model = ScriptedModel(call("submit", cents="many"), call("submit", cents=500))
    stage = await scene(agent(model, submit, ends=[submit]))
    run = await stage.run("support")
    assert (run.status, run.result) == (RunStatus.COMPLETED, 500)
    model.assert_complete()


async def test_a_strategy_that_breaks_fails_its_run_and_says_where(scene, agent, caplog):
    async def broken(leg):
        await leg.ask()
        raise RuntimeError("a secret")

    model = ScriptedModel("Hello.")
    stage = await scene(agent(model, strategy=broken))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.FAILED, "strategy_failed")
    assert "test_loop.py" in caplog.text
    assert "a secret" not in caplog.text


@pytest.mark.promise("P6")
async def test_a_run_without_tokens_left_ends_as_budget_exceeded(scene, agent):
    model = ScriptedModel.answering(lambda _: call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, iterations=50), limits=Limits(tokens=5_000))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.BUDGET_EXCEEDED, "limits.tokens")
    assert run.tokens_in + run.tokens_out <= 5_000


async def test_an_agent_that_names_a_tool_nobody_gave_is_refused_at_once(scene):
    lost = Agent(name="lost", tools=["nowhere"], model=ScriptedModel())
    stage = await scene(lost)
    with pytest.raises(HighroadError, match="nowhere"):
        await stage.run("lost")


async def test_nobody_is_called_that(scene, agent):
    stage = await scene(agent(ScriptedModel()))
    with pytest.raises(HighroadError, match="it has support"):
        await stage.run("sales")


@pytest.mark.promise("P7")
async def test_what_a_provider_calls_its_model_is_recorded_as_a_name_alone(scene, agent):
    class Chatty(ScriptedModel):
        async def reply(self, request):
            async for part in super().reply(request):
                yield replace(part, model="gpt <b>the customer said: my PIN is 1234</b>" * 9)

    stage = await scene(agent(Chatty("Hello.")))
    await stage.run("support")
    (replied,) = await stage.bodies("model.replied")
    assert len(replied["model"]) == 100
    assert " " not in replied["model"]
