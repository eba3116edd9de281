"""Calls that one run of a body serves: each is on the road by itself, and ends by itself."""

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from random import Random
from typing import Annotated

import anyio
import pytest
from pydantic import BaseModel, Field

from highroad import (
    Batch,
    BatchItem,
    Limits,
    Principal,
    ToolContext,
    ToolError,
    tool,
    tool_definition,
    tool_from_model,
)
from highroad.adapters.system import SystemClock
from highroad.domain.dependency import Dependency
from highroad.domain.error import DeclarationError
from highroad.domain.tool import BatchRule
from highroad.pipeline.gathering import Deserted, Gatherings
from highroad.settings import load
from highroad.testing import FakeClock
from highroad.testing.faults import Fault, Faults

CLASSES = ["repeatable", "idempotent", "checkable", "unprotected"]


class Served:
    """What bodies of batches were given, batch by batch."""

    def __init__(self):
        self.batches = []

    async def many(self, items: list[BatchItem]):
        self.batches.append([item.arguments["name"] for item in items])
        return [item.arguments["name"].upper() for item in items]

    @property
    def sizes(self):
        return [len(batch) for batch in self.batches]


@pytest.fixture
def served():
    return Served()


def batched(many, *, tier="reversible", **options):
    """A tool whose calls are served by `many`; its own body must not run."""

    @tool(tier=tier, batch=many, **options)
    async def take(name: str) -> str:
        """Take something."""
        raise AssertionError("a tool with a batch runs by that alone")

    return take


def settings_of(**dependency):
    """The bank as so configured."""
    bank = Dependency(name="bank", **dependency)
    return replace(load(Path.cwd(), {}), dependencies={"bank": bank})


def at_once(each, take, names, **circumstances):
    """Make these calls at once."""
    calls = [(take, {"name": name}) for name in names]
    return each.runtime.call_all(calls, parallel=1_000, **circumstances)


async def test_calls_of_one_moment_are_served_together_each_with_its_own_result(world, served):
    take = batched(Batch(served.many, wait_s=0))
    each = await world(take).open()
    outcomes = await at_once(each, take, "abc")
    assert [outcome.unwrap() for outcome in outcomes] == ["A", "B", "C"]
    assert served.batches == [["a", "b", "c"]]
    assert (await each.call(take, {"name": "d"})).unwrap() == "D"
    assert served.sizes == [3, 1]
    assert not await each.check()


async def test_a_full_batch_waits_no_longer(world, served):
    take = batched(Batch(served.many, size=2, wait_s=60))
    each = await world(take).open()
    making = asyncio.ensure_future(at_once(each, take, "abcde"))
    while len(served.batches) < 2:
        await anyio.lowlevel.checkpoint()
    assert served.sizes == [2, 2]
    each.clock.advance(60)
    assert len(await making) == 5
    assert served.sizes == [2, 2, 1]


async def test_calls_that_come_while_it_waits_are_served_too(world, served, turns):
    take = batched(Batch(served.many, wait_s=1))
    each = await world(take).open()
    first = asyncio.ensure_future(each.call(take, {"name": "a"}))
    await turns(50)
    second = asyncio.ensure_future(each.call(take, {"name": "b"}))
    await turns(50)
    assert not served.batches
    each.clock.advance(1)
    assert [(await each).unwrap() for each in (first, second)] == ["A", "B"]
    assert served.batches == [["a", "b"]]


@pytest.mark.promise("P2")
async def test_every_intent_is_on_disk_before_the_body_runs(world):
    seen = []

    async def many(items):
        store = each.store
        seen.append(set(await store.open_calls()) >= {item.context.call_id for item in items})
        return [None for _ in items]

    @tool(tier="reversible", batch=Batch(many, wait_s=0))
    async def take(name: str) -> None:
        """Take."""

    each = await world(take).open()
    await at_once(each, take, "abc")
    assert seen == [True]


async def test_each_call_is_judged_by_itself_before(world, served):
    take = batched(Batch(served.many, wait_s=0), max_per_run=2)
    each = await world(take).open()
    outcomes = await at_once(each, take, ["a", 1, "b", "c"], run="r")
    said = [outcome.error.code if outcome.error else outcome.unwrap() for outcome in outcomes]
    assert said == ["A", "invalid_arguments", "B", "budget_exceeded"]
    assert served.batches == [["a", "b"]]


@pytest.mark.promise("P11")
async def test_each_item_has_its_own_context(world, alice):
    seen = {}

    async def many(items):
        for item in items:
            seen[item.arguments["name"]] = item.context
        return [None for _ in items]

    @tool(tier="reversible", effect="idempotent", batch=Batch(many, wait_s=0))
    async def take(name: str, context: ToolContext[list]) -> None:
        """Take."""

    each = await world(take, deps={list: lambda who: [who.id]}).open()
    outcomes = await at_once(each, take, "ab", run="r")
    assert [seen[name].call_id for name in "ab"] == [outcome.call_id for outcome in outcomes]
    assert len({seen[name].idempotency_key for name in "ab"} - {None}) == 2
    assert [seen[name].deps for name in "ab"] == [["alice"]] * 2
    again = await at_once(each, take, "ab", run="r")
    assert all(outcome.is_repeated for outcome in again)


async def test_items_have_the_defaults_of_arguments_that_were_not_given(world):
    async def many(items):
        return [[item.arguments["name"], item.arguments["size"]] for item in items]

    @tool(tier="read", batch=Batch(many, wait_s=0))
    async def look(name: str, size: int = 3) -> list[str | int]:
        """Look."""
        return []

    each = await world(look).open()
    assert (await each.call(look, {"name": "a"})).unwrap() == ["a", 3]
    assert (await each.call(look, {"name": "a", "size": 4})).unwrap() == ["a", 4]


class Parcel(BaseModel):
    grams: Annotated[int, Field(gt=0)]


def price(parcel: Parcel) -> int:
    """Price a parcel."""
    return 0


async def test_a_body_that_takes_a_model_has_items_of_it(world):
    async def many(items):
        return [item.arguments.grams // 10 for item in items]

    priced = tool_from_model(price, model=Parcel, tier="read", batch=Batch(many, wait_s=0))
    each = await world(priced).open()
    outcomes = await each.runtime.call_all([(priced, {"grams": g}) for g in (20, 50)])
    assert [outcome.unwrap() for outcome in outcomes] == [2, 5]


async def test_the_body_takes_resources_of_the_tool(world):
    class Pool:
        pass

    opened = []

    @asynccontextmanager
    async def open_pool():
        opened.append(Pool())
        yield opened[-1]

    async def many(items, pool: Pool):
        return [pool is opened[0] for _ in items]

    @tool(tier="read", resources={Pool: open_pool}, batch=Batch(many, wait_s=0))
    async def look(name: str, pool: Pool) -> bool:
        """Look."""
        return False

    each = await world(look).open()
    assert [o.unwrap() for o in await at_once(each, look, "ab")] == [True, True]
    assert len(opened) == 1


# -- whose calls -------------------------------------------------------------------------------


async def shared_by(each, take, *whose):
    """Batches that calls of these come to."""
    await asyncio.gather(
        *(
            each.call(take, {"name": f"{number}"}, principal=principal)
            for number, principal in enumerate(whose)
        )
    )


@pytest.mark.promise("P7")
async def test_a_batch_holds_calls_of_one_principal(world, served, alice, bob):
    take = batched(Batch(served.many, wait_s=0))
    each = await world(take).open()
    await shared_by(each, take, alice, bob, alice)
    assert sorted(map(sorted, served.batches)) == [["0", "2"], ["1"]]


@pytest.mark.promise("P7")
async def test_declared_so_it_holds_several_principals_and_never_organizations(world, served):
    take = batched(Batch(served.many, wait_s=0, mixes_principals=True))
    each = await world(take).open()
    people = [Principal("a", "one"), Principal("b", "one"), Principal("a", "two")]
    await shared_by(each, take, *people)
    assert sorted(map(sorted, served.batches)) == [["0", "1"], ["2"]]


# -- what becomes of each ----------------------------------------------------------------------


async def test_an_error_of_one_item_is_that_ones(world):
    async def many(items):
        return [
            ToolError("Sold out.", code="sold_out", applied=False)
            if item.arguments["name"] == "b"
            else item.arguments["name"]
            for item in items
        ]

    take = batched(Batch(many, wait_s=0))
    each = await world(take).open()
    outcomes = await at_once(each, take, "abc")
    assert [outcome.status for outcome in outcomes] == ["completed", "failed", "completed"]
    assert outcomes[1].error.code == "sold_out"
    assert outcomes[1].proof == "tool_said"


def no(key: str) -> bool:
    return False


def options_of(effect):
    return {"effect": effect, **({"probe": no} if effect == "checkable" else {})}


BY_CLASS = {
    "repeatable": "failed",
    "idempotent": "unknown",
    "checkable": "failed",
    "unprotected": "unknown",
}


async def raises(items):
    raise ValueError


async def says_nothing_happened(items):
    """It does not know what it did for the others before."""
    raise ToolError("No.", applied=False)


async def gives_too_few(items):
    return ["x"] * (len(items) - 1)


async def gives_too_many(items):
    return ["x"] * (len(items) + 1)


async def gives_none(items):
    return None


async def gives_by_name(items):
    return {item.arguments["name"]: "x" for item in items}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
@pytest.mark.parametrize(
    "many",
    [raises, says_nothing_happened, gives_too_few, gives_too_many, gives_none, gives_by_name],
)
async def test_what_concerns_the_whole_batch_ends_each_by_its_class(world, many, effect):
    take = batched(Batch(many, wait_s=0), **options_of(effect))
    each = await world(take).open()
    outcomes = await at_once(each, take, "abc")
    assert [outcome.status for outcome in outcomes] == [BY_CLASS[effect]] * 3
    assert not await each.check()


@pytest.mark.promise("P11")
async def test_an_error_of_a_batch_of_one_proves_what_it_proves(world):
    take = batched(Batch(says_nothing_happened, wait_s=0))
    each = await world(take).open()
    assert (await each.call(take, {"name": "a"})).status == "failed"


@pytest.mark.promise("P11")
async def test_only_what_may_be_repeated_is_tried_again(world):
    tried = []

    async def many(items):
        tried.append([(item.arguments["name"], item.context.attempt) for item in items])
        return [
            ConnectionRefusedError()
            if item.arguments["name"] in "bc" and item.context.attempt == 1
            else TimeoutError()
            if item.arguments["name"] == "d"
            else item.arguments["name"]
            for item in items
        ]

    take = batched(Batch(many, wait_s=0))
    each = await world(take).open()
    making = asyncio.ensure_future(at_once(each, take, "abcd"))
    while not making.done():
        each.clock.advance(0.1)
        await anyio.lowlevel.checkpoint()
    statuses = [outcome.status for outcome in await making]
    assert statuses == ["completed", "completed", "completed", "unknown"]
    assert tried[0] == [("a", 1), ("b", 1), ("c", 1), ("d", 1)]
    assert sorted(chain(*tried[1:])) == [("b", 2), ("c", 2)]


# -- time and cancellation ---------------------------------------------------------------------


class Gate:
    """A body that waits until it is let go on."""

    def __init__(self):
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.was_stopped = False

    async def many(self, items):
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.was_stopped = True
            raise
        return [item.arguments["name"] for item in items]


@pytest.fixture
def gate():
    return Gate()


@pytest.mark.promise("P3")
async def test_a_call_that_is_called_off_takes_nobody_with_it(world, gate, turns, bob):
    take = batched(Batch(gate.many, wait_s=0))
    each = await world(take).open()
    first, second = (asyncio.ensure_future(each.call(take, {"name": name})) for name in "ab")
    await gate.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.open.set()
    assert (await second).unwrap() == "b"
    assert not gate.was_stopped
    await turns()
    bodies = await each.bodies()
    assert sorted(b["status"] for b in bodies if b["kind"] == "call.ended") == [
        "completed",
        "unknown",
    ]
    (amended,) = [body for body in bodies if body["kind"] == "call.amended"]
    assert amended["applied"] is True
    assert not await each.check()


@pytest.mark.promise("P3")
async def test_one_that_goes_before_the_body_runs_is_not_served(world, served, turns):
    take = batched(Batch(served.many, wait_s=1))
    each = await world(take).open()
    first, second = (asyncio.ensure_future(each.call(take, {"name": name})) for name in "ab")
    await turns(50)
    first.cancel()
    await turns()
    each.clock.advance(1)
    assert (await second).unwrap() == "B"
    assert served.batches == [["b"]]
    ends = [body for body in await each.bodies() if body["kind"] == "call.ended"]
    assert sorted((end["status"], end.get("proof")) for end in ends) == [
        ("cancelled", "not_started"),
        ("completed", None),
    ]


async def test_when_nobody_waits_any_more_the_body_is_stopped(world, gate):
    take = batched(Batch(gate.many, wait_s=0), timeout_s=0.05)
    each = await world(take).open()
    outcomes = await at_once(each, take, "abc")
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 3
    assert gate.was_stopped
    assert not await each.check()


async def test_a_body_whose_calls_are_all_called_off_is_stopped_at_once(world, gate):
    take = batched(Batch(gate.many, wait_s=0))
    each = await world(take).open()
    calls = [asyncio.ensure_future(each.call(take, {"name": name})) for name in "ab"]
    await gate.begun.wait()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert gate.was_stopped
    assert not await each.check()


async def test_who_comes_as_a_batch_is_called_off_gets_one_of_its_own(world, served, turns):
    take = batched(Batch(served.many, wait_s=1))
    each = await world(take).open()
    first = asyncio.ensure_future(each.call(take, {"name": "a"}, run="r"))
    await turns(50)
    assert not served.batches
    first.cancel()
    second = asyncio.ensure_future(each.call(take, {"name": "b"}, run="r"))
    await turns(50)
    each.clock.advance(1)
    assert (await second).unwrap() == "B"


async def test_nobody_joins_a_batch_that_is_being_called_off():
    """Its task ends some turns later, and whoever came meanwhile would end with it."""
    gatherings, rule = Gatherings(FakeClock(), set()), BatchRule(size=9, wait_s=1)

    async def serve(batch):
        raise AssertionError("nobody waits for it")

    first, gone = gatherings.join("common", 1, rule, serve)
    gone.share.cancel()
    calling_off = asyncio.ensure_future(gatherings.call_off(first))
    await anyio.lowlevel.checkpoint()
    assert not first.task.done()
    second, member = gatherings.join("common", 2, rule, serve)
    assert second is not first
    await calling_off
    assert member in second.waiting
    member.share.cancel()
    await gatherings.call_off(second)


async def test_a_batch_that_everybody_has_left_does_not_begin():
    gatherings = Gatherings(FakeClock(), set())

    async def serve(batch):
        raise AssertionError("nobody waits for it")

    batch, gone = gatherings.join("common", 1, BatchRule(size=9, wait_s=1), serve)
    gone.share.cancel()
    with pytest.raises(Deserted):
        batch.begin()
    await gatherings.call_off(batch)


@pytest.mark.promise("P11")
async def test_a_probe_does_not_believe_a_no_while_the_body_runs_on_for_others(world, gate):
    take = batched(
        Batch(gate.many, wait_s=0.2), effect="checkable", probe=no, timeout_s=0.3, attempts=1
    )
    each = await world(take, clock=SystemClock()).open()
    first = asyncio.ensure_future(each.call(take, {"name": "a"}))
    await asyncio.sleep(0.15)
    second = asyncio.ensure_future(each.call(take, {"name": "b"}))
    assert (await first).status == "unknown"
    assert not second.done()
    gate.open.set()
    assert (await second).unwrap() == "b"
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    amended = [body for body in await each.bodies() if body["kind"] == "call.amended"]
    assert [body["applied"] for body in amended] == [True]


@pytest.mark.promise("P3")
async def test_a_synchronous_body_runs_in_a_thread_and_tells_later_what_it_did(world):
    begun, let_go = threading.Event(), threading.Event()
    threads = set()

    def many(items):
        threads.add(threading.current_thread())
        begun.set()
        assert let_go.wait(10)
        return [item.arguments["name"] for item in items]

    take = batched(Batch(many, wait_s=0), timeout_s=0.1, attempts=1)
    each = await world(take).open()
    outcomes = await at_once(each, take, "ab")
    assert threading.current_thread() not in threads
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2
    assert each.runtime.strays == {"take": 1}
    let_go.set()
    while len([b for b in await each.bodies() if b["kind"] == "call.amended"]) < 2:
        await anyio.lowlevel.checkpoint()
    amended = [b for b in await each.bodies() if b["kind"] == "call.amended"]
    assert {body["call"] for body in amended} == {outcome.call_id for outcome in outcomes}
    assert all(body["applied"] for body in amended)


async def test_without_a_thread_for_it_nothing_of_a_batch_begins(world):
    let_go = threading.Event()

    def many(items):
        assert let_go.wait(10)
        return [None for _ in items]

    @tool(tier="reversible", batch=Batch(many, wait_s=0), timeout_s=0.05, attempts=1)
    async def take(name: str) -> None:
        """Take."""

    each = await world(take, limits=Limits(threads_each=1)).open()
    assert (await each.call(take, {"name": "a"})).status == "unknown"
    outcomes = await at_once(each, take, "bc")
    assert [(o.status, o.error.code) for o in outcomes] == [("failed", "overloaded")] * 2
    let_go.set()
    while each.runtime.strays:
        await anyio.lowlevel.checkpoint()


class Odd(BaseException):
    """Of no kind that a body is expected to raise."""


@pytest.mark.promise("P5")
async def test_an_error_that_is_for_the_loop_leaves_no_call_waiting_and_no_place_taken(world):
    errors = [Odd(), BaseExceptionGroup("both", [Odd()]), None]

    async def many(items):
        error = errors.pop(0)
        if error is not None:
            raise error
        return ["x" for _ in items]

    take = batched(Batch(many, wait_s=0), dependency="bank")
    each = await world(take, settings=settings_of(parallel=1)).open()
    for number in range(2):
        names = [f"{number}{name}" for name in "ab"]
        found = await asyncio.gather(
            *(each.call(take, {"name": name}) for name in names), return_exceptions=True
        )
        assert {type(one) for one in found} <= {Odd, BaseExceptionGroup}
    assert (await each.call(take, {"name": "c"})).unwrap() == "x"


@pytest.mark.parametrize("turn", range(12))
async def test_who_goes_away_as_room_comes_takes_no_place_with_him(world, served, turn):
    """Between the leave to use the dependency and the body, nobody may be left to serve."""
    let_go = asyncio.Event()

    @tool(tier="reversible", concurrency="free", dependency="bank")
    async def hold(name: str) -> str:
        """Hold a place."""
        await let_go.wait()
        return name

    take = batched(Batch(served.many, wait_s=0), dependency="bank")
    each = await world(take, hold, settings=settings_of(parallel=1)).open()
    first = asyncio.ensure_future(each.call(hold, {"name": "a"}))
    await anyio.wait_all_tasks_blocked()
    second = asyncio.ensure_future(each.call(take, {"name": "b"}))
    await anyio.wait_all_tasks_blocked()
    let_go.set()
    for _ in range(turn):
        await anyio.lowlevel.checkpoint()
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert [] not in served.batches
    assert (await each.call(hold, {"name": "c"})).unwrap() == "c"


async def test_a_thread_that_is_back_as_it_is_given_up_on_tells_the_loop(world):
    """Its members wait in the loop: from its thread nobody may wake them."""
    let_go = threading.Event()
    asyncio.get_running_loop().set_debug(True)  # what wakes them from elsewhere is an error then

    def many(items):
        assert let_go.wait(10)
        return [item.arguments["name"] for item in items]

    take = batched(Batch(many, wait_s=9.95), dependency="bank", timeout_s=10, attempts=1)
    each = await world(take).open()
    way = each.services.ways.to("bank")
    left = way.left

    async def left_late(*given):
        let_go.set()
        await asyncio.wait([making], timeout=5)
        return await left(*given)

    way.left = left_late
    making = asyncio.ensure_future(each.call(take, {"name": "a"}))
    await anyio.wait_all_tasks_blocked()
    each.clock.advance(9.95)  # of its ten seconds it has a twentieth left
    assert (await making).unwrap() == "a"


# -- dependencies and limits -------------------------------------------------------------------


async def down(items):
    raise ConnectionRefusedError


async def test_the_breaker_hears_of_a_batch_once(world):
    take = batched(Batch(down, wait_s=0), attempts=1, dependency="bank")
    each = await world(take).open()
    for number in range(4):
        await at_once(each, take, [f"{number}{name}" for name in "abc"])
    (reading,) = await each.services.ways.readings(["bank"])
    assert (reading.attempts, reading.failures, str(reading.state)) == (4, 4, "closed")
    await at_once(each, take, "abc")
    (outcome,) = await at_once(each, take, "d")
    assert (outcome.status, outcome.error.code) == ("refused", "dependency_unavailable")


async def test_a_breaker_that_opens_meanwhile_keeps_the_whole_batch_away(
    world, served, turns, alice
):
    take = batched(Batch(served.many, wait_s=1), dependency="bank")
    each = await world(take).open()
    making = asyncio.ensure_future(at_once(each, take, "abc"))
    await turns(100)
    await each.dependencies.open("bank", by=alice)
    each.clock.advance(1)
    outcomes = await making
    assert {(o.status, o.error.code) for o in outcomes} == {("failed", "dependency_unavailable")}
    assert {outcome.proof for outcome in outcomes} == {"not_started"}
    assert not served.batches


async def test_a_batch_that_brings_anybody_a_result_is_no_failure_of_the_dependency(world):
    async def many(items):
        return [ConnectionRefusedError() for _ in items[1:]] + ["x"]

    take = batched(Batch(many, wait_s=0), attempts=1, dependency="bank")
    each = await world(take).open()
    await at_once(each, take, "abc")
    (reading,) = await each.services.ways.readings(["bank"])
    assert (reading.attempts, reading.failures) == (1, 0)


async def test_a_batch_that_nobody_could_wait_for_is_one(world, gate):
    take = batched(Batch(gate.many, wait_s=0), timeout_s=0.05, dependency="bank", attempts=1)
    each = await world(take).open()
    making = asyncio.ensure_future(at_once(each, take, "abc"))
    await gate.begun.wait()
    each.clock.advance(0.05)
    await making
    (reading,) = await each.services.ways.readings(["bank"])
    assert (reading.attempts, reading.failures) == (1, 1)


async def test_a_batch_takes_no_slots_of_its_run(world, served, limits):
    take = batched(Batch(served.many, wait_s=0))
    each = await world(take, limits=limits(parallel=2)).open()
    await at_once(each, take, "abcdefgh", run="r")
    assert served.sizes == [8]


@pytest.mark.promise("P6")
async def test_of_twenty_calls_against_ten_a_batch_serves_ten(world, served, limits):
    take = batched(Batch(served.many, wait_s=0, size=7))
    each = await world(take, limits=limits(calls=10)).open()
    outcomes = await at_once(each, take, map(str, range(20)), run="r")
    assert sum(served.sizes) == 10
    assert sorted(outcome.status for outcome in outcomes) == ["completed"] * 10 + ["refused"] * 10
    assert (await each.account("r")).calls == 10


async def test_the_same_call_several_times_in_one_batch_is_one_item(world, served):
    take = batched(Batch(served.many, wait_s=0))
    in_turn = batched(Batch(served.many, wait_s=0), concurrency="serial")
    for each_tool in (take, in_turn):
        each = await world(each_tool).open()
        outcomes = await at_once(each, each_tool, "aaaaa", run="r")
        assert [outcome.unwrap() for outcome in outcomes] == ["A"] * 5
        assert [outcome.is_repeated for outcome in outcomes] == [False] + [True] * 4
    assert served.batches == [["a"], ["a"]]


@pytest.mark.promise("P3")
async def test_a_run_that_is_called_off_while_a_batch_gathers_is_not_served(
    world, served, turns, bob
):
    take = batched(Batch(served.many, wait_s=1))
    each = await world(take).open()
    making = asyncio.ensure_future(at_once(each, take, "abc", run="r"))
    await turns(50)
    await each.runtime.cancel(run="r", by=bob, reason="no longer wanted")
    outcomes = await making
    each.clock.advance(1)
    await turns()
    assert {(o.status, o.proof) for o in outcomes} == {("cancelled", "not_started")}
    assert not served.batches
    assert not await each.check()


# -- what else meets it ------------------------------------------------------------------------


async def test_faults_strike_a_batch_as_they_strike_a_body(world, served):
    take = batched(Batch(served.many, wait_s=0), attempts=1)
    each = await world(take).open()
    faults = Faults(Fault(raises=RuntimeError), clock=each.clock)
    with faults.injected(each.runtime):
        outcomes = await at_once(each, take, "ab")
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2
    assert faults.attempts == {"take": 1}
    assert not served.batches
    assert (await each.call(take, {"name": "c"})).unwrap() == "C"


async def test_a_fake_serves_one_call_at_a_time(world, served):
    take = batched(Batch(served.many, wait_s=0))
    each = await world(take).open()

    async def fake(name):
        return f"fake {name}"

    each.runtime.replace(take, fake)
    assert [o.unwrap() for o in await at_once(each, take, "ab")] == ["fake a", "fake b"]
    assert not served.batches


async def test_an_item_makes_governed_calls(world):
    @tool(tier="read")
    async def look(name: str) -> str:
        """Look."""
        return name

    async def many(items):
        return [
            (await item.context.call(look, {"name": item.arguments["name"]})).unwrap()
            for item in items
        ]

    take = batched(Batch(many, wait_s=0))
    each = await world(take, look).open()
    assert [o.unwrap() for o in await at_once(each, take, "ab")] == ["a", "b"]
    assert not await each.check()


# -- declaring ---------------------------------------------------------------------------------


def lacks_items():
    return []


def wants_more(items, pool: int):
    return []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 3}, "list of items"),
        ({"batch": Batch(raises, size=0)}, "size"),
        ({"batch": Batch(raises, wait_s=-1)}, "wait_s"),
        ({"batch": Batch(raises, wait_s=float("nan"))}, "wait_s"),
        ({"batch": lacks_items}, "list of items"),
        ({"batch": wants_more}, "'pool'"),
        ({"batch": raises, "isolation": "process"}, "isolation"),
        ({"batch": raises, "tier": "read", "hedge_s": 1}, "hedge_s"),
        ({"concurrency": "sideways"}, "sideways"),
        ({"order_by": ["nobody"]}, "'nobody'"),
        ({"order_by": "name"}, "several texts"),
        ({"order_by": ["size"]}, "left out"),
        ({"order_by": ["name"], "concurrency": "free"}, "concurrency"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_declared(options, words):
    with pytest.raises(DeclarationError, match=words):

        @tool(**options)
        async def take(name: str, size: int = 1) -> str:
            """Take."""
            return name


@pytest.mark.promise("P8")
def test_what_is_declared_is_part_of_the_definition():
    def digest(**options):
        @tool(tier="reversible", **options)
        async def take(name: str) -> str:
            """Take."""
            return name

        return tool_definition(take).digest

    variants = [
        {},
        {"concurrency": "free"},
        {"concurrency": "barrier"},
        {"order_by": ["name"]},
        {"batch": raises},
        {"batch": Batch(raises, size=7)},
        {"batch": Batch(raises, wait_s=1)},
        {"batch": Batch(raises, mixes_principals=True)},
    ]
    assert len({digest(**options) for options in variants}) == len(variants)
    assert digest(batch=raises) == digest(batch=Batch(raises))


# -- all of it at once -------------------------------------------------------------------------


class Model:
    """What a body of a batch does for each item, drawn by seed; and what then must be."""

    def __init__(self, seed):
        self.chance = Random(seed)  # noqa: S311 - chance by a seed
        self.effects = {}
        self.told = {}
        self.whole = self.chance.choice([None] * 8 + [ValueError, "few"])

    async def many(self, items):
        for _ in range(self.chance.randrange(4)):
            await anyio.lowlevel.checkpoint()
        shares = [self.serve(item) for item in items]
        if self.whole == "few" and len(items) > 1:
            return shares[1:]
        if self.whole is ValueError:
            raise ValueError
        return shares

    def serve(self, item):
        name = item.arguments["name"]
        how = self.told.setdefault(
            name, self.chance.choice(["ok", "ok", "ok", "no", "lost", "refused"])
        )
        if how in {"ok", "lost"}:
            self.effects[name] = self.effects.get(name, 0) + 1
        return {
            "ok": name,
            "no": ToolError("No.", applied=False),
            "lost": RuntimeError(),
            "refused": ConnectionRefusedError(),
        }[how]


async def one_random_batch(world, seed):
    """Effects never exceed what the outcomes admit; each call has one end."""
    model = Model(seed)
    chance = model.chance
    take = batched(Batch(model.many, size=chance.choice([2, 5, 100]), wait_s=0), attempts=2)
    each = await world(take).open()
    names = [str(number) for number in range(chance.randrange(1, 12))]
    cancels = set(chance.sample(names, chance.randrange(len(names)))) if seed % 3 == 0 else set()
    making = {
        name: asyncio.ensure_future(each.call(take, {"name": name}, run=chance.choice([None, "r"])))
        for name in names
    }
    turn, cancels_at = 0, chance.randrange(1, 60)
    while any(not task.done() for task in making.values()) or each.services.tasks:
        if turn == cancels_at:
            for name in cancels:
                making[name].cancel()
        turn += 1
        each.clock.advance(0.1)
        await anyio.lowlevel.checkpoint()
    ends = {b["call"]: b["status"] for b in await each.bodies() if b["kind"] == "call.ended"}
    # Who is called off before it has an id was never received.
    assert len(names) - len(cancels) <= len(ends) <= len(names)
    for name, task in making.items():
        if task.cancelled():
            continue
        outcome, effects = task.result(), model.effects.get(name, 0)
        assert ends[outcome.call_id] == outcome.status
        assert effects <= 1
        if outcome.status == "completed":
            assert (effects, outcome.unwrap()) == (1, name)
        else:
            assert outcome.status == "unknown" or effects == 0, (seed, name)
    assert not await each.check()
    await each.runtime.close()


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
async def test_random_batches_agree_with_the_model(world):
    for seed in range(80):
        await one_random_batch(world, seed)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("part", range(4))
async def test_a_thousand_random_batches_agree_with_the_model(world, part):
    for seed in range(80 + part, 1_000, 4):
        await one_random_batch(world, seed)
