"""An agent in a process of its own that may be killed at any moment; run by `test_openai_killed`.

As in the SDK's own example of people in the loop, the state of the run is in a file while it waits.

Each line of input asks for one: JSON with `cwd`, `task` (ask, resume) and `killed_at`. It is forked
off here, where all is imported, and answered with its `exit` and what it has `said` of its run.
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
from highroad.frameworks.openai_agents import guard, guarded  # noqa: F401 - once, for all that fork

SAVED = Path("state.json")
EFFECTS = Path("effects")


def die() -> None:
    """As if the power were cut: nothing is written, closed or said any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def saved() -> str:
    return SAVED.read_text("utf-8")


def save(state: str) -> None:
    SAVED.write_text(state, "utf-8")


async def main(said: int, task: str, killed_at: str) -> None:
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
        os.write(said, json.dumps(told).encode())
        if killed_at == "waiting":
            die()


def answered(cwd: str, task: str, killed_at: str) -> dict[str, object]:
    """Fork an agent off, and wait for its end."""
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        os.chdir(cwd)
        code = 1
        try:
            asyncio.run(main(said, task, killed_at))
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(said)
    with os.fdopen(heard) as words:
        text = words.read()
    _, status = os.waitpid(child, 0)
    return {"exit": os.waitstatus_to_exitcode(status), "said": text}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answered(**json.loads(line))) + "\n")
        sys.stdout.flush()
