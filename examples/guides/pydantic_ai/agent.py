"""An agent that may delete files, and does so once somebody has agreed.

It prints:

    list_files {'result': ['report-2023.txt', 'report-2024.txt'], 'call_id': 'call_…'}
    delete_file ungrounded: Nothing that the user said and no result of this run names `name`.
    waits for: highroad approvals approve apr_…
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from highroad import Runtime
from highroad.frameworks.pydantic_ai import guard

FILES, PAUSED = Path("files"), Path("paused.json")
REQUEST = "Delete report-2023.txt, please."


def list_files() -> list[str]:
    """List the files that there are."""
    return sorted(each.name for each in FILES.iterdir())


def delete_file(name: str) -> str:
    """Delete a file for good.

    Args:
        name: Its name, as `list_files` has it.
    """
    (FILES / name).unlink(missing_ok=True)
    return f"{name} is gone"


def reply(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Stand in for a language model, so that this runs offline; it makes up a name first."""
    calls = [
        ToolCallPart("list_files", {}),
        ToolCallPart("delete_file", {"name": "invoices.db"}),
        ToolCallPart("delete_file", {"name": "report-2023.txt"}),
    ]
    said = sum(isinstance(each, ModelResponse) for each in messages)
    return ModelResponse([calls[said] if said < len(calls) else TextPart("Done.")])


def earlier() -> tuple[Sequence[ModelMessage] | None, DeferredToolResults | None]:
    """Where the agent was paused: the history, and that its calls may be looked at again."""
    if not PAUSED.exists():
        FILES.mkdir()
        for name in ("report-2023.txt", "report-2024.txt"):
            (FILES / name).touch()
        return None, None
    history = ModelMessagesTypeAdapter.validate_json(PAUSED.read_bytes())
    calls = [part for part in history[-1].parts if isinstance(part, ToolCallPart)]
    return history, DeferredToolResults(approvals={each.tool_call_id: True for each in calls})


def told(part: ToolReturnPart) -> object:
    """What a tool returned; of a call that did not complete, why."""
    if part.outcome != "failed":
        return part.content
    error = json.loads(str(part.content))
    return f"{error['code']}: {error['message']}"


async def main() -> None:
    """Ask the agent, or go on where it was paused."""
    history, answers = earlier()
    async with Runtime.open() as runtime:
        tools: list[Any] = [list_files, delete_file]
        tools = guard(tools, runtime, contracts={"list_files": {"tier": "read"}})
        agent = Agent(FunctionModel(reply), tools=tools, output_type=[str, DeferredToolRequests])
        result = await agent.run(
            None if history else REQUEST, message_history=history, deferred_tool_results=answers
        )
    for message in result.new_messages():
        for part in message.parts:
            if isinstance(part, ToolReturnPart):
                print(part.tool_name, told(part))
    output: object = result.output
    if not isinstance(output, DeferredToolRequests):
        print(output)
        return
    PAUSED.write_bytes(result.all_messages_json())  # noqa: ASYNC240 - nothing else is under way
    for waits in output.metadata.values():
        print("waits for: highroad approvals approve", waits["approval_id"])


if __name__ == "__main__":
    asyncio.run(main())
