"""What a scripted model does when it is asked once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson

from highroad.domain.failure_kind import FailureKind
from highroad.domain.json_value import JsonValue
from highroad.domain.model import (
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    ModelRequest,
    TokenUsage,
)

USAGE: Final = TokenUsage(input=100, output=20)
"""Of a line that says none: easy to add up."""
_COUNTED: Final = {FailureKind.TRANSIENT, FailureKind.TIMEOUT}
"""Failures after which a provider may have counted what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a script; `said`, `fails` and `hangs` make them.

    Args:
        text: What is said.
        calls: What is called. A call whose id is `None` is given one.
        finish: Why it stops; where nothing is said, because of its calls, or because it is done.
        usage: Tokens; where nothing is said, 100 in and 20 out.
        native: For the provider's own eyes.
        latency_s: Seconds of the model's clock before the first part comes.
        raises: Raised behind text and calls, in place of a whole reply.
        hangs: Nothing more comes, until the time of the request is over.
    """

    text: str = ""
    calls: tuple["ScriptedCall", ...] = ()
    finish: Finish | None = None
    usage: TokenUsage | None = None
    native: bytes = b""
    latency_s: float = 0.0
    raises: ModelError | None = None
    hangs: bool = False

    def reply(self, number: int, model: str) -> ModelReply:
        """The whole reply to the request of that number, from 1."""
        calls = tuple(
            each.written(f"call_{number}_{at}") for at, each in enumerate(self.calls, start=1)
        )
        return ModelReply(
            message=ModelMessage(text=self.text, calls=calls, native=self.native),
            usage=self.usage or USAGE,
            model=model,
            finish=self.finish or (Finish.CALLS if calls else Finish.STOP),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCall:
    """A call as a script has it."""

    tool: str
    arguments: str
    """Raw."""
    id: str | None = None
    """`None` leaves it to the model, which gives no id twice."""

    def written(self, id_: str) -> ModelCall:
        """The call as a model writes it; with that id, unless it has one."""
        own = id_ if self.id is None else self.id
        return ModelCall(id=own, tool=self.tool, arguments=self.arguments)

    def __str__(self) -> str:
        """As a script has it."""
        return f"call({self.tool!r}, {self.arguments!r})"


Play: TypeAlias = str | ScriptedCall | Line | ModelReply | ModelError | Sequence[str | ScriptedCall]
"""What may stand in a script: a text, a call, several of them in one reply, a whole reply, an
error, or a line that says more."""
Improvised: TypeAlias = Callable[[ModelRequest], Play]
"""What is played, made of the request."""


def call(
    tool: str, raw: Mapping[str, JsonValue] | str | None = None, /, **arguments: JsonValue
) -> ScriptedCall:
    """A call for a script: `call("refund", cents=500)`.

    Args:
        tool: As the model calls it.
        raw: The arguments, where they have names that Python does not allow; a string stands as
            it is, however malformed.
        **arguments: By name.
    """
    if isinstance(raw, str):
        return ScriptedCall(tool=tool, arguments=raw)
    return ScriptedCall(tool=tool, arguments=orjson.dumps({**(raw or {}), **arguments}).decode())


def said(
    *what: str | ScriptedCall,
    finish: Finish | str | None = None,
    usage: TokenUsage | None = None,
    latency_s: float = 0.0,
    ids: Sequence[str] | None = None,
    native: bytes = b"",
) -> Line:
    """A reply of texts and calls: `said("I look.", call("get_order", id=1), finish="length")`.

    Args:
        *what: Texts, which are put together, and calls, in order.
        finish: Why the model stopped; `length` is a reply that was cut off.
        usage: Its tokens.
        latency_s: Seconds of the model's clock before it begins.
        ids: The provider's, of the calls: as many, however wrong.
        native: For the provider's own eyes.
    """
    calls = [each for each in what if isinstance(each, ScriptedCall)]
    if ids is not None:
        calls = [
            ScriptedCall(tool=each.tool, arguments=each.arguments, id=id_)
            for each, id_ in zip(calls, ids, strict=True)
        ]
    return Line(
        text="".join(each for each in what if isinstance(each, str)),
        calls=tuple(calls),
        finish=None if finish is None else Finish(finish),
        usage=usage,
        native=native,
        latency_s=latency_s,
    )


def fails(
    kind: FailureKind | str,
    *after: str | ScriptedCall,
    retry_after_s: float | None = None,
    latency_s: float = 0.0,
) -> Line:
    """An error in place of a reply: `fails("throttled", retry_after_s=7)`.

    Args:
        kind: One of `FailureKind`.
        *after: Texts and calls that had come when it broke off.
        retry_after_s: When the provider says that the next request may come.
        latency_s: Seconds of the model's clock before anything comes.
    """
    kind = FailureKind(kind)
    error = ModelError(
        f"the script has the model fail here ({kind})",
        kind=kind,
        retry_after_s=retry_after_s,
        is_counted=kind in _COUNTED,
    )
    begun = said(*after, latency_s=latency_s)
    return Line(text=begun.text, calls=begun.calls, latency_s=latency_s, raises=error)


def hangs(*after: str | ScriptedCall) -> Line:
    """Nothing more, behind texts and calls that had come; the request runs out of time."""
    begun = said(*after)
    return Line(text=begun.text, calls=begun.calls, hangs=True)


def line_of(play: Play) -> Line:
    """The line that stands for what a script has."""
    match play:
        case Line():
            return play
        case ModelError():
            return Line(raises=play)
        case ModelReply(message=message):
            ...
        case str() | ScriptedCall():
            return said(play)
        case _:
            return said(*play)
    return Line(
        text=message.text,
        calls=tuple(
            ScriptedCall(tool=each.tool, arguments=each.arguments, id=each.id)
            for each in message.calls
        ),
        finish=play.finish,
        usage=play.usage,
        native=message.native,
    )
