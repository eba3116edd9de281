"""Rules for `type`: the words of other dialects, types that are implied, null as OpenAPI has it."""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect.expressions import meaning, together, types_of
from highroad.tools.dialect.report import Place, RepairCode
from highroad.tools.dialect.words import TYPES, is_anything
from highroad.tools.schemas.nullable import with_null
from highroad.tools.schemas.types import type_of

_IMPLIED: Final = (
    ("properties", "object"),
    ("items", "array"),
    ("prefixItems", "array"),
)
_NULLABLE: Final = ("nullable", "x-nullable")


def name_types(part: JsonObject, place: Place) -> None:
    """Give each type the word of JSON Schema."""
    said = part.get("type")
    if "type" not in part or (isinstance(said, str) and said in TYPES):
        return
    words: list[JsonValue] = said if isinstance(said, list) else [said]
    found = [_meaning(word) for word in words]
    if isinstance(said, list) and said and found == [{"type": word} for word in _unlike(words)]:
        return
    del part["type"]
    if any(is_anything(word) for word in words if isinstance(word, str)):
        place.report(RepairCode.ANY, "type", said)
    elif all(found) and found:
        _take(part, [each for each in found if each is not None])
        place.report(RepairCode.TYPE, "type", said, part["type"])
    elif (kind := _implied(part)) is not None:
        part["type"] = kind
        place.report(RepairCode.TYPE, "type", said, kind)
    else:
        place.report(RepairCode.TYPE_UNKNOWN, "type", said)


def add_types(part: JsonObject, place: Place) -> None:
    """Say the type that other keywords imply, where none is said."""
    if "type" not in part and (kind := _implied(part)) is not None:
        part["type"] = kind
        place.report(RepairCode.TYPE_ADDED, "type", None, kind)


def say_null(part: JsonObject, place: Place) -> None:
    """Make OpenAPI's `nullable: true` a type."""
    for keyword in _NULLABLE:
        if keyword in part:
            said = part.pop(keyword)
            if said is True and _names_a_kind(part) and "null" not in _kinds(part):
                widened = with_null(part)
                part.clear()
                part.update(widened)
            place.report(RepairCode.NULL, keyword, said, part.get("type"))


def _unlike(words: list[JsonValue]) -> list[str]:
    """Each word once: a list of types has no repeats."""
    return list(dict.fromkeys(str(word) for word in words))


def _meaning(word: JsonValue) -> JsonObject | None:
    return meaning(word) if isinstance(word, str) else None


def _take(part: JsonObject, meanings: list[JsonObject]) -> None:
    """Take what the words mean; where they bound each other's values, their types alone."""
    taken = together(meanings) or types_of(meanings)
    part["type"] = taken["type"]
    for keyword, value in taken.items():
        part.setdefault(keyword, value)


def _implied(part: JsonObject) -> str | None:
    for keyword, kind in _IMPLIED:
        if keyword in part:
            return kind
    values = part.get("enum")
    kinds = {type_of(value) for value in values} if isinstance(values, list) else set()
    return kinds.pop() if len(kinds) == 1 else None


def _names_a_kind(part: JsonObject) -> bool:
    """Whether there is something that excludes null."""
    return bool(part.keys() & {"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"})


def _kinds(part: JsonObject) -> list[JsonValue]:
    kind = part.get("type")
    return kind if isinstance(kind, list) else [kind]
