"""A server of MCP in a process of its own, which is started again when it dies."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import anyio
from anyio.abc import TaskStatus
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    PaginatedResult,
    ToolListChangedNotification,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from highroad.adapters.upstreams.mcp_stdio.tracing import part_of
from highroad.adapters.upstreams.mcp_stdio.transport import ENDED, started
from highroad.domain.json_value import JsonObject
from highroad.domain.version import VERSION
from highroad.ports.clock import Clock
from highroad.ports.upstream import Follow, UpstreamAway, UpstreamError, UpstreamProgress

T = TypeVar("T")
Page = TypeVar("Page", bound=PaginatedResult)

_log: Final = logging.getLogger("highroad.upstreams")

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 60.0
"""Whoever has lived so long and dies is started again at once."""
_PATIENCE_S: Final = 5.0
"""How long a call waits for a server that is being started again."""
_LISTING_S: Final = 30.0
_PAGES: Final = 100
"""Of one list; a server that turns pages for ever ends here."""


class McpStdio:
    """Speaks to one server (`highroad.ports.upstream.Upstream`).

    It declares no capability to the server: what would ask the user, a model or for folders is
    refused, for nobody here can vouch for it. The server's `stderr` is ours.

    Args:
        command: The program and its arguments.
        name: As operators call it.
        variables: The variables of its environment, asked for at each start.
        clock: Paces new starts.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        variables: Callable[[], Mapping[str, str]],
        clock: Clock,
    ) -> None:
        self._command = tuple(command)
        self._name = name
        self._variables = variables
        self._clock = clock
        self._client: Client | None = None
        """`None` while it is not there."""
        self._there = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._heeders: list[Callable[[], None]] = []

    @property
    def name(self) -> str:
        """As operators call it."""
        return self._name

    async def open(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            UpstreamError: The program is not there, or is no server of MCP.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeping = asyncio.create_task(self._keep(first))
        try:
            await asyncio.shield(first)
        except BaseException:
            await self.close()
            raise

    async def tools(self) -> tuple[JsonObject, ...]:
        """All its tools.

        Raises:
            UpstreamAway: It is not there.
            UpstreamError: It does not tell, or tells no end of them.
        """
        client = await self._reached()
        listed = await self._all("tools", client.list_tools, lambda page: page.tools)
        return tuple(
            each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in listed
        )

    async def beside(self) -> Mapping[str, int]:
        """How many prompts and resources it has; a template of resources is one.

        Raises:
            UpstreamAway: It is not there.
            UpstreamError: It does not tell, or tells no end of them.
        """
        client = await self._reached()
        found: dict[str, int] = {}
        if client.server_capabilities.prompts is not None:
            prompts = await self._all("prompts", client.list_prompts, lambda page: page.prompts)
            found["prompts"] = len(prompts)
        if client.server_capabilities.resources is not None:
            resources = await self._all(
                "resources", client.list_resources, lambda page: page.resources
            )
            templates = await self._all(
                "resources", client.list_resource_templates, lambda page: page.resource_templates
            )
            found["resources"] = len(resources) + len(templates)
        return found

    async def _all(
        self,
        what: str,
        turn: Callable[..., Awaitable[Page]],
        items: Callable[[Page], Sequence[T]],
    ) -> list[T]:
        """What stands on all pages of a list.

        Raises:
            UpstreamError: It does not tell, or tells no end of them.
        """
        found: list[T] = []
        cursor: str | None = None
        try:
            with anyio.fail_after(_LISTING_S):
                for _ in range(_PAGES):
                    page = await turn(cursor=cursor)
                    found += items(page)
                    cursor = page.next_cursor
                    if not cursor:
                        return found
        except (MCPError, ValidationError, TimeoutError) as error:
            raise UpstreamError(
                f"{self._name} does not tell which {what} it has ({type(error).__name__})"
            ) from None
        raise UpstreamError(f"{self._name} tells of its {what} on more than {_PAGES} pages")

    async def call(
        self,
        tool: str,
        arguments: JsonObject,
        *,
        follow: Follow | None = None,
        traceparent: str | None = None,
    ) -> JsonObject:
        """Have a tool run; the library tells the server if nobody waits any more.

        Raises:
            UpstreamAway: It is not there, and nothing was sent.
            MCPError: It answered with an error, or its connection broke.
            pydantic.ValidationError: What it answered is no result.
        """

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            if follow is not None:
                await follow(UpstreamProgress(done=progress, total=total, text=message or ""))

        client = await self._reached()
        # Not `call_tool`: that one holds the result to the server's schema itself, and raises
        # where the effect took place and the road has to say so.
        with part_of(traceparent):
            answered = await client.session.send_request(
                CallToolRequest(params=CallToolRequestParams(name=tool, arguments=arguments)),
                CallToolResult,
                progress_callback=None if follow is None else tell,
            )
        said: JsonObject = answered.model_dump(mode="json", by_alias=True, exclude_none=True)
        return said

    def on_change(self, heed: Callable[[], None]) -> None:
        """Have `heed` called whenever its tools may be others."""
        self._heeders.append(heed)

    async def close(self) -> None:
        """End it: its input is closed, then it is stopped with all that it started."""
        keeping, self._keeping = self._keeping, None
        if keeping is None:
            return
        keeping.cancel()
        await asyncio.wait({keeping})

    async def _reached(self) -> Client:
        """The client, once the server is there.

        Raises:
            UpstreamAway: It is not, for too long.
        """
        if self._client is None and self._keeping is not None:
            with anyio.move_on_after(_PATIENCE_S):
                await self._there.wait()
        if self._client is None:
            raise UpstreamAway(f"{self._name} is not running; it is being started again.")
        return self._client

    async def _keep(self, first: asyncio.Future[None]) -> None:
        """Start it, and again whenever it dies; a start that fails takes ever longer to come."""
        pause_s = _FIRST_PAUSE_S
        while True:
            began_s = self._clock.monotonic_s()
            try:
                why = await self._live(first)
            except (OSError, ValueError, MCPError, ValidationError, ExceptionGroup) as error:
                why = _why(error)
            if not first.done():
                first.set_exception(UpstreamError(self._not_started(why)))
                return
            if self._clock.monotonic_s() - began_s >= _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            _log.warning("%s is away: %s; it is started again in %.1f s", self._name, why, pause_s)
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _live(self, first: asyncio.Future[None]) -> str:
        """One life of the server, from its start to its end; gives the reason of that."""
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def end(why: str) -> None:
            # At once: what is asked from here on was never sent, and must not be in doubt.
            self._client = None
            self._there.clear()
            if not over.done():
                over.set_result(why)

        client = Client(
            started(self._command, self._variables(), end),
            message_handler=self._heed_message,
            client_info=Implementation(name="highroad", version=VERSION),
            cache=None,
        )
        async with client, anyio.create_task_group() as listening:
            # First: a change between the first list and this would never be heard of.
            if client.protocol_version in MODERN_PROTOCOL_VERSIONS:
                await listening.start(self._listen, client)
            if not over.done():
                self._client = client
                self._there.set()
                self._tell_started(first)
            try:
                await over
            finally:
                end(ENDED)
                listening.cancel_scope.cancel()
        return over.result()

    def _tell_started(self, first: asyncio.Future[None]) -> None:
        if first.done():
            self._tell_change()
        else:
            first.set_result(None)

    async def _listen(
        self, client: Client, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """In the newer era a server tells of changes to whoever asks for it."""
        tools = client.server_capabilities.tools
        if tools is None or not tools.list_changed:
            task_status.started()
            return
        is_heard = False
        try:
            with anyio.move_on_after(_LISTING_S) as asking:
                async with client.listen(tools_list_changed=True) as changes:
                    asking.deadline = math.inf
                    is_heard = True
                    task_status.started()
                    async for _ in changes:
                        self._tell_change()
        except (MCPError, ConnectionError, TimeoutError, RuntimeError) as error:
            _log.warning("%s does not tell of changes (%s)", self._name, type(error).__name__)
        if not is_heard:
            task_status.started()

    async def _heed_message(self, message: object) -> None:
        """In the older era it tells of them unasked."""
        if isinstance(message, ToolListChangedNotification):
            self._tell_change()

    def _tell_change(self) -> None:
        for heed in self._heeders:
            heed()

    def _not_started(self, why: str) -> str:
        program = self._command[0]
        if why in {FileNotFoundError.__name__, PermissionError.__name__}:
            return f"{self._name} cannot be started: there is no program {program!r} to run"
        return (
            f"{self._name} was started and does not speak MCP on its standard streams "
            f"({why}): run it by itself to see why"
        )


def _why(error: BaseException) -> str:
    """The name of what went wrong, and nothing that a server says (P7)."""
    if isinstance(error, ExceptionGroup):
        return ", ".join(sorted({_why(each) for each in error.exceptions}))
    return type(error).__name__
