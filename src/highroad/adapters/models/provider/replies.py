"""What a provider replied, in our words."""

from collections.abc import Iterator, Sequence
from typing import Final

import orjson
from pydantic_ai.messages import (
    ModelResponse,
    ModelResponseStreamEvent,
    NativeToolCallPart,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
)

from highroad.adapters.models.provider.messages import MADE_UP
from highroad.adapters.models.provider.native import native_of
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    ModelRequest,
    TextDelta,
    TokenUsage,
    ToolMessage,
)

_BYTES_PER_TOKEN: Final = 3
"""Fewer than in any language that is written with an alphabet: a guess must not fall short."""

_FINISHES: Final = {
    "stop": Finish.STOP,
    "tool_call": Finish.CALLS,
    "length": Finish.LENGTH,
    "content_filter": Finish.FILTERED,
    # Groq, of a call that is no JSON: the road answers for it.
    "error": Finish.CALLS,
}


def reply_of(response: ModelResponse, *, provider: str, request: ModelRequest) -> ModelReply:
    """The whole reply."""
    message = ModelMessage(
        text="".join(part.content for part in response.parts if isinstance(part, TextPart)),
        calls=tuple(call_of(p) for p in response.parts if isinstance(p, ToolCallPart)),
        native=native_of(response, provider),
    )
    is_counted = _is_counted(response)
    return ModelReply(
        message=message,
        usage=_usage(response) if is_counted else _guess(request, message, response),
        model=response.model_name or "",
        finish=_finish(response, message),
        is_estimated=not is_counted,
    )


def call_of(part: ToolCallPart) -> ModelCall:
    """A call as it was written."""
    made_up = part.tool_call_id.startswith(MADE_UP)
    return ModelCall(
        id="" if made_up else part.tool_call_id, tool=part.tool_name, arguments=_raw(part)
    )


class Progress:
    """What of a reply can be told while it comes."""

    def __init__(self) -> None:
        self._ended: list[ModelCall] = []
        self._told = 0

    def of_event(self, event: ModelResponseStreamEvent) -> Iterator[TextDelta | CallReady]:
        """What is new with this event."""
        match event:
            case PartStartEvent(part=TextPart(content=text)) if text:
                yield TextDelta(text=text)
            case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
                yield TextDelta(text=text)
            case PartEndEvent(part=ToolCallPart() as part):
                self._ended.append(call_of(part))
                yield from self._whole_ones()
            case _:
                pass

    def rest(self, reply: ModelReply) -> Iterator[CallReady]:
        """Calls that only the end of the reply made sure of; one that was cut off is none.

        Raises:
            ModelError: A call was added to that had been told to be complete.
        """
        calls = reply.message.calls
        if tuple(self._ended[: self._told]) != calls[: self._told]:
            raise ModelError(
                "the provider went on with a call that was complete; ask again",
                kind=FailureKind.TRANSIENT,
            )
        for position in range(self._told, len(calls)):
            is_last = position == len(calls) - 1
            if is_last and reply.finish is Finish.LENGTH and not _is_whole(calls[position]):
                return
            yield CallReady(position=position, call=calls[position])

    def _whole_ones(self) -> Iterator[CallReady]:
        """In order, as far as they are complete: a server may write several at a time."""
        while self._told < len(self._ended) and _is_whole(self._ended[self._told]):
            yield CallReady(position=self._told, call=self._ended[self._told])
            self._told += 1


def _raw(part: ToolCallPart) -> str:
    """Arguments as text: some providers parse them, and leave out an object that is empty."""
    if part.args is None:
        return "{}"
    return part.args if isinstance(part.args, str) else orjson.dumps(part.args).decode()


def _is_whole(call: ModelCall) -> bool:
    """Whether nothing can follow: an object that is closed."""
    try:
        return isinstance(orjson.loads(call.arguments), dict)
    except orjson.JSONDecodeError:
        return False


def _finish(response: ModelResponse, message: ModelMessage) -> Finish:
    finish = _FINISHES.get(response.finish_reason or "", Finish.OTHER)
    if finish in {Finish.STOP, Finish.CALLS}:  # providers differ in which they say
        return Finish.CALLS if message.calls else Finish.STOP
    return finish


def _is_counted(response: ModelResponse) -> bool:
    usage = response.usage
    return not usage.unmeasured_requests and bool(usage.input_tokens or usage.output_tokens)


def _usage(response: ModelResponse) -> TokenUsage:
    usage = response.usage
    return TokenUsage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=usage.cache_read_tokens,
        cache_write=usage.cache_write_tokens,
        ungoverned=_ungoverned(response),
    )


def _guess(request: ModelRequest, message: ModelMessage, response: ModelResponse) -> TokenUsage:
    """Our own count, where the provider has none."""
    asked = [request.instructions, *map(_text_of, request.messages)]
    asked += [f"{tool.name} {tool.description}" for tool in request.tools]
    schemas = sum(len(orjson.dumps(dict(tool.input_schema))) for tool in request.tools)
    return TokenUsage(
        input=_tokens(asked, more=schemas),
        output=_tokens([_text_of(message)]),
        ungoverned=_ungoverned(response),
    )


def _text_of(message: object) -> str:
    match message:
        case ModelMessage():
            return message.text + "".join(f"{c.tool} {c.arguments}" for c in message.calls)
        case ToolMessage():
            return message.content
        case _:
            return str(getattr(message, "text", ""))


def _tokens(texts: Sequence[str], *, more: int = 0) -> int:
    size = more + sum(len(text.encode(errors="replace")) for text in texts)
    return -(-size // _BYTES_PER_TOKEN)


def _ungoverned(response: ModelResponse) -> int:
    return sum(isinstance(part, NativeToolCallPart) for part in response.parts)
