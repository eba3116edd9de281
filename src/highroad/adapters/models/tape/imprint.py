"""What of a request makes it the one that was recorded: a digest for each of its parts.

Ids, of ours and of providers, are different each time; what only a provider reads (`native`,
settings, whether parts are wanted) is nobody else's. How a schema is written depends on the shape
of the model, so it counts only where both have the same.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonSchema
from highroad.domain.model import Message, ModelMessage, ModelRequest, OfferedTool, ToolMessage

Imprint: TypeAlias = Mapping[str, str]
"""By pointer, the digest of what stands there."""

OF_SHAPE: Final = "#"
"""Begins what of a pointer depends on the shape."""
_DIGITS: Final = 16
_OUR_ID: Final = re.compile(r"\b([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
"""TypeID 0.3."""


def imprint(request: ModelRequest) -> Imprint:
    """The digests of a request."""
    return {pointer: _digest(text) for pointer, text in _parts(request)}


def differences(recorded: Imprint, asked: Imprint, *, same_shape: bool) -> Sequence[str]:
    """Pointers to what is not the same, in order; what one of them lacks is not."""
    pointers = dict.fromkeys([*recorded, *asked])
    return [
        pointer
        for pointer in pointers
        if recorded.get(pointer) != asked.get(pointer) and (same_shape or OF_SHAPE not in pointer)
    ]


def _digest(text: str) -> str:
    neutral = _OUR_ID.sub(r"\1_", text)
    return sha256(neutral.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _parts(request: ModelRequest) -> Iterator[tuple[str, str]]:
    yield "/instructions", request.instructions
    for position, message in enumerate(request.messages):
        yield from _parts_of_message(f"/messages/{position}", message)
    for tool in request.tools:
        yield from _parts_of_tool(f"/tools/{tool.name}", tool)
    choice = request.choice
    yield "/choice", choice.name if isinstance(choice, OfferedTool) else choice
    if request.output is not None:
        yield "/output", _names(request.output)
        yield f"/output{OF_SHAPE}schema", _written(request.output)


def _parts_of_message(at: str, message: Message) -> Iterator[tuple[str, str]]:
    match message:
        case ModelMessage(text=text, calls=calls):
            yield f"{at}/text", text
            for position, call in enumerate(calls):
                yield f"{at}/calls/{position}/tool", call.tool
                yield f"{at}/calls/{position}/arguments", call.arguments
        case ToolMessage(tool=tool, content=content):
            yield f"{at}/result/tool", tool
            yield f"{at}/result/content", content
        case _:
            yield f"{at}/user", message.text


def _parts_of_tool(at: str, tool: OfferedTool) -> Iterator[tuple[str, str]]:
    # What else a model is asked of a call makes no other question of it.
    yield at, _names(tool.own_schema)
    yield f"{at}{OF_SHAPE}description", tool.description
    yield f"{at}{OF_SHAPE}schema", _written(tool.own_schema)


def _names(schema: JsonSchema) -> str:
    """What every shape keeps of a schema: the names of what an object has."""
    properties = schema.get("properties")
    return json.dumps(sorted(properties) if isinstance(properties, dict) else [])


def _written(schema: JsonSchema) -> str:
    return json.dumps(schema, sort_keys=True)
