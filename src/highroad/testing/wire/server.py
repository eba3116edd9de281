"""The server: HTTP as far as a provider's client needs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from highroad.testing.wire.anthropic import MESSAGES
from highroad.testing.wire.bedrock import CONVERSE
from highroad.testing.wire.chat import CHAT
from highroad.testing.wire.dialect import Dialect, Sent
from highroad.testing.wire.google import GENERATE
from highroad.testing.wire.groq import GROQ
from highroad.testing.wire.mistral import MISTRAL
from highroad.testing.wire.ollama import OLLAMA
from highroad.testing.wire.play import Answering, Asked, Play, Refusal, obliging
from highroad.testing.wire.responses import RESPONSES

DIALECTS: Final = (CHAT, RESPONSES, MESSAGES, GENERATE, CONVERSE, MISTRAL, GROQ, OLLAMA)

_PLACES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("anthropic", "google", "bedrock", "groq"), ""),
    # A path of their own, for what stands behind it is that of OpenAI.
    "mistral": "/mistral",
    "ollama": "/ollama/v1",
}


class ProviderServer:
    """Plays a provider on a free port of this machine, while it is entered.

    Args:
        answering: What is answered to a request; without it, `obliging`.
    """

    def __init__(self, answering: Answering = obliging) -> None:
        self.answering: Answering = answering
        self.asked: list[Asked] = []
        """Every request that came, in order."""
        self.under_way: int = 0
        """Requests that are being answered."""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def root(self) -> str:
        """Its address, without a version; Anthropic's clients take this.

        Raises:
            RuntimeError: It was not entered.
        """
        if self._server is None:
            raise RuntimeError("the server is not running: enter it with `async with`")
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @property
    def url(self) -> str:
        """Its address with the version; OpenAI's clients take this."""
        return f"{self.root}/v1"

    def address(self, provider: str) -> str:
        """Its address as clients of that provider take it; of one unknown, as OpenAI's do."""
        return f"{self.root}{_PLACES.get(provider, '/v1')}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio starts one for each connection
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                while await self._next(reader, writer):
                    pass
        finally:
            writer.close()

    async def _next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take the next request of a connection; whether another may follow."""
        sent = await _read(reader)
        if sent is None:
            return False
        dialect = next((each for each in DIALECTS if each.path.fullmatch(sent.path)), None)
        if dialect is None:
            writer.write(_head(HTTPStatus.NOT_FOUND, {"Content-Length": "0"}))
            return True
        asked = Asked(
            dialect=dialect,
            path=sent.path,
            headers=sent.headers,
            raw=sent.raw,
            body=json.loads(sent.raw),
        )
        self.asked.append(asked)
        return await self._answered(asked, reader, writer)

    async def _answered(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer, until that is done or the other side has gone; whether the connection is good."""
        self.under_way += 1
        answer = asyncio.ensure_future(_answer(self.answering(asked), asked, writer))
        gone = asyncio.ensure_future(_gone(reader))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            return answer.done() and answer.result()
        finally:
            self.under_way -= 1
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """HTTP, before anybody knows what it means."""

    path: str
    headers: Mapping[str, str]
    raw: bytes


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    """The next request of a connection; `None` where there is none."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(path=first.split(" ")[1].partition("?")[0], headers=headers, raw=raw)


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return once the other side has closed: nobody sends a request before the last is answered."""
    while not reader.at_eof():
        await reader.read(1)


async def _answer(answer: Play | Refusal, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    match answer:
        case Refusal():
            return await _refuse(answer, asked, writer)
        case Play() if asked.is_streamed:
            return await _stream(answer, asked, writer)
        case Play():
            return await _reply(answer, asked, writer)


async def _refuse(refusal: Refusal, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    message = f"{refusal.message}: {asked.raw.decode(errors='replace')}"
    body = json.dumps(refusal.body or asked.dialect.error(refusal.code, message)).encode()
    more = {} if refusal.retry_after_s is None else {"Retry-After": f"{refusal.retry_after_s:g}"}
    writer.write(_head(refusal.status, {"Content-Length": str(len(body)), **more}) + body)
    await writer.drain()
    return True


async def _reply(play: Play, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    if play.before:
        await play.before(0)
    body = json.dumps(asked.dialect.whole(play.reply), ensure_ascii=False).encode()
    is_whole = play.breaks_after is None
    sent = body if is_whole else body[: len(body) // 2]
    writer.write(_head(HTTPStatus.OK, {"Content-Length": str(len(body))}) + sent)
    await writer.drain()
    return is_whole


async def _stream(play: Play, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    number = 0
    framing = asked.dialect.framing
    head = {"Content-Type": framing.media_type, "Transfer-Encoding": "chunked"}
    async for sent in _events(play, asked.dialect):
        if number == play.breaks_after:
            return False
        if play.before:
            await play.before(number)
        if number == 0:
            writer.write(_head(HTTPStatus.OK, head))
        writer.write(_chunk(framing.written(sent)))
        await writer.drain()
        number += 1
    writer.write(_chunk(b""))
    await writer.drain()
    return True


async def _events(play: Play, dialect: Dialect) -> AsyncIterator[Sent]:
    last: Sent | None = None
    for sent in play.events or dialect.events(play.reply):
        while play.is_endless and last and last.is_text and not sent.is_text:
            yield last
            await asyncio.sleep(0)  # lets the other side read, and go
        yield sent
        last = sent


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    fields = {"Content-Type": "application/json", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode("latin-1")
