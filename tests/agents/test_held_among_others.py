"""Calls of one reply of which some wait for people: the others run, and nothing is lost (P5)."""

import pytest

from highroad import tool
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
