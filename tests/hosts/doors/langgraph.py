"""LangGraph: LangChain's agent with a checkpointer, whose chat model plays a script."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import Field
from ten_calls import CONTRACTS, FUNCTIONS, REQUEST, THREAD, TOOLS, Conversation, Proposed, opened

from highroad import Runtime
from highroad.frameworks.langgraph import guard


class Script(BaseChatModel):
    """Proposes one call after the other."""

    calls: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, *_tools: object, **_options: object) -> "Script":
        return self

    def _generate(self, *_given: object, **_options: object) -> ChatResult:
        message = AIMessage(content="Done.")
        if self.calls:
            each = self.calls.pop(0)
            call = {"name": each.tool, "args": each.read, "id": f"call-{len(self.calls)}"}
            message = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


@dataclass
class Thread:
    """A thread of the graph."""

    graph: Any
    seen: int = 0

    async def begin(self) -> list[str]:
        return await self._invoke({"messages": [HumanMessage(REQUEST)]})

    async def go_on(self) -> list[str]:
        """As the host's users do: by resuming the interrupt."""
        return await self._invoke(Command(resume=True))

    async def _invoke(self, given: Any) -> list[str]:
        state = await self.graph.ainvoke(given, {"configurable": {"thread_id": THREAD}})
        results = [str(each.text) for each in state["messages"] if isinstance(each, ToolMessage)]
        new, self.seen = results[self.seen :], len(results)
        return new


class LangGraph:
    name = "langgraph"

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        return opened()

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        if is_ours:
            tools = guard(TOOLS, runtime)
        else:
            tools = guard([tool(each) for each in FUNCTIONS], runtime, contracts=CONTRACTS)
        model = Script(calls=list(calls))
        return Thread(create_agent(model, tools, checkpointer=InMemorySaver()))


DOOR = LangGraph()
