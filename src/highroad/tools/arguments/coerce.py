"""Coercion that loses nothing: `"5"` is 5 where an integer is wanted, and is written down.

A text is taken for another type only in the one form in which that type would be written back, so
that nothing but the quotes is gone. A single value never becomes a list.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.pointer import pointer
from highroad.tools.schemas.navigation import resolve
from highroad.tools.schemas.types import json_types, type_of

_INTEGER: Final = re.compile(r"-?[1-9][0-9]{0,15}|0")
_FRACTION: Final = re.compile(r"-?(?:[1-9][0-9]{0,15}|0)\.[0-9]{1,15}")
_BOOLEANS: Final = {"true": True, "false": False}

MOST: Final = 100
"""Coercions of one call; each is recorded, so what is beyond stays as it came."""

_TARGETS: Final = ("integer", "number", "boolean")

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
class Place:
    """What a part of the schema allows, worked out once however many values it judges."""

    types: frozenset[str]
    object: JsonSchema | None
    """The one kind of object, if there is just one."""
    array: JsonSchema | None


Places: TypeAlias = dict[int, Place]
"""Of one schema, by the identity of the part; as long as they are kept, it stays as it is."""


@dataclass(frozen=True, slots=True)
class _Coercer:
    root: JsonSchema
    names: AbstractSet[str]
    places: Places
    found: list[Coercion] = field(default_factory=list)

    def value(self, value: JsonValue, part: JsonValue, path: Path) -> JsonValue:
        place = self.places.get(id(part)) or self._place(part)
        if isinstance(value, dict):
            return value if place.object is None else self.object(value, place.object, path)
        if isinstance(value, list):
            return value if place.array is None else self._array(value, place.array, path)
        return self._scalar(value, place.types, path)

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

    def _scalar(self, value: JsonValue, wanted: frozenset[str], path: Path) -> JsonValue:
        kind = type_of(value)
        if kind in wanted or (kind == "integer" and "number" in wanted) or self._is_full():
            return value
        for target in _TARGETS:
            if target in wanted and (taken := _taken_for(value, target)) is not None:
                self.found.append(Coercion(pointer(path, self.names), kind, target))
                return taken
        return value

    def _is_full(self) -> bool:
        return len(self.found) >= MOST

    def _place(self, part: JsonValue) -> Place:
        alternatives = list(_alternatives(part, self.root))
        objects = [each for each in alternatives if "object" in json_types(each)]
        arrays = [each for each in alternatives if "array" in json_types(each)]
        place = self.places[id(part)] = Place(
            types=frozenset[str]().union(*map(json_types, alternatives)),
            object=objects[0] if len(objects) == 1 else None,
            array=arrays[0] if len(arrays) == 1 else None,
        )
        return place


def coerced(
    arguments: JsonObject,
    schema: JsonSchema,
    names: AbstractSet[str],
    places: Places | None = None,
) -> tuple[JsonObject, tuple[Coercion, ...]]:
    """The arguments with what fits `schema` without loss in its type, and what was changed.

    Args:
        arguments: JSON, at most 64 levels deep; left as they are.
        schema: The whole schema.
        names: Keys that may stand in a pointer.
        places: What is known of this very schema; more is added.
    """
    coercer = _Coercer(schema, names, {} if places is None else places)
    return coercer.object(arguments, schema, ()), tuple(coercer.found)


def _alternatives(part: JsonValue, root: JsonSchema) -> Iterator[JsonSchema]:
    """The schemas of which one must hold."""
    resolved = resolve(part, root)
    branches = resolved.get("anyOf") or resolved.get("oneOf")
    if isinstance(branches, list):
        for branch in branches:
            yield from _alternatives(branch, root)
    else:
        yield resolved


def _taken_for(value: JsonValue, target: str) -> JsonValue:
    """The value as `target`, or `None` where something would be lost."""
    match value, target:
        case float(), "integer" if value.is_integer():
            return int(value)  # also one that is too large, which so is seen to be
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
