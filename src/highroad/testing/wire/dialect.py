"""How one kind of provider writes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from highroad.domain.model import ModelReply

Body: TypeAlias = dict[str, Any]

PIECE: Final = 7
"""Characters of one delta."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One server-sent event."""

    data: Body | str
    name: str | None = None
    is_text: bool = False
    """It has a piece of the text: an endless reply repeats the last of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A wire format, spoken at one path."""

    path: str
    tools: Callable[[Body], tuple[str, ...]]
    choice: Callable[[Body], str]
    whole: Callable[[ModelReply], Body]
    events: Callable[[ModelReply], Iterator[Sent]]
    error: Callable[[str, str], Body]
    """Of a code and a message."""


def pieces(text: str) -> Iterator[str]:
    """A text as it comes in deltas."""
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
