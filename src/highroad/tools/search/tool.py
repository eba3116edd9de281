"""The search for tools, as a tool that models call."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field

from highroad.tools.declaring.contract import Content
from highroad.tools.declaring.declare import tool
from highroad.tools.search.fusion import Fusion
from highroad.tools.search.index import Index, Match

TOOL_SEARCH: Final = "tool_search"

Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=500), Content()]
Most: TypeAlias = Annotated[int, Field(ge=1, le=20), Content()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A tool that a search has found."""

    name: str
    description: str


def search_tool(
    tools: Index | Fusion,
) -> Callable[..., Coroutine[Any, Any, tuple[Found, ...]]]:
    """A tool that finds tools among these; index only what whoever calls it may know of."""

    @tool(tier="read", timeout_s=30)
    async def tool_search(query: Words, limit: Most = 5) -> tuple[Found, ...]:
        """Find tools by what they do; those found can be called from the next step on.

        Use when no tool at hand fits what is to be done. Not for finding data.

        Args:
            query: What is to be done, in a few words, for example "cancel a subscription".
            limit: Tools to return at most.
        """
        matches = await _ranked(tools, query, limit)
        index = tools.index if isinstance(tools, Fusion) else tools
        return tuple(
            Found(name=match.name, description=index.descriptions[match.name]) for match in matches
        )

    return tool_search


async def _ranked(tools: Index | Fusion, query: str, most: int) -> tuple[Match, ...]:
    if isinstance(tools, Fusion):
        return await tools.ranked(query, most=most)
    return tools.ranked(query, most=most)
