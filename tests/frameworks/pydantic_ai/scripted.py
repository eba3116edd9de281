"""What scripted models of Pydantic AI say, and what their agents are told."""

import contextlib
import json

import apsw
from pydantic_ai import (
    DeferredToolRequests,
    DeferredToolResults,
)
from pydantic_ai.messages import (
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import FunctionModel

from highroad import Principal

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
PAUSES = [str, DeferredToolRequests]


def call(name, arguments, call_id="c1"):
    """A call that a model writes."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCallPart(name, written, tool_call_id=call_id)


def script(*turns):
    """A model that says its turns one after the other, and then what the tools last returned."""

    def reply(messages, info):
        said = sum(isinstance(each, ModelResponse) for each in messages)
        if said < len(turns):
            return ModelResponse(parts=list(turns[said]))
        return ModelResponse(parts=[TextPart("done")])

    return FunctionModel(reply)


def returns(result):
    """What the tools returned in a run, by the id of the call."""
    return {
        part.tool_call_id: part
        for message in result.all_messages()
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    }


def failure(part):
    """What a model is told where a call did not complete."""
    assert part.outcome == "failed"
    return json.loads(part.content)


class Disk:
    """What tools with effects do."""

    def __init__(self):
        self.deleted = []

    def delete(self, path: str) -> str:
        """Delete a file.

        Args:
            path: Which one.
        """
        self.deleted.append(path)
        return f"deleted {path}"


def held(result, call_id="c1"):
    """What a paused run waits for."""
    assert isinstance(result.output, DeferredToolRequests)
    return result.output.metadata[call_id]


def approved(*ids):
    return DeferredToolResults(approvals=dict.fromkeys(ids or ("c1",), True))


async def resumed(agent, result, answers=None):
    return await agent.run(
        message_history=result.all_messages(), deferred_tool_results=answers or approved()
    )


async def on_record(runtime):
    """What stands in the record of a runtime, call by call."""
    await runtime.flush()
    if not runtime.ledger_path.exists():  # it is made with the first entry
        return []
    # By the library that the store has: another one in the process would let go of its locks.
    path = str(runtime.ledger_path)
    with contextlib.closing(apsw.Connection(path, apsw.SQLITE_OPEN_READONLY)) as ledger:
        ids = [row[0] for row in ledger.execute("SELECT id FROM tool_call ORDER BY id")]
    return [await runtime.audit.explain(each) for each in ids]
