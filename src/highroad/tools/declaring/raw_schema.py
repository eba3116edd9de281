"""Raw JSON Schemas, as anybody may have written them: read, judged and closed.

What comes over a wire may be anything: a bottomless pit, a circle, a reference into the network.
All of it is refused here, once, so that whatever reads a schema later may walk it without fear.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Final

import orjson

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.form import MAX_DEPTH, is_plain, problems_of_form
from highroad.tools.declaring.site import Site
from highroad.tools.schemas.navigation import at_reference

MAX_BYTES: Final = 262_144
"""Of one schema as JSON: a hundred times what providers take."""

LONGEST_NAME: Final = 128
_ENDLESS: Final = sys.maxsize

# Where a schema holds schemas (JSON Schema 2020-12 core, section 10): those that judge a part of
# the value, and those that judge the very value that the schema itself judges.
_OF_PARTS: Final = (
    "items",
    "additionalProperties",
    "contains",
    "unevaluatedItems",
    "propertyNames",
)
_MAPS_OF_PARTS: Final = ("properties", "patternProperties")
_LISTS_OF_PARTS: Final = ("prefixItems",)
_SAME: Final = ("not", "if", "then", "else", "unevaluatedProperties")
_LISTS_OF_SAME: Final = ("allOf", "anyOf", "oneOf")
_MAPS_OF_SAME: Final = ("dependentSchemas",)
_DEFINITIONS: Final = ("$defs", "definitions")
# What, beside the members of an object itself, says which further members it may have.
_MORE_MEMBERS: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "$ref"}
)
# A schema that has nothing else judges as what it refers to.
_REFERENCE: Final = frozenset({"$ref", "$schema", "title", "description", *_DEFINITIONS})
_NESTING: Final = frozenset(
    {
        *_OF_PARTS,
        *_MAPS_OF_PARTS,
        *_LISTS_OF_PARTS,
        *_SAME,
        *_LISTS_OF_SAME,
        *_MAPS_OF_SAME,
        *_DEFINITIONS,
        "$ref",
    }
)
_BESIDE_MEMBERS: Final = _NESTING - {"properties"}
# What says itself which members that it does not name it has.
_OPEN: Final = frozenset({"patternProperties", "unevaluatedProperties"})


def arguments_schema(given: Mapping[str, object], site: Site) -> JsonObject:
    """A schema of our own, of an object of arguments, in which no member is unknown.

    An object that names members and does not say whether there may be others takes no others.

    Raises:
        DeclarationError: It is no JSON, too large or too deep; it is not of an object; it refers
            out of itself, or goes in a circle; a name cannot be spelled.
    """
    schema, has_references = _copy(given, site)
    schema = _without_reference(schema)
    if "type" not in schema and "$ref" not in schema:
        schema["type"] = "object"
    if schema.get("type") != "object":
        raise site.error('its schema is not of an object of arguments; it has "type": "object"')
    members = schema.setdefault("properties", {})
    if isinstance(members, dict):
        _check_names(members, site)
    _close(schema, _taken_in(schema) if has_references else frozenset())
    if not (_MORE_MEMBERS | _OPEN) & schema.keys():
        schema.setdefault("additionalProperties", False)
    return schema


def _without_reference(root: JsonObject) -> JsonObject:
    """What a schema refers to that is a reference and no more, as one of a recursive type is.

    `_copy` has seen that no reference goes in a circle.
    """
    schema = root
    while schema.keys() <= _REFERENCE and isinstance(reference := schema.get("$ref"), str):
        target = at_reference(reference, root)
        if not isinstance(target, dict):
            return schema
        del schema["$ref"]
        schema = {**deepcopy(target), **schema}
    return schema


def plain_schema(given: Mapping[str, object], site: Site) -> JsonObject:
    """A copy of a schema, safe to walk.

    Raises:
        DeclarationError: It is no JSON, too large or too deep, refers out of itself, or goes in a
            circle.
    """
    return _copy(given, site)[0]


def _copy(given: Mapping[str, object], site: Site) -> tuple[JsonObject, bool]:
    """The copy, and whether anything in it is a reference."""
    data = _json(given, site)
    if len(data) > MAX_BYTES:
        raise site.error(f"its schema has {len(data)} bytes of JSON, more than {MAX_BYTES}")
    schema: JsonValue = orjson.loads(data)
    if not isinstance(schema, dict):
        raise site.error("its schema is no JSON object")
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check_form(schema, site)
    # One look for a rare character is a tenth of two looks for words.
    has_references = b"$" in data and (b'$ref"' in data or b'$dynamicRef"' in data)
    if has_references:
        _check_references(schema, site)
    return schema, has_references


def _json(given: Mapping[str, object], site: Site) -> bytes:
    """What `orjson` writes has text keys, valid Unicode, and no number that is too large."""
    try:
        return orjson.dumps(given, option=orjson.OPT_STRICT_INTEGER)
    except TypeError as error:
        with suppress(TypeError):
            _check_form(orjson.loads(orjson.dumps(given)), site)  # says which number, if it is one
        raise site.error(
            "its schema is no JSON: text keys, values of JSON, and an end to nesting"
        ) from error


def _check_form(schema: JsonValue, site: Site) -> None:
    if not is_plain(schema):
        for problem in problems_of_form(schema):
            raise site.error(f"its schema has no form that all agree on: {problem.expected}")


def _check_names(members: JsonObject, site: Site) -> None:
    for name in members:
        if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
            raise site.error(
                f"an argument has a name that cannot be spelled; 1 to {LONGEST_NAME} printable "
                f"characters"
            )


def _check_references(root: JsonObject, site: Site) -> None:
    """Every reference leads into the schema itself, and none back to where it comes from.

    A circle that never goes into a part of the value judges nothing, and has no end for whoever
    follows it.
    """
    reaches: dict[int, int] = {}
    for part in _all_parts(root):
        for keyword in ("$ref", "$dynamicRef"):
            reference = part.get(keyword)
            if isinstance(reference, str) and not reference.startswith("#"):
                raise site.error(
                    "its schema refers out of itself, and nothing is fetched; put what it refers "
                    "to under `$defs` and refer to `#/$defs/…`"
                )
        if _reach(part, root, reaches) > MAX_DEPTH:
            raise site.error(
                f"its schema refers to itself in a circle that never ends, or through more than "
                f"{MAX_DEPTH} schemas"
            )


def _reach(part: JsonObject, root: JsonSchema, reaches: dict[int, int], depth: int = 0) -> int:
    """How many schemas at most follow from one to the next to judge one value; a circle is ∞.

    While a schema is being followed it counts as a circle, which it is if one comes back to it.
    """
    if id(part) not in reaches and depth <= MAX_DEPTH:
        reaches[id(part)] = _ENDLESS
        below = (_reach(each, root, reaches, depth + 1) for each in _same_value(part, root))
        reaches[id(part)] = min(max(below, default=0) + 1, _ENDLESS)
    return reaches.get(id(part), _ENDLESS)


def _same_value(part: JsonObject, root: JsonSchema) -> Iterator[JsonObject]:
    """Schemas that judge the very value that `part` judges."""
    reference = part.get("$ref")
    if isinstance(reference, str):
        target = root if reference == "#" else at_reference(reference, root)
        if isinstance(target, dict):
            yield target
    yield from _below(part, _SAME, _LISTS_OF_SAME, _MAPS_OF_SAME)


def _all_parts(schema: JsonObject) -> Iterator[JsonObject]:
    yield schema
    for below in _below(
        schema,
        _OF_PARTS + _SAME,
        _LISTS_OF_PARTS + _LISTS_OF_SAME,
        _MAPS_OF_PARTS + _MAPS_OF_SAME + _DEFINITIONS,
    ):
        yield from _all_parts(below)


def _below(
    part: JsonObject, alone: tuple[str, ...], lists: tuple[str, ...], maps: tuple[str, ...]
) -> Iterator[JsonObject]:
    for keyword, value in part.items():
        if keyword not in _NESTING:
            continue
        if keyword in alone:
            found: list[JsonValue] = [value]
        elif keyword in lists and isinstance(value, list):
            found = value
        elif keyword in maps and isinstance(value, dict):
            found = list(value.values())
        else:
            continue
        yield from (each for each in found if isinstance(each, dict))


def _taken_in(root: JsonObject) -> frozenset[str]:
    """References to schemas that are only a part of what judges an object.

    To close such a schema by itself would refuse the members that its neighbours name.
    """
    return frozenset(
        reference
        for part in _all_parts(root)
        for neighbour in (*((part,) if "properties" in part else ()), *_composed(part))
        if isinstance(reference := neighbour.get("$ref"), str)
    )


def _composed(part: JsonObject) -> Iterator[JsonObject]:
    """Schemas that judge an object together with others."""
    # Alternatives are whole objects each, unless they stand beside members that they share.
    lists = _LISTS_OF_SAME if "properties" in part else ("allOf",)
    yield from _below(part, ("not", "if", "then", "else"), lists, _MAPS_OF_SAME)


def _close(part: JsonObject, shared: frozenset[str]) -> None:
    """Close objects where a value of their own begins, and leave open what is judged together."""
    if _BESIDE_MEMBERS.isdisjoint(part):
        _close_members(part, shared)
        return
    names_members = "properties" in part
    is_composed = bool(_MORE_MEMBERS & part.keys()) and (names_members or "allOf" in part)
    if "additionalProperties" not in part and "unevaluatedProperties" not in part:
        if is_composed:
            part["unevaluatedProperties"] = False
        elif names_members:
            part["additionalProperties"] = False
    for each in _composed(part):
        _close_inside(each, shared)
    alternatives = () if names_members else _below(part, (), ("anyOf", "oneOf"), ())
    for each in (*alternatives, *_below(part, _OF_PARTS, _LISTS_OF_PARTS, _MAPS_OF_PARTS)):
        _close(each, shared)
    for keyword in _DEFINITIONS:
        definitions = part.get(keyword)
        for name, definition in definitions.items() if isinstance(definitions, dict) else ():
            if isinstance(definition, dict):
                reference = f"#/{keyword}/{name.replace('~', '~0').replace('/', '~1')}"
                (_close_inside if reference in shared else _close)(definition, shared)


def _close_members(part: JsonObject, shared: frozenset[str]) -> None:
    """The same of a schema that holds none but those of members, as nearly all do, or no other."""
    members = part.get("properties")
    if members is None:
        return
    part.setdefault("additionalProperties", False)
    for each in members.values() if isinstance(members, dict) else ():
        if isinstance(each, dict) and not _NESTING.isdisjoint(each):
            _close(each, shared)


def _close_inside(part: JsonObject, shared: frozenset[str]) -> None:
    """Leave a schema open that judges an object together with others; close what is inside."""
    for each in _below(part, _SAME, _LISTS_OF_SAME, _MAPS_OF_SAME):
        _close_inside(each, shared)
    for each in _below(part, _OF_PARTS, _LISTS_OF_PARTS, _MAPS_OF_PARTS):
        _close(each, shared)
