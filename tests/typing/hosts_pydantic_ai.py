# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""User code that guards an agent of Pydantic AI: what comes back is what the agent takes."""

from dataclasses import dataclass
from typing import Any, assert_type

from pydantic_ai import Agent, RunContext, Tool
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset

from highroad import Principal, Runtime, tool
from highroad.domain.acting import Acting
from highroad.frameworks.pydantic_ai import guard, tools
from highroad.sync import Runtime as SyncRuntime
from highroad.tools.declaring.declaration import DeclaredTool


@dataclass
class Deps:
    """What the agent's tools are given."""

    user: str


def plain(path: str) -> str:
    """Without the context."""
    return path


def with_context(ctx: RunContext[Deps], path: str) -> str:
    """With it."""
    return f"{ctx.deps.user}: {path}"


@tool(tier="read")
def ours(path: str) -> str:
    """A tool of Highroad's own."""
    return path


def who(ctx: RunContext[Deps]) -> Acting:
    """A mapper."""
    return Acting(principal=Principal(ctx.deps.user))


def guards(runtime: Runtime, blocking: SyncRuntime) -> None:
    """Each way to guard."""
    own = [Tool[Deps](plain), Tool[Deps](with_context)]
    guarded = guard(own, runtime, contracts={"plain": {"tier": "read"}}, acting=who)
    assert_type(guarded, list[Tool[Deps]])
    Agent("test", deps_type=Deps, tools=guarded)
    Agent("test", deps_type=Deps, tools=guard([plain, with_context, ours], blocking))

    toolset = FunctionToolset[Deps](tools=[with_context])
    assert_type(guard(toolset, runtime, acting=who), AbstractToolset[Deps])
    Agent("test", deps_type=Deps, toolsets=[guard(toolset, runtime)])
    assert_type(tools([plain, ours]), tuple[DeclaredTool[..., Any], ...])


def wrong(runtime: Runtime) -> None:
    """What no agent could use."""
    guard(plain, runtime)  # type: ignore[call-overload]
    own = [Tool[Deps](plain)]
    guard(own, runtime, contracts={"plain": {"tier": "low"}})  # type: ignore[arg-type, typeddict-item]
    guard(own, runtime, acting=lambda ctx: ctx.deps)  # type: ignore[arg-type]
