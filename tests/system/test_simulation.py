"""Simulated time: waiting costs nothing, and whatever waits in the loop waits in it."""

import asyncio
import time

import pytest

from highroad import Failed, ToolError, tool
from highroad.testing import FakeClock, Fault, Faults, Rehearsal, simulate
from highroad.testing.clock import DAWN_MS


def test_a_day_passes_in_no_time():
    began_s = time.monotonic()

    async def work(clock):
        await clock.sleep(86_400)
        return clock.monotonic_s(), clock.now_ms()

    assert simulate(work) == (86_400, DAWN_MS + 86_400_000)
    assert time.monotonic() - began_s < 60


def test_sleepers_and_limits_of_time_come_in_the_order_of_their_times():
    told = []

    async def sleeper(clock, seconds):
        await clock.sleep(seconds)
        told.append((seconds, clock.monotonic_s()))

    async def work(clock):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.gather(*(sleeper(clock, seconds) for seconds in (3, 1)))
        told.append(("timeout", clock.monotonic_s()))

    simulate(work)
    assert told == [(1, 1), ("timeout", 2)]


def test_a_body_that_keeps_the_loop_lets_time_pass():
    async def work(clock):
        clock.advance(5)
        await asyncio.sleep(1)
        with pytest.raises(ValueError, match="backwards"):
            clock.advance(-1)
        return clock.monotonic_s()

    assert simulate(work) == 6


def test_unix_time_may_jump_back_and_the_rest_goes_on():
    async def work(clock):
        clock.set_back(3_600)
        await clock.sleep(1)
        return clock.monotonic_s(), clock.now_ms()

    assert simulate(work, now_ms=3_600_000) == (1, 1_000)


def test_a_loop_that_has_nothing_due_waits_for_a_thread():
    async def work(_):
        return await asyncio.to_thread(lambda: "back")

    assert simulate(work) == "back"


def test_what_goes_wrong_is_raised_and_the_loop_is_closed():
    loops = []

    async def work(_):
        loops.append(asyncio.get_running_loop())
        raise LookupError

    with pytest.raises(LookupError):
        simulate(work)
    assert loops[0].is_closed()


@tool(tier="read", timeout_s=5, attempts=2)
async def look(what: str) -> str:
    """Look something up."""
    return what


def test_attempts_that_take_too_long_are_given_up_on_in_simulated_time():
    """A fake clock alone would let them: the limit of an attempt is the loop's."""

    async def work(clock):
        rehearsal = Rehearsal(look)
        rehearsal.clock = clock
        slow = Fault(on="look", latency_s=20)
        with Faults(slow, clock=clock).injected(await rehearsal.start()):
            outcome = await rehearsal.call(look, {"what": "x"})
        return outcome, clock.monotonic_s()

    outcome, took_s = simulate(work)
    assert isinstance(outcome, Failed)
    assert "did not answer in time" in outcome.error.message
    assert 10.4 <= took_s <= 10.7  # two attempts of five seconds, and half a second between


def test_one_course_is_taken_each_time():
    async def work(clock):
        rehearsal = Rehearsal(look)
        rehearsal.clock = clock
        lost = Fault(on="look", chance=0.5, raises=ToolError("Gone.", retryable=True))
        with Faults(lost, clock=clock, seed=3).injected(await rehearsal.start()):
            return [
                ((await rehearsal.call(look, {"what": str(number)})).status, clock.monotonic_s())
                for number in range(20)
            ]

    assert simulate(work) == simulate(work)


def test_the_clock_is_one_that_faults_can_set_back():
    async def work(clock):
        return isinstance(clock, FakeClock)

    assert simulate(work)
