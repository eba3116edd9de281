"""OpenAI's chat completions. Source: OpenAI's API reference, as its package 3.54 carries it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from highroad.domain.model import Finish, ModelCall, ModelReply, TokenUsage
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces

FINISHES: Final = {
    Finish.STOP: "stop",
    Finish.CALLS: "tool_calls",
    Finish.LENGTH: "length",
    Finish.FILTERED: "content_filter",
    Finish.OTHER: "stop",
}
"""Why a reply ended."""


def error(code: str, message: str) -> Body:
    """An error."""
    return {"error": {"message": message, "type": code, "code": code, "param": None}}


def tools(body: Body) -> tuple[str, ...]:
    """Names of the tools that are offered."""
    return tuple(tool["function"]["name"] for tool in body.get("tools", ()))


def choice(body: Body) -> str:
    """Which tool must be called, or a word of whether any may."""
    chosen = body.get("tool_choice", "auto")
    return chosen if isinstance(chosen, str) else chosen["function"]["name"]


def calls(body: Body) -> tuple[str, ...]:
    """Ids of the calls in what was said before."""
    return tuple(
        call["id"] for message in body["messages"] for call in message.get("tool_calls") or ()
    )


def results(body: Body) -> tuple[str, ...]:
    """Ids of the calls that are answered in it."""
    messages = body["messages"]
    return tuple(each["tool_call_id"] for each in messages if each["role"] == "tool")


def whole(reply: ModelReply) -> Body:
    """A reply at once."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.message.text or None}
    if reply.message.calls:
        message["tool_calls"] = [call_of(call) for call in reply.message.calls]
    only = {"index": 0, "message": message, "finish_reason": FINISHES[reply.finish]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": reply.model,
        "choices": [only],
        "usage": usage_of(reply.usage),
    }


def call_of(call: ModelCall) -> Body:
    """A call."""
    function = {"name": call.tool, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def usage_of(usage: TokenUsage) -> Body:
    """What is charged for."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield chunk(reply, {"role": "assistant", "content": ""})
    for piece in pieces(reply.message.text):
        yield chunk(reply, {"content": piece}, is_text=True)
    for index, call in enumerate(reply.message.calls):
        first = {**call_of(call), "function": {"name": call.tool, "arguments": ""}}
        yield chunk(reply, {"tool_calls": [{"index": index, **first}]})
        for piece in pieces(call.arguments):
            more = {"index": index, "function": {"arguments": piece}}
            yield chunk(reply, {"tool_calls": [more]})
    yield chunk(reply, {}, finish=FINISHES[reply.finish])
    yield Sent(data={**head(reply), "choices": [], "usage": usage_of(reply.usage)})
    yield Sent(data="[DONE]")


def head(reply: ModelReply) -> Body:
    """What every chunk has."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": reply.model,
    }


def chunk(
    reply: ModelReply, delta: Body, *, finish: str | None = None, is_text: bool = False
) -> Sent:
    """More of a reply."""
    only = {"index": 0, "delta": delta, "finish_reason": finish}
    return Sent(data={**head(reply), "choices": [only]}, is_text=is_text)


CHAT: Final = Dialect(
    path=re.compile("/v1/chat/completions"),
    tools=tools,
    choice=choice,
    calls=calls,
    results=results,
    whole=whole,
    events=_events,
    error=error,
)
