"""Pydantic AI: its tools and toolsets on the road, accepted by `Agent(…)` as they were.

What a call proposes goes to the road as the model wrote it. A hold becomes a deferred tool request
of the host, and everything else an answer for the model; `docs/pydantic-ai.md` says the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic_ai import RunContext, Tool
from pydantic_ai.toolsets import AbstractToolset

if TYPE_CHECKING:
    from highroad.domain.acting import Acting
    from highroad.runtime import Runtime
    from highroad.sync import Runtime as SyncRuntime
    from highroad.tools.declaring.declaration import DeclaredTool
    from highroad.tools.declaring.options import ToolOptions

__all__ = ["guard", "tools"]

D = TypeVar("D")


@overload
def guard(
    tools: AbstractToolset[D],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Callable[[RunContext[D]], Acting] | None" = None,
) -> AbstractToolset[D]: ...
@overload
def guard(
    tools: Iterable[Callable[..., Any]],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Callable[[RunContext[Any]], Acting] | None" = None,
) -> list[Tool[Any]]: ...
@overload
def guard(
    tools: Iterable[Tool[D] | Callable[..., Any]],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Callable[[RunContext[D]], Acting] | None" = None,
) -> list[Tool[D]]: ...
def guard(
    tools: AbstractToolset[Any] | Iterable[Tool[Any] | Callable[..., Any]],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Callable[[RunContext[Any]], Acting] | None" = None,
) -> AbstractToolset[Any] | list[Tool[Any]]:
    """Put tools on the road of a runtime: calls of them are judged, asked about, and recorded.

    Args:
        tools: Tools, functions, and functions with Highroad's `@tool`, for `Agent(tools=…)`; or
            one toolset, for `Agent(toolsets=[…])`.
        runtime: Open, of either kind. What it does not have yet is registered with it.
        contracts: By name of a tool, its contract, as `@tool` takes it: `{"tier": "read"}`. Of what
            is not said here, the strictest holds: irreversible and unprotected.
        acting: For whom and in which run a call is made, as the host's run context says. What it
            leaves out is the host's own: the run is its conversation, and what was said is what
            its users wrote.

    Returns:
        The same, guarded: tools with the name, description and schema that they had, in order, or
        a toolset.

    Raises:
        DeclarationError: One cannot be a tool, two have one name, or a contract is of none of them.
    """
    # The road's own rooms are heavy: who imports this module may only declare tools.
    from highroad.frameworks.pydantic_ai.door import Door  # noqa: PLC0415 - see above
    from highroad.frameworks.pydantic_ai.guarded import guarded_tools  # noqa: PLC0415 - see above
    from highroad.frameworks.pydantic_ai.toolset import guarded_toolset  # noqa: PLC0415 - see above
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - see above

    door = Door(runtime, contracts_of(contracts), acting)
    if isinstance(tools, AbstractToolset):
        return guarded_toolset(tools, door)
    return guarded_tools(tools, door)


def tools(
    host_tools: AbstractToolset[Any] | Iterable[Tool[Any] | Callable[..., Any]],
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
) -> "tuple[DeclaredTool[..., Any], ...]":
    """Make Highroad tools of Pydantic AI's, for `Runtime.open(tools=…)` and our own agents.

    They run without the host: one that takes its `RunContext` runs where the host calls it, and
    answers every other call that it cannot.

    Args:
        host_tools: Tools and functions, or a toolset that lists its tools without waiting.
        contracts: As for `guard`.

    Raises:
        DeclarationError: One cannot be a tool; a contract is of none of them; or the toolset has
            to be connected before it can say which tools it has.
    """
    from highroad.frameworks.pydantic_ai.own import declared_tools  # noqa: PLC0415 - as above
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - see above

    return declared_tools(host_tools, contracts_of(contracts))
