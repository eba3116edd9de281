# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""User code that guards an agent of the OpenAI Agents SDK: what comes back is what it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_type

from agents import Agent, RunResult, Tool, function_tool
from agents.tool_context import ToolContext

from highroad import Principal, Runtime, tool
from highroad.domain.acting import Acting
from highroad.frameworks.openai_agents import acting_of, approval_id, guard, tools
from highroad.sync import Runtime as SyncRuntime


@dataclass
class Deps:
    """What the agent's tools are given."""

    user: str


def plain(path: str) -> str:
    """Without the context."""
    return path


@function_tool
def theirs(context: ToolContext[Deps], path: str) -> str:
    """With it."""
    return f"{context.context.user}: {path}"


@tool(tier="read")
def ours(path: str) -> str:
    """A tool of Highroad's own."""
    return path


def who(context: ToolContext[Deps]) -> Acting:
    """A mapper."""
    return Acting(principal=Principal(context.context.user)).over(acting_of(context))


def guards(runtime: Runtime, blocking: SyncRuntime) -> None:
    """Each way to guard."""
    guarded = guard([theirs], runtime, contracts={"theirs": {"tier": "read"}}, acting=who)
    assert_type(guarded, list[Tool])
    Agent[Deps](name="clerk", tools=guarded)
    Agent[Deps](name="clerk", tools=guard([plain, ours, theirs], blocking))
    assert_type(tools([plain, ours]), tuple[Callable[..., Any], ...])


def waits_for(result: RunResult) -> list[str | None]:
    """What whoever decides is told."""
    return [approval_id(each) for each in result.interruptions]


def wrong(runtime: Runtime) -> None:
    """What no agent could use."""
    guard(plain, runtime)  # type: ignore[arg-type]
    guard([plain], runtime, contracts={"plain": {"tier": "low"}})  # type: ignore[typeddict-item]
    guard([plain], runtime, acting=lambda context: context)  # type: ignore[arg-type, return-value]
