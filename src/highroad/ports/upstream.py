"""Servers of other programs, whose tools are offered through the road."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonObject
from highroad.domain.value import value


class UpstreamError(HighroadError):
    """A server cannot be started, or does not tell what it has. Nothing was called.

    The message says which one; what it wrote itself stands in its own log.
    """


class UpstreamAway(HighroadError):  # noqa: N818 - what is the case
    """The server is not there now, and is being started again. Nothing was sent to it.

    The same call may succeed later.
    """


@value
class UpstreamProgress:
    """How far a server says that it has come with a call."""

    done: float
    total: float | None = None
    text: str = ""
    """In the server's own words."""


Follow: TypeAlias = Callable[[UpstreamProgress], Awaitable[None]]


class Upstream(Protocol):
    """One server, behind a connection that may break and comes again by itself.

    Contract kit: `highroad.testing.contracts.upstream`.
    """

    @property
    def name(self) -> str:
        """As operators call it: it stands in the definitions of its tools."""
        ...

    async def open(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            UpstreamError: It does not.
        """
        ...

    async def tools(self) -> tuple[JsonObject, ...]:
        """All its tools, each as an answer to `tools/list` of MCP has it.

        Raises:
            UpstreamAway: It is not there.
            UpstreamError: It does not tell.
        """
        ...

    async def beside(self) -> Mapping[str, int]:
        """What it has besides tools, which nobody is offered: how many `prompts` and `resources`.

        Raises:
            UpstreamAway: It is not there.
            UpstreamError: It does not tell.
        """
        ...

    async def call(
        self,
        tool: str,
        arguments: JsonObject,
        *,
        follow: Follow | None = None,
        traceparent: str | None = None,
    ) -> JsonObject:
        """Have a tool run, and give what the server answers: a result of `tools/call` of MCP.

        Whoever stops waiting calls it off, and the server is told.

        Args:
            tool: As the server calls it.
            arguments: In JSON.
            follow: Is told how far it has come.
            traceparent: Says to the server what its work is part of (W3C Trace Context). Nothing
                else that travels with a trace is sent: it may hold what is not the server's.

        Raises:
            UpstreamAway: It is not there, and nothing was sent.
            Exception: It answered with an error, or its connection broke before it had answered:
                what that means `highroad.resilience.failures` reads.
        """
        ...

    def on_change(self, heed: Callable[[], None]) -> None:
        """Have `heed` called whenever its tools may be others: it says so, or came again."""
        ...

    async def close(self) -> None:
        """End it. Safe to call twice."""
        ...
