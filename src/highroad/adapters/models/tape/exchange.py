"""One request to a model and what came of it, as a line of a tape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from highroad.adapters.models.tape.imprint import Imprint
from highroad.domain.failure_kind import FailureKind
from highroad.domain.json_value import JsonObject
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    ReplyPart,
    TextDelta,
    TokenUsage,
)
from highroad.domain.reply import on_the_way

Written: TypeAlias = Mapping[str, Any]
"""A wire edge: JSON that a tape holds. `KeyError`, `TypeError` or `ValueError`: it is no tape's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked, and what came: a reply, or an error behind the parts that had come."""

    request: Imprint
    reply: ModelReply
    """Where an error came, text and calls up to it."""
    error: ModelError | None = None

    def parts(self, *, is_streamed: bool) -> Iterator[ReplyPart]:
        """What came, once more.

        Raises:
            ModelError: It did.
        """
        if is_streamed:
            yield from on_the_way(self.reply)
        if self.error is not None:
            raise self.error
        yield self.reply

    def written(self) -> JsonObject:
        """As a line holds it."""
        line: JsonObject = {"request": dict(self.request), "reply": _reply_written(self.reply)}
        if self.error is not None:
            line["error"] = _error_written(self.error)
        return line

    @classmethod
    def read(cls, line: Written) -> "Exchange":
        """What a line holds."""
        error = line.get("error")
        return cls(
            request=dict(line["request"]),
            reply=_reply_read(line["reply"]),
            error=None if error is None else _error_read(error),
        )


def begun(parts: Sequence[ReplyPart], model: str) -> ModelReply:
    """A reply of what had come when there was an error."""
    text = "".join(part.text for part in parts if isinstance(part, TextDelta))
    calls = tuple(part.call for part in parts if isinstance(part, CallReady))
    message = ModelMessage(text=text, calls=calls)
    return ModelReply(message=message, usage=TokenUsage(), model=model, finish=Finish.OTHER)


def _reply_written(reply: ModelReply) -> JsonObject:
    message = reply.message
    return {
        "text": message.text,
        "calls": [asdict(call) for call in message.calls],
        "finish": reply.finish.value,
        "usage": asdict(reply.usage),
        "is_estimated": reply.is_estimated,
        "model": reply.model,
    }


def _reply_read(written: Written) -> ModelReply:
    return ModelReply(
        message=ModelMessage(
            text=written["text"], calls=tuple(ModelCall(**call) for call in written["calls"])
        ),
        usage=TokenUsage(**written["usage"]),
        model=written["model"],
        finish=Finish(written["finish"]),
        is_estimated=written["is_estimated"],
    )


def _error_written(error: ModelError) -> JsonObject:
    return {
        "message": str(error),
        "kind": error.kind.value,
        "retry_after_s": error.retry_after_s,
        "is_counted": error.is_counted,
    }


def _error_read(written: Written) -> ModelError:
    return ModelError(
        written["message"],
        kind=FailureKind(written["kind"]),
        retry_after_s=written["retry_after_s"],
        is_counted=written["is_counted"],
    )
