"""Bedrock's Converse. Source: Amazon Bedrock's API reference, as `botocore` 1.44 carries it."""

import json
import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import Finish, ModelCall, ModelReply, TokenUsage
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces, told_by_path
from highroad.testing.wire.event_stream import EVENT_STREAM

_FINISHES: Final = {
    Finish.STOP: "end_turn",
    Finish.CALLS: "tool_use",
    Finish.LENGTH: "max_tokens",
    Finish.FILTERED: "content_filtered",
    Finish.OTHER: "malformed_tool_use",
}
_CHOICES: Final = {"any": "required", "auto": "auto"}


def _tools(body: Body) -> tuple[str, ...]:
    offered = body.get("toolConfig", {}).get("tools", ())
    return tuple(tool["toolSpec"]["name"] for tool in offered if "toolSpec" in tool)


def _choice(body: Body) -> str:
    ((kind, named),) = body.get("toolConfig", {}).get("toolChoice", {"auto": {}}).items()
    return str(named.get("name") or _CHOICES[kind])


def _calls(body: Body) -> tuple[str, ...]:
    return _ids(body, "toolUse")


def _results(body: Body) -> tuple[str, ...]:
    return _ids(body, "toolResult")


def _ids(body: Body, kind: str) -> tuple[str, ...]:
    blocks = (block for message in body["messages"] for block in message["content"])
    return tuple(block[kind]["toolUseId"] for block in blocks if kind in block)


def _error(code: str, message: str) -> Body:
    return {"__type": code, "message": message}


def _whole(reply: ModelReply) -> Body:
    text = [{"text": reply.message.text}] if reply.message.text else []
    # Whole, this wire has no other way to say arguments than as an object.
    calls = [
        {"toolUse": {**_named(call), "input": json.loads(call.arguments)}}
        for call in reply.message.calls
    ]
    return {
        "output": {"message": {"role": "assistant", "content": [*text, *calls]}},
        "stopReason": _FINISHES[reply.finish],
        "usage": _usage(reply.usage),
        "metrics": {"latencyMs": 1},
    }


def _named(call: ModelCall) -> Body:
    return {"toolUseId": call.id, "name": call.tool}


def _usage(usage: TokenUsage) -> Body:
    """This wire counts cached tokens apart."""
    return {
        "inputTokens": usage.input - usage.cache_read - usage.cache_write,
        "outputTokens": usage.output,
        "totalTokens": usage.total,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield Sent(name="messageStart", data={"role": "assistant"})
    place = 0
    if reply.message.text:
        for piece in pieces(reply.message.text):
            yield _delta(place, {"text": piece}, is_text=True)
        yield _stop(place)
        place = 1
    for number, call in enumerate(reply.message.calls):
        begun = {"contentBlockIndex": place + number, "start": {"toolUse": _named(call)}}
        yield Sent(name="contentBlockStart", data=begun)
        for piece in pieces(call.arguments):
            yield _delta(place + number, {"toolUse": {"input": piece}})
        yield _stop(place + number)
    yield Sent(name="messageStop", data={"stopReason": _FINISHES[reply.finish]})
    yield Sent(name="metadata", data={"usage": _usage(reply.usage), "metrics": {"latencyMs": 1}})


def _delta(place: int, more: Body, *, is_text: bool = False) -> Sent:
    data = {"contentBlockIndex": place, "delta": more}
    return Sent(name="contentBlockDelta", data=data, is_text=is_text)


def _stop(place: int) -> Sent:
    return Sent(name="contentBlockStop", data={"contentBlockIndex": place})


CONVERSE: Final = Dialect(
    path=re.compile("/model/[^/]+/converse(-stream)?"),
    tools=_tools,
    choice=_choice,
    calls=_calls,
    results=_results,
    whole=_whole,
    events=_events,
    error=_error,
    is_streamed=told_by_path,
    framing=EVENT_STREAM,
)
