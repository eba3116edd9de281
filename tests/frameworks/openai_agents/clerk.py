"""An agent in a process of its own that may be killed at any moment; run by `test_openai_killed`.

As in the SDK's own example of people in the loop, the state of the run is in a file while it waits.

Usage: clerk.py ask|resume [killed_at]. It prints what the run is at as one line of JSON.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from agents import Agent, Runner, RunState, function_tool, set_tracing_disabled
from agents.testing import ScriptedModel, assistant_message, function_call

from highroad import Principal, Runtime
from highroad.frameworks.guarding import Guard
from highroad.frameworks.openai_agents import guard

SAVED = Path("state.json")
EFFECTS = Path("effects")


def die() -> None:
    """As if the power were cut: nothing is written, closed or said any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def saved() -> str:
    return SAVED.read_text("utf-8")


def save(state: str) -> None:
    SAVED.write_text(state, "utf-8")


async def main(task: str, killed_at: str = "") -> None:
    set_tracing_disabled(True)

    @function_tool
    def pay(cents: int) -> str:
        """Pay somebody."""
        with EFFECTS.open("a") as world:
            world.write(f"{cents}\n")
        if killed_at == "effect":
            die()
        return f"paid {cents}"

    if killed_at == "decision":  # it is known to the ledger, and nothing was done about it

        async def look(*_: object, **__: object) -> None:
            die()

        Guard.look = look  # type: ignore[method-assign,assignment]
    proposes = [function_call("pay", {"cents": 600}, call_id="c1")]
    steps = [[assistant_message("done")]] if task == "resume" else [proposes]
    async with Runtime.open(principal=Principal("alice")) as runtime:
        agent = Agent(name="clerk", model=ScriptedModel(steps), tools=guard([pay], runtime))
        if task == "ask":
            done = await Runner.run(agent, "Pay 600")
        else:
            state = await RunState.from_string(agent, saved())
            for each in state.get_interruptions():
                state.approve(each)
            done = await Runner.run(agent, state)
        if done.interruptions:
            save(done.to_state().to_string())
        waits = [each.raw_item.id for each in done.interruptions]
        outputs = [each for each in done.new_items if each.type == "tool_call_output_item"]
        told = {"waits": waits, "told": [each.output for each in outputs]}
        sys.stdout.write(json.dumps(told))
        sys.stdout.flush()
        if killed_at == "waiting":
            die()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
