"""LangGraph, which makes no spans of OpenTelemetry: the program opens one around it."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from tracing import CONTRACTS, Scene

from highroad import Runtime
from highroad.frameworks.langgraph import guard
from highroad.sync import Runtime as SyncRuntime


class Script(GenericFakeChatModel):
    """Says what it was told to."""

    def bind_tools(self, *_tools: object, **_options: object) -> "Script":
        return self


class Traced:
    """LangChain's agent."""

    def __init__(self, scene: Scene, runtime: Runtime | SyncRuntime, what: str) -> None:
        look, seek = (tool(each) for each in scene.functions)
        # LangChain has tools that are async for `ainvoke` alone.
        theirs = (
            {"look": look} if isinstance(runtime, SyncRuntime) else {"look": look, "seek": seek}
        )
        contracts = {name: CONTRACTS[name] for name in theirs}
        tools = guard([*theirs.values(), *scene.ours], runtime, contracts=contracts)
        calls: Any = [
            {"name": each.name, "args": {"what": what}, "id": each.name} for each in tools
        ]
        replies = iter([AIMessage("", tool_calls=calls), AIMessage("Done.")])
        self._agent = create_agent(Script(messages=replies, disable_streaming=True), tools)
        self._given: Any = {"messages": [HumanMessage(f"What of {what}?")]}

    async def run(self) -> None:
        await self._agent.ainvoke(self._given)

    def run_blocking(self) -> None:
        self._agent.invoke(self._given)


agent_of = Traced
