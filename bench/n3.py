"""N3: what a step of an agent costs, beside one of LangGraph's with its SQLite checkpointer.

Ours is the time from model request 20 to model request 21 of a run, as the scripted model sees
them: the reply to the first is recorded, a governed `read` call made (see N1), and the second
request is on disk before it is sent. Ledger, audit rows, encrypted payloads, budgets, a rule by
owner and the agent's scope are on, over a SQLite file.

The peer is the same step of `create_agent` with `AsyncSqliteSaver` on a file. Both run in turns;
the value is the median, over turns, of our median over the peer's. Quoted beside it, from the same
run: a bare script's one durable commit, and steps of agents that keep nothing on a disk.
"""

from typing import Final

from bench.agents import TimedModel, clerk, complete, open_agent
from bench.harness import Peer, Reading, median, peer_medians, scratch, take_turns

_ROUNDS: Final = 15
_BURST: Final = 10
_REQUEST: Final = 20
_QUOTED: Final = ("langgraph_agent", "pydantic_ai_agent", "openai_agents")


async def measure() -> Reading:
    """Measure N3."""
    model = TimedModel(_REQUEST)
    agent = clerk(model)
    with scratch() as folder:
        async with open_agent(agent, folder) as runtime:
            with Peer("langgraph_durable", folder) as peer:

                async def step() -> float:
                    model.asked_at.clear()
                    await complete(runtime, agent)
                    before, after = model.asked_at[_REQUEST - 1 : _REQUEST + 1]
                    return (after - before) * 1e6

                async def ours() -> list[float]:
                    return [await step() for _ in range(_BURST)]

                async def theirs() -> list[float]:
                    return peer.burst(_BURST)["agent_step_us"]

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
            },
            **quoted,
        },
        absolute={"agent_step_us": turns.absolute(), "ratios": [
            median([a / b for a, b in zip(sorted(m), sorted(o), strict=True)])
            for m, o in zip(turns.ours, turns.peers, strict=True)
        ]},
    )
