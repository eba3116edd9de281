"""Results of MCP as results of tools, and back.

What a server promised in a schema is its `structuredContent`, and the road holds it to that.
Without one it is the content: a text alone is a text, and all else a list of parts.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

import orjson
from mcp.types import EmbeddedResource, ResourceLink
from pydantic import ValidationError

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.outcome import AnyOutcome, Completed, Held
from highroad.domain.part import File, Image, Json, Part, Text
from highroad.gateway.wording import in_words
from highroad.resilience.failures import mcp as failures
from highroad.tools.shapes import mcp
from highroad.tools.shapes.apart import Beside
from highroad.tools.shapes.fields import map_in, objects_in, text_in
from highroad.tools.shapes.mcp import block_of
from highroad.tools.shapes.told import Told, told

CALL_ID: Final = "highroad/call-id"
STATUS: Final = "highroad/status"
APPROVAL_ID: Final = "highroad/approval-id"
_ANY_TYPE: Final = "application/octet-stream"
_WITH_ADDRESS: Final[Mapping[str, type[EmbeddedResource] | type[ResourceLink]]] = {
    "resource": EmbeddedResource,
    "resource_link": ResourceLink,
}
"""Blocks that say where something is, which no part of ours does."""


# -- from the server -----------------------------------------------------------------------------


def result_in(answered: JsonObject) -> object:
    """What a tool of ours returns for what the server answered; its errors stay as they are."""
    if failures.is_error(answered):
        return answered
    if "structuredContent" in answered:
        return answered["structuredContent"]
    parts = [_part(block) for block in objects_in(answered, "content")]
    match parts:
        case [Text(text)]:
            return text
        case _:
            return parts


def _part(block: JsonObject) -> Part:
    """A block of content; one that nobody here knows stays what it is, as JSON."""
    try:
        match block.get("type"):
            case "text":
                return Text(text_in(block, "text"))
            case "image":
                return Image(_bytes(block, "data"), text_in(block, "mimeType") or _ANY_TYPE)
            case "audio":
                return File(_bytes(block, "data"), text_in(block, "mimeType"), "audio")
            case "resource" if "blob" in (resource := map_in(block, "resource")):
                media_type = text_in(resource, "mimeType") or _ANY_TYPE
                return File(_bytes(resource, "blob"), media_type, _file_name(resource))
    except (ValueError, Base64Error):
        pass
    return Json(block)


def _bytes(block: JsonObject, field: str) -> bytes:
    return b64decode(text_in(block, field), validate=True)


def _file_name(resource: JsonObject) -> str:
    """The last part of its address, which may hold secrets before that."""
    try:
        path = urlsplit(text_in(resource, "uri")).path
    except ValueError:
        path = ""
    return PurePosixPath(path).name or "resource"


# -- to the client -------------------------------------------------------------------------------


def answer(outcome: AnyOutcome, *, has_schema: bool) -> JsonObject:
    """The result of `tools/call` for whatever became of a call (P5).

    A plain result is what the server said, block by block. Whatever there is to say beside it, that
    it is repeated above all, stands first, in a block of its own.

    Args:
        outcome: Any of the six endings, or `Held`.
        has_schema: Whether the tool promises what it returns: clients hold every result that is no
            error to that, so what does not fit it, a dry run too, is marked as one.
    """
    said = told(outcome, mcp.MEDIA)
    if isinstance(outcome, Held):
        said = replace(said, head=in_words(outcome))
    meta: JsonObject = {CALL_ID: outcome.call_id, STATUS: str(outcome.status)}
    if approval_id := said.head.get("approval_id"):
        meta[APPROVAL_ID] = approval_id
    is_error = said.is_error or (has_schema and not said.is_promised) or _is_dubious(outcome)
    blocks = [block_of(each) for each in said.blocks] if is_error else list(_blocks(said))
    form: JsonObject = {"content": list(blocks), "isError": is_error, "_meta": meta}
    if has_schema and said.promised is not None:
        form["structuredContent"] = said.promised
    return form


def _is_dubious(outcome: AnyOutcome) -> bool:
    return isinstance(outcome, Completed) and (outcome.result_invalid or outcome.dry_run)


def _blocks(said: Told) -> Iterator[JsonObject]:
    """What there is to say beside the result, and the result."""
    beside = {key: each for key, each in said.head.items() if key not in {"result", "call_id"}}
    if beside:
        yield block_of(_json({**beside, "call_id": said.head["call_id"]}))
    result = said.head["result"]
    items = result if isinstance(result, list) else [result]
    blocks = [_block_of_part(item, said.beside) for item in items]
    if any(blocks):
        for item, block in zip(items, blocks, strict=True):
            yield block or block_of(_json(item))
    else:
        yield block_of(result if isinstance(result, str) else _json(result))


def _block_of_part(item: JsonValue, beside: Sequence[Beside]) -> JsonObject | None:
    """What stands beside one part of a result, or a block as the server had it; of JSON none."""
    match item:
        case {"part": int(part)} if 0 < part <= len(beside):  # a server may call its own so
            placed = beside[part - 1]
            return block_of(placed.text if isinstance(placed, Text) else placed)
        case {"type": Json.kind, "value": dict(block), **rest} if not rest and _has_address(block):
            return block
        case _:
            return None


def _has_address(block: JsonObject) -> bool:
    """Whether clients take it for a block that says where something is."""
    kind = _WITH_ADDRESS.get(text_in(block, "type"))
    try:
        return kind is not None and bool(kind.model_validate(block))
    except ValidationError:
        return False


def _json(value: JsonValue) -> str:
    return orjson.dumps(value).decode()
