"""LangChain and LangGraph: their tools on the road, under their own agents.

`guard` gives back tools that `create_agent`, `ToolNode`, `bind_tools` and `.invoke` take as they
took those that it was given; to take it away again is to delete one line. What each promise means
there stands in `docs/frameworks.md` and `docs/guides/langgraph.md`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool

from highroad.frameworks.langgraph.context import Mapper, acting_of
from highroad.frameworks.langgraph.guarded import GuardedTool

if TYPE_CHECKING:
    from highroad.runtime import Runtime
    from highroad.sync import Runtime as SyncRuntime
    from highroad.tools.declaring.options import ToolOptions

__all__ = ["GuardedTool", "acting_of", "guard", "tools"]

DOOR = "langgraph"


def guard(
    tools: Iterable[BaseTool | Callable[..., Any]],
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: Mapper | None = None,
) -> list[BaseTool]:
    """Put an agent's tools on the road of a runtime.

    Args:
        tools: LangChain tools, plain functions, and functions that Highroad's `@tool` declares.
        runtime: Open; of either kind. It is given what it does not have yet.
        contracts: What `@tool` would be told, by name of the tool: `{"search": {"tier": "read"}}`.
            A tool of which nothing is said is irreversible and unprotected, so a person is asked.
        acting: Says for whom and in which run a call is made, in place of `acting_of`: given the
            config of the call, and the `ToolRuntime` where a `ToolNode` makes it.

    Returns:
        A tool for each, in order, with its name, description and schema.

    Raises:
        DeclarationError: One cannot be a tool, its name is another's, or a contract names none.
    """
    from highroad.frameworks.guarding import Guard  # noqa: PLC0415 - heavy, and not for who only imports
    from highroad.frameworks.langgraph import declaring  # noqa: PLC0415 - the same

    way = Guard(runtime, door=DOOR)
    return [
        GuardedTool.over(each, each.registered_with(way.runtime), way, acting or acting_of)
        for each in declaring.declared(tools, contracts or {})
    ]


def tools(
    host_tools: Iterable[BaseTool | Callable[..., Any]],
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
) -> tuple[Callable[..., Any], ...]:
    """Make Highroad tools of LangChain tools, for `Runtime.open(tools=…)` and agents of our own.

    A tool that takes the state, the store or the runtime of a graph runs in a graph alone: where
    another agent calls it, it fails, and nothing is applied.

    Args:
        host_tools: As for `guard`.
        contracts: As for `guard`.

    Raises:
        DeclarationError: One cannot be a tool, or a contract names none.
    """
    from highroad.frameworks.langgraph import declaring  # noqa: PLC0415 - heavy, as in `guard`

    return tuple(each.tool for each in declaring.declared(host_tools, contracts or {}))
