# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""User code that guards an agent of LangGraph: what comes back is what the agent takes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, assert_type

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.prebuilt import ToolNode, ToolRuntime

from highroad import Principal, Runtime, tool
from highroad.domain.acting import Acting
from highroad.frameworks.langgraph import acting_of, guard, tools, unknown_tools
from highroad.sync import Runtime as SyncRuntime


def plain(path: str) -> str:
    """Without the graph."""
    return path


@tool(tier="read")
def ours(path: str) -> str:
    """A tool of Highroad's own."""
    return path


def who(config: RunnableConfig, runtime: ToolRuntime[Any, Any] | None) -> Acting:
    """A mapper that builds on the usual one."""
    return replace(acting_of(config, runtime), principal=Principal("alice"))


def guards(runtime: Runtime, blocking: SyncRuntime) -> None:
    """Each way to guard."""
    own: list[BaseTool] = [StructuredTool.from_function(plain)]
    guarded = guard(own, runtime, contracts={"plain": {"tier": "read"}}, acting=who)
    assert_type(guarded, list[BaseTool])
    ToolNode(guarded)
    ToolNode(guard([plain, ours], blocking), wrap_tool_call=unknown_tools(blocking))
    assert_type(tools([plain, ours]), tuple[Callable[..., Any], ...])


def wrong(runtime: Runtime) -> None:
    """What no agent could use."""
    guard(plain, runtime)  # type: ignore[arg-type]
    guard([plain], runtime, contracts={"plain": {"tier": "low"}})  # type: ignore[typeddict-item]
    guard([plain], runtime, acting=lambda config, _: config)  # type: ignore[arg-type, return-value]
