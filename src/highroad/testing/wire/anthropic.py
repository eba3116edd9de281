"""Anthropic's messages. Source: Anthropic's API reference, as its package 2.12 carries it."""

import json
import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import Finish, ModelCall, ModelReply, TokenUsage
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces

_FINISHES: Final = {
    Finish.STOP: "end_turn",
    Finish.CALLS: "tool_use",
    Finish.LENGTH: "max_tokens",
    Finish.FILTERED: "refusal",
    Finish.OTHER: "end_turn",
}
_CHOICES: Final = {"any": "required"}


def _tools(body: Body) -> tuple[str, ...]:
    return tuple(tool["name"] for tool in body.get("tools", ()))


def _choice(body: Body) -> str:
    choice = body.get("tool_choice", {"type": "auto"})
    return str(choice.get("name") or _CHOICES.get(choice["type"], choice["type"]))


def _calls(body: Body) -> tuple[str, ...]:
    return tuple(block["id"] for block in _blocks(body) if block["type"] == "tool_use")


def _results(body: Body) -> tuple[str, ...]:
    return tuple(block["tool_use_id"] for block in _blocks(body) if block["type"] == "tool_result")


def _blocks(body: Body) -> list[Body]:
    return [block for message in body["messages"] for block in message["content"]]


def _error(code: str, message: str) -> Body:
    return {"type": "error", "error": {"type": code, "message": message}}


def _whole(reply: ModelReply) -> Body:
    text = [{"type": "text", "text": reply.message.text}] if reply.message.text else []
    # This wire has no other way to say arguments than as an object.
    calls = [_call(call, json.loads(call.arguments)) for call in reply.message.calls]
    return {
        **_begun(reply),
        "content": [*text, *calls],
        "stop_reason": _FINISHES[reply.finish],
        "usage": {**_asked(reply.usage), "output_tokens": reply.usage.output},
    }


def _begun(reply: ModelReply) -> Body:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_asked(reply.usage), "output_tokens": 1},
    }


def _asked(usage: TokenUsage) -> Body:
    """Tokens that went in; this wire counts cached ones apart."""
    return {
        "input_tokens": usage.input - usage.cache_read - usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
    }


def _call(call: ModelCall, given: object) -> Body:
    return {"type": "tool_use", "id": call.id, "name": call.tool, "input": given}


def _events(reply: ModelReply) -> Iterator[Sent]:
    yield _sent("message_start", {"message": _begun(reply)})
    place = 0
    if reply.message.text:
        deltas = ({"type": "text_delta", "text": piece} for piece in pieces(reply.message.text))
        yield from _block(place, {"type": "text", "text": ""}, deltas)
        place = 1
    for number, call in enumerate(reply.message.calls):
        given = (
            {"type": "input_json_delta", "partial_json": piece} for piece in pieces(call.arguments)
        )
        yield from _block(place + number, _call(call, {}), given)
    ended = {"stop_reason": _FINISHES[reply.finish], "stop_sequence": None}
    usage = {"output_tokens": reply.usage.output}
    yield _sent("message_delta", {"delta": ended, "usage": usage})
    yield _sent("message_stop", {})


def _block(index: int, block: Body, deltas: Iterator[Body]) -> Iterator[Sent]:
    yield _sent("content_block_start", {"index": index, "content_block": block})
    for delta in deltas:
        is_text = delta["type"] == "text_delta"
        yield _sent("content_block_delta", {"index": index, "delta": delta}, is_text=is_text)
    yield _sent("content_block_stop", {"index": index})


def _sent(name: str, data: Body, *, is_text: bool = False) -> Sent:
    return Sent(name=name, data={"type": name, **data}, is_text=is_text)


MESSAGES: Final = Dialect(
    path=re.compile("/v1/messages"),
    tools=_tools,
    choice=_choice,
    calls=_calls,
    results=_results,
    whole=_whole,
    events=_events,
    error=_error,
)
