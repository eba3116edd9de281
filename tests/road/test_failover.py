"""When something stands in, and what holds while it does: the edges."""

import asyncio
import threading

import pytest

from highroad import Answer, Fallback, StaleResult, ToolContext, ToolError, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import CallError, Code
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Ending, Status
from highroad.domain.verdict import Proceed, Refuse
from highroad.pipeline.drive import ROAD
from highroad.pipeline.failover import is_given_up

DOWN = ConnectionRefusedError
FLAKY = {"transient": (DOWN,), "not_applied": (DOWN,), "attempts": 1}


def ending(status, code, *, decided_by="execute", kind=None):
    error = CallError(code=code, message="")
    return Ending(status=status, error=error, decided_by=decided_by, kind=kind)


@pytest.mark.parametrize(
    ("ended", "effect", "expected"),
    [
        (ending(Status.FAILED, Code.MAX_RETRIES_EXCEEDED), "unprotected", True),
        (ending(Status.FAILED, Code.TIMEOUT), "unprotected", True),
        (ending(Status.FAILED, Code.OVERLOADED), "unprotected", True),
        (ending(Status.FAILED, Code.RATE_LIMITED), "unprotected", True),
        (ending(Status.FAILED, Code.EXECUTION_ERROR), "unprotected", False),
        (ending(Status.FAILED, "mine", kind=FailureKind.THROTTLED), "unprotected", True),
        (ending(Status.FAILED, Code.TIMEOUT, kind=FailureKind.BUG), "unprotected", False),
        (ending(Status.FAILED, Code.OVERLOADED, kind=FailureKind.PERMANENT), "", True),
        (ending(Status.REFUSED, Code.DEPENDENCY_UNAVAILABLE, decided_by="screen"), "", True),
        (ending(Status.REFUSED, Code.DEPENDENCY_UNAVAILABLE, decided_by="dedupe"), "", False),
        (ending(Status.REFUSED, Code.RATE_LIMITED, decided_by="screen"), "", False),
        (ending(Status.REFUSED, Code.RATE_LIMITED), "", True),
        (ending(Status.REFUSED, Code.DENIED, decided_by="authorize"), "", False),
        (ending(Status.REFUSED, Code.TIMEOUT, decided_by="authorize"), "", False),
        (ending(Status.UNKNOWN, "x", kind=FailureKind.TIMEOUT), "unprotected", False),
        (ending(Status.UNKNOWN, "x", kind=FailureKind.TIMEOUT), "idempotent", False),
        (ending(Status.UNKNOWN, "x", kind=FailureKind.TIMEOUT), "repeatable", True),
        (ending(Status.UNKNOWN, "x"), "repeatable", False),
        (ending(Status.CANCELLED, Code.CANCELLED), "repeatable", False),
        (ending(Status.EXPIRED, Code.APPROVAL_EXPIRED), "repeatable", False),
    ],
)
@pytest.mark.promise("P11")
def test_only_what_speaks_against_the_dependency_is_given_up_on(ended, effect, expected):
    assert is_given_up(ended, effect) is expected


class Breaker:
    """Stands where `screen` asks whether a dependency is to be had."""

    def __init__(self, monkeypatch):
        self.shut = set()
        road = [
            stage._replace(decide=self.screen) if stage.name == "screen" else stage
            for stage in ROAD
        ]
        monkeypatch.setattr("highroad.pipeline.drive.ROAD", tuple(road))

    async def screen(self, call, _):
        if call.tool not in self.shut:
            return Proceed(call)
        return Refuse(CallError(code=Code.DEPENDENCY_UNAVAILABLE, message="The breaker is open."))


@pytest.fixture
def breaker(monkeypatch):
    return Breaker(monkeypatch)


@pytest.fixture
def tools(effects):
    """A tool whose key is kept for what stands in: `pay`, and `by_hand` behind it."""

    @tool(tier="reversible")
    async def by_hand(order: str) -> str:
        effects["by hand"] += 1
        return f"by hand {order}"

    @tool(tier="reversible", fallback=Fallback(to=by_hand), **FLAKY)
    async def pay(order: str) -> int:
        effects["pay"] += 1
        raise DOWN

    return pay, by_hand


@pytest.mark.promise("P11")
async def test_what_was_refused_before_it_began_keeps_its_key_for_the_stand_in(
    world, tools, breaker, effects
):
    here = await world(*tools).open()
    breaker.shut = {"pay"}
    first = await here.call("pay", {"order": "7"}, run="r")
    assert first.value == "by hand 7"
    breaker.shut = set()
    again = await here.call("pay", {"order": "7"}, run="r")
    assert (again.is_repeated, again.value, again.result_invalid) == (True, "by hand 7", False)
    assert effects == {"by hand": 1}


@pytest.mark.promise("P11")
async def test_who_loses_the_key_as_it_is_given_up_on_has_no_stand_in(
    world, tools, breaker, effects, blind
):
    """Another call has taken the key meanwhile: nothing may be done beside it."""
    here = await world(*tools, wrap=lambda store: blind(store, 0)).open()
    first = await here.call("pay", {"order": "7"}, run="r", key="k")
    assert first.status == "completed"
    before = dict(effects)
    here.store.blinks = 1
    breaker.shut = {"pay"}
    second = await here.call("pay", {"order": "7"}, run="r", key="k")
    assert second.error.code == Code.DEPENDENCY_UNAVAILABLE
    assert "fallback" not in await here.end_of(second)
    assert effects == before


async def test_letters_of_a_chain_are_one_and_its_last_link_closes_it(world, effects):
    def made(name, *fallbacks, is_down=True):
        @tool(name=name, tier="reversible", fallback=fallbacks, **FLAKY)
        async def body(order: str) -> str:
            if is_down:
                raise DOWN
            return name

        return body

    here = await world(
        made("a", Fallback(to="b"), Fallback(to="c")), made("b"), made("c", is_down=False)
    ).open()
    outcome = await here.call("a", {"order": "7"})
    assert outcome.value == "c"
    (letter,) = await here.runtime.dead_letters.list(state=None)
    assert (letter.tool, letter.state, letter.redriven_as) == ("a", "answered", outcome.call_id)
    here = await world(made("a", Fallback(to="b")), made("b")).open()
    assert (await here.call("a", {"order": "7"})).status == "failed"
    (letter,) = await here.runtime.dead_letters.list(state=None)
    assert (letter.tool, letter.state) == ("a", "open")


async def test_whoever_joined_gets_the_last_failure_and_makes_no_chain_of_its_own(
    world, effects, turns
):
    gate = asyncio.Event()

    @tool(tier="reversible", **FLAKY)
    async def second(order: str) -> str:
        effects["second"] += 1
        raise DOWN

    @tool(tier="reversible", fallback=Fallback(to=second), **FLAKY)
    async def first(order: str) -> str:
        effects["first"] += 1
        await gate.wait()
        raise DOWN

    here = await world(first, second).open()
    both = [asyncio.ensure_future(here.call(first, {"order": "7"}, run="r")) for _ in range(2)]
    await turns()
    gate.set()
    assert {outcome.status for outcome in await asyncio.gather(*both)} == {"failed"}
    assert effects == {"first": 1, "second": 1}
    assert len(await here.runtime.dead_letters.list()) == 1


async def test_nothing_stands_in_where_the_end_of_the_first_is_not_written(
    world, tools, effects, faulty
):
    here = await world(*tools, wrap=faulty).open()
    await here.call("by_hand", {"order": "0"}, run="r")
    effects.clear()
    here.store.fails = lambda number, end=here.store.appends + 2: number == end
    outcome = await here.call("pay", {"order": "7"}, run="r")
    assert outcome.error.code == Code.LEDGER_UNAVAILABLE
    assert effects == {"pay": 1}


@pytest.mark.promise("P5")
async def test_who_is_cancelled_as_it_is_given_up_on_leaves_nobody_waiting(
    world, tools, effects, turns
):
    gate, at_end = asyncio.Event(), asyncio.Event()

    class Gated:
        def __init__(self, store):
            self._store = store

        def __getattr__(self, name):
            return getattr(self._store, name)

        async def append(self, entries, *, fence):
            if any(entry.kind is EntryKind.ENDED for entry in entries) and not gate.is_set():
                at_end.set()
                await gate.wait()
            return await self._store.append(entries, fence=fence)

    here = await world(*tools, wrap=Gated).open()
    calling = asyncio.ensure_future(here.call("pay", {"order": "7"}, run="r"))
    await at_end.wait()
    calling.cancel()
    await turns()
    gate.set()
    await asyncio.gather(calling, return_exceptions=True)
    again = await asyncio.wait_for(here.call("pay", {"order": "7"}, run="r"), 5)
    assert again.value == "by hand 7"
    assert effects == {"pay": 2, "by hand": 1}


@pytest.mark.promise("P5")
async def test_a_stand_in_that_cannot_be_made_leaves_the_first_failure(world, tools, effects):
    here = await world(*tools).open()
    stand_in = here.services.stand_in

    async def shut(*_):
        return None

    here.services.stand_in = shut
    assert (await here.call("pay", {"order": "7"}, run="r")).status == "failed"
    here.services.stand_in = stand_in
    again = await asyncio.wait_for(here.call("pay", {"order": "7"}, run="r"), 5)
    assert again.value == "by hand 7"


async def test_a_stand_in_that_makes_the_first_call_again_does_not_wait_for_itself(world, effects):
    @tool(tier="reversible")
    async def by_hand(order: str, context: ToolContext) -> str:
        inner = await context.call("pay", {"order": order})
        return inner.error.code

    @tool(tier="reversible", fallback=Fallback(to=by_hand), **FLAKY)
    async def pay(order: str) -> str:
        effects["pay"] += 1
        raise DOWN

    here = await world(pay, by_hand).open()
    outcome = await asyncio.wait_for(here.call(pay, {"order": "7"}, run="r"), 5)
    assert outcome.value == Code.DEPENDENCY_UNAVAILABLE
    assert effects == {"pay": 1}


@pytest.mark.promise("P11")
async def test_asked_again_before_the_stand_in_has_begun_both_get_its_answer(world, effects, turns):
    gate, asked = asyncio.Event(), asyncio.Event()

    async def look(_):
        asked.set()
        await gate.wait()

    @tool(tier="reversible", data_checks=[look])
    async def by_hand(order: str) -> str:
        effects["by hand"] += 1
        return order

    @tool(tier="reversible", fallback=Fallback(to=by_hand), **FLAKY)
    async def pay(order: str) -> str:
        effects["pay"] += 1
        raise DOWN

    here = await world(pay, by_hand).open()
    first = asyncio.ensure_future(here.call(pay, {"order": "7"}, run="r"))
    await asked.wait()
    second = asyncio.ensure_future(here.call(pay, {"order": "7"}, run="r"))
    await turns()
    gate.set()
    assert {outcome.value for outcome in await asyncio.gather(first, second)} == {"7"}
    assert effects == {"pay": 1, "by hand": 1}


async def test_a_stand_in_that_was_refused_leaves_the_key_free(world, effects):
    is_down = True

    @tool(tier="reversible", max_per_run=0)
    async def by_hand(order: str) -> str:
        return order

    @tool(tier="reversible", fallback=Fallback(to=by_hand), **FLAKY)
    async def pay(order: str) -> str:
        effects["pay"] += 1
        if is_down:
            raise DOWN
        return order

    here = await world(pay, by_hand).open()
    assert (await here.call(pay, {"order": "7"}, run="r")).error.code == Code.BUDGET_EXCEEDED
    is_down = False
    assert (await here.call(pay, {"order": "7"}, run="r")).value == "7"
    assert effects == {"pay": 2}


@pytest.mark.promise("P11")
async def test_in_a_shared_ledger_nothing_runs_beside_a_stand_in_that_may_come(world, tools):
    """Another process may be about to make it, for as long as a call may take."""

    class Shared:
        is_shared = True

        def __init__(self, store):
            self._store = store

        def __getattr__(self, name):
            return getattr(self._store, name)

    here = await world(*tools, wrap=Shared).open()

    async def die(*_):
        raise asyncio.CancelledError

    here.services.stand_in = die
    with pytest.raises(asyncio.CancelledError):
        await here.call("pay", {"order": "7"}, run="r")
    here = await here.reopen()
    again = await here.call("pay", {"order": "7"}, run="r")
    assert (again.status, again.error.code) == ("refused", Code.DEPENDENCY_UNAVAILABLE)
    here.clock.advance(121)
    assert (await here.call("pay", {"order": "7"}, run="r")).value == "by hand 7"


async def test_a_stand_in_has_a_deadline_of_its_own_but_inside_a_body(world, limits):
    left = {}

    @tool(tier="read")
    async def second(name: str, context: ToolContext) -> str:
        left[name] = context.remaining_s
        return name

    @tool(tier="read", fallback=Fallback(to=second), transient=(DOWN,), attempts=1)
    async def first(name: str) -> str:
        here.clock.advance(60)
        raise DOWN

    @tool(tier="read")
    async def outer(name: str, context: ToolContext) -> str:
        return (await context.call("first", {"name": name})).unwrap()

    here = await world(first, second, outer, limits=limits(call_s=100.0, attempt_s=100.0)).open()
    await here.call(first, {"name": "alone"})
    await here.call(outer, {"name": "inside"})
    assert left == {"alone": pytest.approx(100), "inside": pytest.approx(40)}


async def test_results_of_several_ages_stand_in_before_and_behind_another_tool(world):
    is_down = False

    @tool(tier="read", transient=(DOWN,), attempts=1)
    async def mirror(article: str) -> float:
        if is_down == "all":
            raise DOWN
        return 8.5

    @tool(
        tier="read",
        transient=(DOWN,),
        attempts=1,
        fallback=[
            StaleResult(max_age_s=10),
            Fallback(to=mirror),
            StaleResult(max_age_s=600),
            Answer(0.0),
        ],
    )
    async def get_price(article: str) -> float:
        if is_down:
            raise DOWN
        return 9.5

    here = await world(get_price, mirror).open()
    await here.call(get_price, {"article": "pen"})

    async def told():
        outcome = await here.call(get_price, {"article": "pen"})
        return outcome.value, outcome.is_stale

    is_down = True
    here.clock.advance(9)
    assert await told() == (9.5, True)
    here.clock.advance(2)
    assert await told() == (8.5, False)
    is_down = "all"
    assert await told() == (9.5, True)
    here.clock.advance(600)
    assert await told() == (0.0, False)


async def test_a_body_that_comes_back_after_all_settles_its_letter(world, effects):
    gate = threading.Event()

    @tool(tier="reversible", timeout_s=0.02)
    def pay(order: str) -> str:
        gate.wait(10)
        return order

    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "7"})
    assert outcome.status == "unknown"
    (letter,) = await here.runtime.dead_letters.list()
    assert letter.call_id == outcome.call_id
    changed = here.services.ledger.writer.put
    amended = asyncio.Event()

    def put(entry, **how):
        changed(entry, **how)
        amended.set()

    here.services.ledger.writer.put = put
    gate.set()
    await asyncio.wait_for(amended.wait(), 10)
    letter = await here.runtime.dead_letters.get(letter.id)
    assert (letter.state, letter.changed_by) == ("settled", "highroad")


@pytest.mark.parametrize(
    ("tier", "ask"), [("reversible", "false"), ("irreversible", "true")], ids=["lost", "held"]
)
async def test_a_redrive_that_is_held_or_unknown_takes_the_place_of_its_letter(
    world, bob, tier, ask
):
    error = DOWN()

    @tool(tier=tier, ask=ask, **FLAKY)
    async def pay(order: str) -> str:
        raise error

    here = await world(pay).open()
    held = await here.call(pay, {"order": "7"})
    if held.status == "held":
        await here.approve(held)
        await here.wait(held.call_id)
    (letter,) = await here.runtime.dead_letters.list()
    error = ToolError("lost", applied=None)
    done = await here.runtime.dead_letters.redrive(letter.id, by=bob)
    assert done.letter.state == "redriven"
    if done.outcome.status == "held":
        await here.approve(done.outcome)
        assert (await here.wait(done.outcome.call_id)).status == "unknown"
    (second,) = await here.runtime.dead_letters.list()
    assert (second.call_id, second.status) == (done.outcome.call_id, "unknown")


async def test_what_is_found_out_later_leaves_a_letter_alone_that_is_done_with(world, bob):
    error = ToolError("lost", applied=None)

    @tool(tier="reversible")
    async def pay(order: str) -> str:
        if error is not None:
            raise error
        return order

    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "7"})
    await here.runtime.settle(outcome.call_id, applied=False, by=bob, reason="not there")
    error = None
    done = await here.runtime.dead_letters.redrive(outcome.call_id, by=bob)
    await here.runtime.settle(outcome.call_id, applied=True, by=bob, reason="there after all")
    assert await here.runtime.dead_letters.get(outcome.call_id) == done.letter
