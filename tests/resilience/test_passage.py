"""Leave to use a dependency: room, turn and breaker, taken at once, given back in any case."""

import asyncio
from dataclasses import replace

import pytest

from highroad.adapters.counters.memory import MemoryCounters
from highroad.domain.demand import AttemptResult
from highroad.domain.dependency import BreakerRule, BreakerState, Dependency
from highroad.domain.error import CallError
from highroad.resilience.passage import Passage, Ways
from highroad.testing import FakeClock

pytestmark = pytest.mark.anyio
SUCCESS, FAILURE, ABANDONED = AttemptResult
PAYMENTS = Dependency(name="payments")


@pytest.fixture
def clock():
    return FakeClock(autojump=True)


@pytest.fixture
def counters(clock):
    return MemoryCounters(clock)


@pytest.fixture
def way_to(clock, counters):
    def way_to(dependency):
        return Ways({dependency.name: dependency}, counters, clock).to(dependency.name)

    return way_to


async def entered(way, holder="call", left_s=60.0):
    passage = await way.enter(holder, left_s=left_s)
    assert isinstance(passage, Passage)
    return passage


async def turned_away(way, holder="another", left_s=60.0):
    refusal = await way.enter(holder, left_s=left_s)
    assert isinstance(refusal, CallError)
    assert refusal.retryable
    return refusal.code


async def fail(way, times):
    moved = []
    for number in range(times):
        passage = await entered(way, f"failing_{number}")
        moved += await passage.leave(FAILURE)
    return [each.state for each in moved]


async def turns():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_open_breaker_turns_attempts_away_and_says_when_they_may_come(way_to):
    way = way_to(PAYMENTS)
    assert await fail(way, PAYMENTS.breaker.failures) == [BreakerState.OPEN]
    assert await turned_away(way) == "dependency_unavailable"
    refusal = await way.enter("one more", left_s=60)
    assert "60.0 s" in refusal.message


async def test_failures_that_are_slow_to_come_are_measured_by_the_clock(way_to, clock):
    rule = BreakerRule(slow_s=2.0, slow_attempts=1)
    way = way_to(replace(PAYMENTS, breaker=rule))
    passage = await entered(way)
    clock.advance(2.5)
    assert [each.state for each in await passage.leave(SUCCESS)] == [BreakerState.OPEN]


async def test_tools_of_one_dependency_share_its_breaker_and_those_of_others_do_not(
    clock, counters
):
    ways = Ways({}, counters, clock)
    await fail(ways.to("payments"), 5)
    assert await turned_away(ways.to("payments")) == "dependency_unavailable"
    await entered(ways.to("database"))


async def test_no_more_attempts_than_there_are_places_and_then_in_the_order_of_arrival(way_to):
    way, order = way_to(replace(PAYMENTS, parallel=2)), []

    async def attempt(number):
        passage = await entered(way, f"call_{number}")
        order.append(number)
        await turns()
        await passage.leave(SUCCESS)

    tasks = [asyncio.create_task(attempt(number)) for number in range(6)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [0, 1]
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4, 5]


async def test_who_finds_no_place_in_time_is_told_that_it_is_overloaded(way_to):
    way = way_to(replace(PAYMENTS, parallel=1, wait_s=0.01))
    passage = await entered(way)
    assert await turned_away(way) == "overloaded"
    await passage.leave(SUCCESS)
    await entered(way, "another")


async def test_nobody_waits_longer_for_a_place_than_its_call_has(way_to):
    way = way_to(replace(PAYMENTS, parallel=1, wait_s=3_600))
    await entered(way)
    assert await turned_away(way, left_s=0.01) == "overloaded"


async def test_those_who_wait_are_turned_away_when_the_breaker_opens(way_to):
    way = way_to(replace(PAYMENTS, parallel=1))
    passage = await entered(way, "first")
    waiting = [asyncio.create_task(way.enter(f"waiting_{each}", left_s=60)) for each in range(3)]
    await turns()
    assert not any(task.done() for task in waiting)
    await passage.leave(FAILURE)
    # Each in turn fails, until so many have that nobody else is let through.
    done, outcomes = [*waiting], []
    for task in done:
        outcome = await task
        outcomes.append(outcome)
        if isinstance(outcome, Passage):
            await outcome.leave(FAILURE)
    assert all(isinstance(each, Passage) for each in outcomes)
    passage = await entered(way, "fifth")
    late = asyncio.create_task(way.enter("late", left_s=60))
    await turns()
    await passage.leave(FAILURE)
    refusal = await late
    assert isinstance(refusal, CallError)
    assert refusal.code == "dependency_unavailable"


async def test_who_is_called_off_while_waiting_leaves_the_queue(way_to):
    way = way_to(replace(PAYMENTS, parallel=1))
    passage = await entered(way, "first")
    waiting = asyncio.create_task(way.enter("impatient", left_s=60))
    patient = asyncio.create_task(way.enter("patient", left_s=60))
    await turns()
    waiting.cancel()
    await turns()
    assert waiting.cancelled()
    await passage.leave(SUCCESS)
    assert isinstance(await patient, Passage)


async def test_a_rate_lets_attempts_through_at_its_pace(way_to, clock):
    way = way_to(replace(PAYMENTS, per_minute=60, burst=2))
    began = clock.monotonic_s()
    for number in range(5):
        passage = await entered(way, f"call_{number}")
        await passage.leave(SUCCESS)
    assert clock.monotonic_s() - began == pytest.approx(3.0)


async def test_who_would_wait_too_long_for_a_turn_is_told_when_it_comes(way_to):
    way = way_to(replace(PAYMENTS, per_minute=1, wait_s=5.0))
    await (await entered(way)).leave(SUCCESS)
    refusal = await way.enter("another", left_s=600)
    assert isinstance(refusal, CallError)
    assert refusal.code == "rate_limited"
    assert "60.0 s" in refusal.message


async def test_a_place_that_is_given_back_twice_is_one_place(way_to):
    way = way_to(replace(PAYMENTS, parallel=1, wait_s=0.01))
    passage = await entered(way, "first")
    await passage.leave(SUCCESS)
    await entered(way, "second")
    await passage.leave(SUCCESS)
    assert await turned_away(way, "third") == "overloaded"
