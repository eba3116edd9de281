import asyncio
import random

import anyio
import pytest

from highroad.domain.limits import Limits
from highroad.limits.slots import Slots


async def test_five_of_a_run_work_at_once_and_other_runs_are_not_in_their_way():
    slots, working, most = Slots(5), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def call(run_id):
        await slots.take(run_id)
        working[run_id] += 1
        most[run_id] = max(most[run_id], working[run_id])
        await anyio.wait_all_tasks_blocked()
        working[run_id] -= 1
        slots.give(run_id)

    async with anyio.create_task_group() as group:
        for number in range(16):
            group.start_soon(call, "ab"[number % 2])
    assert most == {"a": 5, "b": 5}
    assert len(slots) == 0


async def test_who_waits_longest_is_served_first():
    slots, order = Slots(1), []
    await slots.take("run")

    async def call(number):
        await slots.take("run")
        order.append(number)
        slots.give("run")

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(call, number)
            await anyio.wait_all_tasks_blocked()
        slots.give("run")
    assert order == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(30))
async def test_cancelled_callers_take_no_slot_with_them(seed):
    chance = random.Random(seed)  # noqa: S311 - a seed makes the order repeatable
    slots, working = Slots(2), 0

    async def call():
        nonlocal working
        with anyio.CancelScope() as scope:
            if chance.random() < 0.5:
                scope.cancel()
            await slots.take("run")
            working += 1
            assert working <= 2
            try:
                for _ in range(chance.randrange(3)):
                    await anyio.lowlevel.checkpoint()
            finally:
                working -= 1
                slots.give("run")

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(call)
    assert len(slots) == 0


async def test_a_caller_cancelled_while_it_waits_leaves_the_queue():
    slots = Slots(1)
    await slots.take("run")
    with anyio.move_on_after(0):
        await slots.take("run")
    slots.give("run")
    assert len(slots) == 0


async def test_a_slot_that_is_given_to_who_waits_is_never_free_meanwhile():
    slots = Slots(1)
    assert slots.take_at_once("run")
    waits = asyncio.ensure_future(slots.take("run"))
    await anyio.wait_all_tasks_blocked()
    slots.give("run")
    assert not slots.take_at_once("run"), "it is the other's, who has not heard of it yet"
    await waits
    slots.give("run")
    assert len(slots) == 0


def test_a_run_without_any_slot_is_a_mistake():
    with pytest.raises(ValueError, match="parallel"):
        Limits(parallel=0)
