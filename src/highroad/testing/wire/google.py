"""Google's content: arguments are objects, and a call comes whole.

Source: the Gemini API reference, as `google-genai` 2.34 carries it.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.model import Finish, ModelCall, ModelReply
from highroad.testing.wire.dialect import Body, Dialect, Sent, pieces, told_by_path

_FINISHES: Final = {
    Finish.STOP: "STOP",
    Finish.CALLS: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.FILTERED: "SAFETY",
    Finish.OTHER: "MALFORMED_FUNCTION_CALL",
}
_CHOICES: Final = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}


def _tools(body: Body) -> tuple[str, ...]:
    sets = body.get("tools", ())
    return tuple(tool["name"] for one in sets for tool in one.get("functionDeclarations", ()))


def _choice(body: Body) -> str:
    config = body.get("toolConfig", {}).get("functionCallingConfig", {})
    allowed = config.get("allowedFunctionNames", ())
    return str(allowed[0]) if len(allowed) == 1 else _CHOICES[config.get("mode", "AUTO")]


def _calls(body: Body) -> tuple[str, ...]:
    return _ids(body, "functionCall")


def _results(body: Body) -> tuple[str, ...]:
    return _ids(body, "functionResponse")


def _ids(body: Body, kind: str) -> tuple[str, ...]:
    parts = (part for content in body["contents"] for part in content["parts"])
    return tuple(part[kind]["id"] for part in parts if kind in part)


def _error(code: str, message: str) -> Body:
    return {"error": {"message": message, "status": code.upper()}}


def _whole(reply: ModelReply) -> Body:
    parts = [{"text": reply.message.text}] if reply.message.text else []
    return _content(reply, [*parts, *map(_call, reply.message.calls)], is_last=True)


def _content(reply: ModelReply, parts: list[Body], *, is_last: bool) -> Body:
    candidate: Body = {"index": 0, "content": {"role": "model", "parts": parts}}
    if is_last:
        candidate["finishReason"] = _FINISHES[reply.finish]
    return {
        "candidates": [candidate],
        "modelVersion": reply.model,
        "responseId": "response_1",
        "usageMetadata": _usage(reply, is_last=is_last),
    }


def _call(call: ModelCall) -> Body:
    # This wire has no other way to say arguments than as an object.
    given = {"name": call.tool, "args": json.loads(call.arguments)}
    return {"functionCall": {**given, "id": call.id} if call.id else given}


def _usage(reply: ModelReply, *, is_last: bool) -> Body:
    """Counted up to here: what is written is known at the end."""
    usage = reply.usage
    told = {
        "promptTokenCount": usage.input,
        "totalTokenCount": usage.total if is_last else usage.input,
    }
    if usage.cache_read:
        told["cachedContentTokenCount"] = usage.cache_read
    if is_last:
        told["candidatesTokenCount"] = usage.output
    return told


def _events(reply: ModelReply) -> Iterator[Sent]:
    for piece in pieces(reply.message.text):
        yield Sent(data=_content(reply, [{"text": piece}], is_last=False), is_text=True)
    for call in reply.message.calls:
        yield Sent(data=_content(reply, [_call(call)], is_last=False))
    yield Sent(data=_content(reply, [{"text": ""}], is_last=True))


GENERATE: Final = Dialect(
    path=re.compile("/v1(beta)?/models/[^/]+:(generate|streamGenerate)Content"),
    tools=_tools,
    choice=_choice,
    calls=_calls,
    results=_results,
    whole=_whole,
    events=_events,
    error=_error,
    is_streamed=told_by_path,
)
