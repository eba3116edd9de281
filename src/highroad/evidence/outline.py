"""The shape of an argument as its schema tells it: the kind of each leaf, and what is listed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final, Self

from highroad.domain.evidence import EvidenceKind, Match, Place, ValueKind
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import fields

SCHEMA: Final = "schema"
"""Id of the source that a tool's schema is."""

_DEPTH: Final = 12
"""Schemas within schemas: one that holds itself has no end."""
_FORMATS: Final[Mapping[JsonValue, ValueKind]] = {
    "email": ValueKind.EMAIL,
    "idn-email": ValueKind.EMAIL,
    "phone": ValueKind.PHONE,
    "tel": ValueKind.PHONE,
    "iban": ValueKind.ID,
    "date": ValueKind.DATE,
    "time": ValueKind.TIME,
    "date-time": ValueKind.MOMENT,
    "uri": ValueKind.URL,
    "iri": ValueKind.URL,
    "uuid": ValueKind.ID,
}
_TEXT: Final = "str"
_MONEY: Final = frozenset({ValueKind.AMOUNT, ValueKind.CENTS})
_CLOSING: Final = ("additionalProperties", "unevaluatedProperties")
_SAYS_MAJOR: Final = re.compile(
    r"\bin (?:whole |full |us )?(?:dollars|euros?|pounds|francs|yen|(?:the )?major units?)\b",
    re.IGNORECASE,
)
_SAYS_CENTS: Final = re.compile(r"\b(?:cents|pence|minor units?)\b", re.IGNORECASE)


@frozen_value(eq=False)
class Outline:
    """How an argument, or a part of one, is traced."""

    text: ValueKind = ValueKind.TEXT
    """The kind of its texts."""
    number: ValueKind = ValueKind.NUMBER
    """The kind of its numbers."""
    unit: str = ""
    """What its numbers count, where its name says so."""
    is_major: bool = False
    """Whether its money is not counted in cents: it may have a fraction, or its unit is told."""
    listed: frozenset[tuple[str, JsonValue]] = frozenset()
    """Values that the schema itself tells: of an enumeration, a constant, a default."""
    members: Mapping[str, "Outline"] = field(default_factory=dict)
    has_free_keys: bool = False
    """Whether it takes members of any name, which are then values too."""
    others: "Outline | None" = None
    """Of members that have no name in the schema."""
    items: "Outline | None" = None
    first: "tuple[Outline, ...]" = ()
    """Of the first elements of a list, where each has its own."""
    told: tuple[Place, ...] = ()
    """The place of what is listed."""

    @classmethod
    def of_name(cls, name: str) -> Self:
        """Of an argument that no schema describes."""
        return cls(
            text=_text_kind(name, {}),
            number=_number_kind(name, {}),
            unit=fields.unit_of(name),
            has_free_keys=True,
            told=_TOLD,
        )


_TOLD: Final = (
    Place(
        source=SCHEMA,
        kind=EvidenceKind.DEFAULT,
        pointer="",
        how=Match.SAME,
        integrity=Integrity.SYSTEM,
    ),
)


def outlined(
    name: str,
    schema: JsonValue,
    root: JsonObject,
    depth: int = _DEPTH,
    listed: tuple[JsonValue, ...] = (),
) -> Outline:
    """The outline of the values of a schema that go by a name.

    Args:
        name: Of the member, or of the list that holds it.
        schema: Theirs.
        root: The schema in which it stands.
        depth: So far schemas within schemas are followed.
        listed: What an object or a list that the schema around it lists has in their place.
    """
    if not depth:
        return Outline.of_name(name)
    parts = list(_branches(schema, root, depth))
    values = (*listed, *(each for part in parts for each in _listed(part)))
    said: JsonObject = {}
    for part in reversed(parts):
        said |= part
    return Outline(
        text=_text_kind(name, said),
        number=_number_kind(name, said),
        unit=fields.unit_of(name),
        is_major=_is_major(name, parts),
        listed=frozenset(scalar(each) for each in _scalars(values)),
        members=_members(parts, root, depth, values),
        has_free_keys=_is_open(parts),
        others=_below(name, said.get("additionalProperties"), root, depth),
        items=_below(name, said.get("items"), root, depth, tuple(_elements(values))),
        first=tuple(_first(name, said.get("prefixItems"), root, depth, values)),
        told=_TOLD,
    )


def _is_major(name: str, parts: list[JsonObject]) -> bool:
    return (
        any(part.get("type") == "number" for part in parts)
        or bool(fields.codes_of(name))
        or any(_SAYS_MAJOR.search(str(part.get("description", ""))) for part in parts)
    )


def scalar(value: JsonValue) -> tuple[str, JsonValue]:
    """A value as the member of a set, in which `1` and `true` are two."""
    if isinstance(value, str):
        return (_TEXT, value)
    if isinstance(value, list | dict):
        return ("", None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("number", value)
    return (type(value).__name__, value)


def _members(
    parts: list[JsonObject], root: JsonObject, depth: int, values: tuple[JsonValue, ...]
) -> Mapping[str, Outline]:
    found: dict[str, Outline] = {}
    for part in parts:
        members = part.get("properties")
        for name, each in members.items() if isinstance(members, dict) else ():
            if name not in found:
                listed = tuple(of[name] for of in values if isinstance(of, dict) and name in of)
                found[name] = outlined(name, each, root, depth - 1, listed)
    for of in values:  # and what has no schema of its own, but stands in a default
        for name, each in of.items() if isinstance(of, dict) else ():
            if name not in found:
                found[name] = outlined(name, {}, root, depth - 1, (each,))
    return found


def _first(
    name: str, schemas: JsonValue, root: JsonObject, depth: int, values: tuple[JsonValue, ...]
) -> Iterator[Outline]:
    """Of each element that has a schema by its place (JSON Schema 2020-12, `prefixItems`)."""
    for at, each in enumerate(schemas if isinstance(schemas, list) else ()):
        listed = tuple(of[at] for of in values if isinstance(of, list) and at < len(of))
        yield outlined(name, each, root, depth - 1, listed)


def _is_open(parts: list[JsonObject]) -> bool:
    """Whether members of any name are taken; where nothing is said they are (JSON Schema)."""
    said = [part[word] for part in parts for word in _CLOSING if word in part]
    return (
        not said
        or any(each is not False for each in said)
        or any("patternProperties" in part for part in parts)
    )


def _below(
    name: str,
    schema: JsonValue,
    root: JsonObject,
    depth: int,
    listed: tuple[JsonValue, ...] = (),
) -> Outline | None:
    return outlined(name, schema, root, depth - 1, listed) if isinstance(schema, dict) else None


def _branches(schema: JsonValue, root: JsonObject, depth: int) -> Iterator[JsonObject]:
    """A schema and all that it is put together of, or chooses from."""
    if not isinstance(schema, dict) or not depth:
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _branches(_at(reference, root), root, depth - 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            yield from _branches(branch, root, depth - 1)


def _at(reference: str, root: JsonObject) -> JsonValue:
    part: JsonValue = root if reference.startswith("#") else None
    for token in reference.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        part = part.get(key) if isinstance(part, dict) else None
    return part


def _listed(part: JsonObject) -> Iterator[JsonValue]:
    """What a schema itself tells: values of an enumeration, a constant, a default."""
    values = part.get("enum")
    yield from values if isinstance(values, list) else ()
    yield from (part[keyword] for keyword in ("const", "default") if keyword in part)


def _scalars(values: tuple[JsonValue, ...]) -> Iterator[JsonValue]:
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, list | dict):
                yield each


def _elements(values: tuple[JsonValue, ...]) -> Iterator[JsonValue]:
    for value in values:
        yield from value if isinstance(value, list) else ()


def _text_kind(name: str, said: JsonObject) -> ValueKind:
    form = said.get("format")
    if isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    if "enum" in said or "const" in said:
        return ValueKind.CHOICE
    number = _number_kind(name, said)
    by_name = fields.kind_of(name)
    return by_name or (number if number in _MONEY else ValueKind.TEXT)


def _number_kind(name: str, said: JsonObject) -> ValueKind:
    if fields.is_cents(name) or _SAYS_CENTS.search(str(said.get("description", ""))):
        return ValueKind.CENTS
    if fields.is_money(name):
        return ValueKind.AMOUNT
    return ValueKind.ID if fields.is_id(name) else ValueKind.NUMBER
