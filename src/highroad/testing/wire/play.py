"""What a played provider is asked, and what it answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from highroad.domain.model import Finish, ModelCall, ModelMessage, ModelReply, TokenUsage
from highroad.testing.wire.dialect import Dialect, Sent

Before: TypeAlias = Callable[[int], Awaitable[None]]
"""Awaited before each event of an answer, which are counted from 0; a whole answer is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came over the wire."""

    dialect: Dialect
    path: str
    """As it was asked for, without a query."""
    headers: Mapping[str, str]
    """Their names in lower case."""
    raw: bytes
    """The body as it was sent."""
    body: dict[str, Any]

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that are offered."""
        return self.dialect.tools(self.body)

    @property
    def choice(self) -> str:
        """`auto`, `required`, `none`, or the tool that must be called."""
        return self.dialect.choice(self.body)

    @property
    def calls(self) -> tuple[str, ...]:
        """Ids of the calls that were made before, in order."""
        return self.dialect.calls(self.body)

    @property
    def results(self) -> tuple[str, ...]:
        """Ids of the calls whose results come with it, in order."""
        return self.dialect.results(self.body)

    @property
    def is_streamed(self) -> bool:
        """Whether events are asked for."""
        return self.dialect.is_streamed(self.path, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A reply, and how it comes.

    Args:
        reply: What the model says; ids and arguments of calls are written as they are.
        before: May hold events back, or for ever.
        breaks_after: Events after which the connection breaks; of a whole answer, its half.
        is_endless: The text goes on and on.
        events: In place of those that say the reply, where it is streamed.
    """

    reply: ModelReply
    before: Before | None = None
    breaks_after: int | None = None
    is_endless: bool = False
    events: Sequence[Sent] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is an error. Its message quotes the request, as those of providers may.

    Args:
        status: Of HTTP.
        code: The provider's; it stands where the dialect has it.
        retry_after_s: In the header that says so.
        message: What the message begins with.
        body: In place of what the dialect makes of code and message.
    """

    status: int
    code: str = "some_error"
    retry_after_s: float | None = None
    message: str = "refused"
    body: Mapping[str, Any] | None = None


Answer: TypeAlias = Play | Refusal
Answering: TypeAlias = Callable[[Asked], Answer]


def obliging(asked: Asked) -> Play:
    """Call the tool that must be called, or the first that there is; say something otherwise."""
    if not asked.tools or asked.choice == "none":
        return Play(reply=_reply(ModelMessage(text="Good day. What can I do for you?")))
    tool = asked.choice if asked.choice in asked.tools else asked.tools[0]
    call = ModelCall(id="call_1", tool=tool, arguments='{"order_id":"ORD-000042"}')
    return Play(reply=_reply(ModelMessage(text="I look.", calls=(call,))))


def _reply(message: ModelMessage) -> ModelReply:
    return ModelReply(
        message=message,
        usage=TokenUsage(input=120, output=30),
        model="model-2026-11-01",
        finish=Finish.CALLS if message.calls else Finish.STOP,
    )
