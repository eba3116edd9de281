"""Rules for keywords whose value must be a number, a count, a truth value or a text."""

from typing import Final

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonObject, JsonValue
from highroad.tools.dialect.report import Place, RepairCode

_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS: Final = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
)
_TRUTHS: Final = ("uniqueItems", "deprecated", "readOnly", "writeOnly")
_TEXTS: Final = ("title", "description", "$comment", "pattern", "format")
_EXCLUSIVE: Final = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
_VALUED: Final = frozenset({*_NUMBERS, *_COUNTS, *_TRUTHS, *_TEXTS})

FORMATS: Final = frozenset(
    {
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "uuid",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        *("iban", "phone", "tel"),
    }
)
"""JSON Schema 2020-12 validation, section 7.3, and what the road knows of accounts and numbers.

The last three tell it of whom a value is, how it is compared, and where a pseudonym is turned back.
"""
_SILENT: Final = frozenset({"int32", "int64", "float", "double", "enum", "password", "byte"})
"""Formats of OpenAPI and Gemini that tell a model nothing that the type does not."""


def mend_bounds(part: JsonObject, place: Place) -> None:
    """Give each of these keywords a value that it can have, or leave it out."""
    if part.keys().isdisjoint(_VALUED):
        return
    for exclusive, inclusive in _EXCLUSIVE:
        if isinstance(part.get(exclusive), bool):
            _since_draft_6(part, exclusive, inclusive, place)
    for keyword in _VALUED & part.keys():
        said = part[keyword]
        now = _value_for(keyword, said)
        if now is None:
            del part[keyword]
            place.report(RepairCode.KEYWORD_LOST, keyword, said)
        elif now != said or type(now) is not type(said):
            part[keyword] = now
            place.report(RepairCode.BOUND, keyword, said, now)


def know_format(part: JsonObject, place: Place) -> None:
    """Leave out a format that validators do not know, and tell it in words."""
    said = part.get("format")
    if not isinstance(said, str) or said in FORMATS:
        return
    del part["format"]
    if said not in _SILENT:
        words = part.get("description")
        part["description"] = f"{words} Format: {said}." if words else f"Format: {said}."
    place.report(RepairCode.FORMAT_LOST, "format", said, part.get("description"))


def _since_draft_6(part: JsonObject, exclusive: str, inclusive: str, place: Place) -> None:
    """In draft 4 `exclusiveMinimum: true` says of `minimum` that it is excluded itself."""
    said = part.pop(exclusive)
    if said and inclusive in part:
        part[exclusive] = part.pop(inclusive)
    place.report(RepairCode.BOUND, exclusive, said, part.get(exclusive))


def _value_for(keyword: str, said: JsonValue) -> JsonValue:
    """A value that the keyword can have; `None` if this is none."""
    if keyword in _TRUTHS:
        return said if isinstance(said, bool) else None
    if keyword in _TEXTS:
        return said if isinstance(said, str) else None
    number = _number(said)
    if number is None:
        return None
    if keyword in _COUNTS:
        return int(number) if number >= 0 and number == int(number) else None
    if keyword == "multipleOf" and number <= 0:
        return None
    return max(-MAX_SAFE_INTEGER, min(MAX_SAFE_INTEGER, number))


def _number(said: JsonValue) -> int | float | None:
    if isinstance(said, str):
        try:
            number = float(said)
        except ValueError:
            return None
        return int(number) if number.is_integer() else number
    return None if isinstance(said, bool) or not isinstance(said, int | float) else said
