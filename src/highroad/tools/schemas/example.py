"""A value that fits a schema, made of nothing but the schema: no word of any call is in it."""

from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.schemas.navigation import resolve

_DEPTH: Final = 6
_MOST_ITEMS: Final = 3
_MOST_VALUES: Final = 1_000
"""Values within one example: members that each want all others multiply with every level."""
_LONGEST: Final = 200
_TEXT: Final = "text"
_FORMATS: Final[Mapping[str, str]] = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "duration": "PT1H30M",
    "uuid": "3f0a1c52-8f0e-4c0f-9a51-2d9a2f2f6a10",
    "email": "name@example.com",
    "phone": "+493012345678",
    "iban": "DE89370400440532013000",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def example_of(schema: JsonSchema) -> JsonValue:
    """A value for a schema.

    Where a pattern or a rule between members binds it, it may not fit, nor where it would be large.
    """
    return _value(dict(schema), schema, _DEPTH, iter(range(_MOST_VALUES)))


def _value(part: JsonValue, root: JsonSchema, depth: int, room: Iterator[int]) -> JsonValue:
    if next(room, None) is None:
        return None
    schema = resolve(part, root)
    for found in _told(schema):
        return found
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and branches:
            return _value(branches[0], root, depth, room)
    return _of_type(schema, root, depth, room)


def _told(schema: JsonObject) -> Iterator[JsonValue]:
    """Values that the schema itself names."""
    for keyword in ("const", "default"):
        if keyword in schema and schema[keyword] is not None:
            yield schema[keyword]
    for keyword in ("examples", "enum"):
        listed = schema.get(keyword)
        if isinstance(listed, list):
            yield from listed[:1]


def _of_type(schema: JsonObject, root: JsonSchema, depth: int, room: Iterator[int]) -> JsonValue:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    match kind:
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return _items(schema, root, depth, room)
        case "object":
            return _members(schema, root, depth, room)
        case _:
            return _text(schema)


def _number(schema: JsonObject) -> JsonValue:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below, step = (
        schema.get(each) for each in ("exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    )
    if isinstance(step, int | float):
        first = 0 if least is None and above is None else _at_least(least, above)
        return step * max(1, -(-first // step))
    if least is not None:
        return least
    if isinstance(above, int | float):
        return above + 1
    if most is not None:
        return most
    return below - 1 if isinstance(below, int | float) else 1


def _at_least(least: JsonValue, above: JsonValue) -> float:
    bounds = [each for each in (least, above) if isinstance(each, int | float)]
    return max(bounds, default=0)


def _text(schema: JsonObject) -> JsonValue:
    form, least, most = (schema.get(each) for each in ("format", "minLength", "maxLength"))
    text = _FORMATS.get(form, _TEXT) if isinstance(form, str) else _TEXT
    if isinstance(least, int) and len(text) < least <= _LONGEST:
        text = text.ljust(least, ".")
    return text[:most] if isinstance(most, int) and form not in _FORMATS else text


def _items(schema: JsonObject, root: JsonSchema, depth: int, room: Iterator[int]) -> JsonValue:
    least, first = schema.get("minItems"), schema.get("prefixItems")
    if isinstance(first, list):
        return [_value(each, root, depth - 1, room) for each in first] if depth else []
    wanted = least if isinstance(least, int) else 1
    if not depth or "items" not in schema:
        return []
    return [_value(schema["items"], root, depth - 1, room)] * min(max(wanted, 1), _MOST_ITEMS)


def _members(schema: JsonObject, root: JsonSchema, depth: int, room: Iterator[int]) -> JsonValue:
    members, required = schema.get("properties"), schema.get("required")
    if not (isinstance(members, dict) and isinstance(required, list)) or not depth:
        return {}
    return {
        name: _value(members[name], root, depth - 1, room) for name in members if name in required
    }
