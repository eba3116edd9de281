"""Synchronous bodies that outlive their deadline: answered, bounded, counted."""

import asyncio
import subprocess
import sys
import threading
from functools import partial

import anyio.from_thread
import pytest

from highroad import Limits, tool
from highroad.pipeline.threads import Threads
from highroad.testing.clock import FakeClock

pytestmark = [pytest.mark.promise("P5"), pytest.mark.promise("P11")]

SHORT_S = 0.2


@pytest.fixture
def gate():
    event = threading.Event()
    yield event
    event.set()


def hung(gate, name="hang", **options):
    """A synchronous tool that waits for the gate, in C, where nothing can interrupt it."""

    @tool(tier="reversible", name=name, timeout_s=SHORT_S, **options)
    def work(number: int) -> int:
        gate.wait()
        return number

    return work


@tool(tier="read")
def quick(number: int) -> int:
    return number


async def until(holds, rounds=1_000):
    """Threads have no fake clock: look until it holds."""
    for _ in range(rounds):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it never came true")


@pytest.mark.parametrize(
    ("effect", "status"),
    [("repeatable", "failed"), ("idempotent", "unknown"), ("unprotected", "unknown")],
)
async def test_a_hung_body_is_answered_by_its_class_and_counted_until_it_is_back(
    world, gate, effect, status, caplog
):
    work = hung(gate, effect=effect, attempts=1)
    here = await world(work).open()
    outcome = await here.call(work, {"number": 1})
    assert outcome.status == status
    assert here.runtime.strays == {"hang": 1}
    gate.set()
    await until(lambda: not here.runtime.strays)
    assert "a body of hang is back" in caplog.text


async def test_strays_of_one_tool_leave_room_for_all_others(world, gate):
    work = hung(gate)
    here = await world(work, quick, limits=Limits(threads=2, threads_each=2)).open()
    for number in range(2):
        await here.call(work, {"number": number})
    assert here.runtime.strays == {"hang": 2}
    for number in range(4):
        assert (await here.call(quick, {"number": number})).unwrap() == number


async def test_too_many_strays_of_a_tool_overload_it_and_nothing_of_it_is_begun(world, gate):
    work = hung(gate, effect="unprotected")
    here = await world(work, limits=Limits(threads_each=2)).open()
    for number in range(2):
        await here.call(work, {"number": number})
    refused = await here.call(work, {"number": 3})
    assert (refused.status, refused.error.code, refused.proof) == (
        "failed",
        "overloaded",
        "not_started",
    )
    assert here.runtime.strays == {"hang": 2}
    gate.set()
    await until(lambda: not here.runtime.strays)
    assert (await here.call(work, {"number": 3})).unwrap() == 3


async def test_who_waits_for_a_thread_is_told_as_soon_as_strays_have_them_all(world, gate):
    work = hung(gate, effect="unprotected")
    here = await world(work, limits=Limits(threads_each=1)).open()
    first, second = await asyncio.gather(
        *[here.call(work, {"number": number}) for number in range(2)]
    )
    assert first.status == "unknown"
    assert second.error.code in {"overloaded", "timeout"}
    assert second.proof == "not_started"
    assert here.runtime.strays == {"hang": 1}


async def test_tools_of_one_dependency_share_its_threads(world, gate):
    one = hung(gate, name="one", dependency="payments")
    two = hung(gate, name="two", dependency="payments")
    here = await world(one, two, limits=Limits(threads_each=1)).open()
    await here.call(one, {"number": 1})
    assert here.runtime.strays == {"payments": 1}
    assert (await here.call(two, {"number": 1})).error.code == "overloaded"


async def test_a_caller_who_goes_leaves_a_stray_that_is_counted(world, gate, turns):
    begun = threading.Event()

    @tool(tier="reversible")
    def work() -> None:
        begun.set()
        gate.wait()

    here = await world(work).open()
    call = asyncio.ensure_future(here.call(work, {}))
    await asyncio.to_thread(begun.wait)
    call.cancel()
    await asyncio.wait({call})
    assert here.runtime.strays == {"work": 1}


async def test_bodies_in_turn_share_a_thread_and_each_has_its_own_context(world):
    seen = set()

    @tool(tier="read")
    def who() -> None:
        seen.add(threading.get_ident())

    here = await world(who, quick).open()
    for _ in range(5):
        await here.call(who, {})
    assert len(seen) == 1
    assert threading.get_ident() not in seen


async def test_whoever_waits_for_a_thread_gets_it_in_turn():
    threads, order = Threads(1, 8, FakeClock()), []
    await asyncio.gather(
        *[
            threads.run(str(n % 2), partial(order.append, n), begin=dict, leave=print)
            for n in range(20)
        ]
    )
    assert order == list(range(20))
    threads.close()


async def test_who_stops_waiting_for_a_thread_gives_its_turn_to_the_next(gate):
    threads, order = Threads(1, 8, FakeClock()), []
    first = asyncio.ensure_future(threads.run("a", gate.wait, begin=dict, leave=print))
    waiting = [
        asyncio.ensure_future(threads.run("a", partial(order.append, n), begin=dict, leave=print))
        for n in range(3)
    ]
    await asyncio.sleep(0)
    waiting[0].cancel()
    gate.set()
    await asyncio.wait([first, *waiting])
    assert order == [1, 2]
    assert not threads.strays
    threads.close()


async def test_a_body_in_a_thread_reaches_the_loop_as_in_threads_of_anyio(world):
    @tool(tier="read")
    def both(number: int) -> int:
        return anyio.from_thread.run(double, number)

    async def double(number):
        await asyncio.sleep(0)
        return 2 * number

    here = await world(both).open()
    assert (await here.call(both, {"number": 2})).unwrap() == 4


HANGS = """
import threading
from highroad import tool
from highroad.sync import Runtime

@tool(tier="read", timeout_s=0.2, attempts=1)
def hang() -> None:
    threading.Event().wait()

with Runtime.open("sqlite:///a.db", tools=[hang]) as runtime:
    print(runtime.call(hang, {}).status, dict(runtime.strays))
"""


def test_a_program_ends_although_a_body_of_it_never_does(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", HANGS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "failed {'hang': 1}\n"), done.stderr
