"""The quick look that most schemas need: whether no rule has anything to say.

Clean is itself a schema, of schemas that are made of the common keywords; what it does not know
goes the long way. Two things it cannot say are looked at here: that what is required is a member,
and that a default is one of the values. A test holds all this to the rules, which must leave alone
whatever is called clean.
"""

from typing import Any, Final

from jsonschema_rs import Draft202012Validator

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonObject, JsonSchema, JsonValue
from highroad.tools.dialect.bounds import FORMATS

_TEXT: Final[JsonObject] = {"type": "string"}
_NUMBER: Final[JsonObject] = {
    "type": "number",
    "minimum": -MAX_SAFE_INTEGER,
    "maximum": MAX_SAFE_INTEGER,
}
_COUNT: Final[JsonObject] = {**_NUMBER, "type": "integer", "minimum": 0}
_PART: Final[JsonObject] = {"$ref": "#/$defs/part"}
_BOUNDS: Final[JsonObject] = {"minimum": _NUMBER, "maximum": _NUMBER}


def _of(kind: str, *needed: str, **keywords: JsonValue) -> JsonObject:
    """The schema of schemas of one type: its keywords, and no others."""
    said: JsonObject = {"type": {"const": kind}, "title": _TEXT, "description": _TEXT}
    required: list[JsonValue] = ["type", *needed]
    properties: JsonObject = {**said, **keywords}
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _with_values(kind: str, **keywords: JsonValue) -> JsonObject:
    """Of a type whose values can be named."""
    each: JsonObject = {**_NUMBER, "type": kind} if "minimum" in keywords else {"type": kind}
    values: JsonObject = {"type": "array", "minItems": 1, "uniqueItems": True, "items": each}
    return _of(kind, enum=values, default=each, **keywords)


_CLEAN: Final[JsonObject] = {
    "$defs": {
        "part": {
            "type": "object",
            "anyOf": [
                _with_values(
                    "string",
                    minLength=_COUNT,
                    maxLength=_COUNT,
                    pattern=_TEXT,
                    format={"enum": list[JsonValue](sorted(FORMATS))},
                ),
                _with_values("integer", **_BOUNDS),
                _with_values("boolean"),
                _with_values("number", **_BOUNDS),
                _of("array", "items", items=_PART, minItems=_COUNT, maxItems=_COUNT),
                {"$ref": "#/$defs/object"},
                {"$ref": "#/$defs/nullable"},
            ],
        },
        "object": _of(
            "object",
            "properties",
            "additionalProperties",
            properties={"type": "object", "additionalProperties": _PART},
            required={"type": "array", "items": _TEXT, "uniqueItems": True},
            additionalProperties={"const": False},
        ),
        "nullable": {
            "properties": {
                "title": _TEXT,
                "description": _TEXT,
                "anyOf": {
                    "type": "array",
                    "items": {"anyOf": [{"const": {"type": "null"}}, _PART]},
                    "contains": {"const": {"type": "null"}},
                },
                "default": {"type": "null"},
            },
            "required": ["anyOf"],
            "additionalProperties": False,
        },
    }
}
_OBJECT_VALIDATOR: Final = Draft202012Validator({"$ref": "#/$defs/object", **_CLEAN})
_PART_VALIDATOR: Final = Draft202012Validator({**_PART, **_CLEAN})


def is_clean_object(schema: JsonValue, depth: int) -> bool:
    """Whether a whole schema, of an object and at most `depth` levels deep, needs no repair."""
    return _OBJECT_VALIDATOR.is_valid(schema) and _agrees(schema, depth)


def is_clean_part(part: JsonValue, depth: int) -> bool:
    """Whether a part of a schema, at most `depth` levels deep, needs no repair."""
    return _PART_VALIDATOR.is_valid(part) and _agrees(part, depth)


def _agrees(part: Any, depth: int) -> bool:  # noqa: ANN401 - its form is known from the validator
    """Whether what one keyword names is there in another."""
    if not depth:
        return False
    if (members := part.get("properties")) is not None:
        if "required" in part and not members.keys() >= set(part["required"]):
            return False
        below = members.values()
    elif "items" in part:
        below = (part["items"],)
    elif "anyOf" in part:
        below = part["anyOf"]
    else:
        return "default" not in part or _is_value(part["default"], part)
    for each in below:
        if not each.keys().isdisjoint(_LOOKED_AT) and not _agrees(each, depth - 1):
            return False
    return True


def _is_value(default: JsonValue, part: JsonSchema) -> bool:
    """Whether a default is one of the values; among bounds it goes the long way."""
    return part.keys() <= _VALUED and default in part.get("enum", [default])  # type: ignore[operator]  # `enum` is a list


_LOOKED_AT: Final = frozenset({"default", "items", "properties", "anyOf"})
_VALUED: Final = frozenset({"type", "title", "description", "enum", "default"})
