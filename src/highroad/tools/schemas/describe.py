"""The form that a schema wants, in a phrase for a model: `an integer from 1 to 50000`.

It is made from the schema alone, so it can quote no value.
"""

import json
from collections.abc import Iterator
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.schemas.navigation import resolve

_DEPTH: Final = 2
_MOST_OPTIONS: Final = 20

_NOUNS: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_FORMATS: Final = {
    "date-time": "a date and time such as 2026-01-31T12:00:00Z",
    "date": "a date such as 2026-01-31",
    "time": "a time such as 12:00:00Z",
    "duration": "a duration such as PT1H30M",
    "uuid": "a UUID",
    "email": "an e-mail address",
    "phone": "a phone number such as +493012345678",
    "iban": "an IBAN such as DE89370400440532013000",
    "uri": "a URI",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
}


def describe(part: JsonValue, root: JsonSchema, depth: int = _DEPTH) -> str:
    """The form that `part` of the schema `root` wants."""
    schema = resolve(part, root)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(branches, list):
        forms = dict.fromkeys(describe(branch, root, depth) for branch in branches)
        return " or ".join(forms)
    if "const" in schema:
        return _quoted(schema["const"])
    options = schema.get("enum")
    if isinstance(options, list):
        shown = ", ".join(map(_quoted, options[:_MOST_OPTIONS]))
        return f"one of: {shown}" + (", …" if len(options) > _MOST_OPTIONS else "")
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(describe({**schema, "type": each}, root, depth) for each in kind)
    noun = _noun(schema, kind, root, depth)
    bounds = ", ".join(_bounds(schema))
    return f"{noun} {bounds}" if bounds else noun


def _noun(schema: JsonObject, kind: JsonValue, root: JsonSchema, depth: int) -> str:
    form = schema.get("format")
    if kind == "string" and isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    noun = _NOUNS.get(kind, "a value") if isinstance(kind, str) else "a value"
    if kind == "array" and depth and "items" in schema:
        return f"{noun} of which each item is {describe(schema['items'], root, depth - 1)}"
    members = schema.get("properties")
    if kind == "object" and isinstance(members, dict) and members:
        required = schema.get("required")
        needed = required if isinstance(required, list) else []
        listed = (f"`{name}`" if name in needed else f"`{name}` (optional)" for name in members)
        return f"{noun} with {', '.join(listed)}"
    return noun


def _bounds(schema: JsonObject) -> Iterator[str]:
    """What narrows the type, keyword by keyword."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"from {low} to {high}"
    for keyword, words in _WORDS.items():
        if keyword in {"minimum", "maximum"} and low is not None and high is not None:
            continue
        if keyword in schema:
            told = words.format(schema[keyword])
            # "1 items" is one item.
            yield told.removesuffix("s") if schema[keyword] == 1 and told.endswith("s") else told
    if schema.get("uniqueItems") is True:
        yield "without repeats"


_WORDS: Final = {
    "minimum": "of at least {}",
    "maximum": "of at most {}",
    "exclusiveMinimum": "above {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "that is a multiple of {}",
    "minLength": "of at least {} characters",
    "maxLength": "of at most {} characters",
    "pattern": "that matches the pattern {}",
    "minItems": "with at least {} items",
    "maxItems": "with at most {} items",
    "minProperties": "with at least {} members",
    "maxProperties": "with at most {} members",
}


def _quoted(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
