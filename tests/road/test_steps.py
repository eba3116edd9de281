"""Positions in a run."""

import asyncio

from highroad import tool
from highroad.testing import MemoryStore, Rehearsal


class Unhurried(MemoryStore):
    """Lets others have their turn when it is asked, as a store over a network does."""

    async def run_key(self, run_id):
        await asyncio.sleep(0)
        return await super().run_key(run_id)

    async def usage(self, run_id, *, at_ms):
        await asyncio.sleep(0)
        return await super().usage(run_id, at_ms=at_ms)


@tool(tier="read")
async def look(at: int) -> int:
    """Look at a thing."""
    return at


async def test_calls_that_come_together_have_positions_of_their_own():
    """None takes the place of another in the table of steps, also after the run is read anew."""
    runtime = Rehearsal(look)
    runtime.store = Unhurried()
    for offset in (0, 3):
        calls = [runtime.call(look, {"at": offset + n}, run="errand") for n in range(3)]
        outcomes = await asyncio.gather(*calls)
    explanation = await runtime.audit.explain(outcomes[0].call_id)
    trail = await runtime.audit.trail(explanation.run_id)
    assert [step.step for step in trail.steps] == [1, 2, 3, 4, 5, 6]
