"""OpenAI's responses. Source: OpenAI's API reference, as its package 3.54 carries it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from highroad.domain.model import Finish, ModelCall, ModelReply, TokenUsage
from highroad.testing.wire.chat import error
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces

_CUT_OFF: Final = {
    Finish.LENGTH: "max_output_tokens",
    Finish.FILTERED: "content_filter",
}


def _tools(body: Body) -> tuple[str, ...]:
    return tuple(tool["name"] for tool in body.get("tools", ()) if tool["type"] == "function")


def _choice(body: Body) -> str:
    choice = body.get("tool_choice", "auto")
    return choice if isinstance(choice, str) else choice["name"]


def _calls(body: Body) -> tuple[str, ...]:
    return _ids(body, "function_call")


def _results(body: Body) -> tuple[str, ...]:
    return _ids(body, "function_call_output")


def _ids(body: Body, kind: str) -> tuple[str, ...]:
    return tuple(item["call_id"] for item in body["input"] if item.get("type") == kind)


def _whole(reply: ModelReply) -> Body:
    calls = [_call_item(call, place) for place, call in enumerate(reply.message.calls)]
    text = [_message_item(reply.message.text)] if reply.message.text else []
    return _response(reply, [*text, *calls])


def _response(reply: ModelReply, output: list[Body]) -> Body:
    reason = _CUT_OFF.get(reply.finish)
    return {
        **_begun(reply),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": _usage(reply.usage),
    }


def _begun(reply: ModelReply) -> Body:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": reply.model,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
    }


def _message_item(text: str, status: str = "completed") -> Body:
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _call_item(call: ModelCall, place: int, arguments: str | None = None) -> Body:
    return {
        "id": f"fc_{place}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.tool,
        "arguments": call.arguments if arguments is None else arguments,
        "status": "completed" if arguments is None else "in_progress",
    }


def _usage(usage: TokenUsage) -> Body:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total,
    }


def _events(reply: ModelReply) -> Iterator[Sent]:
    for number, (name, data, is_text) in enumerate(_told(reply)):
        body = {"type": name, "sequence_number": number, **data}
        yield Sent(name=name, data=body, is_text=is_text)


def _told(reply: ModelReply) -> Iterator[tuple[str, dict[str, Any], bool]]:
    yield "response.created", {"response": _begun(reply)}, False
    place = 0
    if reply.message.text:
        yield from _text_told(reply.message.text)
        place = 1
    for number, call in enumerate(reply.message.calls):
        yield from _call_told(call, number, place + number)
    last = "incomplete" if reply.finish in _CUT_OFF else "completed"
    yield f"response.{last}", {"response": _whole(reply)}, False


def _text_told(text: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    item = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    begun = {"output_index": 0, "item": _message_item("", "in_progress")}
    yield "response.output_item.added", begun, False
    part = {"type": "output_text", "text": "", "annotations": []}
    yield "response.content_part.added", {**item, "part": part}, False
    for piece in pieces(text):
        yield "response.output_text.delta", {**item, "delta": piece, "logprobs": []}, True
    yield "response.output_text.done", {**item, "text": text, "logprobs": []}, False
    yield "response.content_part.done", {**item, "part": {**part, "text": text}}, False
    ended = {"output_index": 0, "item": _message_item(text)}
    yield "response.output_item.done", ended, False


def _call_told(
    call: ModelCall, number: int, place: int
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    item = {"item_id": f"fc_{number}", "output_index": place}
    begun = {"output_index": place, "item": _call_item(call, number, "")}
    yield "response.output_item.added", begun, False
    for piece in pieces(call.arguments):
        yield "response.function_call_arguments.delta", {**item, "delta": piece}, False
    whole = {**item, "name": call.tool, "arguments": call.arguments}
    yield "response.function_call_arguments.done", whole, False
    ended = {"output_index": place, "item": _call_item(call, number)}
    yield "response.output_item.done", ended, False


RESPONSES: Final = Dialect(
    path=re.compile("/v1/responses"),
    tools=_tools,
    choice=_choice,
    calls=_calls,
    results=_results,
    whole=_whole,
    events=_events,
    error=error,
)
