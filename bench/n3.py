"""N3: what a step of an agent costs, beside one of LangGraph's with its SQLite checkpointer.

Ours is the time from model request 20 to model request 21 of a run, as the scripted model sees
them: the reply to the first is recorded, a governed `read` call made (see N1), and the second
request is on disk before it is sent. Ledger, audit rows, encrypted payloads, budgets, a rule by
owner and the agent's scope are on, over a SQLite file.

The peer is the same step of `create_agent` with `AsyncSqliteSaver` on a file. Both run in turns;
the value is the median, over turns, of our median over the peer's. Quoted beside it, from the same
run: the ratio of the time that both take of processors, the peer's step where it waits for its
checkpoint as ours does, and steps of agents that keep nothing on a disk.
"""

import os
from typing import Final

from bench.agents import TimedModel, clerk, complete, open_agent
from bench.harness import Peer, Reading, Turns, median, peer_medians, rounded, scratch, take_turns

_ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "15"))
_BURST: Final = 10
_REQUEST: Final = 20
_QUOTED: Final = ("langgraph_agent", "pydantic_ai_agent", "openai_agents")


async def measure() -> Reading:
    """Measure N3."""
    model = TimedModel(_REQUEST)
    agent = clerk(model)
    worked = Turns([], [])
    synchronous: list[float] = []
    with scratch() as folder:
        async with open_agent(agent, folder) as runtime:
            with Peer("langgraph_durable", folder) as peer:

                async def ours() -> list[float]:
                    times, cpu = [], []
                    for _ in range(_BURST):
                        model.forget()
                        await complete(runtime, agent)
                        times.append(_taken(model.asked_at))
                        cpu.append(_taken(model.worked_at))
                    worked.ours.append(cpu)
                    return times

                async def theirs() -> list[float]:
                    times = peer.burst(_BURST)
                    worked.peers.append(times["agent_step_cpu_us"])
                    synchronous.extend(times["synchronous_step_us"])
                    return times["agent_step_us"]

                turns = await take_turns(_ROUNDS, ours, theirs)
        quoted = {name: peer_medians(name, folder) for name in _QUOTED}
    return Reading(
        id="N3",
        value=turns.ratio(),
        unit="of a LangGraph agent step with its SQLite checkpointer",
        reach="<= 0.12",
        reference={
            "langgraph_durable": {
                "versions": peer.versions,
                "agent_step_us": turns.peer_median(),
                "agent_step_cpu_us": worked.peer_median(),
                "synchronous_step_us": median(synchronous),
            },
            **quoted,
        },
        absolute={
            "agent_step_us": turns.absolute(),
            "agent_step_cpu_us": worked.absolute(),
            "by_processor_time": rounded(worked.ratio()),
            "load": rounded(os.getloadavg()[0]),
        },
    )


def _taken(times: list[float]) -> float:
    """Microseconds from request 20 to request 21."""
    before, after = times[_REQUEST - 1 : _REQUEST + 1]
    return (after - before) * 1e6
