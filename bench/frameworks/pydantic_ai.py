"""Pydantic AI's agent with a `FunctionModel`: see `bench.frameworks`."""
# Only the framework's environment has these packages.
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from pydantic_ai import Agent, Tool
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from bench.frameworks import CONTRACTS, REQUEST, Run, Script, in_turns, look_up
from bench.peers import Burst
from highroad import Runtime
from highroad.frameworks.pydantic_ai import guard

DISTRIBUTIONS: Final = ("pydantic-ai-slim",)


def _agent(tools: Sequence[Tool[None]]) -> Run:
    playing = Script()

    async def play(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        said = playing.say()
        if said is None:
            return ModelResponse(parts=[TextPart("They are paid.")])
        return ModelResponse(parts=[ToolCallPart("look_up", said[1], tool_call_id=said[0])])

    agent = Agent(FunctionModel(play), tools=tools)

    async def run(script: Script, thread: str) -> None:
        nonlocal playing
        playing = script
        await agent.run(REQUEST, conversation_id=thread)

    return run


def _agents(runtime: Runtime) -> tuple[Run, Run]:
    own = Tool(look_up)
    return _agent([own]), _agent(guard([own], runtime, contracts=CONTRACTS))


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build both agents once."""
    async with in_turns(_agents) as burst:
        yield burst
