"""Rules for the values that a schema names: in `enum`, in `default`, in `examples`."""

from typing import Final

from jsonschema_rs import Draft202012Validator, ValidationError

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.coerce import coerced
from highroad.tools.dialect.report import Place, RepairCode
from highroad.tools.dialect.types import add_types
from highroad.tools.schemas.types import json_types, type_of

_SIMPLE: Final = frozenset({"type", "description", "title", "default", "enum", "examples"})
_PYTHON: Final[dict[str, JsonValue]] = {"True": True, "False": False}
"""How Python writes truth values, and so do descriptions written from its code."""


def fit_enum(part: JsonObject, place: Place) -> None:
    """Make `enum` a list of values of which each can be given.

    A value is read as the type wants it, where nothing is lost. The author listed it, so if it
    cannot be read so, the type gives way.
    """
    if "enum" not in part:
        return
    said = part["enum"]
    if not isinstance(said, list) or not said:
        del part["enum"]
        place.report(RepairCode.ENUM_LOST, "enum", said)
        return
    if _move_to_items(part, said, place):
        return
    values = _unique([_as_wanted(value, part) for value in said])
    if values != said:
        part["enum"] = values
        place.report(RepairCode.ENUM, "enum", said, values)
    _widen(part, values, place)


def fit_default(part: JsonObject, root: JsonSchema, place: Place) -> None:
    """Keep a default that the schema itself accepts, if need be in its type; leave out others."""
    if "default" not in part:
        return
    said = part["default"]
    if fits(said, part, root):
        return
    read = _as_wanted(said, part)
    if fits(read, part, root):
        part["default"] = read
        place.report(RepairCode.DEFAULT, "default", said, read)
    else:
        del part["default"]
        place.report(RepairCode.DEFAULT_LOST, "default", said)


def fit_examples(part: JsonObject, root: JsonSchema, place: Place) -> None:
    """Keep the examples that the schema itself accepts."""
    if "examples" not in part:
        return
    said = part["examples"]
    kept = [each for each in said if fits(each, part, root)] if isinstance(said, list) else []
    if kept != said:
        part["examples"] = kept
        place.report(RepairCode.DEFAULT_LOST, "examples", said, part["examples"])
    if not kept:
        del part["examples"]


def fits(value: JsonValue, part: JsonObject, root: JsonSchema) -> bool:
    """Whether `part` of the schema `root` accepts a value."""
    if part.keys() <= _SIMPLE:
        values = part.get("enum")
        return _is_of(value, json_types(part)) and (not isinstance(values, list) or value in values)
    try:
        schema = {**part, "$defs": root.get("$defs", {})}
        return Draft202012Validator(schema, validate_formats=True, offline=True).is_valid(value)
    except ValidationError:
        return False  # Of a schema that is none, nothing can be said to fit.


def _is_of(value: JsonValue, kinds: frozenset[str]) -> bool:
    kind = type_of(value)
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _move_to_items(part: JsonObject, values: list[JsonValue], place: Place) -> bool:
    """Values of an array that are no arrays are meant for its items."""
    items = part.get("items")
    if part.get("type") != "array" or any(isinstance(value, list) for value in values):
        return False
    if not isinstance(items, dict) or "enum" in items:
        return False
    del part["enum"]
    items["enum"] = values
    place.report(RepairCode.ENUM, "enum", values)
    add_types(items, place.below("items"))
    fit_enum(items, place.below("items"))
    return True


def _widen(part: JsonObject, values: list[JsonValue], place: Place) -> None:
    kinds = json_types({"type": said}) if (said := part.get("type")) else frozenset()
    missing = [value for value in values if kinds and not _is_of(value, kinds)]
    if missing:
        named = said if isinstance(said, list) else [said]
        used = [kind for kind in named if any(_is_of(v, frozenset({str(kind)})) for v in values)]
        now = list(dict.fromkeys([*used, *map(type_of, missing)]))
        part["type"] = now[0] if len(now) == 1 else list[JsonValue](now)
        place.report(RepairCode.ENUM_TYPE, "type", said, part["type"])


def _as_wanted(value: JsonValue, part: JsonObject) -> JsonValue:
    """A value as the part's type wants it, where nothing is lost; else as it is."""
    kinds = json_types(part)
    if kinds == {"string"} and type_of(value) in {"integer", "boolean"}:
        return str(value).lower()
    if kinds == {"boolean"} and isinstance(value, str) and value in _PYTHON:
        return _PYTHON[value]
    wanted: JsonSchema = {"properties": {"value": part}}
    return coerced({"value": value}, wanted, frozenset())[0]["value"]


def _unique(values: list[JsonValue]) -> list[JsonValue]:
    """Each value once; to JSON `true` is not 1."""
    seen: dict[tuple[str, str], JsonValue] = {}
    for value in values:
        seen.setdefault((type_of(value), repr(value)), value)
    return list(seen.values())
