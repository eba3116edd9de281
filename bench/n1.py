"""N1: what a governed read costs, beside a step of LangGraph's agent.

Ours is the median time of `await runtime.call(get_order, {...}, principal=...)` for an
asynchronous read tool with a result under 200 bytes: all stages, ledger, audit rows, encrypted
payloads and a rule by owner on, in one open runtime over a SQLite file, each call on another
order. Calls come in bursts of 50; `await runtime.flush()` follows each burst outside the clock.

The peer is one step of `create_agent` (scripted model, one asynchronous tool, no checkpointer):
the time from one model request to the next. Both run in turns; the value is the median, over
turns, of our median over the peer's. Quoted beside it, from the same run: LangGraph's bare tool
node, other agents' steps, FastMCP in process, and validating and calling with nothing around.
"""

import statistics
from time import perf_counter
from typing import Final

import jsonschema_rs

from bench.harness import (
    Peer,
    Reading,
    median,
    peer_medians,
    rounded,
    scratch,
    take_turns,
    timed_calls,
)
from bench.ours import SCHEMAS, Caller, get_order, open_runtime, read_arguments

_ROUNDS: Final = 31
_BURST: Final = 50
_QUOTED: Final = ("fastmcp_call", "pydantic_ai_agent", "openai_agents")


async def measure() -> Reading:
    """Measure N1."""
    nodes: list[float] = []
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await caller.warm_up()

            with Peer("langgraph_agent", folder) as peer:

                async def ours() -> list[float]:
                    times = await timed_calls(_BURST, caller.read)
                    await runtime.flush()
                    return times

                async def theirs() -> list[float]:
                    times = peer.burst(_BURST)
                    nodes.extend(times["tool_node_us"])
                    return times["agent_step_us"]

                turns = await take_turns(_ROUNDS, ours, theirs)
        quoted = {name: peer_medians(name, folder) for name in _QUOTED}
        return Reading(
            id="N1",
            value=turns.ratio(),
            unit="of a LangGraph agent step",
            reach="<= 0.05",
            reference={
                "langgraph_agent": {
                    "versions": peer.versions,
                    "agent_step_us": turns.peer_median(),
                    "tool_node_us": median(nodes),
                },
                **quoted,
                "validate_and_call_us": await _validate_and_call(),
            },
            absolute={
                "call_us": turns.absolute(),
                "over_tool_node": rounded(turns.absolute()["median"] / statistics.median(nodes)),
            },
        )


async def _validate_and_call() -> float:
    is_valid = jsonschema_rs.validator_for(SCHEMAS["get_order"]).is_valid
    times = []
    for burst in range(_ROUNDS):
        start = perf_counter()
        for number in range(_BURST):
            arguments = read_arguments(burst * _BURST + number)
            if is_valid(arguments):
                await get_order(**arguments)
        times.append((perf_counter() - start) * 1e6 / _BURST)
    return median(times)
