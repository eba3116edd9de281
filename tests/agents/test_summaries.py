"""Before older steps are left out, a model sums them up; a resumed run is shown the same."""

import re
from collections import Counter

import pytest

from highroad import Agent, Limits, tool
from highroad.agents.context.summary import INSTRUCTIONS
from highroad.domain.error import LedgerError
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call, fails

ID = re.compile(r"call_[0-9a-z]+")
PAGES = 16
LIMITS = Limits(iterations=40)


@tool(tier="read")
def read_page(number: int) -> str:
    """Read a page of the book."""
    return f"page {number}: " + "once upon a time " * 50


def pages_read(request):
    """How many pages the model was told of by now, by the last that it sees."""
    results = [each for each in request.messages if isinstance(each, ToolMessage)]
    return int(results[-1].content.split("page ")[1].split(":")[0]) + 1 if results else 0


def reading(request):
    """Read page by page, and then answer."""
    number = pages_read(request)
    return call("read_page", number=number) if number < PAGES else "The end."


def reader(sums_up=None, **parts):
    """A model that reads the book, and sums up what it is asked to."""
    sums_up = sums_up or told_briefly
    return ScriptedModel(
        *[lambda each: sums_up(each) if is_summary(each) else reading(each)] * 60,
        context_tokens=4_000,
        **parts,
    )


def told_briefly(request):
    pages = re.findall(r"page (\d+):", request.messages[0].text)
    return f"So far: summary up to page {pages[-1]}."


def is_summary(request):
    return request.instructions == INSTRUCTIONS


def texts(request):
    return [getattr(each, "text", "") for each in request.messages]


async def test_what_is_left_out_is_summed_up_first_and_the_summary_stands_in_its_place(scene):
    model = reader()
    stage = await scene(Agent(name="reader", model=model, tools=[read_page]), limits=LIMITS)
    run = await stage.run("reader", "Read the book.")
    assert run.result == "The end."
    asked = [each for each in model.requests if is_summary(each)]
    assert len(asked) >= 2
    assert all(not each.tools and each.choice == "none" for each in asked)
    first = told_briefly(asked[0])
    at = model.requests.index(asked[0])
    assert any(first in text for text in texts(model.requests[at + 1]))
    assert first in asked[1].messages[0].text, "what was summed up is summed up on"
    last = texts(model.requests[-1])
    assert sum("So far: summary" in text for text in last) == 1
    purposes = Counter(body["purpose"] for body in await stage.bodies("model.asked"))
    assert purposes == {"step": PAGES + 1, "summary": len(asked)}
    assert run.steps == PAGES + 1


async def test_between_two_summaries_a_request_begins_as_the_one_before_it(scene):
    model = reader()
    stage = await scene(Agent(name="reader", model=model, tools=[read_page]), limits=LIMITS)
    await stage.run("reader", "Read the book.")
    before = None
    for request in model.requests:
        if is_summary(request):
            before = None
            continue
        if before is not None:
            assert request.messages[: len(before.messages)] == before.messages
        before = request


async def test_a_model_of_its_own_sums_up_where_the_agent_has_one(scene):
    model, cheap = reader(), ScriptedModel(*["Told briefly."] * 9, name="scripted:cheap")
    agent = Agent(name="reader", model=model, roles={"summary": cheap}, tools=[read_page])
    stage = await scene(agent, limits=LIMITS)
    await stage.run("reader", "Read the book.")
    assert not any(map(is_summary, model.requests))
    assert cheap.requests
    assert all(map(is_summary, cheap.requests))


WITHOUT = {"it fails": lambda _: fails("denied"), "it is empty": lambda _: "  "}


@pytest.mark.parametrize("sums_up", WITHOUT.values(), ids=WITHOUT)
async def test_without_a_summary_steps_go_unsummed_and_the_run_goes_on(scene, sums_up):
    model = reader(sums_up)
    stage = await scene(Agent(name="reader", model=model, tools=[read_page]), limits=LIMITS)
    run = await stage.run("reader", "Read the book.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "The end.")
    assert any(
        "earlier steps of this run were left out" in text for text in texts(model.requests[-1])
    )


@pytest.mark.promise("P6")
async def test_a_summary_is_paid_for_out_of_the_budget_of_the_run(scene):
    model = reader()
    stage = await scene(Agent(name="reader", model=model, tools=[read_page]), limits=LIMITS)
    run = await stage.run("reader", "Read the book.")
    assert run.tokens_in == 100 * len(model.requests)
    asked = await stage.bodies("model.asked")
    assert all(body["reserved_tokens"] > 1_024 for body in asked)


async def test_a_summary_is_no_part_of_what_the_run_says(scene):
    stage = await scene(Agent(name="reader", model=reader(), tools=[read_page]), limits=LIMITS)
    told = [event async for event in stage.runtime.stream("reader", "Read the book.")]
    again = [event async for event in stage.runtime.events(told[0].run_id)]
    await stage.reopen()
    from_ledger = [event async for event in stage.runtime.events(told[0].run_id)]
    for events in (told, again, from_ledger):
        assert not any("So far" in str(event.data) for event in events)


def shown(request):
    """What a request shows, but for ids, which are another process's."""
    said = [
        getattr(each, "text", None) or each.content for each in request.messages if not calls(each)
    ]
    return [request.instructions, *(ID.sub("", each) for each in said)]


def calls(message):
    return getattr(message, "calls", ())


def agent_that(model, dies_at=None):
    """ReAct, whose process dies once that many messages are there."""
    left = [] if dies_at is None else [dies_at]

    async def strategy(leg):
        while True:
            if left and len(leg.messages) >= left[0]:
                raise LedgerError("the process is gone")
            reply = await leg.ask()
            if not reply.calls:
                return reply.text
            await leg.act(reply)

    return Agent(name="reader", model=model, tools=[read_page], strategy=strategy)


async def in_two_processes(scene, first, second, dies_at):
    stage = await scene(agent_that(first, dies_at), limits=LIMITS)
    with pytest.raises(LedgerError):
        await stage.run("reader", "Read the book.")
    (started,) = await stage.bodies("run.started")
    await stage.reopen(agent_that(second))
    assert (await stage.resume(started["run"])).result == "The end."


async def in_one(scene):
    model = reader()
    stage = await scene(agent_that(model), limits=LIMITS)
    await stage.run("reader", "Read the book.")
    first = next(at for at, each in enumerate(model.requests) if is_summary(each))
    return model.requests, 1 + 2 * first


DIES = {"before the summary": 0, "behind the summary": 2}


@pytest.mark.promise("P10")
@pytest.mark.parametrize("later", DIES.values(), ids=DIES)
async def test_a_resumed_run_is_shown_the_same_and_asks_for_no_summary_twice(scene, later):
    whole, said = await in_one(scene)
    first, second = reader(), reader()
    await in_two_processes(scene, first, second, said + later)
    parted = (*first.requests, *second.requests)
    assert [shown(each) for each in parted] == [shown(each) for each in whole]


async def test_a_summary_that_failed_stays_away_from_a_request_that_went_without(scene):
    _, said = await in_one(scene)
    first, second = reader(lambda _: fails("denied")), reader()
    await in_two_processes(scene, first, second, said + 2)
    assert sum(map(is_summary, first.requests)) == 1
    assert not is_summary(second.requests[0])
    assert shown(second.requests[0])[:3] == shown(first.requests[-1])[:3]
