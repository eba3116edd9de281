"""A writer and a critic follow local rules over one blackboard.

It prints:

    1 writer: a draft that is much too long
    2 critic: Shorten it.
    3 writer: a draft
    4 critic: Good.
    completed: a draft
"""

import asyncio

from highroad import Agent, Runtime
from highroad.agents.teams.swarm import Blackboard, swarm
from highroad.testing import ScriptedModel


def write(board: Blackboard) -> str | None:
    """Write where nothing is written, and again where the critic is not content."""
    said = board.last("critic")
    if not board.notes:
        return f"Write about {board.request}."
    if said is not None and said == board.notes[-1] and said.text != "Good.":
        return f"{said.text} (step {said.step})"
    return None


def judge(board: Blackboard) -> str | None:
    """Judge what was written last."""
    draft = board.last("writer")
    return f"Judge: {draft.text}" if draft is not None and draft == board.notes[-1] else None


def result(board: Blackboard) -> str:
    """Show the blackboard; the last draft is the result."""
    for note in board.notes:
        print(f"{note.step} {note.by}: {note.text}")
    draft = board.last("writer")
    return draft.text if draft else ""


writer = ScriptedModel("a draft that is much too long", "a draft")
critic = ScriptedModel("Shorten it.", "Good.")
lead = Agent(
    name="lead",
    tools=(),
    team=[
        Agent(name="writer", tools=(), model=writer),
        Agent(name="critic", tools=(), model=critic),
    ],
    strategy=swarm({"writer": write, "critic": judge}, steps=8, result=result),
    model=ScriptedModel(),
)


async def main() -> None:
    """Let the swarm write."""
    async with Runtime.open("sqlite:///swarm.db", agents=[lead]) as runtime:
        run = await runtime.run(lead, "the sea")
        print(f"{run.status}: {run.result}")


if __name__ == "__main__":
    asyncio.run(main())
