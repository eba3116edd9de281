"""N16: what a read costs that the cache answers, beside a step of LangGraph's agent.

Ours is the median time of `await runtime.call(recall_order, {...}, principal=...)`, which asks for
one of a hundred orders that are kept in this process: the whole road, with a rule by owner, its
key, decryption, ledger and audit rows, over a SQLite file. `await runtime.flush()` follows each
burst of 50 outside the clock, as in N1.

The peer is that of N1: one step of `create_agent`, without a checkpointer. Both run in turns; the
value is the median, over turns, of our median over the peer's.
"""

from typing import Final

from bench.harness import BenchError, Peer, Reading, scratch, take_turns, timed_calls
from bench.ours import RECALLED, Caller, open_runtime

_ROUNDS: Final = 31
_BURST: Final = 50


async def measure() -> Reading:
    """Measure N16."""
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            for _ in range(RECALLED):
                await caller.recall()
            await runtime.flush()
            with Peer("langgraph_agent", folder) as peer:

                async def ours() -> list[float]:
                    times = await timed_calls(_BURST, caller.recall)
                    await runtime.flush()
                    return times

                async def theirs() -> list[float]:
                    return peer.burst(_BURST)["agent_step_us"]

                turns = await take_turns(_ROUNDS, ours, theirs)
            figures = await runtime.cache.statistics()
            if figures.hits != (_ROUNDS + 1) * _BURST:
                raise BenchError(f"only {figures.hits} measured reads were answered by the cache")
    return Reading(
        id="N16",
        value=turns.ratio(),
        unit="of a LangGraph agent step",
        reach="<= 0.025",
        reference={
            "langgraph_agent": {"versions": peer.versions, "agent_step_us": turns.peer_median()}
        },
        absolute={"hit_us": turns.absolute()},
    )
