"""Whether calls of a tool reach beyond this program, by what is declared of it."""

from functools import lru_cache
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.permission import StandardPermission
from highroad.domain.tool import ToolDefinition
from highroad.tools.schemas.types import json_types
from highroad.tools.words import word_set, words_of

_URLS: Final = frozenset({"uri", "url", "iri", "uri-reference", "iri-reference"})
_PLACES: Final = word_set(
    "domain endpoint host hostname link links uri uris url urls webhook website"
)
"""Last words of arguments that say where a call goes, where their schema does not say it."""


@lru_cache(4_096)
def leaves_boundary(definition: ToolDefinition) -> bool:
    """Whether what a tool is asked for is told outside, by what is declared of it.

    What a server says of its own tools can make this stricter and nothing else (MCP `annotations`
    are hints).
    """
    return (
        bool(definition.source)
        or StandardPermission.NETWORK_ACCESS in definition.permissions
        or definition.annotations.get("openWorldHint") is True
        or _names_url(dict(definition.input_schema))
        or _is_asked_for_a_place(definition)
    )


def _is_asked_for_a_place(definition: ToolDefinition) -> bool:
    """Whether an argument's name says that it is a place outside: a guess that is stricter."""
    members = definition.input_schema.get("properties")
    if not isinstance(members, dict):
        return False
    return any(
        words_of(name)[-1:] and words_of(name)[-1] in _PLACES and _may_be_text(part)
        for name, part in members.items()
    )


def _may_be_text(part: JsonValue) -> bool:
    return not isinstance(part, dict) or "string" in _types_of(part)


def _types_of(part: JsonObject) -> frozenset[str]:
    """The types of a part, and of the items of a list; of a reference all may be."""
    items = part.get("items")
    if part.get("type") == "array" and isinstance(items, dict):
        return _types_of(items)
    if "$ref" in part or "anyOf" in part:
        return frozenset({"string"})
    return json_types(part)


def _names_url(schema: JsonValue) -> bool:
    """Whether a schema takes a URL anywhere."""
    match schema:
        case dict():
            if schema.get("format") in _URLS:
                return True
            return any(map(_names_url, schema.values()))
        case list():
            return any(map(_names_url, schema))
        case _:
            return False
