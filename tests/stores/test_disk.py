import asyncio
import threading

import pytest

from highroad.adapters.stores.sqlite.disk import DiskThread


@pytest.fixture
def disk():
    thread = DiskThread("disk")
    yield thread
    thread.stop()


async def test_a_cancelled_waiter_goes_on_when_the_job_is_done(disk):
    may_go_on, is_done = threading.Event(), []

    def job():
        may_go_on.wait()
        is_done.append(True)

    waiter = asyncio.create_task(disk.run(job))
    for _ in range(3):
        await asyncio.sleep(0)
        waiter.cancel()
    await asyncio.sleep(0)
    assert not waiter.done()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert is_done


async def test_a_waiter_that_is_cancelled_just_as_its_job_is_done_goes_on(disk):
    is_next_served = threading.Event()
    waiter = asyncio.create_task(disk.run(lambda: None))
    following = asyncio.create_task(disk.run(is_next_served.set))
    await asyncio.sleep(0)
    is_next_served.wait()  # holds up the loop, which has not seen the first answer yet
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await following


async def test_the_failure_of_a_job_is_its_waiters(disk):
    def job():
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        await disk.run(job)


async def test_a_failure_whose_waiter_is_gone_stops_nobody(disk):
    may_go_on = threading.Event()

    def job():
        may_go_on.wait()
        raise OSError("full")

    waiter = asyncio.create_task(disk.run(job))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await disk.run(lambda: None)
