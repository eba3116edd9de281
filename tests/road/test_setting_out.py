"""A call that people agreed to sets out in time, or not at all (P4)."""

import pytest

from highroad import Expired, Limits, tool

pytestmark = pytest.mark.promise("P4")

LONG_S = 1_000_000


async def test_an_approval_whose_time_is_over_before_the_intent_is_not_used(world, effects):
    """However long the call takes on its road, for a place or for an answer."""
    passes = []

    async def look(arguments):
        for pass_time in passes:
            pass_time()

    @tool(tier="irreversible", data_checks=[look])
    async def wire(cents: int) -> int:
        effects[cents] += 1
        return cents

    here = await world(wire, limits=Limits(run_s=LONG_S, call_s=LONG_S)).open()
    held = await here.call(wire, {"cents": 5})
    approval = await here.approve(held)
    passes.append(lambda: here.clock.advance((approval.use_by_ms - here.clock.now_ms()) / 1_000))
    outcome = await here.wait(held.call_id)
    assert isinstance(outcome, Expired)
    assert outcome.error.code == "approval_expired"
    assert not effects
    (unused,) = await here.desk.list(state=None)
    assert unused.state == "expired"
    await here.check()
