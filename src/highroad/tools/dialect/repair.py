"""From a schema in the wild to JSON Schema 2020-12 with closed objects; every change is told.

The rules work on a copy, part by part: names and forms first, so that what lies below is found;
then all below; then what can only be judged when types are known. What no rule can mend is refused:
a reference that leads out, a depth or size that nobody writes.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import orjson

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.arguments.form import MAX_DEPTH, is_plain, problems_of_form
from highroad.tools.dialect.bounds import know_format, mend_bounds
from highroad.tools.dialect.clean import is_clean_object, is_clean_part
from highroad.tools.dialect.closing import close_objects
from highroad.tools.dialect.drafts import (
    forget_unknown,
    gather_example,
    part_dependencies,
    rename_definitions,
    set_aside_identity,
)
from highroad.tools.dialect.expressions import meaning
from highroad.tools.dialect.members import gather_required, list_members, named, say_items
from highroad.tools.dialect.references import lead_into_defs
from highroad.tools.dialect.report import EVERY, Place, RepairCode, Repaired
from highroad.tools.dialect.types import add_types, name_types, say_null
from highroad.tools.dialect.values import fit_default, fit_enum, fit_examples
from highroad.tools.dialect.words import is_anything
from highroad.tools.schemas.applicators import ALONE, IN_LIST, IN_MAP, OF_CONTENT, SHARED

MAX_BYTES: Final = 262_144
"""Of the JSON text of one schema."""

Rule: TypeAlias = Callable[[JsonObject, Place], None]

_BEFORE: Final[tuple[Rule, ...]] = (
    set_aside_identity,
    rename_definitions,
    part_dependencies,
    list_members,
    gather_required,
    name_types,
    add_types,
    say_items,
    mend_bounds,
    say_null,
    gather_example,
    know_format,
    forget_unknown,
)
_AFTER: Final[tuple[Rule, ...]] = (fit_enum,)

_IN_MAP: Final = IN_MAP | {SHARED}
_ALONE: Final = ALONE | {OF_CONTENT}


def repair_arguments(schema: object) -> Repaired:
    """The schema of a tool's arguments: an object, closed but where it says otherwise.

    Args:
        schema: As it came: a JSON Schema of some dialect, a list of named parameters, or `None`
            for no arguments. It stays as it is.

    Raises:
        DeclarationError: It cannot be mended: no JSON, no object, too deep or large, a reference
            that leads out, nowhere or in a circle.
    """
    copy = _copy({} if schema is None else schema)
    if is_clean_object(copy, MAX_DEPTH // 2):
        return Repaired(copy)
    place = Place()
    root = _object(copy, place)
    _repair(root, place)
    _take_in(root, place)
    _refuse_other_than_objects(root, place)
    return _closed(root, place)


def repair_result(schema: object) -> Repaired:
    """The schema of a tool's result: any type, and objects as open as they were.

    Raises:
        DeclarationError: As `repair_arguments`, but for the object.
    """
    place = Place()
    copy = _copy(schema)
    root = _object(copy, place) if isinstance(copy, list) else _schema(copy, place)
    if not isinstance(root, dict):
        raise DeclarationError("the schema of a result is a JSON Schema object")
    _repair(root, place)
    return _finished(root, place)


def _copy(schema: object) -> Any:  # noqa: ANN401 - a wire edge: JSON of any form
    """A copy of our own; in writing it the encoder finds circles, pits and what is no JSON."""
    try:
        data = orjson.dumps(schema, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise DeclarationError(
            f"a schema cannot be written as JSON: {error}; give it as JSON"
        ) from None
    if len(data) > MAX_BYTES:
        raise DeclarationError(
            f"a schema has {len(data)} bytes; one of more than {MAX_BYTES} is not read"
        )
    return orjson.loads(data)


def _object(copy: JsonValue, place: Place) -> JsonObject:
    """The root as an object; a list of named parameters becomes one."""
    if isinstance(copy, dict):
        return copy
    if not isinstance(copy, list):
        raise DeclarationError("a schema of arguments is a JSON object that describes an object")
    root: JsonObject = {"type": "object", "properties": named(copy)}
    place.report(RepairCode.SCHEMA_FORM, was=copy, now=root["properties"])
    return root


def _repair(root: JsonObject, place: Place) -> None:
    _mend(root, root, place)
    place.repairs.extend(lead_into_defs(root).repairs)


def _mend(part: JsonObject, root: JsonObject, place: Place) -> None:
    if len(place.path) > MAX_DEPTH:
        raise DeclarationError(f"a schema is deeper than {MAX_DEPTH} levels; flatten it")
    for rule in _BEFORE:
        rule(part, place)
    for holder, key, below in _below(part, place):
        holder[key] = mended = _schema(holder[key], below)
        if isinstance(mended, dict) and not is_clean_part(mended, MAX_DEPTH // 2):
            _mend(mended, root, below)
    for rule in _AFTER:
        rule(part, place)
    fit_default(part, root, place)
    fit_examples(part, root, place)


def _below(part: JsonObject, place: Place) -> Iterator[tuple[Any, Any, Place]]:
    """Where schemas stand in a schema: what holds each, under which key, and its place."""
    for keyword in [*part]:
        value = part[keyword]
        if keyword in _IN_MAP and isinstance(value, dict):
            for name in value:
                yield value, name, place.below(keyword, name)
        elif keyword in IN_LIST and isinstance(value, list) and value:
            for at in range(len(value)):
                yield value, at, place.below(keyword, at)
        elif keyword in _ALONE:
            yield part, keyword, place.below(keyword)
        elif keyword in _IN_MAP or keyword in IN_LIST:
            place.report(RepairCode.KEYWORD_LOST, keyword, part.pop(keyword))


def _schema(value: JsonValue, place: Place) -> JsonObject | bool:
    """What stands where a schema belongs, as one."""
    if isinstance(value, dict | bool):
        return value
    found = meaning(value) if isinstance(value, str) else None
    is_free = value is None or (isinstance(value, str) and is_anything(value))
    code = RepairCode.ANY if is_free else RepairCode.TYPE_UNKNOWN
    now: JsonObject = {**found} if found else {}
    place.report(RepairCode.SCHEMA_FORM if found else code, was=value, now=now)
    return now


def _take_in(root: JsonObject, place: Place) -> None:
    """A root that only refers to a definition becomes that definition."""
    definitions = root.get("$defs")
    while isinstance(reference := root.get("$ref"), str) and isinstance(definitions, dict):
        name = reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        target = definitions.get(name)
        if not isinstance(target, dict) or (target.keys() & root.keys()) - {"$ref", "description"}:
            return
        del root["$ref"]
        root.update({**target, **root})
        place.report(RepairCode.REFERENCE, "$ref", reference)


def _refuse_other_than_objects(root: JsonObject, place: Place) -> None:
    if "type" not in root:
        root["type"] = "object"
        place.report(RepairCode.TYPE_ADDED, "type", now="object")
    if root["type"] == ["object"] or root["type"] == ["object", "null"]:
        place.report(RepairCode.TYPE, "type", root["type"], "object")
        root["type"] = "object"
    if root["type"] != "object":
        raise DeclarationError(
            "the arguments of a tool are an object; put what this schema describes "
            "into a member of one"
        )
    if root.keys().isdisjoint({"properties", "anyOf", "oneOf", "allOf", "$ref"}) and (
        "additionalProperties" not in root
    ):
        root["properties"] = {}


def _closed(root: JsonObject, place: Place) -> Repaired:
    close_objects(root, place)
    return _finished(root, place)


def _finished(root: JsonObject, place: Place) -> Repaired:
    for problem in () if is_plain(root) else problems_of_form(root, EVERY):
        raise DeclarationError(
            f"a schema holds at {problem.pointer} what JSON readers disagree on; "
            f"there may stand {problem.expected}"
        )
    return Repaired(root, tuple(place.repairs))
