"""Objects that do not speak of other members are closed, each where its members are all known.

A schema that is one of several parts of an object cannot be closed by itself: it would refuse what
the other parts allow. Such an object is closed as a whole, by `unevaluatedProperties` (JSON Schema
2020-12 core, section 11.3).
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect.references import target_of
from highroad.tools.dialect.report import Place, RepairCode
from highroad.tools.schemas.applicators import ALONE, IN_LIST, IN_MAP, OF_CONTENT

_ALONE: Final = ALONE | {OF_CONTENT}
_BESIDE: Final = frozenset({"if", "then", "else", "not", "dependentSchemas"})
"""Keywords whose schemas never see to an object alone."""
_WHOLE: Final = _BESIDE | {"allOf"}
_CHOICE: Final = frozenset({"anyOf", "oneOf"})
_COMPOSING: Final = _WHOLE | _CHOICE | {"$ref"}
_MEMBERS: Final = frozenset({"properties", "patternProperties"})
_SPOKEN: Final = frozenset({"additionalProperties", "unevaluatedProperties"})

Below: TypeAlias = tuple[tuple[str | int, ...], JsonValue, bool]
"""Tokens of the path, a schema, and whether it is one of several parts of the same object."""


def close_objects(root: JsonObject, place: Place) -> None:
    """Close every object of a schema that does not itself say what else it may have."""
    parts = _shared_definitions(root)
    _close(root, place, parts, is_part=False)


def _close(part: JsonValue, place: Place, shared: frozenset[str], *, is_part: bool) -> None:
    if not isinstance(part, dict):
        return
    for tokens, below, is_part_below in _below(part, is_part=is_part):
        _close(below, place.below(*tokens), shared, is_part=is_part_below)
    definitions = part.get("$defs")
    for name, each in definitions.items() if isinstance(definitions, dict) else ():
        _close(each, place.below("$defs", name), shared, is_part=name in shared)
        if name in shared and isinstance(each, dict) and _MEMBERS & each.keys():
            place.below("$defs", name).report(RepairCode.LEFT_OPEN)
    if is_part or not part.keys().isdisjoint(_SPOKEN):
        return
    keyword = "additionalProperties" if "properties" in part else ""
    keyword = "unevaluatedProperties" if _has_parts(part) else keyword
    if keyword:
        part[keyword] = False
        place.report(RepairCode.CLOSED, keyword, now=False)


def _below(part: JsonObject, *, is_part: bool) -> Iterator[Below]:
    """Every schema in a schema but its definitions."""
    divides = is_part or _has_parts(part)
    for keyword, value in part.items():
        is_same = keyword in _BESIDE or (divides and keyword in _WHOLE | _CHOICE)
        if keyword in IN_MAP and isinstance(value, dict):
            for name, each in value.items():
                yield (keyword, name), each, is_same
        elif keyword in IN_LIST and isinstance(value, list):
            for at, each in enumerate(value):
                yield (keyword, at), each, is_same
        elif keyword in _ALONE:
            yield (keyword,), value, is_same


def _has_parts(part: JsonObject) -> bool:
    """Whether an object's members are named in more than one place."""
    if part.keys().isdisjoint(_COMPOSING):
        return False
    named = [part] if not part.keys().isdisjoint(_MEMBERS) else []
    whole = [each for each in _same(part) if _names_members(each)]
    choice = any(_names_members(each) for keyword in _CHOICE for each in _listed(part.get(keyword)))
    reference = ["$ref"] if "$ref" in part else []
    return bool(whole or choice or reference) and (
        len(named) + len(whole) + len(reference) + choice > 1
    )


def _same(part: JsonObject) -> Iterator[JsonValue]:
    yield from _listed(part.get("allOf"))
    for keyword in ("if", "then", "else"):
        if keyword in part:
            yield part[keyword]
    dependent = part.get("dependentSchemas")
    yield from dependent.values() if isinstance(dependent, dict) else ()


def _names_members(part: JsonValue) -> bool:
    return isinstance(part, dict) and not part.keys().isdisjoint(_MEMBERS | _COMPOSING)


def _shared_definitions(root: JsonObject) -> frozenset[str]:
    """Definitions that somewhere are one of several parts of an object, or parts of such."""
    known = root.get("$defs")
    if not isinstance(known, dict):
        return frozenset()
    shared: set[str] = set()
    waiting: list[tuple[JsonValue, bool]] = [(each, False) for each in (root, *known.values())]
    while waiting:
        part, is_part = waiting.pop()
        if not isinstance(part, dict):
            continue
        reference = part.get("$ref")
        if isinstance(reference, str) and (is_part or _has_parts(part)):
            name = target_of(reference)
            if name is not None and name not in shared:
                shared.add(name)
                waiting.append((known.get(name), True))
        waiting += [(below, is_one) for _, below, is_one in _below(part, is_part=is_part)]
    return frozenset(shared)


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
