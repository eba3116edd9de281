"""Which of many tools a run offers its model: the few that it needs, and never fewer than before.

A provider's cache holds the beginning of a request, of which the tools are a part. So a selection
only grows within a run, what joins comes last, and the same messages in the same order always give
the same selection: a run that is resumed selects as it did.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from highroad.domain.json_value import JsonValue
from highroad.domain.model import Message, ToolMessage, UserMessage
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.tools.search.fusion import Fusion
from highroad.tools.search.index import Index, Match
from highroad.tools.search.tool import TOOL_SEARCH

MANY: Final = 20
"""Up to so many tools all are offered: nothing is gained by choosing."""
_FIRST: Final = 12
"""Tools for the first message of a run."""
_MORE: Final = 4
"""Tools for each message that the user sends later."""
_NAME: Final = re.compile(r"[\w.-]*\w")


@value
class Selected:
    """What is offered from now on."""

    names: tuple[str, ...]
    """All of it, in the order in which it joined."""
    joined: tuple[str, ...]
    """What is new, for the record."""


def are_many(tools: Sequence[ToolDefinition]) -> bool:
    """Whether there is anything to choose; transforms are small, and of use beside any tool."""
    return sum(tool.transform is not True for tool in tools) > MANY


class Selection:
    """The tools of one run.

    Args:
        tools: All that the agent may call, in their order.
        ranking: Of these tools.
    """

    def __init__(self, tools: Sequence[ToolDefinition], ranking: Index | Fusion) -> None:
        self._descriptions: dict[str, str] = {tool.name: tool.description for tool in tools}
        self._ranking: Index | Fusion = ranking
        is_few = len(tools) <= MANY
        self._names: dict[str, None] = dict.fromkeys(self._descriptions if is_few else ())
        self._has_heard: bool = False
        if TOOL_SEARCH in self._descriptions:
            self._names[TOOL_SEARCH] = None

    async def grow(self, messages: Sequence[Message]) -> Selected:
        """Take note of messages that are new, and say what is offered from now on.

        A user's message brings the tools that it is about, and those that their descriptions name;
        a search for tools brings what it found.

        Raises:
            HighroadError: The embedder cannot be reached.
        """
        before = len(self._names)
        for message in messages:
            for name in await self._wanted(message):
                self._names.setdefault(name)
        names = tuple(self._names)
        return Selected(names=names, joined=names[before:])

    async def _wanted(self, message: Message) -> list[str]:
        if len(self._names) == len(self._descriptions):
            return []
        if isinstance(message, UserMessage):
            most = _MORE if self._has_heard else _FIRST
            self._has_heard = True
            matches = await self._ranked(message.text, most)
            return list(self._with_named([match.name for match in matches]))
        if isinstance(message, ToolMessage) and message.tool == TOOL_SEARCH:
            return [name for name in _found(message) if name in self._descriptions]
        return []

    async def _ranked(self, text: str, most: int) -> tuple[Match, ...]:
        if isinstance(self._ranking, Fusion):
            return await self._ranking.ranked(text, most=most)
        return self._ranking.ranked(text, most=most)

    def _with_named(self, names: Sequence[str]) -> Iterator[str]:
        """`Use after get_order`: what a description speaks of is needed beside it."""
        yield from names
        for name in names:
            for word in _NAME.findall(self._descriptions[name]):
                if word in self._descriptions:
                    yield word


def _found(message: ToolMessage) -> Iterator[str]:
    """The names in the answer to a search."""
    try:
        told: JsonValue = orjson.loads(message.content)
    except orjson.JSONDecodeError:
        return
    found = told.get("result") if isinstance(told, dict) else told
    for each in found if isinstance(found, list) else []:
        name = each.get("name") if isinstance(each, dict) else None
        if isinstance(name, str):
            yield name
