"""Pydantic AI: an agent whose `FunctionModel` plays a script, and its deferred tools for holds."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, Tool
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from ten_calls import CONTRACTS, FUNCTIONS, REQUEST, THREAD, TOOLS, Conversation, Proposed, opened

from highroad import Runtime
from highroad.frameworks.pydantic_ai import guard


@dataclass
class Line:
    """A conversation of the host."""

    agent: Agent[None, Any]
    messages: list[ModelMessage] = field(default_factory=list)
    waiting: DeferredToolRequests | None = None

    async def begin(self) -> list[str]:
        return await self._run(REQUEST)

    async def go_on(self) -> list[str]:
        """As the host's users do: by saying that what waits is approved."""
        assert self.waiting is not None
        approvals = {each.tool_call_id: True for each in self.waiting.approvals}
        return await self._run(None, DeferredToolResults(approvals=approvals))

    async def _run(self, prompt: str | None, given: DeferredToolResults | None = None) -> list[str]:
        before = len(self.messages)
        result = await self.agent.run(
            prompt,
            message_history=self.messages,
            deferred_tool_results=given,
            conversation_id=THREAD,
        )
        self.messages = result.all_messages()
        is_paused = isinstance(result.output, DeferredToolRequests)
        self.waiting = result.output if is_paused else None
        return [
            part.model_response_str() if isinstance(part, ToolReturnPart) else part.model_response()
            for message in self.messages[before:]
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, ToolReturnPart | RetryPromptPart)
        ]


class PydanticAI:
    name = "pydantic-ai"

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        return opened()

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        if is_ours:
            tools = guard(TOOLS, runtime)
        else:
            tools = guard([Tool(each) for each in FUNCTIONS], runtime, contracts=CONTRACTS)
        script = list(calls)

        async def play(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
            if not script:
                return ModelResponse(parts=[TextPart("Done.")])
            each = script.pop(0)
            return ModelResponse(parts=[ToolCallPart(each.tool, each.arguments)])

        return Line(
            Agent(FunctionModel(play), tools=tools, output_type=[str, DeferredToolRequests])
        )


DOOR = PydanticAI()
