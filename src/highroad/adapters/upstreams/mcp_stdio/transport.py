"""The process of a server, its streams, and when they end.

The library's own transport tells whoever waits for an answer that the connection is gone, and
nobody else. What a server cannot have heard must not pass for what it may have done: so an end is
noticed when it comes, and not with the next call. And it reads a line of any length, so that a
server that never ends one takes all memory there is.

A process ends as the specification of MCP has it (2025-11-25, lifecycle, shutdown): its input is
closed, and if it does not go by itself, it is stopped with all that it started.
"""

import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias, cast

import anyio
from anyio.abc import (
    ByteReceiveStream,
    ByteSendStream,
    ObjectReceiveStream,
    ObjectSendStream,
    Process,
)
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp.shared._stream_protocols import ReadStream, WriteStream  # the port that transports have
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

LONGEST_LINE: Final = 16_777_216
"""Bytes of one message; a server that writes more is ended."""
ENDED: Final = "it ended"
_TOO_LONG: Final = f"it wrote a line of more than {LONGEST_LINE >> 20} MB"
_GRACE_S: Final = 2.0
"""How long a server is waited for before it is stopped, each time with more force."""
_LOOK_S: Final = 0.01
_GONE: Final = (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)

Received: TypeAlias = SessionMessage | Exception
Streams: TypeAlias = tuple[ReadStream[Received], WriteStream[SessionMessage]]


@asynccontextmanager
async def started(
    command: Sequence[str], variables: Mapping[str, str], over: Callable[[str], None]
) -> AsyncGenerator[Streams, None]:
    """Start a server's process, and call `over` with the reason once it says nothing more.

    Its `stderr` is ours.

    Raises:
        OSError: There is no such program, or it cannot be run.
        ValueError: The command or a variable cannot be one.
    """
    program, *arguments = command
    found = shutil.which(program, path=variables.get("PATH")) or program
    process = await anyio.open_process(
        [found, *arguments], env=variables, stderr=None, start_new_session=True
    )
    # It was started with pipes.
    its_input = cast("ByteSendStream", process.stdin)
    heard, received = anyio.create_memory_object_stream[Received](0)
    sent, said = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as working:
        working.start_soon(_read, process, heard, over)
        working.start_soon(_write, its_input, said, over)
        try:
            yield received, sent
        finally:
            with anyio.CancelScope(shield=True):
                received.close()
                sent.close()
                await _end(process, its_input)
            working.cancel_scope.cancel()


async def _read(
    process: Process, to: ObjectSendStream[Received], over: Callable[[str], None]
) -> None:
    """Hand on each line as a message, until there are no more, or one is too long."""
    output = cast("ByteReceiveStream", process.stdout)
    lines = BufferedByteReceiveStream(output)
    async with to:
        try:
            while True:
                await to.send(_message(await lines.receive_until(b"\n", LONGEST_LINE)))
        except anyio.DelimiterNotFound:
            over(_TOO_LONG)
            _terminate(process)  # it would write on, and nobody reads
        except (anyio.IncompleteRead, *_GONE):
            over(ENDED)
    with suppress(anyio.EndOfStream, *_GONE):
        while True:  # one that still writes could not go
            await output.receive()


def _message(line: bytes) -> Received:
    """What a line says; a session goes on behind one that is no message."""
    try:
        text = line.decode(errors="replace")
        return SessionMessage(jsonrpc_message_adapter.validate_json(text, by_name=False))
    except ValueError as error:
        return error


async def _write(
    stream: ByteSendStream, said: ObjectReceiveStream[SessionMessage], over: Callable[[str], None]
) -> None:
    """Write each message as a line; a server that hears nothing is not waited for."""
    async with said:
        with suppress(*_GONE):
            async for each in said:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stream.send(f"{text}\n".encode())
            return
    over("it does not listen")


async def _end(process: Process, its_input: ByteSendStream) -> None:
    """Have it go, by ever more force."""
    with suppress(*_GONE):
        await its_input.aclose()
    for force in (_terminate, _kill):
        if await _has_gone(process):
            break
        force(process)
    with anyio.move_on_after(_GRACE_S):
        # What it started may hold its streams open, which are not waited for.
        await process.aclose()


async def _has_gone(process: Process) -> bool:
    """Whether it ends in time.

    Not by `wait`: on asyncio that waits for the ends of its streams too.
    """
    with anyio.move_on_after(_GRACE_S):
        while process.returncode is None:  # noqa: ASYNC110 - nothing else tells it
            await anyio.sleep(_LOOK_S)
    return process.returncode is not None


def _terminate(process: Process) -> None:
    """Tell it to end, and all that it started."""
    if sys.platform == "win32":
        process.terminate()
    else:
        _signal(process, signal.SIGTERM)


def _kill(process: Process) -> None:
    """End it, and all that it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        _signal(process, signal.SIGKILL)


if sys.platform != "win32":

    def _signal(process: Process, number: signal.Signals) -> None:
        # It was started as the leader of a group of its own.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
