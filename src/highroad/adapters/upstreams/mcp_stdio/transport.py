"""The streams of a server's process, and when they end.

The library tells whoever waits for an answer that the connection is gone, and nobody else. What a
server cannot have heard must not pass for what it may have done: so an end is noticed when it
comes, and not with the next call.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self, TypeAlias

import anyio
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared._stream_protocols import ReadStream, WriteStream  # the port that transports have
from mcp.shared.message import SessionMessage

Received: TypeAlias = SessionMessage | Exception
Streams: TypeAlias = tuple[ReadStream[Received], WriteStream[SessionMessage]]
Transport: TypeAlias = AbstractAsyncContextManager[Streams]


class _Watched:
    """A stream of messages, which tells when it is over."""

    def __init__(self, stream: ReadStream[Received], over: Callable[[], None]) -> None:
        self._stream = stream
        self._over = over

    async def receive(self) -> Received:
        try:
            return await self._stream.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._over()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Received:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


@asynccontextmanager
async def watched(
    server: StdioServerParameters, over: Callable[[], None]
) -> AsyncGenerator[Streams, None]:
    """Start a server's process, and call `over` once it says nothing more."""
    async with stdio_client(server) as (received, sent):
        yield _Watched(received, over), sent
