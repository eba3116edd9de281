"""Modal's control plane and the router of its machines, on one port of this machine.

It speaks gRPC by the messages and services that the package `modal` ships for its own client. What
its machines run are plain processes: it holds nobody back, and what only a machine of its own can
keep is not kept here.
"""

import asyncio
import base64
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from modal_proto import api_pb2, task_command_router_pb2
from modal_proto.api_grpc import ModalClientBase
from modal_proto.task_command_router_grpc import TaskCommandRouterBase

_PART: Final = 65_536
_MOST: Final = 16_777_216
"""Bytes that are kept of what a process says."""
_Service = TypeVar("_Service")
_FOREVER_S: Final = 4_000_000_000
"""A time in a century to come, in seconds since 1970."""


class ModalServer:
    """Plays Modal, while it is entered.

    Args:
        token: Id and secret that it takes.
        images: Those that it has.
        variables: Of every process.
    """

    def __init__(
        self, token: tuple[str, str], images: frozenset[str], variables: Mapping[str, str]
    ) -> None:
        self.token = token
        self.images = images
        self.variables = variables
        self.machines: dict[str, list[str]] = {}
        """Those that there are, by the id of their task, with the processes on them."""
        self.made: list[Any] = []
        """What every machine was made of, in order (`api_pb2.Sandbox`)."""
        self.asked: list[str] = []
        """Every request, by its method."""
        self.broken: dict[str, Status] = {}
        """Methods that are refused, and how."""
        self.stuck: set[str] = set()
        """Methods that are never answered."""
        self._processes: dict[str, _Process] = {}
        self._told: dict[str, int] = {}
        self._server: _Listening | None = None
        self.url: str = ""

    async def __aenter__(self) -> Self:
        services = (
            _played(ModalClientBase, _Control, self),
            _played(TaskCommandRouterBase, _Router, self),
        )
        self._server = _Listening(services)
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        await self._server.start(sock=listening)
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in tuple(self.machines):
            await self.kill(task)
        await self.cut()

    async def cut(self) -> None:
        """Break every connection off, and take no other."""
        if self._server is not None:
            self._server.close()
            for link in self._server.links:
                link.processor.close()
            await self._server.wait_closed()
            await asyncio.sleep(0)  # until the loop has closed them

    async def look(self, stream: "Stream[Any, Any]", method: str) -> Any:  # noqa: ANN401 - a message
        """What is asked for, unless this method is to fail.

        Raises:
            GRPCError: It is.
        """
        self.asked.append(method)
        said = await stream.recv_message()
        if method in self.stuck:
            await asyncio.Event().wait()
        if method in self.broken:
            raise GRPCError(self.broken[method], "words of the server")
        return said

    def make(self, definition: Any) -> str:  # noqa: ANN401 - `api_pb2.Sandbox`
        """Make a machine, and say by which id its task is known."""
        name = f"ta-{len(self.made):021d}V"
        self.made.append(definition)
        self.machines[name] = []
        return name

    async def start(self, asked: Any) -> None:  # noqa: ANN401 - a message
        """Start a process on a machine; asked again for the same, nothing more is done."""
        if asked.task_id not in self.machines:
            raise GRPCError(Status.NOT_FOUND, "no such task")
        if asked.exec_id in self._processes:
            return
        process = await asyncio.create_subprocess_exec(
            *asked.command_args,
            cwd=asked.workdir or "/",
            env=dict(self.variables),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._processes[asked.exec_id] = _Process(process)
        self.machines[asked.task_id].append(asked.exec_id)

    def process(self, name: str) -> "_Process":
        """The process of an id.

        Raises:
            GRPCError: There is none.
        """
        if name not in self._processes:
            raise GRPCError(Status.NOT_FOUND, "no such process")
        return self._processes[name]

    async def tell(self, name: str, offset: int, data: bytes, *, eof: bool) -> None:
        """Tell a process more of its input; what it was told already is not told again."""
        stdin = self.process(name).stdin
        known = self._told.get(name, 0)
        with suppress(OSError):
            stdin.write(data[known - offset :])
            self._told[name] = max(known, offset + len(data))
            await stdin.drain()
            if eof:
                stdin.close()

    async def kill(self, task: str) -> None:
        """End a machine, with all that runs there."""
        for name in self.machines.pop(task, ()):
            await self._processes[name].kill()


class _Process:
    """A process, and what it has said: heard to its end, whether anybody listens or not."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None, "it was started with an input"
        self.stdin: asyncio.StreamWriter = process.stdin
        self.output: _Output = _Output(process.stdout)
        self.printed: _Output = _Output(process.stderr)
        self._process = process

    async def wait(self) -> int:
        """How it ended, once it has."""
        return await self._process.wait()

    async def kill(self) -> None:
        """End it, with all that it started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


class _Output:
    """One stream of a process, from its beginning."""

    def __init__(self, stream: asyncio.StreamReader | None) -> None:
        self._said = bytearray()
        self._is_over = False
        self._news = asyncio.Condition()
        self._hearing = asyncio.ensure_future(self._hear(stream))

    async def since(self, offset: int) -> AsyncIterator[bytes]:
        """What it says from a byte on, as it comes."""
        while part := await self._next(offset):
            yield part
            offset += len(part)

    async def _next(self, offset: int) -> bytes:
        """What follows a byte; nothing where there will be no more."""
        async with self._news:
            await self._news.wait_for(lambda: self._is_over or len(self._said) > offset)
            return bytes(self._said[offset : offset + _PART])

    async def _hear(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (part := await stream.read(_PART)):
            await self._take(part[: max(0, _MOST - len(self._said))])
        self._is_over = True
        await self._take(b"")

    async def _take(self, part: bytes) -> None:
        async with self._news:
            self._said += part
            self._news.notify_all()


class _Listening(Server):
    """A server that knows its connections, so that they can be cut."""

    def __init__(self, services: Sequence[Any]) -> None:
        super().__init__(services)
        self.links: list[H2Protocol] = []

    def _protocol_factory(self) -> H2Protocol:
        link = super()._protocol_factory()
        self.links.append(link)
        return link


def _played(base: type[Any], part: type[_Service], server: ModalServer) -> _Service:
    """A service of which a part is played, and all else is refused."""
    rest = {name: _unplayed for name in base.__abstractmethods__ if not hasattr(part, name)}
    made: type[_Service] = type(part.__name__, (part, base), rest)
    return made(server)  # type: ignore[call-arg]  # of `_Control` and `_Router`


async def _unplayed(_: object, stream: "Stream[Any, Any]") -> None:
    await stream.recv_message()
    raise GRPCError(Status.UNIMPLEMENTED, "nobody plays this")


class _Control:
    """What makes and ends machines, as far as sandboxes need it."""

    def __init__(self, server: ModalServer) -> None:
        self._server = server

    async def AppGetOrCreate(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802 - its name
        await self._look(stream, "AppGetOrCreate")
        await stream.send_message(api_pb2.AppGetOrCreateResponse(app_id="ap-1"))

    async def AuthTokenGet(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        await self._look(stream, "AuthTokenGet")
        await stream.send_message(api_pb2.AuthTokenGetResponse(token=_token()))

    async def ImageFromId(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "ImageFromId")
        if asked.image_id not in self._server.images:
            raise GRPCError(Status.NOT_FOUND, "no such image")
        await stream.send_message(api_pb2.ImageFromIdResponse(image_id=asked.image_id))

    async def SandboxCreateV2(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "SandboxCreateV2")
        task = self._server.make(asked.definition)
        made = api_pb2.SandboxCreateV2Response(
            sandbox_id=task.replace("ta-", "sb-"),
            task_id=task,
            command_router_access=api_pb2.CommandRouterAccess(url=self._server.url, jwt=_token()),
        )
        await stream.send_message(made)

    async def SandboxTerminateV2(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "SandboxTerminateV2")
        await self._server.kill(asked.sandbox_id.replace("sb-", "ta-"))
        await stream.send_message(api_pb2.SandboxTerminateResponse())

    async def _look(self, stream: "Stream[Any, Any]", method: str) -> Any:  # noqa: ANN401 - a message
        given = _metadata(stream)
        if (given.get("x-modal-token-id"), given.get("x-modal-token-secret")) != self._server.token:
            self._server.asked.append(method)
            raise GRPCError(Status.UNAUTHENTICATED, "no such token")
        return await self._server.look(stream, method)


class _Router:
    """What runs processes on a machine."""

    def __init__(self, server: ModalServer) -> None:
        self._server = server

    async def TaskExecStart(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "TaskExecStart")
        await self._server.start(asked)
        await stream.send_message(task_command_router_pb2.TaskExecStartResponse())

    async def TaskExecStdinWrite(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "TaskExecStdinWrite")
        await self._server.tell(asked.exec_id, asked.offset, asked.data, eof=asked.eof)
        await stream.send_message(task_command_router_pb2.TaskExecStdinWriteResponse())

    async def TaskExecStdioRead(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "TaskExecStdioRead")
        process = self._server.process(asked.exec_id)
        is_error = (
            asked.file_descriptor == task_command_router_pb2.TASK_EXEC_STDIO_FILE_DESCRIPTOR_STDERR
        )
        output = process.printed if is_error else process.output
        async for data in output.since(asked.offset):
            await stream.send_message(task_command_router_pb2.TaskExecStdioReadResponse(data=data))

    async def TaskExecWait(self, stream: "Stream[Any, Any]") -> None:  # noqa: N802
        asked = await self._look(stream, "TaskExecWait")
        code = await self._server.process(asked.exec_id).wait()
        ended = {"code": code} if code >= 0 else {"signal": -code}
        await stream.send_message(task_command_router_pb2.TaskExecWaitResponse(**ended))

    async def _look(self, stream: "Stream[Any, Any]", method: str) -> Any:  # noqa: ANN401 - a message
        if _metadata(stream).get("authorization") != f"Bearer {_token()}":
            raise GRPCError(Status.UNAUTHENTICATED, "no such token")
        return await self._server.look(stream, method)


def _metadata(stream: "Stream[Any, Any]") -> dict[str, object]:
    return {str(name): said for name, said in (stream.metadata or {}).items()}


def _token() -> str:
    """A token that clients read the end of, and nothing else; nobody signed it."""
    parts: Sequence[object] = ({"alg": "none"}, {"exp": _FOREVER_S})
    said = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join((*said, "x"))
