import asyncio
import contextlib

import pytest

from highroad.pipeline.timer import GRACE_S, within


async def test_what_never_waits_is_over_without_a_timer(monkeypatch):
    async def work():
        return 7

    monkeypatch.setattr(asyncio, "timeout_at", None)
    assert await within(0.0, work()) == 7


async def test_what_waits_is_answered_with_what_it_waited_for():
    async def work():
        first = await asyncio.sleep(0, "a")
        second = await asyncio.to_thread(str.upper, "b")
        return first + second

    assert await within(5.0, work()) == "aB"


async def test_an_error_comes_out_whether_it_waited_or_not():
    async def work(*, is_slow):
        if is_slow:
            await asyncio.sleep(0)
        raise KeyError("x")

    for is_slow in (False, True):
        with pytest.raises(KeyError):
            await within(5.0, work(is_slow=is_slow))


async def test_an_error_of_what_it_waits_for_reaches_it():
    async def failing():
        await asyncio.sleep(0)
        raise LookupError

    async def work():
        try:
            await asyncio.gather(failing())
        except LookupError:
            return "seen"

    assert await within(5.0, work()) == "seen"


async def test_it_is_cancelled_when_the_time_is_up_and_has_ended_by_then():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(TimeoutError):
        await within(0.001, work())
    assert ended


async def test_its_time_runs_from_the_start_and_not_from_its_first_wait():
    loop = asyncio.get_running_loop()

    async def work():
        until = loop.time() + 0.01
        while loop.time() < until:
            pass
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await within(0.01, work())
    # Nothing is left to ring later.
    assert all(handle.cancelled() for handle in loop._scheduled)  # type: ignore[attr-defined]  # noqa: SLF001 - the loop tells nobody else


async def test_a_cancelled_caller_takes_it_along():
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(within(5.0, work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()


async def test_what_swallows_its_cancellation_and_goes_on_is_closed():
    last = []

    async def work():
        try:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
        finally:
            last.append("closed")

    task = asyncio.current_task()
    with pytest.raises(TimeoutError):
        await within(0.001, work())
    assert last == ["closed"]
    assert not task.cancelling()


async def test_what_will_not_be_closed_either_is_not_resumed(recwarn):
    turns = []

    async def work():
        while True:
            try:
                turns.append(None)
                await asyncio.Event().wait()
            except BaseException:  # noqa: BLE001, S110 - what the worst tool does
                pass

    stubborn = work()
    with pytest.raises(TimeoutError):
        await within(0.001, stubborn)
    seen = len(turns)
    await asyncio.sleep(0)
    assert len(turns) == seen
    assert not asyncio.current_task().cancelling()


async def test_what_returns_in_its_last_moment_has_returned():
    async def work():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return "late"

    assert await within(0.001, work()) == "late"
    assert not asyncio.current_task().cancelling()


async def test_what_calls_off_a_part_of_itself_in_time_is_left_alone():
    async def work():
        part = asyncio.ensure_future(asyncio.Event().wait())
        asyncio.get_running_loop().call_soon(part.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await part
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        await asyncio.sleep(2 * GRACE_S)
        return "done"

    assert await within(5.0, work()) == "done"


async def test_a_caller_who_goes_while_it_cleans_up_is_gone():
    cleaning = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await asyncio.Event().wait()

    caller = asyncio.create_task(within(0.001, work()))
    await cleaning.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
