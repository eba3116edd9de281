"""What Mistral made of chat completions: all calls come with the last chunk, and tokens too.

Source: Mistral's API reference, as its package 3.7 carries it.
"""

import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import ModelReply
from highroad.testing.wire.chat import (
    FINISHES,
    call_of,
    calls,
    chunk,
    results,
    tools,
    usage_of,
    whole,
)
from highroad.testing.wire.chat import choice as chat_choice
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces

_CHOICES: Final = {"any": "required"}


def _choice(body: Body) -> str:
    chosen = chat_choice(body)
    return _CHOICES.get(chosen, chosen)


def _error(code: str, message: str) -> Body:
    return {"object": "error", "message": message, "type": code, "param": None, "code": None}


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield chunk(reply, {"role": "assistant", "content": ""})
    for piece in pieces(reply.message.text):
        yield chunk(reply, {"content": piece}, is_text=True)
    written = [{"index": at, **call_of(call)} for at, call in enumerate(reply.message.calls)]
    more = {"content": "", "tool_calls": written} if written else {"content": ""}
    last = chunk(reply, more, finish=FINISHES[reply.finish])
    assert not isinstance(last.data, str)  # a chunk is an object
    yield Sent(data={**last.data, "usage": usage_of(reply.usage)})
    yield Sent(data="[DONE]")


MISTRAL: Final = Dialect(
    path=re.compile("/mistral/v1/chat/completions"),
    tools=tools,
    choice=_choice,
    calls=calls,
    results=results,
    whole=whole,
    events=_events,
    error=_error,
)
