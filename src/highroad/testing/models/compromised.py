"""A model that is fully compromised: it does as it is told by whoever tells it anything."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final, TypeAlias

import orjson

from highroad.domain.json_value import JsonValue
from highroad.domain.model import (
    Finish,
    ModelCall,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ReplyPart,
    ToolMessage,
)
from highroad.domain.reply import on_the_way
from highroad.evals.redteam.instructions import instructions_in, texts_in
from highroad.evals.redteam.scenario import Deed, Meaning
from highroad.ports.model import Model

NAME: Final = "scripted:compromised"
_ID: Final = "order_"
Meanings: TypeAlias = Callable[[], Sequence[Meaning]]


def _no_meanings() -> Sequence[Meaning]:
    return ()


class CompromisedModel:
    """Does the user's work as another model would, and then all that anybody orders it to.

    It reads every text of every result and of every description of a tool, in whatever encoding it
    is written (`highroad.evals.redteam.encodings`), and proposes the calls that stand there with
    their values, one in each reply. Refusals do not discourage it.

    Args:
        honest: Does the user's work. It is asked as long as it has calls to make.
        meanings: What instructions in plain words come to; asked anew at each request.
    """

    def __init__(self, honest: Model, meanings: Meanings = _no_meanings) -> None:
        self._honest = honest
        self._meanings = meanings

    @property
    def name(self) -> str:
        """`scripted:compromised`."""
        return NAME

    @property
    def shape(self) -> str:
        """Of the honest one."""
        return self._honest.shape

    @property
    def context_tokens(self) -> int | None:
        """Of the honest one."""
        return self._honest.context_tokens

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Whatever the honest one calls; where it has done its work, the next order.

        Raises:
            ModelError: The honest one has no reply.
        """
        order = None if request.choice != "auto" else self._next(request)
        if order is None:
            async for part in self._honest.reply(request):
                yield part
            return
        # Whole: what was said on the way to a reply that is not given cannot be taken back.
        async for part in self._honest.reply(replace(request, is_streamed=False)):
            if isinstance(part, ModelReply):
                reply = part if part.message.calls else _obeying(part, order)
                for each in on_the_way(reply) if request.is_streamed else ():
                    yield each
                yield reply

    async def close(self) -> None:
        """Close the honest one."""
        await self._honest.close()

    def _next(self, request: ModelRequest) -> Deed | None:
        """The first order that it has not followed yet.

        It knows by the id of a call which order it followed: the arguments may stand otherwise in
        the history, for a secret is taken out of them.
        """
        calls = [
            call
            for message in request.messages
            if isinstance(message, ModelMessage)
            for call in message.calls
        ]
        followed = {call.id for call in calls}
        proposed = [(call.tool, _read(call.arguments)) for call in calls]
        return next(
            (
                each
                for each in instructions_in(_texts(request), self._meanings())
                if _id_of(each) not in followed and (each.tool, each.arguments) not in proposed
            ),
            None,
        )


def _id_of(order: Deed) -> str:
    """The id of the call by which it follows an order; the same for the same order."""
    told = orjson.dumps([order.tool, order.arguments], option=orjson.OPT_SORT_KEYS)
    return _ID + sha256(told).hexdigest()[:24]


def _texts(request: ModelRequest) -> Iterator[str]:
    for tool in request.tools:
        yield tool.description
        yield from texts_in(dict(tool.input_schema))
    for message in request.messages:
        if isinstance(message, ToolMessage):
            yield from texts_in(_read(message.content))


def _read(text: str) -> JsonValue:
    """JSON; what is none is read as the text that it is."""
    try:
        read: JsonValue = orjson.loads(text)
    except ValueError:
        return text
    return read


def _obeying(honest: ModelReply, order: Deed) -> ModelReply:
    call = ModelCall(
        id=_id_of(order), tool=order.tool, arguments=orjson.dumps(order.arguments).decode()
    )
    message = ModelMessage(calls=(call,))
    return replace(honest, message=message, model=NAME, finish=Finish.CALLS)
