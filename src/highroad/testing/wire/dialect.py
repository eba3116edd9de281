"""How one kind of provider writes."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from highroad.domain.model import ModelReply

Body: TypeAlias = dict[str, Any]

PIECE: Final = 7
"""Characters of one delta."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event of a stream."""

    data: Body | str
    name: str | None = None
    is_text: bool = False
    """It has a piece of the text: an endless reply repeats the last of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How events become bytes."""

    media_type: str
    written: Callable[[Sent], bytes]


def _written(sent: Sent) -> bytes:
    name = f"event: {sent.name}\n" if sent.name else ""
    data = sent.data if isinstance(sent.data, str) else json.dumps(sent.data, ensure_ascii=False)
    return f"{name}data: {data}\n\n".encode()


SERVER_SENT: Final = Framing(media_type="text/event-stream", written=_written)
"""Server-sent events. Source: HTML, section 9.2."""


def told_by_body(path: str, body: Body) -> bool:
    """Whether a stream is asked for, where the body says it."""
    del path
    return bool(body.get("stream"))


def told_by_path(path: str, body: Body) -> bool:
    """Whether a stream is asked for, where the address says it."""
    del body
    return "stream" in path.rpartition("/")[2].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A wire format, spoken at paths of its own."""

    path: re.Pattern[str]
    """Of the whole path."""
    tools: Callable[[Body], tuple[str, ...]]
    choice: Callable[[Body], str]
    calls: Callable[[Body], tuple[str, ...]]
    """Ids of the calls in what was said before."""
    results: Callable[[Body], tuple[str, ...]]
    """Ids of the calls that are answered in it."""
    whole: Callable[[ModelReply], Body]
    events: Callable[[ModelReply], Iterator[Sent]]
    error: Callable[[str, str], Body]
    """Of a code and a message."""
    is_streamed: Callable[[str, Body], bool] = told_by_body
    """Of a path and a body."""
    framing: Framing = SERVER_SENT


def pieces(text: str) -> Iterator[str]:
    """A text as it comes in deltas."""
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
