"""A call has one deadline with all that is done for it; each attempt has its time inside."""

import asyncio
import contextlib
import threading
from typing import Annotated

import pytest

from highroad import Limits, Owned, ToolContext, tool
from highroad.domain.entry import EntryKind
from highroad.testing.clock import FakeClock

pytestmark = pytest.mark.promise("P5")

SHORT_S = 0.05


async def forever(_):
    await asyncio.Event().wait()


@tool(tier="reversible")
async def inner(number: int, context: ToolContext) -> float:
    return context.remaining_s


async def test_a_call_from_inside_inherits_the_deadline_that_is_left(world):
    clock = FakeClock()

    @tool(tier="reversible")
    async def outer(context: ToolContext) -> float:
        clock.advance(100)
        return (await context.call(inner, {"number": 1})).unwrap()

    here = await world(outer, inner, clock=clock, limits=Limits(call_s=110, attempt_s=200)).open()
    assert (await here.call(outer, {})).unwrap() == 10


async def test_a_clock_that_is_set_back_gives_nobody_more_time(world):
    clock = FakeClock()

    @tool(tier="reversible")
    async def outer(context: ToolContext) -> float:
        clock.advance(100)
        clock.set_back(3_600)
        return (await context.call(inner, {"number": 1})).unwrap()

    here = await world(outer, inner, clock=clock, limits=Limits(call_s=110, attempt_s=200)).open()
    assert (await here.call(outer, {})).unwrap() == 10


async def test_a_call_from_inside_has_no_more_time_than_the_attempt_that_makes_it(world):
    clock = FakeClock()

    @tool(tier="reversible", timeout_s=20)
    async def outer(context: ToolContext) -> float:
        clock.advance(5)
        return (await context.call(inner, {"number": 1})).unwrap()

    here = await world(outer, inner, clock=clock).open()
    assert (await here.call(outer, {})).unwrap() == 15


@pytest.mark.promise("P11")
async def test_behind_an_attempt_that_was_given_up_on_nothing_begins(world, effects):
    clock, gate, made = FakeClock(), threading.Event(), []

    @tool(tier="reversible", effect="unprotected")
    async def act(number: int) -> int:
        effects["act"] += 1
        return number

    @tool(tier="reversible", timeout_s=SHORT_S)
    def outer(context: ToolContext) -> None:
        gate.wait()
        made.append(
            asyncio.run_coroutine_threadsafe(context.call(act, {"number": 1}), loop).result()
        )

    loop = asyncio.get_running_loop()
    here = await world(outer, act, clock=clock).open()
    outcome = await here.call(outer, {})
    assert outcome.status == "unknown"
    clock.advance(SHORT_S)
    gate.set()
    while not made:
        await asyncio.to_thread(lambda: None)
    assert (made[0].status, made[0].error.code) == ("failed", "timeout")
    assert not effects
    ends = [body for body in await here.bodies(made[0].call_id) if body["kind"] == EntryKind.ENDED]
    assert len(ends) == 1


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("effect", "status"), [("repeatable", "failed"), ("unprotected", "unknown")]
)
async def test_a_body_that_swallows_its_cancellation_is_ended_and_its_call_answered(
    world, effect, status, effects
):
    @tool(tier="reversible", effect=effect, timeout_s=SHORT_S, attempts=1)
    async def stubborn() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            effects["went on"] += 1

    here = await world(stubborn).open()
    outcome = await here.call(stubborn, {})
    assert outcome.status == status
    assert effects["went on"] == 1
    assert not asyncio.current_task().cancelling()
    assert not await here.check()


async def test_a_probe_may_make_calls_behind_the_attempt_that_it_is_asked_about(world):
    @tool(tier="read")
    async def was_sent(key: str) -> bool:
        return True

    async def ask(key: str, context: ToolContext) -> bool:
        return (await context.call(was_sent, {"key": key})).unwrap()

    @tool(tier="reversible", effect="checkable", probe=ask, timeout_s=SHORT_S)
    async def send(number: int) -> None:
        here.clock.advance(2 * SHORT_S)
        await asyncio.Event().wait()

    here = await world(send, was_sent).open()
    assert (await here.call(send, {"number": 1})).status == "completed"


async def test_who_waits_for_a_slot_of_its_run_is_answered_at_its_deadline(world, effects):
    gate = asyncio.Event()

    @tool(tier="reversible")
    async def slow(number: int) -> None:
        effects["slow"] += 1
        await gate.wait()

    here = await world(slow, limits=Limits(parallel=1, call_s=SHORT_S, attempt_s=60)).open()
    calls = [asyncio.ensure_future(here.call(slow, {"number": n}, run="r")) for n in range(2)]
    outcomes = [await each for each in calls]
    assert sorted(str(each.error.code) for each in outcomes) == ["outcome_unknown", "overloaded"]
    assert effects["slow"] == 1
    assert not await here.check()


HUNG = {
    "an owner look-up": lambda: tool(tier="read", timeout_s=SHORT_S)(owned),
    "a data check": lambda: tool(tier="read", timeout_s=SHORT_S, data_checks=[forever])(plain),
    "a preview": lambda: tool(tier="reversible", timeout_s=SHORT_S, preview=forever)(plain),
    "a probe": lambda: tool(
        tier="reversible", effect="checkable", timeout_s=SHORT_S, probe=forever
    )(fails),
    "a factory of deps": lambda: tool(tier="reversible", timeout_s=SHORT_S, attempts=1)(wants),
    "a resource": lambda: tool(
        tier="reversible", timeout_s=SHORT_S, attempts=1, resources={Pool: hung_pool}
    )(pools),
}


async def plain(number: int) -> int:
    return number


async def owned(number: Annotated[int, Owned(forever)]) -> int:
    return number


async def fails(number: int) -> int:
    raise RuntimeError


class Shop:
    pass


class Pool:
    pass


async def wants(number: int, context: ToolContext[Shop]) -> int:
    return number


async def pools(number: int, pool: Pool) -> int:
    return number


@contextlib.asynccontextmanager
async def hung_pool():
    await forever(None)
    yield Pool()


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("an owner look-up", "refused", "timeout"),
        ("a data check", "refused", "timeout"),
        ("a preview", "refused", "timeout"),
        ("a probe", "unknown", "outcome_unknown"),
        ("a factory of deps", "failed", "timeout"),
        ("a resource", "failed", "timeout"),
    ],
)
async def test_whatever_is_asked_for_a_call_has_the_time_of_an_attempt(world, name, status, code):
    work = HUNG[name]()
    here = await world(work, deps={Shop: forever}).open()
    outcome = await here.call(work, {"number": 1}, dry_run=name == "a preview")
    assert (outcome.status, outcome.error.code) == (status, code)
    assert not await here.check()
