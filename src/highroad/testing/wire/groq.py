"""What Groq made of chat completions: all calls come in one chunk, and tokens in `x_groq`.

Source: Groq's API reference, as its package 1.7 carries it.
"""

import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import ModelReply
from highroad.testing.wire.chat import (
    FINISHES,
    call_of,
    calls,
    choice,
    chunk,
    results,
    tools,
    usage_of,
    whole,
)
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces


def _error(code: str, message: str) -> Body:
    return {"error": {"message": message, "type": code, "code": code}}


def misspoken(written: str) -> Body:
    """The error, with status 400, for a call that is no JSON: it has what the model wrote."""
    message = "Failed to call a function. Please adjust your prompt."
    told = _error("tool_use_failed", message)["error"]
    return {"error": {**told, "type": "invalid_request_error", "failed_generation": written}}


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield _with(chunk(reply, {"role": "assistant", "content": ""}), {"id": "req_1"})
    for piece in pieces(reply.message.text):
        yield chunk(reply, {"content": piece}, is_text=True)
    if reply.message.calls:
        written = [{"index": at, **call_of(call)} for at, call in enumerate(reply.message.calls)]
        yield chunk(reply, {"tool_calls": written})
    told = {"id": "req_1", "usage": usage_of(reply.usage)}
    yield _with(chunk(reply, {}, finish=FINISHES[reply.finish]), told)
    yield Sent(data="[DONE]")


def _with(sent: Sent, own: Body) -> Sent:
    assert not isinstance(sent.data, str)  # a chunk is an object
    return Sent(data={**sent.data, "x_groq": own}, is_text=sent.is_text)


GROQ: Final = Dialect(
    path=re.compile("/openai/v1/chat/completions"),
    tools=tools,
    choice=choice,
    calls=calls,
    results=results,
    whole=whole,
    events=_events,
    error=_error,
)
