"""Runs as this process deals with them: steps, wall time, and where they belong."""

import asyncio

import anyio
import pytest

from highroad.domain.error import HighroadError
from highroad.domain.run import Usage
from highroad.limits.runs import LiveRuns
from highroad.testing.clock import FakeClock


class Ledger:
    """Remembers what runs used, and how often it was asked."""

    def __init__(self, **usages):
        self.usages = usages
        self.reads = 0

    async def usage(self, run_id):
        self.reads += 1
        await anyio.lowlevel.checkpoint()
        return self.usages.get(run_id, Usage())


def runs_of(ledger=None, clock=None, capacity=10_000):
    return LiveRuns((ledger or Ledger()).usage, clock or FakeClock(), capacity=capacity)


@pytest.mark.promise("P6")
async def test_a_named_run_goes_on_from_what_the_ledger_knows():
    clock = FakeClock()
    used = Usage(steps=7, started_ms=clock.now_ms() - 90_000, rested_ms=80_000)
    run = await runs_of(Ledger(thread=used), clock).enter("thread")
    assert (run.steps, run.elapsed_s) == (7, 10)
    clock.advance(10)
    assert (run.next_step(), run.elapsed_s) == (8, 20)


@pytest.mark.promise("P6")
async def test_wall_time_stands_still_while_nobody_is_inside():
    clock = FakeClock()
    runs = runs_of(clock=clock)
    for _ in range(3):
        run = await runs.enter("thread")
        clock.advance(3)
        run.leave()
        clock.advance(86_400)
    run = await runs.enter("thread")
    assert run.elapsed_s == pytest.approx(9)
    clock.advance(1)
    assert run.elapsed_s == pytest.approx(10)


async def test_a_direct_call_that_waited_a_night_for_approval_has_time_left():
    clock = FakeClock()
    waited = Usage(steps=1, started_ms=clock.now_ms() - 36_000_000)
    run = await runs_of(Ledger(run_1=waited), clock).enter("run_1", is_direct=True)
    assert run.elapsed_s == 0


@pytest.mark.promise("P6")
async def test_two_that_come_together_read_the_ledger_once():
    ledger = Ledger(thread=Usage(steps=9))
    runs = runs_of(ledger)
    entered = await asyncio.gather(*(runs.enter("thread") for _ in range(2)))
    assert ledger.reads == 1
    assert entered[0] is entered[1]
    assert sorted(run.next_step() for run in entered) == [10, 11]


async def test_a_reader_that_is_cancelled_leaves_the_reading_to_the_next():
    ledger = Ledger(thread=Usage(steps=9))
    runs = runs_of(ledger)
    entered = []

    async def call():
        entered.append(await runs.enter("thread"))

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as first:
                first.start_soon(call)
                await anyio.lowlevel.checkpoint()
                group.start_soon(call)
                scope.cancel()
    assert [run.steps for run in entered] == [9]
    assert ledger.reads == 2


async def test_a_ledger_that_cannot_be_read_stops_each_caller():
    async def broken(run_id):
        raise OSError(run_id)

    runs = LiveRuns(broken, FakeClock())
    for _ in range(2):
        with pytest.raises(OSError, match="thread"):
            await runs.enter("thread")
    assert len(runs) == 0


async def test_direct_runs_are_forgotten_at_once_and_named_ones_when_there_are_too_many():
    ledger = Ledger()
    runs = runs_of(ledger, capacity=3)
    for number in range(100):
        runs.begin(f"run_{number}").leave()
    assert len(runs) == 0
    busy = await runs.enter("busy")
    for number in range(100):
        (await runs.enter(f"thread_{number}")).leave()
    assert len(runs) == 4
    assert await runs.enter("busy") is busy
    reads = ledger.reads
    (await runs.enter("thread_99")).leave()
    assert ledger.reads == reads
    (await runs.enter("thread_0")).leave()
    assert ledger.reads == reads + 1


async def test_a_run_stays_as_long_as_anybody_is_inside():
    runs = runs_of(capacity=0)
    outer, inner = await runs.enter("thread"), await runs.enter("thread")
    assert inner is outer
    inner.leave()
    assert await runs.enter("thread") is outer


async def test_whoever_is_inside_a_run_is_inside_those_above_it():
    clock = FakeClock()
    runs = runs_of(clock=clock)
    child = await runs.enter("child", parent_id="parent")
    again = await runs.enter("child")
    parent = child.parent
    assert again is child
    assert [run.run_id for run in child.lineage] == ["child", "parent"]
    assert parent.inside == 1
    clock.advance(5)
    child.leave()
    assert parent.inside == 1
    child.leave()
    assert parent.inside == 0
    clock.advance(5)
    assert (await runs.enter("child")).parent is parent
    assert parent.elapsed_s == 5


async def test_a_run_that_was_forgotten_finds_its_parent_in_the_ledger():
    ledger = Ledger(
        child=Usage(steps=1, parent_id="parent", conversation_id=None),
        parent=Usage(steps=4, parent_id="first"),
        first=Usage(steps=2, conversation_id="conv_1"),
    )
    run = await runs_of(ledger).enter("child")
    assert [each.run_id for each in run.lineage] == ["child", "parent", "first"]
    assert {each.conversation_id for each in run.lineage} == {"conv_1"}


async def test_a_direct_run_may_be_a_child_without_being_read():
    ledger = Ledger()
    runs = runs_of(ledger)
    run = await runs.begin_below("run_1", "parent")
    assert [each.run_id for each in run.lineage] == ["run_1", "parent"]
    assert ledger.reads == 1
    parent = run.parent
    run.leave()
    assert (parent.inside, len(runs)) == (0, 1)


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_run_stays_where_it_began(is_known):
    ledger = Ledger(child=Usage(steps=1, parent_id="parent", conversation_id="conv_1"))
    if is_known:
        ledger.usages["parent"] = Usage(steps=1, conversation_id="conv_1")
    runs = runs_of(ledger if is_known else None)
    child = await runs.enter("child", parent_id="parent", conversation_id=None)
    with pytest.raises(HighroadError, match="began as a child of parent"):
        await runs.enter("child", parent_id="another")
    with pytest.raises(HighroadError, match="began in another conversation"):
        await runs.enter("child", conversation_id="conv_2")
    assert child.inside == 1
    with pytest.raises(HighroadError, match="conversation"):
        await runs.begin_below("run_1", "parent", conversation_id="conv_2")
    child.leave()
    assert {run.inside for run in (child, await runs.enter("child"))} == {1}


async def test_no_run_is_above_itself():
    runs = runs_of()
    with pytest.raises(HighroadError, match="its own parent"):
        await runs.enter("run", parent_id="run")
    together = await asyncio.gather(
        runs.enter("a", parent_id="b"), runs.enter("b", parent_id="a"), return_exceptions=True
    )
    assert any(isinstance(each, HighroadError) for each in together)
    ring = Ledger(
        a=Usage(steps=1, parent_id="b"),
        b=Usage(steps=1, parent_id="c"),
        c=Usage(steps=1, parent_id="a"),
    )
    with pytest.raises(HighroadError, match="its own parent"):
        await runs_of(ring).enter("a")
