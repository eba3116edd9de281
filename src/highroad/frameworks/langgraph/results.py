"""What a host's tool returns, as the road records it, and as the host is handed it again.

The road carries JSON. What is more than that to LangGraph is written in a form of its own, under a
mark that no tool can write: a result that has the mark itself is wrapped in that form too.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast

import orjson
from langchain_core.messages import BaseMessage, ToolMessage, message_to_dict, messages_from_dict
from langchain_core.messages.tool import ToolOutputMixin
from langgraph.types import Command, Send
from pydantic_core import PydanticSerializationError, to_jsonable_python

from highroad.domain.json_value import JsonObject, JsonValue

MARK: Final = "langgraph"
Worded: TypeAlias = Callable[[JsonValue], JsonValue]
"""Says of the content of a result what the model is to know besides."""


class Uncarried(Exception):  # noqa: N818 - what is the case
    """A part of a result is no JSON."""


def recorded(returned: object, tool_call_id: str | None, *, is_pair: bool = False) -> object:
    """What a tool returned, as JSON.

    A value that LangChain would write as text is written so here; a `Command` or a message that
    holds anything but JSON and messages cannot be carried, and is said to have been lost.

    Args:
        returned: By its body.
        tool_call_id: The host's id of the call, which is another one when the result is repeated.
        is_pair: Its tool returns content and an artifact.
    """
    try:
        if isinstance(returned, ToolOutputMixin):
            return _written(returned, tool_call_id)
        if _is_several(returned):
            items = [_written(each, tool_call_id) for each in cast("list[object]", returned)]
            return {MARK: "several", "items": items}
        if is_pair and isinstance(returned, tuple) and len(returned) == _PAIR:
            content, artifact = returned
            return {MARK: "pair", "content": _data(content), "artifact": _data(artifact)}
    except Uncarried as error:
        return {MARK: "lost", "why": str(error)}
    data = _data(returned)
    return {MARK: "value", "value": data} if isinstance(data, dict) and MARK in data else data


_PAIR: Final = 2


def handed(json: JsonValue, tool_call_id: str | None, worded: Worded) -> Any:  # noqa: ANN401 - whatever the tool returned
    """What a host is handed of a result that `recorded` wrote.

    Args:
        json: As a model may be shown it.
        tool_call_id: The host's id of the call that asks.
        worded: Says what the model is to know besides.
    """
    if not (isinstance(json, dict) and MARK in json):
        return worded(json)
    match json[MARK]:
        case "several":
            items = cast("list[JsonObject]", json["items"])
            return [_read(each, tool_call_id, worded) for each in items]
        case "pair":
            return worded(json["content"]), json["artifact"]
        case "value":
            return worded(json["value"])
        case "lost":
            return worded(f"The tool ran, but what it returned cannot be carried: {json['why']}.")
        case _:
            return _read(json, tool_call_id, worded)


def _is_several(returned: object) -> bool:
    return (
        isinstance(returned, list)
        and bool(returned)
        and all(isinstance(each, ToolOutputMixin) for each in returned)
    )


def _written(each: object, tool_call_id: str | None) -> JsonObject:
    if isinstance(each, ToolMessage):
        return {MARK: "message", "message": _message(each, tool_call_id)}
    if isinstance(each, Command):
        return {
            MARK: "command",
            "graph": _plain(each.graph, tool_call_id),
            "update": _plain(each.update, tool_call_id),
            "resume": _plain(each.resume, tool_call_id),
            "goto": _plain(each.goto, tool_call_id),
        }
    raise Uncarried(f"a {type(each).__name__} is neither a ToolMessage nor a Command")


def _read(written: JsonObject, tool_call_id: str | None, worded: Worded) -> Any:  # noqa: ANN401 - a message, or a command
    if written[MARK] == "message":
        return _of_message(cast("JsonObject", written["message"]), tool_call_id, worded)
    graph, update, resume, goto = (
        _of_plain(written[name], tool_call_id, worded)
        for name in ("graph", "update", "resume", "goto")
    )
    # A `ToolNode` asks whether it is that very object.
    graph = Command.PARENT if graph == Command.PARENT else graph
    return Command(graph=graph, update=update, resume=resume, goto=goto)


def _data(value: object) -> JsonValue:
    """A value as JSON, or as the text that LangChain would make of it."""
    try:
        return cast("JsonValue", to_jsonable_python(value))
    except (PydanticSerializationError, UnicodeDecodeError, ValueError, RecursionError):
        with suppress(RecursionError):
            return str(value)
        return cast("JsonValue", value)  # it has no text either, and the road says so


def _plain(part: object, tool_call_id: str | None) -> JsonValue:
    """A part of a command as JSON in which messages, sends and tuples can be told.

    Raises:
        Uncarried: It holds something else.
    """
    match part:
        case None | bool() | int() | float() | str():
            return part
        case BaseMessage():
            return _part("message", _message(part, tool_call_id))
        case Send(node=node, arg=arg):
            return _part("send", [node, _plain(arg, tool_call_id)])
        case tuple():
            return _part("tuple", [_plain(each, tool_call_id) for each in part])
        case list():
            return [_plain(each, tool_call_id) for each in part]
        case Mapping() if all(isinstance(name, str) for name in part):
            plain: JsonObject = {name: _plain(each, tool_call_id) for name, each in part.items()}
            return _part("mapping", plain) if MARK in plain else plain
        case _:
            raise Uncarried(f"a {type(part).__name__} in it is no JSON")


def _part(kind: str, of: JsonValue) -> JsonObject:
    return {MARK: "part", "kind": kind, "of": of}


def _message(message: BaseMessage, tool_call_id: str | None) -> JsonValue:
    """A message as JSON; one that answers the call at hand leaves its id open."""
    try:
        written: JsonObject = to_jsonable_python(message_to_dict(message))
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise Uncarried(f"a {type(message).__name__} in it holds what is no JSON") from error
    data = written["data"]
    if isinstance(data, dict) and data.get("tool_call_id") == tool_call_id:
        data["tool_call_id"] = None
    return written


def _of_plain(json: JsonValue, tool_call_id: str | None, worded: Worded) -> Any:  # noqa: ANN401 - a part of a command
    if isinstance(json, list):
        return [_of_plain(each, tool_call_id, worded) for each in json]
    if isinstance(json, dict) and MARK in json:
        return _of_part(json["kind"], json["of"], tool_call_id, worded)
    if isinstance(json, dict):
        return {name: _of_plain(each, tool_call_id, worded) for name, each in json.items()}
    return json


def _of_part(kind: JsonValue, of: Any, tool_call_id: str | None, worded: Worded) -> Any:  # noqa: ANN401 - as `_part` wrote it
    match kind:
        case "message":
            return _of_message(of, tool_call_id, worded)
        case "send":
            return Send(of[0], _of_plain(of[1], tool_call_id, worded))
        case "tuple":
            return tuple([_of_plain(each, tool_call_id, worded) for each in of])
        case _:
            return {name: _of_plain(each, tool_call_id, worded) for name, each in of.items()}


def _of_message(written: JsonObject, tool_call_id: str | None, worded: Worded) -> BaseMessage:
    data = cast("JsonObject", written["data"])
    if written["type"] == "tool" and data["tool_call_id"] is None:
        content = as_content(worded(data["content"]))
        answer: JsonObject = {"tool_call_id": tool_call_id or "", "content": content}
        written = {**written, "data": {**data, **answer}}
    (message,) = messages_from_dict([written])
    return message


def as_content(data: JsonValue) -> JsonValue:
    """A value as a message may have it: as it is where it is text or blocks, else as JSON."""
    is_content = isinstance(data, str) or (
        isinstance(data, list) and all(isinstance(each, str | dict) for each in data)
    )
    return data if is_content else orjson.dumps(data).decode()
