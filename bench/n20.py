"""N20 and N21: what reaches a user through the loop, and what a provider's cache sees of it.

N20: the time from `runtime.stream` to the first text delta, over the model's own: from a request to
the first `TextDelta` that the adapter itself gives. Both ask the same server on this machine, which
speaks OpenAI's chat completions and answers at once, by the real adapter and over one kept
connection, in turns. What lies between is a run that is begun and a request that is on record, both
on disk. The line has the ratio also for a server that takes 250 ms for its first event, which is
quick for a provider, and that from the request alone to the event in hand.

N21: how many requests of a run of ten steps do not begin, on the wire, with the very bytes of the
one before: everything up to the end of its last message, tools, instructions and settings included.
"""

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from time import perf_counter
from typing import Final

import anyio

from bench.agents import REQUEST, TimedModel, clerk, complete, open_agent
from bench.harness import BenchError, Reading, Turns, rounded, scratch, take_turns
from highroad import Agent, Runtime
from highroad.adapters.models.provider.model import ProviderModel
from highroad.domain.event import EventKind
from highroad.domain.model import (
    Finish,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ReplyPart,
    TextDelta,
    TokenUsage,
    UserMessage,
)
from highroad.domain.model_rules import ModelServer
from highroad.ports.model import Model
from highroad.testing.wire import Asked, Play, ProviderServer

_ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "15"))
_BURST: Final = 10
_SLOW_S: Final = 0.25
_SLOW_BURST: Final = 2
_STEPS: Final = 10
_ANSWER: Final = "The order was paid, and it is on its way. " * 8
_KEYS: Final = {"OPENAI_API_KEY": "of-nobody"}


class Watched:
    """A model whose first delta is timed where the port gives it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name: str = model.name
        self.shape: str = model.shape
        self.context_tokens: int | None = model.context_tokens
        self.asked_s = 0.0
        self.first_us = 0.0

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Hand on what the model gives."""
        self.asked_s, self.first_us = perf_counter(), 0.0
        async for part in self._model.reply(request):
            if not self.first_us and isinstance(part, TextDelta):
                self.first_us = _since_us(self.asked_s)
            yield part

    async def close(self) -> None:
        """Whoever made the model closes it."""


async def measure() -> Reading:
    """Measure N20."""
    quick, whole, _ = await _first_deltas(0.0, _BURST)
    slow, _, _ = await _first_deltas(_SLOW_S, _SLOW_BURST)
    return Reading(
        id="N20",
        value=quick.ratio(),
        unit="of the model's own first delta",
        reach="<= 1.05",
        reference={"own_us": quick.peer_median()},
        absolute={
            "first_delta_us": quick.absolute(),
            "from_the_request": rounded(whole.ratio()),
            "slow_server": rounded(slow.ratio()),
            "slow_server_s": _SLOW_S,
            "load": rounded(os.getloadavg()[0]),
        },
    )


async def _first_deltas(wait_s: float, burst: int) -> tuple[Turns, Turns, int]:
    """Ours over the model's own, by whole run and from the request; and how many were asked."""
    handed_on = Turns([], [])
    with scratch() as folder:
        async with _provider(wait_s) as (server, model):
            watched = Watched(model)
            agent = _talker(watched)
            async with open_agent(agent, folder) as runtime:

                async def ours() -> list[float]:
                    wholes, events, owns = [], [], []
                    for _ in range(burst):
                        whole, event = await _streamed(runtime, agent, watched)
                        wholes.append(whole)
                        events.append(event)
                        owns.append(watched.first_us)
                    handed_on.ours.append(events)
                    handed_on.peers.append(owns)
                    return wholes

                async def theirs() -> list[float]:
                    return [await _own(watched) for _ in range(burst)]

                turns = await take_turns(_ROUNDS, ours, theirs)
            return turns, handed_on, len(server.asked)


async def _streamed(runtime: Runtime, agent: Agent, watched: Watched) -> tuple[float, float]:
    """Microseconds to the first delta of a run: from its beginning, and from its request."""
    start, found = perf_counter(), None
    async for event in runtime.stream(agent, REQUEST):
        if found is None and event.kind is EventKind.TEXT_DELTA:
            found = _since_us(start), _since_us(watched.asked_s)
    if found is None:
        raise BenchError("a run streamed no text")
    return found


async def _own(watched: Watched) -> float:
    """Microseconds to the first delta that the adapter itself gives."""
    request = ModelRequest(
        instructions=clerk(watched).instructions,
        messages=(UserMessage(text=REQUEST),),
        is_streamed=True,
    )
    async for _ in watched.reply(request):
        pass
    return watched.first_us


def _talker(model: Model) -> Agent:
    """An agent without tools, which only answers."""
    return Agent(name="talker", instructions=clerk(model).instructions, model=model, tools=())


@asynccontextmanager
async def _provider(wait_s: float) -> AsyncIterator[tuple[ProviderServer, Model]]:
    """A server that answers after a while, and the real adapter to it."""

    async def before(event: int) -> None:
        if wait_s and event == 0:
            await anyio.sleep(wait_s)

    def answering(_asked: Asked) -> Play:
        return Play(reply=_reply(ModelMessage(text=_ANSWER)), before=before)

    async with ProviderServer(answering) as server, _adapter(server) as model:
        yield server, model


@asynccontextmanager
async def _adapter(server: ProviderServer) -> AsyncIterator[Model]:
    place = ModelServer(url=server.url, key=None)
    model = ProviderModel("openai-chat", "model-1", secrets=_KEYS.get, server=place)
    try:
        yield model
    finally:
        await model.close()


def _reply(message: ModelMessage) -> ModelReply:
    return ModelReply(
        message=message,
        usage=TokenUsage(input=120, output=30),
        model="model-1",
        finish=Finish.CALLS if message.calls else Finish.STOP,
    )


# -- prefixes ------------------------------------------------------------------------------------


async def measure_prefix() -> Reading:
    """Measure N21."""
    scripted = TimedModel(_STEPS)

    def answering(asked: Asked) -> Play:
        return Play(reply=scripted.said(len(_messages(asked.raw)) - 1))

    with scratch() as folder:
        async with ProviderServer(answering) as server, _adapter(server) as model:
            agent = clerk(model)
            async with open_agent(agent, folder) as runtime:
                await complete(runtime, agent)
            raws = [asked.raw for asked in server.asked]
    broken = sum(not _begins_with(after, before) for before, after in pairwise(raws))
    return Reading(
        id="N21",
        value=float(broken),
        unit="requests that do not begin with the one before",
        reach="<= 0",
        reference={"requests": len(raws)},
        absolute={"bytes": [len(raw) for raw in raws]},
    )


def _messages(raw: bytes) -> list[object]:
    found: list[object] = json.loads(raw)["messages"]
    return found


def _begins_with(after: bytes, before: bytes) -> bool:
    """Whether all members but the messages are the same bytes, and the messages go on."""
    head, messages, tail = _cut(before)
    head_after, messages_after, tail_after = _cut(after)
    return head == head_after and tail == tail_after and messages_after.startswith(messages + b",")


def _cut(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the list of messages, in it, and behind it, as it was sent."""
    begin = raw.index(b'"messages":[') + len(b'"messages":[')
    text = raw[begin - 1 :].decode()
    _, length = json.JSONDecoder().raw_decode(text)
    end = begin - 1 + len(text[:length].encode())
    return raw[:begin], raw[begin : end - 1], raw[end - 1 :]


def _since_us(start: float) -> float:
    return (perf_counter() - start) * 1e6
