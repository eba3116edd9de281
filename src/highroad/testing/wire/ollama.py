"""What Ollama made of chat completions: a call comes whole.

Source: Ollama's page on compatibility with OpenAI.
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
    error,
    head,
    results,
    tools,
    usage_of,
)
from highroad.testing.wire.chat import whole as chat_whole
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces


def _whole(reply: ModelReply) -> Body:
    return {**chat_whole(reply), "system_fingerprint": "fp_ollama", "usage": _usage(reply)}


def _usage(reply: ModelReply) -> Body:
    """It says nothing of what it had kept."""
    kept = "prompt_tokens_details"
    return {name: count for name, count in usage_of(reply.usage).items() if name != kept}


def _events(reply: ModelReply) -> Iterator[Sent]:
    for piece in pieces(reply.message.text):
        yield chunk(reply, {"role": "assistant", "content": piece}, is_text=True)
    for index, call in enumerate(reply.message.calls):
        given = {"index": index, **call_of(call)}
        yield chunk(reply, {"role": "assistant", "content": "", "tool_calls": [given]})
    yield chunk(reply, {"role": "assistant", "content": ""}, finish=FINISHES[reply.finish])
    yield Sent(data={**head(reply), "choices": [], "usage": _usage(reply)})
    yield Sent(data="[DONE]")


OLLAMA: Final = Dialect(
    path=re.compile("/ollama/v1/chat/completions"),
    tools=tools,
    choice=choice,
    calls=calls,
    results=results,
    whole=_whole,
    events=_events,
    error=error,
)
