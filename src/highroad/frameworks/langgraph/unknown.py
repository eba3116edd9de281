"""Names that no tool has: a graph answers them itself, unless it is asked to hand them over."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from langchain_core.messages import ToolMessage
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from highroad.domain.outcome import AnyOutcome
from highroad.frameworks.guarding import Guard
from highroad.frameworks.langgraph.context import Mapper, mapped, trace_of_host
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime

Answer: TypeAlias = ToolMessage | Command[Any]
Wrapper: TypeAlias = Callable[[ToolCallRequest, Callable[[ToolCallRequest], Any]], Any]
"""As `ToolNode` and the middleware of LangChain take it; sync or async."""


def recorder(runtime: Runtime | SyncRuntime, *, acting: Mapper | None, door: str) -> Wrapper:
    """Put a call of a name that a node does not have on record, and answer for it: nothing runs."""
    way, who = Guard(runtime, door=door, tracing=trace_of_host), mapped(acting)

    def sync(request: ToolCallRequest, execute: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Answer for a name that there is not; anything else goes on as it does."""
        if request.tool is not None:
            return execute(request)
        call, node = request.tool_call, request.runtime
        of = who(node.config, node)
        return _told(request, way.turn_away_blocking(call["name"], call["args"], acting=of))

    async def awaited(
        request: ToolCallRequest, execute: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """The same, for an agent that is async."""
        if request.tool is not None:
            return await execute(request)
        call, node = request.tool_call, request.runtime
        of = who(node.config, node)
        return _told(request, await way.turn_away(call["name"], call["args"], acting=of))

    return sync if isinstance(runtime, SyncRuntime) else awaited


def _told(request: ToolCallRequest, outcome: AnyOutcome) -> ToolMessage:
    return ToolMessage(
        orjson.dumps(outcome.for_model()).decode(),
        name=request.tool_call["name"],
        tool_call_id=request.tool_call["id"],
        status="error",
    )
