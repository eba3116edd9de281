"""An agent of the OpenAI Agents SDK that may empty the trash, once somebody has agreed."""

import asyncio
from pathlib import Path
from textwrap import shorten

from agents import (
    Agent,
    RunConfig,
    Runner,
    RunResult,
    RunState,
    Tool,
    function_tool,
    set_tracing_disabled,
)
from agents.testing import ScriptedModel, assistant_message, function_call

from highroad import Runtime
from highroad.frameworks.openai_agents import approval_id, guard

TRASH = Path("trash")
SAVED = Path("state.json")


@function_tool
def list_trash() -> list[str]:
    """List the files in the trash."""
    return sorted(each.name for each in TRASH.iterdir())


@function_tool
def delete_file(name: str) -> str:
    """Delete one file of the trash for good."""
    (TRASH / name).unlink()
    return f"{name} is gone"


@function_tool
def empty_trash() -> str:
    """Delete all files in the trash for good."""
    files = list(TRASH.iterdir())
    for each in files:
        each.unlink()
    return f"{len(files)} files are gone"


# Stands in for a language model, so that this runs offline: it makes up a name on its way.
SCRIPT = [
    [function_call("list_trash", {}, call_id="c1")],
    [function_call("delete_file", {"name": "invoices.db"}, call_id="c2")],
    [function_call("empty_trash", {}, call_id="c3")],
    [assistant_message("The trash is empty.")],
]
CONFIG = RunConfig(group_id="ticket-17")
set_tracing_disabled(True)  # the SDK would send its traces to OpenAI


def saved() -> str | None:
    """The run that waits, if one does."""
    return SAVED.read_text("utf-8") if SAVED.exists() else None


async def request(agent: Agent[None]) -> "str | RunState[None]":
    """What the user said, or the run that waits, to go on with."""
    waiting = saved()
    if waiting is None:
        return "Empty the trash, please."
    state = await RunState.from_string(agent, waiting)
    for pause in state.get_interruptions():
        state.approve(pause)
    return state


def show(result: RunResult) -> None:
    """Print what the model was told and said; keep the run where it waits."""
    names = {}
    for item in result.new_items:
        if item.type == "tool_call_item":
            names[item.call_id] = item.tool_name
        elif item.type == "tool_call_output_item":
            print(shorten(f"{names[item.call_id]}: {item.output}", 76))
    for pause in result.interruptions:
        SAVED.write_text(result.to_state().to_string(), "utf-8")
        print(f"{pause.tool_name} waits: highroad approvals approve {approval_id(pause)}")
    if result.final_output:
        print(result.final_output)


async def main() -> None:
    """Begin, or go on where the agent waits."""
    async with Runtime.open() as runtime:
        tools: list[Tool] = [list_trash, delete_file, empty_trash]
        tools = guard(tools, runtime, contracts={"list_trash": {"tier": "read"}})
        model = ScriptedModel(SCRIPT if saved() is None else SCRIPT[3:])
        agent: Agent[None] = Agent(name="cleaner", model=model, tools=tools)
        show(await Runner.run(agent, await request(agent), run_config=CONFIG))


asyncio.run(main())
