"""An agent whose process is killed while its call waits, and when it goes on: one effect."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AGENT = '''
import asyncio, json, os, signal, sys
from pathlib import Path

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults
from pydantic_ai.capabilities import Hooks
from pydantic_ai.messages import (
    ModelMessagesTypeAdapter, ModelResponse, TextPart, ToolCallPart, ToolReturnPart,
)
from pydantic_ai.models.function import FunctionModel

from highroad import Principal, Runtime
from highroad.frameworks.pydantic_ai import door, guard, guarded, toolset

DIES = "never"
HISTORY, REQUESTS = Path("history.json"), Path("requests.json")


def die(where):
    if where == DIES:
        os.kill(os.getpid(), signal.SIGKILL)


def delete(path: str) -> str:
    """Delete a file."""
    die("before the effect")
    with open("effects", "a") as effects:
        effects.write(path + "\\n")
        effects.flush()
        os.fsync(effects.fileno())
    die("after the effect")
    return "deleted"


def reply(messages, info):
    if isinstance(messages[-1].parts[0], ToolReturnPart):
        told = messages[-1].parts[0].content
        return ModelResponse(parts=[TextPart(told if isinstance(told, str) else json.dumps(told))])
    return ModelResponse(parts=[ToolCallPart("delete", {"path": "a"}, tool_call_id="c1")])


hooks = Hooks()


@hooks.on.before_tool_execute
async def on_its_way(ctx, *, call, tool_def, args):
    if HISTORY.exists():
        die("between approval and execution")
    return args


async def main():
    async with Runtime.open() as runtime:
        agent = Agent(
            FunctionModel(reply),
            tools=guard([delete], runtime),
            output_type=[str, DeferredToolRequests],
            capabilities=[hooks],
        )
        if HISTORY.exists():
            result = await agent.run(
                message_history=ModelMessagesTypeAdapter.validate_json(HISTORY.read_bytes()),
                deferred_tool_results=DeferredToolResults(approvals={"c1": True}),
            )
            print(result.output, flush=True)
            return
        result = await agent.run("delete a")
        REQUESTS.write_text(json.dumps(result.output.metadata))
        HISTORY.write_bytes(result.all_messages_json())
        die("while it waits")


async def approve():
    """Somebody agrees, while nobody else is alive."""
    (waits,) = json.loads(REQUESTS.read_text()).values()
    async with Runtime.open() as desk:
        bob = Principal("bob", authenticated=True)
        await desk.approvals.approve(waits["approval_id"], by=bob)

for stage in sys.argv[1:]:
    # A process for each, which dies by itself; forked, so that all is imported once.
    child = os.fork()
    if not child:
        DIES = stage
        asyncio.run(approve() if stage == "approve" else main())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert died if stage not in ("approve", "never") else status == 0, (stage, status)
'''


@pytest.fixture(autouse=True)
def _agent():
    Path("agent.py").write_text(AGENT)
    Path("highroad.toml").write_text('[grounding]\nmode = "off"\n[provenance]\nmode = "off"\n')


def said(*stages):
    """What the model was told in the end, by each process that came so far."""
    done = subprocess.run(
        [sys.executable, "agent.py", *stages], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def effects():
    return Path("effects").read_text().split() if Path("effects").exists() else []


@pytest.mark.promise("P11")
def test_killed_while_it_waits_and_when_it_goes_on_it_acts_once():
    before = "between approval and execution"
    first, second = said("while it waits", "approve", before, "never", "never")
    assert (first["result"], second["result"]) == ("deleted", "deleted")
    assert "repeated" not in first
    assert second["repeated"] is True
    assert effects() == ["a"]


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("dies", "done"),
    [("after the effect", ["a"]), pytest.param("before the effect", [], marks=pytest.mark.nightly)],
)
def test_killed_in_the_middle_of_its_effect_it_is_unknown_and_not_made_again(dies, done):
    (told,) = said("while it waits", "approve", dies, "never")
    assert told["code"] == "outcome_unknown"
    assert effects() == done
