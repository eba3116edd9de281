"""A whole reply in the parts in which a stream brings it."""

import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import CallReady, Finish, ModelReply, TextDelta

_PIECE: Final = re.compile(r"\s*\S+\s*|\s+")


def on_the_way(reply: ModelReply) -> Iterator[TextDelta | CallReady]:
    """What comes before the whole reply, for a model that has it at once: words, then calls.

    Cut off by its length, the last call may be torn, and is never said to be complete.
    """
    for piece in _PIECE.findall(reply.message.text):
        yield TextDelta(text=piece)
    calls = reply.message.calls
    complete = calls[:-1] if reply.finish is Finish.LENGTH else calls
    for position, call in enumerate(complete):
        yield CallReady(position=position, call=call)
