"""A history, as far as it matters for the next step: what is asked, and what was done for it."""

from collections.abc import Sequence
from typing import Final

from highroad.agents.offline.facts import Fact, facts
from highroad.domain.model import Message, ModelMessage, ToolMessage, UserMessage
from highroad.domain.value import value

LONGEST: Final = 1_000
"""Characters of a request: what takes it apart is not linear in its length."""


@value
class Conversation:
    """What a user wants now."""

    asked: str
    """The last message of the user."""
    before: str
    """What the user said before it, where it answers a question of ours; else empty."""
    results: Sequence[ToolMessage]
    """Of the calls that were made since then, in order."""
    earlier: Sequence[ToolMessage]
    """Of the calls that were made for the message of the user before."""
    told: Sequence[Fact]
    """What all calls so far were made with, and have brought."""

    @property
    def whole(self) -> str:
        """The request with what was said before it, as far as both together can be read."""
        together = f"{self.before}\n{self.asked}"
        return together if self.before and len(together) <= LONGEST else self.asked


def conversation(messages: Sequence[Message]) -> Conversation:
    """Read a history."""
    said = [at for at, message in enumerate(messages) if isinstance(message, UserMessage)]
    start = said[-1] if said else len(messages)
    return Conversation(
        asked=_text(messages[start]) if said else "",
        before=_before(messages[:start]),
        results=_results(messages[start:]),
        earlier=_results(messages[said[-2] : start]) if len(said) > 1 else (),
        told=facts(messages),
    )


def _results(messages: Sequence[Message]) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def _before(messages: Sequence[Message]) -> str:
    """What was said before our question, and the questions before that."""
    if not messages or not _asks(messages[-1]):
        return ""
    said = [at for at, message in enumerate(messages) if isinstance(message, UserMessage)]
    if not said:
        return ""
    earlier = _before(messages[: said[-1]])
    return f"{earlier}\n{_text(messages[said[-1]])}".strip()


def _asks(message: Message) -> bool:
    return (
        isinstance(message, ModelMessage)
        and not message.calls
        and message.text.rstrip().endswith("?")
    )


def _text(message: Message) -> str:
    return message.text if isinstance(message, UserMessage) else ""
