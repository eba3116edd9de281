"""Agents are rehearsed with scripted and recorded models, in memory and in fake time."""

import pytest

from highroad import Agent, Principal, ToolError, tool
from highroad.testing import (
    Effects,
    Recorder,
    Rehearsal,
    Replay,
    ScriptedModel,
    call,
    fails,
    ran,
)


@tool(tier="read")
async def get_order(order_id: str) -> str:
    """Look an order up."""
    return f"{order_id} is paid"


@tool(tier="irreversible", effect="idempotent", ask="args.cents > 5000")
async def refund(order_id: str, cents: int, reason: str | None = None) -> str:
    """Pay money back."""
    if cents == 1_000:
        raise ToolError("Not that much.", applied=False)
    return f"refunded {cents}"


LOOK = call("get_order", order_id="ORD-1")
PAY = call("refund", order_id="ORD-1", cents=500)
SUPPORT = Agent(name="support", instructions="You answer for a shop.", tools=[get_order, refund])


async def test_a_script_is_run_over_the_road(runtime):
    model = ScriptedModel(LOOK, [PAY, "I pay."], "Done.")
    effects = Effects()
    runtime.wrap(effects.around)
    run = await runtime.run(SUPPORT, "Refund 5 euros of ORD-1.", model=model)
    assert (run.status, run.result) == ("completed", "Done.")
    calls = await ran(runtime, run)
    calls.called("refund").with_(cents=500).after("get_order").once().ended("completed")
    assert effects.count("refund", order_id="ORD-1") == 1
    model.assert_complete()


async def test_a_held_run_goes_on_once_somebody_agreed(runtime):
    model = ScriptedModel(call("refund", order_id="ORD-1", cents=6_000), "Done.")
    run = await runtime.run(SUPPORT, "Refund 60 euros of ORD-1.", model=model)
    (await ran(runtime, run)).called("refund").ended("held")
    await runtime.approvals.approve(run.holds[0].approval_id, by=Principal("bob"))
    run = await runtime.resume(run.id)
    assert (run.status, run.result) == ("completed", "Done.")
    (await ran(runtime, run)).called("refund").once().ended("completed")


async def test_a_provider_that_fails_is_asked_again_without_waiting(runtime):
    model = ScriptedModel(fails("throttled", retry_after_s=20), "Done.", clock=runtime.clock)
    run = await runtime.run(SUPPORT, "Hello.", model=model)
    assert run.status == "completed"
    assert runtime.clock.monotonic_s() >= 20
    model.assert_complete()


async def test_models_of_a_team_are_given_by_name_and_its_calls_are_read_with_the_run(runtime):
    payer = Agent(name="payer", description="Pays money back.", tools=[refund])
    chief = Agent(name="chief", tools=[get_order], team=[payer])
    chiefs = ScriptedModel(LOOK, call("ask_payer", task="Refund 5 euros of ORD-1."), "Done.")
    payers = ScriptedModel(PAY, "Paid.")
    models = {"chief": chiefs, "payer": payers}
    run = await runtime.run(chief, "Refund 5 euros of ORD-1.", model=models)
    assert run.result == "Done."
    (await ran(runtime, run)).called("refund").after("get_order").once()
    (await ran(runtime)).called("refund").once()
    payers.assert_complete()


@pytest.mark.parametrize("recorded", ["openai", "openai-strict", "anthropic", "gemini-openapi"])
@pytest.mark.parametrize("played", ["openai", "anthropic", "anthropic-strict", "gemini"])
async def test_a_run_recorded_from_one_provider_plays_on_the_shape_of_another(
    tmp_path, recorded, played
):
    """With errors, results and ids of calls between."""
    path = tmp_path / "run.jsonl"
    script = (
        fails("transient"),
        [LOOK, call("get_order", '{"order_id": ')],
        [call("refund", order_id="ORD-1", cents=1_000), call("refund", cents="much")],
        PAY,
        "Done.",
    )
    model = Recorder(ScriptedModel(*script, name="provider:model", shape=recorded), path)
    once = Rehearsal()
    one = await once.run(SUPPORT, "Refund 5 euros of ORD-1.", model=model)
    replay = Replay(path, shape=played)
    again = Rehearsal(get_order, refund)
    await again.call(get_order, {"order_id": "ORD-2"})  # ids of what follows are others
    other = await again.run(SUPPORT, "Refund 5 euros of ORD-1.", model=replay)
    assert (one.status, one.result) == (other.status, other.result) == ("completed", "Done.")
    assert (one.steps, one.tokens_out) == (other.steps, other.tokens_out)
    assert list(map(str, await ran(once, one))) == list(map(str, await ran(again, other)))
    assert replay.left == 0
