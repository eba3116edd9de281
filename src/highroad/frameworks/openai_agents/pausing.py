"""A hold as an interruption of the SDK's run.

The SDK asks `needs_approval` before it runs a tool: before its guardrails, without the arguments
as the model wrote them, and not at all where these are no JSON object. The road has to see all of
that, so a call is made where the SDK runs the tool, and is paused behind that. The SDK has one way
to pause there: a tool that is an agent, whose own run was interrupted. So a call that is held waits
in a run of its own, with one turn and no model behind it, which the SDK keeps in its `RunState`,
writes to JSON, and lets people approve and reject.

What is used of the SDK's rooms that are not documented stands in `internals`.
"""

from collections.abc import AsyncIterator
from functools import cache
from typing import Any, Final

import orjson
from agents import Agent, FunctionTool, Model, ModelResponse, RunConfig, Runner, Usage
from agents.items import TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from agents.tool_context import ToolContext
from pydantic import TypeAdapter

from highroad.domain.outcome import Held
from highroad.domain.value import value
from highroad.frameworks.openai_agents.internals import (
    agent_of,
    forget,
    pausing,
    wait_behind,
    waiting,
)


@value
class GoOn:
    """The host goes on with a call that waits: it was approved there, which decides nothing."""

    call_id: str


@value
class CallOff:
    """The host rejects a call that waits."""

    call_id: str
    message: str
    """For the model, as the host words it."""


class Pause:
    """Where calls of one tool wait in the SDK.

    Args:
        tool: As the host has it.
    """

    def __init__(self, tool: FunctionTool) -> None:
        asking = FunctionTool(
            name=tool.name,
            description=tool.description,
            params_json_schema=tool.params_json_schema,
            on_invoke_tool=_go_on,
            strict_json_schema=False,
            needs_approval=True,
        )
        self._agent: Agent[Any] = Agent(
            name=f"{tool.name} waits for people",
            model=_Proposing(),
            tools=[asking],
            tool_use_behavior="stop_on_first_tool",
        )

    def around(self, tool: FunctionTool) -> FunctionTool:
        """The same tool, whose calls may wait: the SDK finds them again when it reads its state."""
        return pausing(tool, self._agent)

    async def resumed(self, context: ToolContext[Any]) -> GoOn | CallOff | None:
        """What the host says of a call that waits; `None` where it is called for the first time.

        Where it says nothing the SDK does not call the tool.
        """
        pending = waiting(context)
        if pending is None:
            return None
        state = pending.to_state()
        call_id: str = state.get_interruptions()[0].raw_item.call_id
        result = await Runner.run(self._agent, state, run_config=_QUIET)
        if any(getattr(item, "output", None) is _APPROVED for item in result.new_items):
            return GoOn(call_id=call_id)
        return CallOff(call_id=call_id, message=str(result.final_output))

    async def pause(self, context: ToolContext[Any], held: Held) -> None:
        """Have the host pause for a call, when its tool returns."""
        if context.tool_call is None:
            return  # outside of a run, as in a realtime session: it can only be told
        call = {
            "type": "function_call",
            "id": held.approval_id,
            "call_id": held.call_id,
            "name": context.tool_name,
            "arguments": context.tool_arguments,
        }
        proposed = orjson.dumps(call).decode()
        result = await Runner.run(self._agent, proposed, run_config=_QUIET)
        wait_behind(context, result)

    def forget(self, context: ToolContext[Any]) -> None:
        """It waits no more."""
        forget(context)


def is_around(tool: FunctionTool) -> bool:
    """Whether calls of a tool wait here: `Pause.around` made it."""
    return isinstance(getattr(agent_of(tool), "model", None), _Proposing)


_APPROVED: Final = object()
_QUIET: Final = RunConfig(tracing_disabled=True)
"""A run that waits is no part of what the agent did. It also keeps the host's model out of it."""


async def _go_on(_: ToolContext[Any], __: str) -> object:
    """What the SDK runs of a call that somebody approved there."""
    return _APPROVED


class _Proposing(Model):
    """Proposes the call that it is given; once that was rejected, says what was said of it."""

    async def get_response(
        self,
        system_instructions: str | None,  # noqa: ARG002 - the SDK's
        input: str | list[TResponseInputItem],  # noqa: A002 - the SDK's name
        *_: Any,  # noqa: ANN401 - the SDK's
        **__: Any,  # noqa: ANN401 - the SDK's
    ) -> ModelResponse:
        """Answer without any model."""
        items: list[Any] = [{"content": input}] if isinstance(input, str) else list(input)
        last = items[-1]
        if last.get("type") == "function_call_output":
            return _reply(_message(str(last["output"])))
        return _reply(orjson.loads(last["content"]))

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[TResponseStreamEvent]:  # noqa: ANN401 - the SDK's
        """Never: these runs are not streamed."""
        raise NotImplementedError


def _reply(item: dict[str, Any]) -> ModelResponse:
    return ModelResponse(output=[_items().validate_python(item)], usage=Usage(), response_id=None)


def _message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": "rejected",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


@cache
def _items() -> TypeAdapter[TResponseOutputItem]:
    """Of all kinds of items; made when a call is first held, for it takes its time."""
    return TypeAdapter(TResponseOutputItem)
