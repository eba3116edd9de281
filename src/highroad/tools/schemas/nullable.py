"""Null as one of the values that a schema allows: whether it is, and how it comes to be."""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.schemas.navigation import resolve

NULL: Final[JsonObject] = {"type": "null"}
_SAYS: Final = frozenset({"title", "description", "default", "examples", "deprecated", "$comment"})
"""Keywords that say something of a value as a whole, whichever branch it takes."""


_DEPTH: Final = 16
"""Branches within branches: a schema that is its own branch has no end."""


def allows_null(part: JsonValue, root: JsonSchema, depth: int = _DEPTH) -> bool:
    """Whether null is a value of `part`, as far as types, values and branches say."""
    if isinstance(part, bool) or not depth:
        return part is True
    schema = resolve(part, root)
    if "enum" in schema and None not in _list(schema["enum"]):
        return False
    if "const" in schema and schema["const"] is not None:
        return False
    kind = schema.get("type", "null")
    if kind != "null" and "null" not in _list(kind):
        return False
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and not any(
            allows_null(branch, root, depth - 1) for branch in _list(schema[keyword])
        ):
            return False
    return all(allows_null(branch, root, depth - 1) for branch in _list(schema.get("allOf")))


def with_null(part: JsonObject) -> JsonObject:
    """The same schema, and null besides; what it says in words stays on the outside."""
    if part.keys() & {"$ref", "const", "oneOf", "allOf", "not", "if"} or "type" not in part:
        return _as_branch(part)
    kind = part["type"]
    kinds = kind if isinstance(kind, list) else [kind]
    widened: JsonObject = {**part, "type": [*kinds, "null"]}
    if isinstance(values := part.get("enum"), list):
        widened["enum"] = [*values, None]
    return widened


def without_null(part: JsonObject) -> JsonObject:
    """What `with_null` was given; another schema loses null where it names it last."""
    branches = part.get("anyOf")
    if isinstance(branches, list) and branches[-1:] == [NULL]:
        return unwrapped({**part, "anyOf": branches[:-1]})
    kinds = part.get("type")
    if not (isinstance(kinds, list) and kinds[-1:] == ["null"]):
        return part
    narrowed: JsonObject = {**part, "type": kinds[0] if len(kinds) == 2 else kinds[:-1]}  # noqa: PLR2004 - a type, and null
    if isinstance(values := part.get("enum"), list) and values[-1:] == [None]:
        narrowed["enum"] = values[:-1]
    return narrowed


def unwrapped(part: JsonObject) -> JsonObject:
    """A choice of one branch, as that branch with the words that stood beside it."""
    branches = part.get("anyOf")
    if not (isinstance(branches, list) and len(branches) == 1 and isinstance(branches[0], dict)):
        return part
    outside = {keyword: value for keyword, value in part.items() if keyword != "anyOf"}
    return part if outside.keys() & branches[0].keys() else {**branches[0], **outside}


def _as_branch(part: JsonObject) -> JsonObject:
    outside = {keyword: value for keyword, value in part.items() if keyword in _SAYS}
    inside = {keyword: value for keyword, value in part.items() if keyword not in _SAYS}
    if inside.keys() == {"anyOf"} and isinstance(branches := inside["anyOf"], list):
        return {"anyOf": [*branches, NULL], **outside}
    return {"anyOf": [inside, NULL], **outside}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
