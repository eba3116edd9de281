"""An upstream in this process, whose tools are functions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject
from highroad.ports.upstream import Follow, UpstreamAway

Answering: TypeAlias = Callable[[JsonObject, Follow | None], Awaitable[JsonObject]]
"""Answers a call as a server would: with a result of `tools/call` of MCP."""

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class FakeUpstream:
    """Answers by functions (`highroad.ports.upstream.Upstream`), dies when told, comes again.

    Args:
        forms: Its tools, as `tools/list` of MCP answers; a list of yours that you may change.
        answers: What answers calls, by name of the tool.
        name: As operators call it.
        beside: How many prompts and resources it has.
    """

    def __init__(
        self,
        forms: list[JsonObject],
        answers: Mapping[str, Answering],
        *,
        name: str = "fake",
        beside: Mapping[str, int] = NOTHING,
    ) -> None:
        self.forms: list[JsonObject] = forms
        self._beside = beside
        self._answers = answers
        self._name = name
        self.traceparents: list[str | None] = []
        """Of each call, what it was said to be part of."""
        self._is_there = False
        self._heeders: list[Callable[[], None]] = []
        self._flying: set[asyncio.Task[JsonObject]] = set()

    @property
    def name(self) -> str:
        """As operators call it."""
        return self._name

    async def open(self) -> None:
        """Be there."""
        self._is_there = True

    async def tools(self) -> tuple[JsonObject, ...]:
        """The forms as they are now.

        Raises:
            UpstreamAway: It was closed, or is not open yet.
        """
        self._check()
        return tuple(self.forms)

    async def beside(self) -> Mapping[str, int]:
        """What it was made with.

        Raises:
            UpstreamAway: It was closed, or is not open yet.
        """
        self._check()
        return self._beside

    async def call(
        self,
        tool: str,
        arguments: JsonObject,
        *,
        follow: Follow | None = None,
        traceparent: str | None = None,
    ) -> JsonObject:
        """What the function of that name answers.

        Raises:
            UpstreamAway: It was closed, or is not open yet.
            ConnectionResetError: It died while it ran.
        """
        self._check()
        self.traceparents.append(traceparent)
        if tool not in self._answers:
            return {"content": [{"type": "text", "text": "no such tool"}], "isError": True}
        flying = asyncio.ensure_future(self._answers[tool](arguments, follow))
        self._flying.add(flying)
        try:
            await asyncio.wait({flying})
        except asyncio.CancelledError:
            flying.cancel()
            raise
        finally:
            self._flying.discard(flying)
        if flying.cancelled():
            raise ConnectionResetError("the connection broke")
        return flying.result()

    def die(self) -> None:
        """Break the connection of whatever is under way; it comes again at once."""
        for flying in tuple(self._flying):
            flying.cancel()
        self.change()

    def change(self) -> None:
        """Say that the tools may be others."""
        for heed in self._heeders:
            heed()

    def on_change(self, heed: Callable[[], None]) -> None:
        """Have `heed` called when it says so."""
        self._heeders.append(heed)

    async def close(self) -> None:
        """Be there no more."""
        self._is_there = False

    def _check(self) -> None:
        if not self._is_there:
            raise UpstreamAway(f"{self._name} is not running.")
