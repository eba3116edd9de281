"""The offline model: rules in place of a language model, behind the same port."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import orjson

from highroad.agents.offline.choice import Routed
from highroad.agents.offline.step import Calls, Says, Step, routed, step
from highroad.domain.json_value import JsonObject
from highroad.domain.model import (
    CallReady,
    Finish,
    Message,
    ModelCall,
    ModelMessage,
    ModelReply,
    ModelRequest,
    OfferedTool,
    ReplyPart,
    TextDelta,
    TokenUsage,
    ToolMessage,
)
from highroad.ports.clock import Clock

NAME: Final = "offline:bm25"
REASONING: Final = (
    "The words of the request are those of the tool, and its values stand in what was said."
)
"""What it says of every call of which it is asked how sure it is: that is all it goes by."""
_WORD: Final = re.compile(r"\S+\s*|\s+")
_CHARACTERS_PER_TOKEN: Final = 4


class Offline:
    """Chooses a tool by BM25 and fills its arguments from what was said; it needs no network.

    The same request gets the same reply. It never makes up a value: what is lacking it asks for.

    Args:
        clock: Tells what day `tomorrow` is counted from; without one such words are left alone.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock | None = clock

    @property
    def name(self) -> str:
        """`offline:bm25`."""
        return NAME

    @property
    def shape(self) -> str:
        """OpenAI's: names that are legal, and examples in words."""
        return "openai"

    @property
    def context_tokens(self) -> int | None:
        """It reads whatever it is given."""
        return None

    def route(self, request: ModelRequest) -> Routed:
        """Which tool the request is for, and how sure that is; nothing is called."""
        return routed(_own(request), self._today())

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """One call, a question, or an answer out of results; streamed word by word."""
        next_step = step(_own(request), self._today())
        message = _message(next_step, request.messages)
        if request.is_streamed:
            for part in _parts(message):
                yield part
        yield ModelReply(
            message=message,
            usage=_usage(request, message),
            model=NAME,
            finish=Finish.CALLS if message.calls else Finish.STOP,
            is_estimated=True,
        )

    async def close(self) -> None:
        """Nothing is open."""

    def _today(self) -> date | None:
        if self._clock is None:
            return None
        return datetime.fromtimestamp(self._clock.now_ms() / 1_000, tz=UTC).date()


def _message(next_step: Step, messages: Sequence[Message]) -> ModelMessage:
    match next_step:
        case Says(text=text):
            return ModelMessage(text=text, native=_native(next_step))
        case Calls(tool=tool):
            number = sum(isinstance(each, ToolMessage) for each in messages) + 1
            arguments = orjson.dumps(_stated(next_step)).decode()
            call = ModelCall(id=f"offline_{number}", tool=tool.name, arguments=arguments)
            return ModelMessage(calls=(call,), native=_native(next_step))


def _own(request: ModelRequest) -> ModelRequest:
    """The request with the tools' own arguments alone: the others nobody has to have named."""
    if all(tool.stated is None for tool in request.tools):
        return request
    choice = request.choice
    return replace(
        request,
        tools=[replace(tool, input_schema=tool.own_schema) for tool in request.tools],
        choice=replace(choice, input_schema=choice.own_schema)
        if isinstance(choice, OfferedTool)
        else choice,
    )


def _stated(call: Calls) -> JsonObject:
    """The arguments of a call, and how sure it is of it, where it is asked."""
    fields, arguments = call.tool.stated, call.filling.arguments
    if fields is None:
        return arguments
    return {fields.reasoning: REASONING, **arguments, fields.confidence: round(call.confidence, 3)}


def _native(next_step: Step) -> bytes:
    """How sure it is, and where the arguments come from; their values stand in the call alone."""
    told: dict[str, object] = {"confidence": round(next_step.confidence, 3)}
    if isinstance(next_step, Calls):
        told["tool"] = next_step.tool.name
        sources = next_step.filling.sources
        told["sources"] = {name: source.kind.value for name, source in sources.items()}
    return orjson.dumps(told)


def _parts(message: ModelMessage) -> Sequence[ReplyPart]:
    words = [TextDelta(text=word) for word in _WORD.findall(message.text)]
    calls = [CallReady(position=at, call=call) for at, call in enumerate(message.calls)]
    return [*words, *calls]


def _usage(request: ModelRequest, message: ModelMessage) -> TokenUsage:
    asked = len(request.instructions) + sum(len(repr(each)) for each in request.messages)
    said = len(message.text) + sum(len(call.arguments) for call in message.calls)
    return TokenUsage(
        input=asked // _CHARACTERS_PER_TOKEN + 1, output=said // _CHARACTERS_PER_TOKEN + 1
    )
