import anyio
import pytest

from highroad.adapters.system import SystemClock
from highroad.testing.clock import FakeClock


async def test_the_systems_clock_tells_time_and_waits():
    clock = SystemClock()
    began, ticks = clock.now_ms(), clock.monotonic_s()
    await clock.sleep(0.001)
    assert clock.now_ms() >= began
    assert clock.monotonic_s() > ticks


async def test_a_sleeper_wakes_when_the_clock_has_been_moved_far_enough():
    clock, woken = FakeClock(), []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (5, 1, 3):
            group.start_soon(sleeper, seconds)
        await anyio.wait_all_tasks_blocked()
        clock.advance(3)
        await anyio.wait_all_tasks_blocked()
        assert woken == [1, 3]
        clock.advance(2)
    assert woken == [1, 3, 5]


async def test_sleeping_side_by_side_takes_as_long_as_the_longest():
    clock, woken = FakeClock(autojump=True), []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic_s()))

    async with anyio.create_task_group() as group:
        for seconds in (5, 1, 3):
            group.start_soon(sleeper, seconds)
    assert woken == [(1, 1), (3, 3), (5, 5)]


async def test_a_cancelled_sleeper_leaves_the_others_alone():
    clock = FakeClock()
    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 2)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0):
            await clock.sleep(1)
        clock.advance(2)


def test_unix_time_may_jump_back_and_monotonic_time_never_does():
    clock = FakeClock(now_ms=1_000_000)
    clock.advance(2.5)
    clock.set_back(60)
    assert clock.now_ms() == 942_500
    assert clock.monotonic_s() == 2.5
    with pytest.raises(ValueError, match="set_back"):
        clock.advance(-1)
