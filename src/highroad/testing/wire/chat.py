"""OpenAI's chat completions. Source: OpenAI's API reference, as its package 3.54 carries it."""

from collections.abc import Iterator
from typing import Any, Final

from highroad.domain.model import Finish, ModelCall, ModelReply, TokenUsage
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces

_FINISHES: Final = {
    Finish.STOP: "stop",
    Finish.CALLS: "tool_calls",
    Finish.LENGTH: "length",
    Finish.FILTERED: "content_filter",
    Finish.OTHER: "stop",
}


def error(code: str, message: str) -> Body:
    """An error."""
    return {"error": {"message": message, "type": code, "code": code, "param": None}}


def _tools(body: Body) -> tuple[str, ...]:
    return tuple(tool["function"]["name"] for tool in body.get("tools", ()))


def _choice(body: Body) -> str:
    choice = body.get("tool_choice", "auto")
    return choice if isinstance(choice, str) else choice["function"]["name"]


def _whole(reply: ModelReply) -> Body:
    message: dict[str, Any] = {"role": "assistant", "content": reply.message.text or None}
    if reply.message.calls:
        message["tool_calls"] = [_call(call) for call in reply.message.calls]
    choice = {"index": 0, "message": message, "finish_reason": _FINISHES[reply.finish]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": reply.model,
        "choices": [choice],
        "usage": _usage(reply.usage),
    }


def _call(call: ModelCall) -> Body:
    function = {"name": call.tool, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _usage(usage: TokenUsage) -> Body:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield _chunk(reply, {"role": "assistant", "content": ""})
    for piece in pieces(reply.message.text):
        yield _chunk(reply, {"content": piece}, is_text=True)
    for index, call in enumerate(reply.message.calls):
        first = {**_call(call), "function": {"name": call.tool, "arguments": ""}}
        yield _chunk(reply, {"tool_calls": [{"index": index, **first}]})
        for piece in pieces(call.arguments):
            more = {"index": index, "function": {"arguments": piece}}
            yield _chunk(reply, {"tool_calls": [more]})
    yield _chunk(reply, {}, finish=_FINISHES[reply.finish])
    yield Sent(data={**_base(reply), "choices": [], "usage": _usage(reply.usage)})
    yield Sent(data="[DONE]")


def _base(reply: ModelReply) -> Body:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": reply.model,
    }


def _chunk(
    reply: ModelReply, delta: Body, *, finish: str | None = None, is_text: bool = False
) -> Sent:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return Sent(data={**_base(reply), "choices": [choice]}, is_text=is_text)


CHAT: Final = Dialect(
    path="/v1/chat/completions",
    tools=_tools,
    choice=_choice,
    whole=_whole,
    events=_events,
    error=error,
)
