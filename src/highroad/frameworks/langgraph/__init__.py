"""LangChain and LangGraph: their tools on the road, under their own agents.

`guard` gives back tools that `create_agent`, `ToolNode`, `bind_tools` and `.invoke` take as they
took those that it was given; to take it away again is to delete one line. What each promise means
there stands in `docs/langgraph.md`.

Importing this costs nothing: the road is loaded when there is something to put on it.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from langchain_core.runnables import RunnableConfig
    from langchain_core.tools import BaseTool
    from langgraph.prebuilt import ToolRuntime

    from highroad.domain.acting import Acting
    from highroad.frameworks.langgraph.context import Mapper
    from highroad.frameworks.langgraph.unknown import Wrapper
    from highroad.runtime import Runtime
    from highroad.sync import Runtime as SyncRuntime
    from highroad.tools.declaring.options import ToolOptions

__all__ = ["acting_of", "guard", "tools", "unknown_tools"]

DOOR: Final = "langgraph"


def guard(
    tools: "Iterable[BaseTool | Callable[..., Any]]",
    runtime: "Runtime | SyncRuntime",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
    acting: "Mapper | None" = None,
) -> "list[BaseTool]":
    """Put an agent's tools on the road of a runtime.

    Args:
        tools: LangChain tools, plain functions, and functions that Highroad's `@tool` declares.
        runtime: Open; of either kind. It is given what it does not have yet.
        contracts: What `@tool` would be told, by name of the tool: `{"search": {"tier": "read"}}`.
            A tool of which nothing is said is irreversible and unprotected, so a person is asked.
        acting: Says for whom and in which run a call is made, before `acting_of`, which fills in
            what it leaves out: given the config of the call, and the `ToolRuntime` where a
            `ToolNode` makes it.

    Returns:
        A tool for each, in order, with its name, description and schema.

    Raises:
        DeclarationError: One cannot be a tool, its name is another's, or a contract names none.
    """
    from highroad.frameworks.langgraph import guarded  # noqa: PLC0415 - the road is heavy
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - the road is heavy

    return guarded.guarded(
        tools, runtime, contracts=contracts_of(contracts), acting=acting, door=DOOR
    )


def tools(
    host_tools: "Iterable[BaseTool | Callable[..., Any]]",
    *,
    contracts: "Mapping[str, ToolOptions] | None" = None,
) -> "tuple[Callable[..., Any], ...]":
    """Make Highroad tools of LangChain tools, for `Runtime.open(tools=…)` and agents of our own.

    A tool that takes the state, the store or the runtime of a graph runs in a graph alone: where
    another agent calls it, it fails, and nothing is applied.

    Args:
        host_tools: As for `guard`.
        contracts: As for `guard`.

    Raises:
        DeclarationError: One cannot be a tool, or a contract names none.
    """
    from highroad.frameworks.langgraph import declaring  # noqa: PLC0415 - the road is heavy
    from highroad.tools.declaring.kinds import contracts_of  # noqa: PLC0415 - the road is heavy

    return tuple(each.tool for each in declaring.declared(host_tools, contracts_of(contracts)))


def unknown_tools(runtime: "Runtime | SyncRuntime", *, acting: "Mapper | None" = None) -> "Wrapper":
    """Have calls of names that no tool has on record too, which a graph else answers by itself.

    It is a wrapper of tool calls: `ToolNode(tools, wrap_tool_call=…)`, or `awrap_tool_call` with a
    runtime that is async; for `create_agent` LangChain's `wrap_tool_call` makes middleware of it.

    Args:
        runtime: That of the tools; one of `highroad.sync` gives a wrapper that is not async.
        acting: As for `guard`.
    """
    from highroad.frameworks.langgraph import unknown  # noqa: PLC0415 - the road is heavy

    return unknown.recorder(runtime, acting=acting, door=DOOR)


def acting_of(config: "RunnableConfig", runtime: "ToolRuntime[Any, Any] | None" = None) -> "Acting":
    """Say what a graph's thread says: its id names the run and the conversation.

    For whom is left to `Runtime.acting`.

    Args:
        config: Of the call.
        runtime: From a `ToolNode`: the human messages of its state are what the user said.
    """
    from highroad.frameworks.langgraph import context  # noqa: PLC0415 - the road is heavy

    return context.acting_of(config, runtime)
