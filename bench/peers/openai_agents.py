"""OpenAI Agents: a runner with a scripted model, one asynchronous tool, tracing off.

`agent_step_us` is the time from one model request to the next, in runs of ten steps;
`agent_run_us` is a whole run with one tool call. The package's own `ScriptedModel` is not used:
it keeps a deep copy of every request, which is a test's cost and not an agent's.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from time import perf_counter
from typing import Final, NoReturn

from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled
from agents.testing import assistant_message, function_call

from bench.peers import Burst

DISTRIBUTIONS: Final = ("openai-agents", "openai")

_STEPS: Final = 10


@function_tool
async def get_order(order_id: str) -> dict[str, str]:
    """Look up an order by its id."""
    return {"id": order_id, "state": "paid"}


class ScriptedModel(Model):
    """Asks for the tool `steps` times, then answers, and notes when it was asked."""

    def __init__(self) -> None:
        """Start with no run."""
        self.steps = _STEPS
        self.asked_at: list[float] = []
        self._numbers = count()

    async def get_response(self, *_given: object, **_options: object) -> ModelResponse:
        """Answer as the script says."""
        self.asked_at.append(perf_counter())
        number = next(self._numbers)
        if len(self.asked_at) > self.steps:
            item = assistant_message("It is paid.")
        else:
            arguments = {"order_id": f"ORD-{number:06d}"}
            item = function_call("get_order", arguments, call_id=f"call-{number}")
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_given: object, **_options: object) -> NoReturn:
        """Refuse: nothing here streams."""
        raise NotImplementedError


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build the agent once."""
    set_tracing_disabled(disabled=True)
    model = ScriptedModel()
    agent = Agent(name="shop", model=model, tools=[get_order])

    async def run(steps: int) -> float:
        model.steps = steps
        model.asked_at.clear()
        start = perf_counter()
        await Runner.run(agent, "Was the order paid?", max_turns=2 * _STEPS)
        return (perf_counter() - start) * 1e6

    async def burst(size: int) -> dict[str, list[float]]:
        runs = [await run(1) for _ in range(max(1, size // _STEPS))]
        steps: list[float] = []
        while len(steps) < size:
            await run(_STEPS)
            steps += [(after - before) * 1e6 for before, after in pairwise(model.asked_at)]
        return {"agent_step_us": steps, "agent_run_us": runs}

    yield burst
