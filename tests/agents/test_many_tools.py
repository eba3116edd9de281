"""An agent with many tools offers the few that a run needs."""

import pytest

from highroad import tool
from highroad.testing import ScriptedModel, call


def tools():
    made = []
    for what in ("invoice", "parcel", "ticket", "customer", "refund", "complaint"):
        for verb in ("find", "open", "close", "print"):

            def body(number: int) -> int:
                return number

            body.__name__ = f"{verb}_{what}"
            body.__doc__ = f"{verb.capitalize()} one {what}."
            made.append(tool(tier="read")(body))
    return made


async def test_of_many_tools_those_are_offered_that_the_request_is_about(scene, agent):
    model = ScriptedModel("Done.")
    stage = await scene(agent(model, *tools()))
    await stage.run("support", "Print the invoice for me.")
    offered = [each.name for each in model.requests[0].tools]
    assert "print_invoice" in offered
    assert len(offered) < 24
    (asked,) = await stage.bodies("model.asked")
    assert asked["tools"] == offered


@pytest.mark.promise("P5")
async def test_what_joins_comes_last_and_what_was_offered_stays(scene, agent):
    def look(request):
        return call("print_invoice", number=1)

    model = ScriptedModel(look, "Done.")
    stage = await scene(agent(model, *tools()))
    await stage.run("support", "Print the invoice.")
    first, second = [[each.name for each in request.tools] for request in model.requests]
    assert second[: len(first)] == first


async def test_a_call_of_a_tool_that_was_left_out_is_refused_and_says_what_to_do(scene, agent):
    model = ScriptedModel(call("close_complaint", number=1), "Done.")
    stage = await scene(agent(model, *tools()))
    await stage.run("support", "Print the invoice.")
    (ended,) = await stage.bodies("call.ended")
    assert (ended["status"], ended["rule"]) == ("refused", "offering.not_offered")
