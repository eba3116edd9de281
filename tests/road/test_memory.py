"""What calls leave behind in memory."""

import gc

import pytest

from highroad import Completed, ToolContext, tool
from highroad.domain.call import Call
from highroad.domain.limits import Limits
from highroad.ledger.record import CallRecord
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRun
from highroad.pipeline.context import RoadContext

OURS = {RoadContext, CallRecord, Call, LiveRun, Reservation, ToolContext}


@pytest.fixture
def garbage():
    """What only the garbage collector can free, kept to be looked at."""
    gc.collect()
    while gc.collect():  # what other tests have left may leave more behind as it goes
        pass
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()


@pytest.mark.parametrize("tier", ["read", "reversible"])
async def test_a_call_leaves_no_circles_for_the_garbage_collector(world, garbage, tier):
    @tool(tier=tier)
    async def work(number: int, context: ToolContext[None]) -> int:
        return number + context.attempt

    here = await world(work, limits=Limits(calls_per_tool=100)).open()

    async def left() -> set[type]:
        gc.collect()
        garbage.clear()
        for number in range(20):
            assert isinstance(await here.call(work, {"number": number}), Completed)
        await here.services.ledger.writer.flush()
        gc.collect()
        return OURS & {type(each) for each in garbage}

    # What threads of earlier tests let go meanwhile is found once each, and a circle every time.
    assert set() in [await left() for _ in range(5)]
