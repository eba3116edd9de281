"""LangGraph: a step of LangChain's `create_agent`, and its bare tool node.

`agent_step_us` is the time from one model request to the next, as the scripted model sees them:
one model node and one tool node, with one asynchronous tool and no checkpointer. A run has ten
such steps, so that histories stay short and what a run costs to start and end is left out; both
favour the peer. `agent_step_cpu_us` is the same by the time that its process had of processors.
`tool_node_us` is `ToolNode` alone, given a message with one call.
"""
# Only the peers' environment has these packages; elsewhere their names mean nothing to a checker.
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from time import perf_counter, process_time
from typing import Final

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from pydantic import Field

from bench.peers import Burst

DISTRIBUTIONS: Final = ("langgraph", "langgraph-prebuilt", "langchain", "langchain-core")

_STEPS: Final = 10
_numbers = count()


@tool
async def get_order(order_id: str) -> dict[str, str]:
    """Look up an order by its id."""
    return {"id": order_id, "state": "paid"}


def _call() -> AIMessage:
    number = next(_numbers)
    call = {"name": "get_order", "args": {"order_id": f"ORD-{number:06d}"}, "id": f"call-{number}"}
    return AIMessage(content="", tool_calls=[call])


class ScriptedModel(BaseChatModel):
    """Asks for the tool until it has `_STEPS` results, and notes when it was asked."""

    asked_at: list[float] = Field(default_factory=list)
    worked_at: list[float] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, *_tools: object, **_options: object) -> "ScriptedModel":
        """Take tools, and ignore them."""
        return self

    def _generate(self, *_given: object, **_options: object) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(
        self, messages: list[BaseMessage], *_given: object, **_options: object
    ) -> ChatResult:
        self.asked_at.append(perf_counter())
        self.worked_at.append(process_time())
        is_done = len(messages) > 2 * _STEPS
        message = AIMessage(content="It is paid.") if is_done else _call()
        return ChatResult(generations=[ChatGeneration(message=message)])


def _between(times: list[float]) -> list[float]:
    """Microseconds from each to the next."""
    return [(after - before) * 1e6 for before, after in pairwise(times)]


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build the agent and the node once."""
    model = ScriptedModel()
    agent = create_agent(model, [get_order])
    node = ToolNode([get_order])
    # What a graph hands to its nodes; without it the node refuses to run.
    config = RunnableConfig(configurable={"__pregel_runtime": Runtime()})

    async def burst(size: int) -> dict[str, list[float]]:
        steps: list[float] = []
        worked: list[float] = []
        while len(steps) < size:
            model.asked_at.clear()
            model.worked_at.clear()
            await agent.ainvoke(
                {"messages": [HumanMessage("Was the order paid?")]},
                {"recursion_limit": 4 * _STEPS},
            )
            steps += _between(model.asked_at)
            worked += _between(model.worked_at)
        nodes: list[float] = []
        for _ in range(size):
            message = {"messages": [_call()]}
            start = perf_counter()
            await node.ainvoke(message, config)
            nodes.append((perf_counter() - start) * 1e6)
        return {"agent_step_us": steps, "agent_step_cpu_us": worked, "tool_node_us": nodes}

    yield burst
