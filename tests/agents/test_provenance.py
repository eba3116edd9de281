"""Whoever decides about a call is told in words where each of its values comes from."""

from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from highroad import Agent, tool
from highroad.cli import views
from highroad.settings import load
from highroad.testing import ScriptedModel, call


@tool(tier="read")
def get_order(order_id: str) -> dict[str, int | str]:
    """Read an order."""
    return {"order_id": order_id, "cents": 8_400}


@tool(tier="irreversible")
def refund(
    order_id: str, cents: int, reason: Literal["damaged", "other"] = "other", account: str = ""
) -> str:
    """Pay back."""
    return f"{order_id} {cents} {reason} {account}"


@pytest.mark.promise("P1")
async def test_the_case_tells_request_result_schema_and_what_nothing_names(scene):
    arguments = {"order_id": "ORD-000042", "cents": 8_400, "reason": "other", "account": "A-7"}
    model = ScriptedModel(
        call("get_order", order_id="ORD-000042"),
        call("get_order", order_id="ORD-000042"),
        call("refund", arguments),
    )
    asking = {"HIGHROAD_GROUNDING_MODE": "enforce", "HIGHROAD_GROUNDING_UNGROUNDED": "ask"}
    clerk = Agent(name="clerk", model=model, tools=[get_order, refund])
    stage = await scene(clerk, settings=load(Path.cwd(), asking), names=False)
    run = await stage.run("clerk", "Refund all of ORD-000042.")
    case = await stage.runtime.approvals.case(run.holds[0].approval_id)
    assert case.provenance == {
        "/account": "nothing names it",
        "/cents": "the result of get_order, 2 steps before: untrusted",
        "/order_id": "the request",
        "/reason": "what the tool's schema lists",
    }
    assert {each.pointer for each in case.origins} == set(case.provenance)
    assert case.withheld
    shown = StringIO()
    Console(file=shown, width=200).print(views.case(case))
    assert "the result of get_order, 2 steps before: untrusted" in shown.getvalue()
    assert [each.source for each in case.origins if each.kind == "result"] == [
        step.call_id for step in (await stage.runtime.audit.trail(run.id)).steps[:1]
    ]
