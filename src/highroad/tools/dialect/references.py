"""References within one schema: all lead into `$defs`, each leads somewhere, none in a circle.

A circle through a member is recursion, and has an end in every value. One through branches alone
has none: whoever follows it never arrives.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect.report import Place, RepairCode
from highroad.tools.schemas.navigation import parts

_INTO_DEFS: Final = "#/$defs/"
_ELSEWHERE: Final = frozenset({"$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef"})
_BRANCHES: Final = ("anyOf", "oneOf", "allOf")
_NO_BRANCHES: Final[JsonObject] = dict.fromkeys(_BRANCHES)
MOST_BRANCHES: Final = 1_000
"""Alternatives of one value: definitions that each name two others double with every step."""


def lead_into_defs(root: JsonObject) -> Place:
    """Rewrite references so that each is `#` or `#/$defs/…`; tells what was changed.

    Raises:
        DeclarationError: A reference leads out of the schema, nowhere, or in a circle.
    """
    place = Place()
    for part in list(parts(root)):
        if not part.keys().isdisjoint(_ELSEWHERE):
            raise DeclarationError(
                "a schema refers by anchors, which are not followed here; "
                "refer by pointer: `#/$defs/…`"
            )
        if "$ref" in part:
            _lead(part, root, place)
    _refuse_circles(root)
    return place


def target_of(reference: str) -> str | None:
    """The name under `$defs` that a reference means; `None` if it means something else."""
    if not reference.startswith(_INTO_DEFS) or "/" in reference.removeprefix(_INTO_DEFS):
        return None
    return _unescaped(reference.removeprefix(_INTO_DEFS))


def _lead(part: JsonObject, root: JsonObject, place: Place) -> None:
    said = part["$ref"]
    if not isinstance(said, str) or not said.startswith("#"):
        raise DeclarationError(
            "a schema refers to another document, and nothing is fetched; "
            "copy what it refers to under `$defs`"
        )
    if said == "#":
        return
    tokens = [_unescaped(token) for token in said.removeprefix("#/").split("/")]
    found = _find(root, tokens)
    if tokens[:-1] == ["$defs"]:
        return
    is_older = tokens[:-1] == ["definitions"]
    name = tokens[-1] if is_older else _moved(found, tokens[-1], root)
    part["$ref"] = _INTO_DEFS + _escaped(name)
    place.report(RepairCode.REFERENCE, "$ref", said, part["$ref"])


def _find(root: JsonObject, tokens: list[str]) -> JsonObject:
    found: JsonValue = root
    for key in tokens:
        if isinstance(found, dict):
            found = _entered(found, key, root)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            found = None
    if not isinstance(found, dict):
        raise DeclarationError(
            "a schema refers to a place that it does not have; "
            "define what is meant under `$defs`, or take the reference out"
        )
    return found


def _entered(part: JsonObject, key: str, root: JsonObject) -> JsonValue:
    """One step down, through what this module moved and a rule before it renamed."""
    if key not in part and isinstance(reference := part.get("$ref"), str):
        definitions = root.get("$defs")
        moved = (
            definitions.get(target_of(reference) or "") if isinstance(definitions, dict) else None
        )
        part = moved if isinstance(moved, dict) else part
    return part.get("$defs" if key == "definitions" and key not in part else key)


def _moved(found: JsonObject, name: str, root: JsonObject) -> str:
    """Put a schema under `$defs` and leave a reference in its place; the name that it got."""
    if found.keys() == {"$ref"} and (known := target_of(str(found["$ref"]))) is not None:
        return known
    definitions = root.setdefault("$defs", {})
    assert isinstance(definitions, dict)  # noqa: S101 - the rules before this made it a map
    while name in definitions:
        name += "_"
    definitions[name] = dict(found)
    found.clear()
    found["$ref"] = _INTO_DEFS + _escaped(name)
    return name


def _refuse_circles(root: JsonObject) -> None:
    """Follow each definition through references and branches alone, the last ones first."""
    held = root.get("$defs")
    known = dict(held) if isinstance(held, dict) else {}
    known["#"] = {**root, "$defs": {}}
    graph = {name: set(_meant(part)) for name, part in known.items()}
    widths: dict[str, int] = {}
    while free := [name for name, meant in graph.items() if not meant & graph.keys()]:
        for name in free:
            del graph[name]
            widths[name] = _width(known[name], widths)
    if graph:
        raise DeclarationError(
            "a schema refers to itself without an end between; "
            "a reference may come back only through a member or an item"
        )
    if any(_width(part, widths) > MOST_BRANCHES for part in parts(root)):
        raise DeclarationError(
            f"a value of a schema has more than {MOST_BRANCHES} alternatives, counted through "
            f"references; take some out"
        )


def _width(part: JsonValue, widths: Mapping[str, int]) -> int:
    """How many alternatives whoever reads a value may have to look at."""
    if not isinstance(part, dict):
        return 1
    found = sum(widths.get(name, 1) for name in _meant({**part, **_NO_BRANCHES}))
    for keyword in _BRANCHES:
        branches = part.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            found += _width(branch, widths)
    return max(found, 1)


def _meant(part: JsonValue) -> Iterator[str]:
    """The definitions that a value must be held to, or may be, to know whether it fits."""
    if not isinstance(part, dict):
        return
    if isinstance(reference := part.get("$ref"), str):
        yield target_of(reference) or "#"
    for keyword in _BRANCHES:
        branches = part.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            yield from _meant(branch)


def _unescaped(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")
