"""An agent with many tools offers the few that a run needs."""

import json

import pytest

from highroad import tool
from highroad.domain.error import LedgerError
from highroad.domain.model import ToolMessage
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
    await stage.run("support", "Print the invoice 1.")
    (ended,) = await stage.bodies("call.ended")
    assert (ended["status"], ended["rule"]) == ("refused", "offering.not_offered")


def searching(request):
    """Search first, and then call what was found."""
    results = [each for each in request.messages if isinstance(each, ToolMessage)]
    if not results:
        return call("tool_search", query="close a complaint", limit=2)
    if len(results) == 1:
        found = json.loads(results[0].content)["result"]
        return call(found[0]["name"], number=7)
    return "It is closed."


def offered(model):
    return [[each.name for each in request.tools] for request in model.requests]


async def test_an_agent_with_many_tools_can_search_for_those_that_it_is_not_shown(scene, agent):
    model = ScriptedModel(*[searching] * 3)
    stage = await scene(agent(model, *tools()))
    run = await stage.run("support", "Print the invoice.")
    assert run.result == "It is closed."
    first, second, _ = offered(model)
    assert "tool_search" in first
    assert "close_complaint" not in first
    assert second[: len(first)] == first
    assert "close_complaint" in second[len(first) :]
    asked = await stage.bodies("model.asked")
    assert [each["tools"] for each in asked] == offered(model)
    ends = {each["tool"]: each["status"] for each in await stage.bodies("call.ended")}
    assert ends == {"tool_search": "completed", "close_complaint": "completed"}


async def test_what_was_found_is_offered_after_a_restart_too(scene, agent):
    async def dying(leg):
        await leg.act(await leg.ask())
        if not lives:
            raise LedgerError("the process is gone")
        await leg.act(await leg.ask())
        return (await leg.ask()).text

    lives = []
    first, second = ScriptedModel(searching), ScriptedModel(searching, searching)
    stage = await scene(agent(first, *tools(), strategy=dying))
    with pytest.raises(LedgerError):
        await stage.run("support", "Print the invoice.")
    lives.append(True)
    (started,) = await stage.bodies("run.started")
    await stage.reopen(agent(second, *tools(), strategy=dying))
    run = await stage.resume(started["run"])
    assert run.result == "It is closed."
    assert "close_complaint" in offered(second)[0]


@pytest.mark.parametrize("searches", [True, False], ids=["few tools", "no search"])
async def test_who_has_few_tools_or_wants_no_search_is_offered_none(scene, agent, searches):
    model, every = ScriptedModel("Done."), tools()
    given = every[:20] if searches else every
    one = agent(model, *given, search=searches)
    stage = await scene(one, agent(ScriptedModel(), *every, name="other"))
    await stage.run("support", "Print the invoice.")
    assert "tool_search" not in offered(model)[0]


@pytest.mark.promise("P9")
async def test_a_search_finds_what_the_agent_itself_may_call_and_no_more(scene, agent):
    @tool(tier="read")
    def close_complaint_of_everybody(number: int) -> int:
        """Close one complaint, whoever made it."""
        return number

    def found(request):
        results = [each for each in request.messages if isinstance(each, ToolMessage)]
        if not results:
            return call("tool_search", query="close a complaint", limit=20)
        return results[0].content

    model = ScriptedModel(found, found)
    stage = await scene(agent(model, *tools()), tools=[close_complaint_of_everybody])
    run = await stage.run("support", "Print the invoice.")
    names = [each["name"] for each in json.loads(run.result)["result"]]
    assert "close_complaint" in names
    assert close_complaint_of_everybody.__name__ not in names
    assert "tool_search" not in names


async def test_a_search_that_somebody_has_given_stays_in_its_place(scene, agent):
    @tool(tier="read")
    def tool_search(query: str) -> list[str]:
        """Find tools in a way of our own."""
        return [query]

    def ask(request):
        results = [each for each in request.messages if isinstance(each, ToolMessage)]
        return results[0].content if results else call("tool_search", query="mine")

    model = ScriptedModel(ask, ask)
    stage = await scene(agent(model, *tools(), tool_search))
    run = await stage.run("support", "Print the invoice.")
    assert json.loads(run.result)["result"] == ["mine"]
