"""Ways through a JSON Schema: to the schemas in it, along references, to the part for a value."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.schemas.applicators import ALONE, IN_LIST, IN_MAP, SHARED

_IN_MAP: Final = IN_MAP | {SHARED}
_NESTING: Final = _IN_MAP | IN_LIST | ALONE


def parts(schema: JsonObject) -> Iterator[JsonObject]:
    """A schema and every schema in it; a member named like a keyword is no schema."""
    yield schema
    if _NESTING.isdisjoint(schema):
        return
    for keyword, value in list(schema.items()):
        if keyword in _IN_MAP and isinstance(value, dict):
            below = list(value.values())
        elif keyword in IN_LIST and isinstance(value, list):
            below = value
        elif keyword in ALONE:
            below = [value]
        else:
            continue
        for part in below:
            if isinstance(part, dict):
                yield from parts(part)


def resolve(schema: JsonValue, root: JsonSchema) -> JsonObject:
    """Follow local references; a schema that is `true`, or leads nowhere, says nothing."""
    seen: set[str] = set()
    while isinstance(schema, dict):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        if reference in seen:
            return {}
        seen.add(reference)
        schema = at_reference(reference, root)
    return {}


def at_reference(reference: str, root: JsonSchema) -> JsonValue:
    """What a reference of the form `#/…` leads to, or `None`."""
    part: JsonValue = dict(root)
    if reference == "#":
        return part
    if not reference.startswith("#/"):
        return None
    for token in reference[2:].split("/"):
        key = unquote(token).replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict):
            part = part.get(key)
        elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        else:
            return None
    return part


def part_at(root: JsonSchema, path: Iterable[str | int]) -> JsonValue:
    """The schema of the value at `path` of an instance, as far as it can be told."""
    part: JsonValue = dict(root)
    for token in path:
        schema = resolve(part, root)
        for branch in _branches(schema, root):
            below = _below(branch, token)
            if below is not None:
                part = below
                break
        else:
            return part
    return part


def schema_at(root: JsonSchema, path: list[str | int]) -> JsonValue:
    """The part of a schema to which a path leads, or an empty one."""
    part: JsonValue = dict(root)
    for token in path:
        if isinstance(part, dict) and str(token) in part:
            part = part[str(token)]
        elif isinstance(part, list) and isinstance(token, int) and token < len(part):
            part = part[token]
        else:
            return {}
    return part


def member_names(schema: JsonObject) -> frozenset[str]:
    """Every name of a member that a schema says, at any depth."""
    return frozenset(
        name
        for part in parts(schema)
        if isinstance(members := part.get("properties"), dict)
        for name in members
    )


def _branches(schema: JsonObject, root: JsonSchema) -> Iterator[JsonObject]:
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list):
            for branch in branches:
                yield resolve(branch, root)
    yield schema


def _below(schema: JsonObject, token: str | int) -> JsonValue:
    if isinstance(token, str):
        members = schema.get("properties")
        return members.get(token) if isinstance(members, dict) else None
    first = schema.get("prefixItems")
    if isinstance(first, list) and token < len(first):
        return first[token]
    return schema.get("items")
