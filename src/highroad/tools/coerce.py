"""Coercion that loses nothing: `"5"` is 5 where an integer is wanted, and is written down.

A text is taken for another type only in the one form in which that type would be written back, so
that nothing but the quotes is gone. A single value never becomes a list.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import NoneType
from typing import Final, TypeAlias

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonObject, JsonSchema, JsonValue
from highroad.tools.pointer import pointer
from highroad.tools.schema import resolve

_INTEGER: Final = re.compile(r"-?[1-9][0-9]{0,15}|0")
_FRACTION: Final = re.compile(r"-?(?:[1-9][0-9]{0,15}|0)\.[0-9]{1,15}")
_BOOLEANS: Final = {"true": True, "false": False}

_NAMES: Final[dict[type, str]] = {
    NoneType: "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_ALL: Final = frozenset(_NAMES.values())

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Coercion:
    """One value that was taken for another type."""

    pointer: str
    source: str
    """JSON type that came in."""
    target: str
    """JSON type that the schema wants."""

    def __str__(self) -> str:
        return f"{self.pointer}: {self.source} as {self.target}"


@dataclass(frozen=True, slots=True)
class _Coercer:
    root: JsonSchema
    names: AbstractSet[str]
    found: list[Coercion]

    def value(self, value: JsonValue, part: JsonValue, path: Path) -> JsonValue:
        alternatives = list(_alternatives(part, self.root))
        if isinstance(value, dict):
            below = [each for each in alternatives if "object" in json_types(each)]
            return self.object(value, below[0], path) if len(below) == 1 else value
        if isinstance(value, list):
            below = [each for each in alternatives if "array" in json_types(each)]
            return self._array(value, below[0], path) if len(below) == 1 else value
        return self._scalar(value, alternatives, path)

    def object(self, value: JsonObject, part: JsonSchema, path: Path) -> JsonObject:
        members = part.get("properties")
        others = part.get("additionalProperties")
        known = members if isinstance(members, dict) else {}
        return {
            key: self.value(item, known.get(key, others), (*path, key))
            for key, item in value.items()
        }

    def _array(self, value: list[JsonValue], part: JsonSchema, path: Path) -> list[JsonValue]:
        first = part.get("prefixItems")
        items = first if isinstance(first, list) else []
        rest = part.get("items")
        return [
            self.value(item, items[at] if at < len(items) else rest, (*path, at))
            for at, item in enumerate(value)
        ]

    def _scalar(self, value: JsonValue, alternatives: list[JsonSchema], path: Path) -> JsonValue:
        wanted = frozenset[str]().union(*map(json_types, alternatives))
        for target in ("integer", "number", "boolean"):
            if target in wanted and not wanted & _types_of(value):
                coerced = _taken_for(value, target)
                if coerced is not None:
                    self.found.append(Coercion(pointer(path, self.names), type_of(value), target))
                    return coerced
        return value


def coerced(
    arguments: JsonObject, schema: JsonSchema, names: AbstractSet[str]
) -> tuple[JsonObject, tuple[Coercion, ...]]:
    """The arguments with what fits `schema` without loss in its type, and what was changed.

    Args:
        arguments: JSON, at most 64 levels deep; left as they are.
        schema: The whole schema.
        names: Keys that may stand in a pointer.
    """
    coercer = _Coercer(schema, names, [])
    return coercer.object(arguments, schema, ()), tuple(coercer.found)


def type_of(value: JsonValue) -> str:
    """The JSON type of a value; a number with a fraction, even `.0`, is `number`."""
    return _NAMES[type(value)]


def json_types(part: JsonSchema) -> frozenset[str]:
    """The JSON types that a schema allows; of one that names none, those of its values, or all."""
    named = part.get("type")
    if isinstance(named, str):
        return frozenset({named})
    if isinstance(named, list):
        return frozenset(each for each in named if isinstance(each, str))
    if "const" in part:
        return frozenset({type_of(part["const"])})
    values = part.get("enum")
    return frozenset(map(type_of, values)) if isinstance(values, list) else _ALL


def _alternatives(part: JsonValue, root: JsonSchema) -> Iterator[JsonSchema]:
    """The schemas of which one must hold."""
    resolved = resolve(part, root)
    branches = resolved.get("anyOf") or resolved.get("oneOf")
    if isinstance(branches, list):
        for branch in branches:
            yield from _alternatives(branch, root)
    else:
        yield resolved


def _types_of(value: JsonValue) -> frozenset[str]:
    kind = type_of(value)
    return frozenset({kind, "number"}) if kind == "integer" else frozenset({kind})


def _taken_for(value: JsonValue, target: str) -> JsonValue:
    """The value as `target`, or `None` where something would be lost."""
    match value, target:
        case float(), "integer" if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER:
            return int(value)
        case str(), "integer" | "number" if _INTEGER.fullmatch(value):
            number = int(value)
            return number if abs(number) <= MAX_SAFE_INTEGER else None
        case str(), "number" if _FRACTION.fullmatch(value) and repr(float(value)) == value:
            fraction = float(value)
            return None if fraction.is_integer() else fraction
        case str(), "boolean":
            return _BOOLEANS.get(value)
        case _:
            return None
