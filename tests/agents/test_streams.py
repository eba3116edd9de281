"""Streams: what happens in a run, as it happens, to readers fast, slow, lost and late."""

import asyncio
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from highroad import Agent, HighroadError, Limits, Principal, ToolContext, tool
from highroad.agents import events as feeds
from highroad.domain.event import Event, EventKind
from highroad.domain.run import RunStatus
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import ScriptedModel, call, said
from highroad.testing.clock import FakeClock

BOB = Principal("bob", authenticated=True)
PRICES = {"vase": 500, "lamp": 900}
PASSING = {
    *(EventKind.TEXT_DELTA, EventKind.TOOL_STARTED, EventKind.TOOL_PROGRESS),
    *(EventKind.BUDGET_WARNING, EventKind.RUN_RESUMED, EventKind.EVENTS_LOST),
}


@tool(tier="read")
def price_of(article: str) -> int:
    """Say what an article costs."""
    return PRICES[article]


@tool(tier="irreversible", effect="idempotent")
def refund(cents: int) -> int:
    """Pay back."""
    return cents


async def taken(events, until=None):
    """What a stream gives, up to the first event of a kind."""
    found = []
    async for event in events:
        found.append(event)
        if event.kind == until:
            break
    await events.aclose()
    return found


def kinds(events):
    return [event.kind.value for event in events]


def lasting(events):
    return {event.id for event in events if event.kind not in PASSING}


def ends(events):
    return Counter(event.id for event in events if event.kind is EventKind.TOOL_FINISHED)


def assert_in_order(events):
    assert all(before.seq < behind.seq for before, behind in pairwise(events))


async def test_a_stream_tells_all_that_happens_in_order(scene, agent):
    """From the first event to the answer."""
    model = ScriptedModel(said("Let me see.", call("price_of", article="vase")), "It costs 5.")
    stage = await scene(agent(model, price_of))
    events = await taken(stage.runtime.stream("support", "What does the vase cost?"))
    assert_in_order(events)
    told = [kind for kind in kinds(events) if kind not in {"text.delta", "text"}]
    assert told == [
        *("run.started", "model.asked", "tool.proposed", "tool.started", "tool.finished"),
        *("model.asked", "run.finished"),
    ]
    assert [each.data["text"] for each in events if each.kind is EventKind.TEXT] == [
        "Let me see.",
        "It costs 5.",
    ]
    deltas = "".join(each.data["text"] for each in events if each.kind is EventKind.TEXT_DELTA)
    assert deltas == "Let me see.It costs 5."
    finished = next(each for each in events if each.kind is EventKind.TOOL_FINISHED)
    assert (finished.data["status"], finished.data["answer"]["result"]) == ("completed", 500)
    assert (events[-1].data["status"], events[-1].data["result"]) == ("completed", "It costs 5.")
    await stage.check()


async def test_a_run_that_nobody_follows_is_not_streamed(scene, agent):
    """Deltas are asked of a model only if somebody wants to see them."""
    model = ScriptedModel("Hello.", "Hello.")
    stage = await scene(agent(model))
    await stage.run("support")
    await taken(stage.runtime.stream("support", "Go."))
    assert [each.is_streamed for each in model.requests] == [False, True]


async def test_whoever_leaves_a_stream_leaves_the_run_alone(scene, agent):
    """It goes on to its rest, and may be followed again from where the reader left."""
    model = ScriptedModel(call("price_of", article="vase"), "It costs 5.")
    stage = await scene(agent(model, price_of))
    first = await taken(stage.runtime.stream("support", "Go."), until=EventKind.MODEL_ASKED)
    rest = await taken(stage.runtime.events(first[0].run_id, after=first[-1].seq))
    assert rest[-1].kind is EventKind.RUN_FINISHED
    assert_in_order([*first, *rest])
    assert ends([*first, *rest]).most_common(1)[0][1] == 1


async def test_every_point_is_one_to_go_on_from(scene, agent):
    """Wherever a reader stopped, the rest is told, once."""
    model = ScriptedModel(said("So.", call("price_of", article="vase")), "It costs 5.")
    stage = await scene(agent(model, price_of))
    whole = await taken(stage.runtime.stream("support", "Go."))
    run_id = whole[0].run_id
    for at, event in enumerate(whole):
        again = await taken(stage.runtime.events(run_id, after=event.seq))
        assert again == whole[at + 1 :]
    assert await taken(stage.runtime.events(run_id)) == whole


async def test_closing_interrupts_a_run_that_was_left_and_resume_goes_on_with_it(scene):
    """What nobody awaits does not keep a process alive."""
    goes_on = asyncio.Event()

    async def waits(leg):
        await goes_on.wait()
        return "Here."

    stage = await scene(Agent(name="slow", model=ScriptedModel(), tools=(), strategy=waits))
    (first,) = await taken(stage.runtime.stream("slow", "Go."), until=EventKind.RUN_STARTED)
    assert stage.assembly.runs.feeds.find(first.run_id).is_moving
    await stage.runtime.close()
    assert not stage.assembly.runs.feeds.find(first.run_id).is_moving
    goes_on.set()
    await stage.open()
    assert (await stage.resume(first.run_id)).result == "Here."


async def test_an_error_of_the_run_reaches_whoever_follows(scene):
    """As `run` would raise it."""
    stage = await scene(Agent(name="lost", tools=["nowhere"], model=ScriptedModel()))
    with pytest.raises(HighroadError, match="nowhere"):
        await taken(stage.runtime.stream("lost", "Go."))


@pytest.mark.promise("P3")
async def test_another_process_tells_every_end_again_by_the_same_id(scene, agent, bob):
    """Only what passed is gone; numbers go on growing."""
    model = ScriptedModel(
        said("Let me see.", call("price_of", article="vase"), call("price_of", article="lamp")),
        call("refund", cents=500),
        "Done.",
        by_turn=True,
    )
    stage = await scene(agent(model, price_of, refund))
    first = await taken(stage.runtime.stream("support", "Go."))
    assert kinds(first)[-2:] == ["tool.held", "run.held"]
    run_id, seen = first[0].run_id, first[-1].seq
    await stage.runtime.flush()
    await stage.clock.sleep(1)
    await stage.reopen()
    again = await taken(stage.runtime.events(run_id, after=seen))
    assert_in_order([*first, *again])
    assert lasting(again) == lasting(first)
    assert {each.id: each.data for each in again if each.id in ends(first)} == {
        each.id: each.data for each in first if each.kind is EventKind.TOOL_FINISHED
    }
    (approval,) = await stage.runtime.approvals.list()
    await stage.runtime.approvals.approve(approval.id, by=bob)
    more = await taken(stage.runtime.stream_resumed(run_id))
    assert_in_order([*again, *more])
    assert "run.resumed" in kinds(more)
    assert more[-1].data["result"] == "Done."
    assert not lasting(more) & ends(first).keys()


async def test_what_still_waits_is_told_again_when_the_run_is_resumed(scene, agent):
    """By the same id."""
    stage = await scene(agent(ScriptedModel(call("refund", cents=500), by_turn=True), refund))
    first = await taken(stage.runtime.stream("support", stage.naming()))
    again = await taken(stage.runtime.stream_resumed(first[0].run_id))
    assert kinds(again) == ["tool.held", "run.held"]
    assert {each.id for each in again} <= {each.id for each in first}
    assert_in_order([*first, *again])


@pytest.mark.promise("P3")
@pytest.mark.parametrize("seed", range(20))
async def test_a_slow_reader_loses_words_and_is_told_but_never_an_end(
    scene, agent, monkeypatch, seed
):
    """However small the ring, and wherever the reader falls asleep."""
    chance = Random(seed)  # noqa: S311 - repeatable
    monkeypatch.setattr(feeds, "RING", chance.randint(1, 12))
    rounds = [
        said("word " * chance.randint(0, 20), call("price_of", article=chance.choice(["vase"])))
        for _ in range(3)
    ]
    model = ScriptedModel(*rounds, "Done " * 10)
    stage = await scene(agent(model, price_of))
    stream = stage.runtime.stream("support", "Go.")
    found = [await anext(stream)]
    async for event in stream:
        found.append(event)
        if chance.random() < 0.3:
            for _ in range(chance.randint(1, 200)):
                await asyncio.sleep(0)
    assert_in_order(found)
    assert sum(ends(found).values()) == 3
    assert found[-1].kind is EventKind.RUN_FINISHED
    whole = await taken(stage.runtime.events(found[0].run_id))
    assert lasting(whole) == lasting(found)


async def test_a_reader_that_never_reads_keeps_nothing_growing(scene, agent, monkeypatch):
    """The ring holds what it holds."""
    monkeypatch.setattr(feeds, "RING", 5)
    stage = await scene(agent(ScriptedModel("word " * 500)))
    stream = stage.runtime.stream("support", "Go.")
    first = await anext(stream)
    await stage.resume(first.run_id)  # once it rests, and it has ended
    rest = [event async for event in stream]
    assert len(rest) <= 5 + 3
    assert rest[-1].kind is EventKind.RUN_FINISHED
    assert sum(each.data["count"] for each in rest if each.kind is EventKind.EVENTS_LOST) > 480


async def test_a_body_tells_how_far_it_is(scene, agent):
    """From the loop and from a thread; behind its end it tells nothing."""

    @tool(tier="read")
    async def count(context: ToolContext[None]) -> int:
        """Count."""
        for number in range(3):
            context.report(f"{number}", done=number, total=3)
            await asyncio.sleep(0)
        return 3

    @tool(tier="read")
    def weigh(context: ToolContext[None]) -> int:
        """Weigh."""
        context.report("x" * 5_000)
        return 3

    model = ScriptedModel([call("count"), call("weigh")], "Three.")
    stage = await scene(agent(model, count, weigh))
    events = await taken(stage.runtime.stream("support", "Go."))
    told = [each for each in events if each.kind is EventKind.TOOL_PROGRESS]
    counted = [each.data["text"] for each in told if each.data["tool"] == "count"]
    assert counted == ["0", "1", "2"]
    assert {each.data["total"] for each in told if each.data["tool"] == "count"} == {3}
    assert all(len(each.data["text"]) <= 1_000 for each in told)
    assert all(each.call_id for each in told)


async def test_runs_below_are_told_with_their_path(scene, agent):
    """And each can be followed by itself."""
    clerk = agent(ScriptedModel(call("price_of", article="vase"), "500"), price_of, name="clerk")
    boss = Agent(
        name="boss",
        tools=(),
        team=[clerk],
        model=ScriptedModel(call("ask_clerk", task="What does the vase cost?"), "5 euros."),
    )
    stage = await scene(boss)
    events = await taken(stage.runtime.stream("boss", "Go."))
    paths = {each.path for each in events}
    assert paths == {(), ("clerk",)}
    below = [each for each in events if each.path]
    assert kinds(below)[0] == "run.started"
    assert kinds(below)[-1] == "run.finished"
    run_id = below[0].run_id
    assert run_id != events[0].run_id
    alone = await taken(stage.runtime.events(run_id))
    assert {each.path for each in alone} == {()}
    assert lasting(alone) == lasting(below)
    await stage.runtime.flush()
    await stage.clock.sleep(1)
    await stage.reopen()
    again = await taken(stage.runtime.events(events[0].run_id))
    assert lasting(again) == lasting(events)
    assert {each.id: each.path for each in again} == {
        each.id: each.path for each in events if each.kind not in PASSING
    }


async def test_a_budget_that_is_nearly_used_up_is_told(scene, agent):
    """Once it is."""
    model = ScriptedModel.answering(lambda _: call("price_of", article="vase"))
    stage = await scene(agent(model, price_of, iterations=50), limits=Limits(tokens=12_000))
    events = await taken(stage.runtime.stream("support", "Go."))
    assert EventKind.BUDGET_WARNING in {each.kind for each in events}
    assert events[-1].data["status"] is RunStatus.BUDGET_EXCEEDED


def test_a_plain_script_runs_streams_and_resumes():
    """Without an event loop of its own."""
    model = ScriptedModel(call("refund", cents=500), "Done.", by_turn=True)
    desk = Agent(name="desk", tools=[refund], model=model)
    with SyncRuntime.open(agents=[desk]) as runtime:
        events = list(runtime.stream("desk", "Refund 5.00 EUR."))
        run_id = events[0].run_id
        assert kinds(events)[-1] == "run.held"
        runtime.send(run_id, "Please hurry.", when="after")
        (hold,) = runtime.resume(run_id).holds
        runtime.approvals.approve(hold.approval_id, by=BOB)
        more = list(runtime.stream_resumed(run_id))
        assert kinds(more)[-1] == "run.finished"
        assert {each.seq for each in runtime.events(run_id)} >= {each.seq for each in events}
        assert runtime.run("desk", "Refund 5.00 EUR.").status is RunStatus.HELD


@pytest.mark.promise("P3")
async def test_an_end_on_its_way_to_the_ledger_reaches_those_who_followed_before():
    """Another reader begins just when it is recorded, and not told yet."""
    facts = {"request": "req_1", "position": 0}
    name = feeds.lasting_id(EventKind.TOOL_FINISHED, "run_1", facts)

    async def recorded():
        return [Event(seq=0, id=name, kind=EventKind.TOOL_FINISHED, run_id="run_1")]

    feed = feeds.Feed(recorded, FakeClock())
    feed.begin_leg()
    feed.tell(EventKind.RUN_STARTED, "run_1", (), None, {})
    at = feed.last
    await feed.recall(0)
    feed.tell(EventKind.TOOL_FINISHED, "run_1", (), "call_1", facts)
    feed.tell(EventKind.TOOL_FINISHED, "run_1", (), "call_1", facts)
    assert [event.id for event in await feed.next_after(at)] == [name]
