"""LangChain's `create_agent` over LangGraph, without a checkpointer: see `bench.frameworks`."""
# Only the framework's environment has these packages.
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool
from pydantic import ConfigDict

from bench.frameworks import CONTRACTS, REQUEST, STEPS, Run, Script, in_turns, look_up
from bench.peers import Burst
from highroad import Runtime
from highroad.frameworks.langgraph import guard

DISTRIBUTIONS: Final = ("langgraph", "langgraph-prebuilt", "langchain", "langchain-core")


class ScriptedModel(BaseChatModel):
    """Plays a script, which may be changed for another."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    script: Script | None = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, *_tools: object, **_options: object) -> "ScriptedModel":
        """Take tools, and ignore them."""
        return self

    def _generate(self, *_given: object, **_options: object) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, *_given: object, **_options: object) -> ChatResult:
        said = None if self.script is None else self.script.say()
        message = AIMessage(content="They are paid.")
        if said is not None:
            call = {"name": "look_up", "args": said[1], "id": said[0]}
            message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


def _agent(tools: Sequence[BaseTool]) -> Run:
    model = ScriptedModel()
    agent = create_agent(model, tools)

    async def run(script: Script, thread: str) -> None:
        model.script = script
        await agent.ainvoke(
            {"messages": [HumanMessage(REQUEST)]},
            {"recursion_limit": 4 * STEPS, "configurable": {"thread_id": thread}},
        )

    return run


def _agents(runtime: Runtime) -> tuple[Run, Run]:
    own = tool(look_up)
    return _agent([own]), _agent(guard([own], runtime, contracts=CONTRACTS))


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build both agents once."""
    async with in_turns(_agents) as burst:
        yield burst
