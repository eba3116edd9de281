"""Results with images and files, as each model takes them.

What a model is shown of a result depends on the form that it takes results in. So a result keeps
its bytes until it is known who is asked; what that form does not take is told in words.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Final

import orjson

from highroad.domain.model import Message, ToolMessage
from highroad.domain.part import Blob, File, Image
from highroad.domain.value import value
from highroad.tools.shapes.apart import taken_apart
from highroad.tools.shapes.known import known
from highroad.tools.shapes.media import Media

_NO_END: Final = 1 << 62
_ANY: Final = Media(
    images=None,
    files=None,
    largest_image=_NO_END,
    largest_file=_NO_END,
    most=_NO_END,
    has_texts=False,
)
_IMAGE: Final = 1_600
"""Tokens of an image: providers make larger ones smaller, down to about this."""
_BYTES_OF_FILE: Final = 20
"""Of a token, about; a page of a document takes two thousand."""


@value
class Illustrated(ToolMessage):
    """A result with bytes, before it is known which model is shown it."""

    blobs: tuple[Blob, ...] = field(repr=False)
    """To which `content` refers by digest."""
    tokens: int
    """Of the images and files alone, about; a provider's count of the request mends it."""


def illustrated(message: ToolMessage, blobs: Sequence[Blob]) -> ToolMessage:
    """A result with its bytes; itself, where it has none."""
    if not blobs:
        return message
    parts = taken_apart(orjson.loads(message.content), blobs, _ANY).beside
    return Illustrated(
        id=message.id,
        tool=message.tool,
        content=message.content,
        is_error=message.is_error,
        call_id=message.call_id,
        blobs=tuple(blobs),
        tokens=sum(_tokens(part) for part in parts if isinstance(part, Image | File)),
    )


def in_form(messages: Sequence[Message], shape: str) -> Sequence[Message]:
    """Messages as a model with this form is shown them; the very same where none has bytes.

    Most have none, which is seen without a look at each (P10).
    """
    if Illustrated not in map(type, messages):
        return messages
    return [_in_form(message, shape) for message in messages]


def _in_form(message: Message, shape: str) -> Message:
    if not isinstance(message, Illustrated):
        return message
    media = replace(known(shape).media, has_texts=False)
    apart = taken_apart(orjson.loads(message.content), message.blobs, media)
    return ToolMessage(
        id=message.id,
        tool=message.tool,
        content=orjson.dumps(apart.json).decode(),
        is_error=message.is_error,
        call_id=message.call_id,
        parts=tuple(part for part in apart.beside if isinstance(part, Image | File)),
    )


def _tokens(part: Image | File) -> int:
    if isinstance(part, Image):
        return _IMAGE
    return max(_IMAGE, len(part.data) // _BYTES_OF_FILE)
