"""Pydantic AI: an agent with a `FunctionModel` and one asynchronous tool.

`agent_step_us` is the time from one model request to the next, in runs of ten steps;
`agent_run_us` is a whole run with one tool call, from `run` to its answer.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from time import perf_counter
from typing import Final

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from bench.peers import Burst

DISTRIBUTIONS: Final = ("pydantic-ai-slim",)

_STEPS: Final = 10


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build the agent once."""
    asked_at: list[float] = []
    numbers = count()
    steps_wanted = _STEPS

    async def script(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        asked_at.append(perf_counter())
        if len(messages) > 2 * steps_wanted:
            return ModelResponse(parts=[TextPart("It is paid.")])
        number = next(numbers)
        arguments = {"order_id": f"ORD-{number:06d}"}
        call = ToolCallPart("get_order", arguments, tool_call_id=f"call-{number}")
        return ModelResponse(parts=[call])

    agent = Agent(FunctionModel(script))

    @agent.tool_plain
    async def get_order(order_id: str) -> dict[str, str]:
        """Look up an order by its id."""
        return {"id": order_id, "state": "paid"}

    async def run(steps: int) -> float:
        nonlocal steps_wanted
        steps_wanted = steps
        asked_at.clear()
        start = perf_counter()
        await agent.run("Was the order paid?")
        return (perf_counter() - start) * 1e6

    async def burst(size: int) -> dict[str, list[float]]:
        runs = [await run(1) for _ in range(max(1, size // _STEPS))]
        steps: list[float] = []
        while len(steps) < size:
            await run(_STEPS)
            steps += [(after - before) * 1e6 for before, after in pairwise(asked_at)]
        return {"agent_step_us": steps, "agent_run_us": runs}

    yield burst
