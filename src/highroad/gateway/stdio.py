"""A gateway on the standard streams of its process.

The protocol owns them. Whatever else would write to standard output goes to standard error, and
whatever would read the input finds nothing there. Nobody has to read standard error: what cannot be
written there is dropped. Lines are read in a thread of its own which nobody waits for: a process
that is told to end does not wait for the next line.
"""

import asyncio
import io
import os
import sys
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final, Self, TextIO, cast

import anyio
from mcp.server.stdio import stdio_server

from highroad.gateway.server import Gateway
from highroad.gateway.unreadable import in_its_place, is_readable

LONGEST_LINE: Final = 16_777_216
"""Bytes of one message; a client that sends more is not listened to any longer."""
_INPUT: Final = 0
_OUTPUT: Final = 1
_ERRORS: Final = 2


@contextmanager
def own_streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Take input and output for the protocol alone, for good: what is written else goes to stderr.

    To be entered before anything of a user's is imported or started.
    """
    _open_errors()
    received, sent = os.dup(_INPUT), os.dup(_OUTPUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _INPUT)
    os.close(nothing)
    os.dup2(_ERRORS, _OUTPUT)
    before, sys.stderr = sys.stderr, cast("TextIO", _Errors())
    try:
        # Not closed: the thread that reads may be in the middle of it.
        yield os.fdopen(received, "rb", closefd=False), os.fdopen(sent, "wb", closefd=False)
    finally:
        sys.stderr = before
        with suppress(OSError):
            os.dup2(sent, _OUTPUT)


def _open_errors() -> None:
    """See that standard error is something: the next file to be opened would take its place."""
    try:
        os.fstat(_ERRORS)
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        if nothing != _ERRORS:
            os.dup2(nothing, _ERRORS)
            os.close(nothing)


class _Errors(io.TextIOBase):
    """Standard error of a process that goes on where nobody reads that."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(_ERRORS)

    def fileno(self) -> int:
        """Its descriptor."""
        return _ERRORS

    def write(self, text: str, /) -> int:
        """Write it at once, if that can be done."""
        with suppress(OSError):
            os.write(_ERRORS, text.encode(errors="backslashreplace"))
        return len(text)


async def serve(gateway: Gateway, received: BinaryIO, sent: BinaryIO) -> None:
    """Serve the client at these streams, until it has nothing more to say."""
    writing = _Writing(sent)
    # The library reads lines of it and asks for nothing else.
    source = cast("anyio.AsyncFile[str]", _readable(_Lines(received), writing))
    target = cast("anyio.AsyncFile[str]", writing)
    async with stdio_server(stdin=source, stdout=target) as (incoming, outgoing):
        await gateway.server.run(incoming, outgoing, gateway.options)


async def _readable(lines: AsyncIterable[str], writing: "_Writing") -> AsyncIterator[str]:
    """Lines that the library can read; the sender of any other is answered, if they wait for it."""
    async for line in lines:
        # What is blank is no message, and the library knows it.
        told = line if not line.strip() or is_readable(line) else in_its_place(line)
        if isinstance(told, str):
            yield told
        elif told is not None:
            await writing.write(told.model_dump_json(by_alias=True, exclude_unset=True) + "\n")
            await writing.flush()


class _Lines:
    """Lines of text, as they come."""

    def __init__(self, stream: BinaryIO) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(64)
        """Of lines that were read and not taken: who writes faster has to wait."""
        threading.Thread(target=self._read, daemon=True, name="highroad-stdin").start()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        self._room.release()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self) -> None:
        while True:
            self._room.acquire()
            line = self._stream.readline(LONGEST_LINE + 1)
            is_over = not line or len(line) > LONGEST_LINE
            told = None if is_over else line.decode(errors="replace")
            with suppress(RuntimeError):  # the loop is closed, and nobody listens any more
                self._loop.call_soon_threadsafe(self._lines.put_nowait, told)
            if is_over:
                return


class _Writing:
    """Text, written in threads, so that a client that does not read stops nothing else."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    async def write(self, text: str) -> None:
        """Write it."""
        await anyio.to_thread.run_sync(self._stream.write, text.encode(), abandon_on_cancel=True)

    async def flush(self) -> None:
        """See that it goes out."""
        await anyio.to_thread.run_sync(self._stream.flush, abandon_on_cancel=True)

    async def __aenter__(self) -> Self:
        return self
