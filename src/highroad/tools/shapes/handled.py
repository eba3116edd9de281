"""A tool as it is offered to a model that may name values by their handles.

A handle is a text, also where a number, a flag, a choice or a text of some form belongs; so each
such place takes one besides. What the tool itself takes does not change: the road judges the value
that stands behind the handle, by the tool's own schema.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.shapes.spec import ToolSpec

_HANDLE: Final[JsonObject] = {"type": "string", "pattern": r"^\$v[0-9]+[a-z]{2}(\..+)?$"}
_SAID: Final = ("title", "description", "default", "examples", "deprecated")
"""Stays where it was said: of the whole, not of one of its forms."""
_FREE_TEXT: Final = frozenset({"type", "contentMediaType", "contentEncoding", *_SAID})
_TYPES: Final = frozenset({"string", "number", "integer", "boolean"})
_MEMBERS: Final = ("properties", "patternProperties", "$defs")
_BELOW: Final = ("items", "additionalProperties", "contains")
_BRANCHES: Final = ("anyOf", "oneOf")


def with_handles(spec: ToolSpec, secrets: Collection[str] = ()) -> ToolSpec:
    """The tool as it is offered where handles may stand for values.

    Args:
        spec: Of the tool.
        secrets: Arguments that take references to secrets, and no values.
    """
    schema = _below(dict(spec.input_schema))
    members, own = schema.get("properties"), spec.input_schema.get("properties")
    if isinstance(members, dict) and isinstance(own, dict):
        kept = {name: own[name] for name in secrets if name in own}
        schema["properties"] = {**members, **kept}
    return replace(spec, input_schema=schema)


def _part(part: JsonValue) -> JsonValue:
    """A part of a schema that takes a handle besides, where it takes a single value."""
    if not isinstance(part, dict):
        return part
    made = _below(part)
    branches = next((key for key in _BRANCHES if isinstance(part.get(key), list)), None)
    if branches is not None:
        return _branched(part, made, branches)
    if not _is_bound(part):
        return made
    said = {key: each for key, each in made.items() if key in _SAID}
    form = {key: each for key, each in made.items() if key not in _SAID}
    return {"anyOf": [form, dict(_HANDLE)], **said}


def _branched(part: JsonObject, made: JsonObject, key: str) -> JsonObject:
    """A choice of forms, of which one more is a handle if any is a single value."""
    own = part[key]
    forms = [each for each in own if isinstance(each, dict)] if isinstance(own, list) else []
    takes = any(_is_bound(each) for each in forms) and not any(map(_is_free_text, forms))
    if not takes or key != "anyOf":
        return made
    kept: list[JsonValue] = [_below(each) for each in forms]
    return {**made, key: [*kept, dict(_HANDLE)]}


def _below(part: JsonObject) -> JsonObject:
    """The same with handles in what lies below it."""
    made = dict(part)
    for key in _MEMBERS:
        held = part.get(key)
        if isinstance(held, dict):
            made[key] = {name: _part(each) for name, each in held.items()}
    for key in _BELOW:
        if isinstance(part.get(key), dict):
            made[key] = _part(part[key])
    for key in (*_BRANCHES, "prefixItems"):
        held = part.get(key)
        if isinstance(held, list):
            made[key] = [_part(each) for each in held]
    return made


def _is_bound(part: JsonObject) -> bool:
    """Whether a schema takes single values, and not any text."""
    kinds = part.get("type")
    types = {*kinds} if isinstance(kinds, list) else {kinds}
    is_single = not types.isdisjoint(_TYPES) or (kinds is None and "enum" in part)
    return is_single and "const" not in part and not _is_free_text(part)


def _is_free_text(part: JsonObject) -> bool:
    kinds = part.get("type")
    types = kinds if isinstance(kinds, list) else [kinds]
    return "string" in types and part.keys() <= _FREE_TEXT
