"""The body of a host's tool, on the road: what it raises and returns, in words of the road."""

from collections.abc import Callable
from typing import Any

from langchain_core.tools import ToolException
from langgraph.errors import GraphBubbleUp

from highroad.domain.error import ToolError
from highroad.domain.json_value import JsonObject
from highroad.frameworks.langgraph.host_tool import HostTool, Visit


def run_of(host: HostTool) -> Callable[..., Any]:
    """Run a host's tool for a visit: its result as it is recorded, or what there is to await."""

    def run(arguments: JsonObject, *, visit: Visit) -> object:
        """Run it in the thread at hand."""
        try:
            return host.recorded(host.start(arguments, visit), visit)
        except (ToolException, GraphBubbleUp) as error:
            raise _in_words(host, error, visit) from error

    async def awaited(arguments: JsonObject, *, visit: Visit) -> object:
        """The same, for a body that is async."""
        try:
            return host.recorded(await host.start(arguments, visit), visit)
        except (ToolException, GraphBubbleUp) as error:
            raise _in_words(host, error, visit) from error

    return awaited if host.is_async else run


def _in_words(host: HostTool, error: ToolException | GraphBubbleUp, visit: Visit) -> ToolError:
    if isinstance(error, GraphBubbleUp):
        visit.pauses.append(error)
        return ToolError(
            "the tool paused its graph while it ran, so whether it took effect is not known",
            hint="Do not call again; tell the user.",
        )
    return ToolError(_words(host, error))


def _words(host: HostTool, error: ToolException) -> str:
    """What the host would tell its model of an error that a tool raised for it."""
    wanted = host.tool.handle_tool_error
    said = wanted(error) if callable(wanted) else wanted
    return said if isinstance(said, str) else str(error)
