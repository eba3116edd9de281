"""Calls that are made together: each has one outcome and one end, whatever becomes of the rest."""

import asyncio
import gc
from contextlib import aclosing, suppress
from random import Random

import anyio
import pytest

from highroad import HighroadError, ProposedCall, ToolContext, ToolError, tool
from highroad.domain.error import DeclarationError
from highroad.testing.faults import Fault, Faults


class Busy:
    """Counts who is at work at once."""

    def __init__(self):
        self.now = self.most = 0
        self.begun = []

    async def work(self, name, rounds=50):
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.append(name)
        for _ in range(rounds):
            await anyio.lowlevel.checkpoint()
        self.now -= 1


@pytest.fixture
def busy():
    return Busy()


@pytest.fixture
def look(busy):
    @tool(tier="read")
    async def look(name: str) -> str:
        """Look something up."""
        if name == "bad":
            raise ToolError("No such thing.")
        await busy.work(name)
        return name

    return look


@pytest.fixture
def note(busy):
    @tool(tier="reversible", concurrency="free")
    async def note(name: str) -> str:
        """Note something, in whatever order."""
        await busy.work(name)
        return name

    return note


@pytest.mark.promise("P5")
async def test_each_has_its_outcome_in_the_order_of_the_calls(world, look):
    each = await world(look).open()
    calls = [
        (look, {"name": "a"}),
        ("look", '{"name": "b"}'),
        ("look", '{"name": '),
        ("nothing", {}),
        (look, {"name": "bad"}),
        ProposedCall(look, {"name": "c"}),
    ]
    outcomes = await each.runtime.call_all(calls, run="r")
    said = [outcome.error.code if outcome.error else outcome.unwrap() for outcome in outcomes]
    assert said == ["a", "b", "invalid_arguments", "unknown_tool", "execution_error", "c"]
    assert len({outcome.call_id for outcome in outcomes}) == 6
    assert not await each.check()


async def test_no_more_run_at_once_than_are_allowed(world, look, busy, limits):
    each = await world(look, limits=limits(parallel=3)).open()
    calls = [(look, {"name": str(number)}) for number in range(20)]
    for parallel, most in ((None, 3), (2, 2), (7, 7)):
        busy.most = 0
        await each.runtime.call_all(calls, parallel=parallel)
        assert busy.most == most
    busy.most = 0
    await each.runtime.call_all(calls, parallel=7, run="r")
    assert busy.most == 3


async def test_outcomes_are_given_as_they_come(world):
    gates = {name: asyncio.Event() for name in "abc"}

    @tool(tier="read")
    async def wait(name: str) -> str:
        """Wait."""
        await gates[name].wait()
        return name

    each = await world(wait).open()
    found = []
    gates["c"].set()
    async for position, outcome in each.runtime.call_each([(wait, {"name": n}) for n in "abc"]):
        found.append((position, outcome.unwrap()))
        gates["a" if position == 2 else "b"].set()
    assert found == [(2, "c"), (0, "a"), (1, "b")]


async def test_a_queue_is_taken_from_as_there_is_room(world, look):
    each = await world(look).open()
    taken = 0

    async def queue():
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield (look, {"name": str(number)})

    answered = 0
    async for _ in each.runtime.call_each(queue(), parallel=4):
        answered += 1
        assert taken - answered <= 4 + 64 + 1
    assert answered == 1_000


async def test_no_calls_have_no_outcomes(world, look):
    each = await world(look).open()
    assert await each.runtime.call_all([]) == ()
    assert await each.runtime.call_all(iter(())) == ()


@pytest.mark.promise("P5")
async def test_behind_the_deadline_nothing_begins_and_what_runs_has_none_left(world):
    began = asyncio.Event()

    @tool(tier="reversible", concurrency="free")
    async def dawdle(name: str) -> str:
        """Dawdle."""
        began.set()
        await asyncio.sleep(30)
        return name

    each = await world(dawdle).open()
    calls = [(dawdle, {"name": str(number)}) for number in range(5)] + [("nobody", {})]
    making = asyncio.ensure_future(each.runtime.call_all(calls, parallel=2, deadline_s=0.2))
    await began.wait()
    each.clock.advance(0.2)
    outcomes = await making
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2 + ["cancelled"] * 3 + [
        "refused"
    ]
    assert {outcome.error.code for outcome in outcomes[2:5]} == {"timeout"}
    assert {outcome.proof for outcome in outcomes[2:5]} == {"not_started"}
    assert outcomes[5].error.code == "unknown_tool"  # what is not there does not come too late
    explained = await each.runtime.audit.explain(outcomes[4].call_id)
    assert explained.tool == "dawdle"
    assert not await each.check()


async def test_a_queue_that_gives_nothing_is_not_waited_for_behind_the_deadline(world, look):
    each = await world(look).open()

    async def queue():
        yield (look, {"name": "a"})
        await asyncio.Event().wait()

    statuses = []
    async for _, outcome in each.runtime.call_each(queue(), deadline_s=0.05):
        statuses.append(outcome.status)
        each.clock.advance(0.05)
    assert statuses == ["completed"]


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
async def test_who_stops_waiting_leaves_no_call_without_its_end(world, note, busy):
    each = await world(note).open()
    calls = [(note, {"name": str(number)}) for number in range(100)]  # more than are in view
    making = asyncio.ensure_future(each.runtime.call_all(calls, parallel=2))
    while not busy.now:
        await anyio.lowlevel.checkpoint()
    making.cancel()
    await anyio.lowlevel.checkpoint()
    making.cancel()
    with suppress(asyncio.CancelledError):
        await making
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    ends = [body for body in await each.bodies() if body["kind"] == "call.ended"]
    assert sorted(end["status"] for end in ends) == ["cancelled"] * 98 + ["unknown"] * 2
    assert busy.begun == ["0", "1"]
    assert not await each.check()


@pytest.mark.promise("P5")
@pytest.mark.parametrize("turn", range(30))
async def test_no_moment_is_too_early_to_stop_waiting(world, note, dawdling, turn):
    """Also while a call of a run that was never seen is taken in, and has no id yet."""
    each = await world(note, wrap=dawdling).open()
    calls = [(note, {"name": str(number)}) for number in range(6)]
    making = asyncio.ensure_future(each.runtime.call_all(calls, parallel=2, run="r"))
    for _ in range(turn + 1):
        await anyio.lowlevel.checkpoint()
    making.cancel()
    with suppress(asyncio.CancelledError):
        await making
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert len([body for body in await each.bodies() if body["kind"] == "call.ended"]) == 6
    assert not await each.check()


async def test_who_leaves_the_loop_calls_off_the_rest(world, note, busy):
    each = await world(note).open()
    taken = []

    def proposed():
        for number in range(200):
            taken.append(number)
            yield (note, {"name": str(number)})

    async with aclosing(each.runtime.call_each(proposed(), parallel=2)) as outcomes:
        async for _ in outcomes:
            break
    ends = [body for body in await each.bodies() if body["kind"] == "call.ended"]
    assert len(ends) == len(taken) < 200
    assert not await each.check()


@pytest.mark.promise("P5")
async def test_a_run_that_is_called_off_answers_those_that_have_not_begun(world, note, busy, bob):
    each = await world(note).open()
    calls = [(note, {"name": str(number)}) for number in range(6)]
    making = asyncio.ensure_future(each.runtime.call_all(calls, parallel=2, run="r"))
    while not busy.now:
        await anyio.lowlevel.checkpoint()
    await each.runtime.cancel(run="r", by=bob, reason="no longer wanted")
    outcomes = await making
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2 + ["refused"] * 4
    assert not await each.check()


async def test_what_a_source_gave_before_it_broke_is_made(world, look, busy):
    each = await world(look).open()

    def proposed():
        yield (look, {"name": "a"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await each.runtime.call_all(proposed())
    assert busy.begun == ["a"]
    assert not await each.check()


@pytest.mark.promise("P5")
@pytest.mark.parametrize("turn", range(6))
async def test_what_comes_out_of_a_queue_as_all_is_called_off_has_its_end(world, look, turn):
    each = await world(look).open()
    queue, taken = asyncio.Queue(), []

    async def proposed():
        while True:
            taken.append(await queue.get())
            yield (look, {"name": taken[-1]})

    queue.put_nowait("a")
    outcomes = each.runtime.call_each(proposed(), parallel=2)
    await anext(outcomes)
    waiting = asyncio.ensure_future(anext(outcomes))
    await anyio.wait_all_tasks_blocked()
    queue.put_nowait("b")
    for _ in range(turn):
        await anyio.lowlevel.checkpoint()
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    await outcomes.aclose()
    ends = [body for body in await each.bodies() if body["kind"] == "call.ended"]
    assert len(ends) == len(taken)
    assert not await each.check()


@pytest.mark.parametrize("how", ["late", "left"])
async def test_a_queue_has_cleaned_up_when_it_is_not_waited_for_any_more(world, look, how):
    each = await world(look).open()
    is_clean = False

    async def proposed():
        nonlocal is_clean
        try:
            yield (look, {"name": "a"})
            await asyncio.Event().wait()
        finally:
            await anyio.lowlevel.checkpoint()
            is_clean = True

    calls = proposed()
    outcomes = each.runtime.call_each(calls, deadline_s=0.05)
    await anext(outcomes)
    waiting = asyncio.ensure_future(anext(outcomes))
    await anyio.wait_all_tasks_blocked()
    if how == "late":
        each.clock.advance(0.05)
    else:
        waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert is_clean
    await calls.aclose()  # nothing runs in it any more


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_what_a_queue_gave_before_it_broke_is_made(world, look, busy, error):
    each = await world(look).open()

    async def proposed():
        yield (look, {"name": "a"})
        yield (look, {"name": "b"})
        raise error

    with pytest.raises(error):
        await each.runtime.call_all(proposed())
    assert busy.begun == ["a", "b"]
    ends = [body for body in await each.bodies() if body["kind"] == "call.ended"]
    assert [end["status"] for end in ends] == ["completed"] * 2


@pytest.mark.promise("P5")
async def test_a_loop_that_is_left_without_a_word_calls_off_the_rest_too(world, note):
    """As soon as its generator is collected, which the loop hears of."""
    each = await world(note).open()
    async for _ in each.runtime.call_each([(note, {"name": str(n)}) for n in range(6)], parallel=2):
        break
    gc.collect()
    while len([body for body in await each.bodies() if body["kind"] == "call.ended"]) < 6:
        await anyio.lowlevel.checkpoint()
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert not await each.check()


@pytest.mark.parametrize("calls", [[], [("look", {"name": "a"})], iter([("look", {})])])
async def test_a_runtime_that_was_closed_makes_none(world, look, calls):
    each = await world(look).open()
    await each.runtime.close()
    with pytest.raises(HighroadError, match="closed"):
        await each.runtime.call_all(calls)


async def test_a_list_with_a_mistake_in_it_is_refused_before_anything_begins(world, look, busy):
    each = await world(look).open()

    @tool(tier="read")
    def stranger() -> int:
        """Not given to the runtime."""
        return 1

    for wrong, error in ((stranger, DeclarationError), (3, HighroadError)):
        with pytest.raises(error):
            await each.runtime.call_all([(look, {"name": "a"}), (wrong, {})])
    with pytest.raises(HighroadError, match="ProposedCall"):
        await each.runtime.call_all([(look, {"name": "a"}), "look"])
    assert not busy.begun


@pytest.mark.parametrize("calls", [5, None])
async def test_what_is_no_list_of_calls_is_answered_with_what_to_pass(world, look, calls):
    each = await world(look).open()
    for make in (each.runtime.call_all, in_turn(each.runtime)):
        with pytest.raises(HighroadError, match=r"pass a list.*ProposedCall\(tool, arguments\)"):
            await make(calls)


def in_turn(runtime):
    """The same by `call_each`."""

    async def make(calls):
        return [each async for each in runtime.call_each(calls)]

    return make


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"parallel": 0}, "parallel"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": float("inf")}, "deadline_s"),
        ({"on_failure": "stopp"}, "stop or go_on"),
    ],
)
async def test_terms_on_which_nothing_could_run_are_refused(world, look, terms, words):
    each = await world(look).open()
    with pytest.raises(HighroadError, match=words):
        await each.runtime.call_all([(look, {"name": "a"})], **terms)


async def test_a_body_calls_several_within_its_own_time(world, look, busy):
    @tool(tier="read")
    async def outer(names: list[str], context: ToolContext) -> list[str]:
        """Look several things up."""
        calls = [(look, {"name": name}) for name in names]
        outcomes = await context.call_all(calls, parallel=2)
        return [outcome.status for outcome in outcomes]

    each = await world(look, outer).open()
    outcome = await each.call(outer, {"names": ["a", "bad", "c", "d"]})
    assert outcome.unwrap() == ["completed", "failed", "completed", "completed"]
    assert busy.most == 2
    assert not await each.check()


async def test_calls_of_a_body_end_with_it(world):
    @tool(tier="read")
    async def sleep(name: str) -> str:
        """Sleep."""
        await asyncio.sleep(30)
        return name

    @tool(tier="read", timeout_s=0.1, attempts=1)
    async def outer(context: ToolContext) -> list[str]:
        """Call some that take too long."""
        await context.call_all([(sleep, {"name": n}) for n in "abc"], parallel=2)
        return []

    each = await world(sleep, outer).open()
    assert (await each.call(outer, {})).status == "failed"
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert not await each.check()


async def test_barriers_within_barriers_wait_for_nobody_who_waits_for_them(world, limits):
    """All of them in one run with a single slot, one at a time at every level."""

    @tool(tier="reversible", concurrency="barrier")
    async def leaf(path: str) -> int:
        """Count as one."""
        return 1

    @tool(tier="reversible", concurrency="barrier")
    async def branch(path: str, context: ToolContext) -> int:
        """Count what is below."""
        below = leaf if len(path) == 2 else branch
        calls = [(below, {"path": f"{path}{number}"}) for number in range(3)]
        return sum(outcome.unwrap() for outcome in await context.call_all(calls, parallel=1))

    each = await world(leaf, branch, limits=limits(parallel=1)).open()
    calls = [(branch, {"path": str(number)}) for number in range(3)]
    outcomes = await each.runtime.call_all(calls, run="r", parallel=3)
    assert [outcome.unwrap() for outcome in outcomes] == [9] * 3
    assert not await each.check()


@tool(tier="read")
async def read(name: str) -> str:
    """Read."""
    await anyio.lowlevel.checkpoint()
    return name


@tool(tier="reversible", order_by=["thing"])
async def write(thing: int, name: str) -> str:
    """Write."""
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    return name


@tool(tier="reversible", concurrency="barrier", effect="repeatable")
async def publish(name: str) -> str:
    """Publish."""
    await anyio.lowlevel.checkpoint()
    return name


FAULTS = (
    Fault(chance=0.15, raises=ConnectionRefusedError),
    Fault(chance=0.1, raises=RuntimeError, is_late=True),
    Fault(on="read", chance=0.05, latency_s=0.0001),
)


def some_calls(chance):
    """Up to 13 calls of any tool, also one that is not there."""
    for number in range(chance.randrange(1, 14)):
        which = chance.choice(["read", "read", "write", "write", "publish", "nobody"])
        thing = {"thing": chance.randrange(3)} if which == "write" else {}
        yield which, {"name": str(number), **thing}


async def as_time_goes_by(each, making, *, cancels_at):
    """Turn after turn, until all is done; the caller stops waiting at one of them, or never."""
    turn = 0
    while not making.done() or each.services.tasks:
        if turn == cancels_at:
            making.cancel()
        turn += 1
        each.clock.advance(0.01)
        await anyio.lowlevel.checkpoint()
    with suppress(asyncio.CancelledError):
        return await making


async def call_off_at_any_time(world, seed):
    """Some calls with faults, called off after so many turns or never; each has one end."""
    chance = Random(seed)  # noqa: S311 - chance by a seed
    each = await world(read, write, publish).open()
    calls = list(some_calls(chance))
    given = iter(calls) if chance.random() < 0.3 else calls
    terms = {
        "parallel": chance.choice([1, 2, 5]),
        "on_failure": chance.choice(["stop", "go_on"]),
        "deadline_s": chance.choice([None, None, 0.05, 0.4]),
        "run": chance.choice([None, "r"]),
    }
    cancels_at = chance.randrange(1, chance.choice([8, 200])) if chance.random() < 0.5 else None
    with Faults(*FAULTS, seed=seed, clock=each.clock).injected(each.runtime):
        making = asyncio.ensure_future(each.runtime.call_all(given, **terms))
        outcomes = await as_time_goes_by(each, making, cancels_at=cancels_at)
    ends = [body["call"] for body in await each.bodies() if body["kind"] == "call.ended"]
    assert not await each.check()
    if outcomes is not None:
        assert sorted(outcome.call_id for outcome in outcomes) == sorted(ends)
    if given is calls:
        assert len(ends) == len(calls), seed
    await each.runtime.close()


SEEDS = 1_000


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.parametrize("part", range(4))
async def test_each_call_ends_once_whenever_they_are_called_off(world, part):
    for seed in range(part, 100, 4):
        await call_off_at_any_time(world, seed)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.parametrize("part", range(4))
async def test_each_call_ends_once_in_a_thousand_seeds(world, part):
    for seed in range(100 + part, SEEDS, 4):
        await call_off_at_any_time(world, seed)
