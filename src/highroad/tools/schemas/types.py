"""The JSON types that values have, and that schemas allow."""

from types import NoneType
from typing import Final

from highroad.domain.json_value import JsonSchema, JsonValue
from highroad.tools.schemas.navigation import parts

_NAMES: Final[dict[type, str]] = {
    NoneType: "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_ALL: Final = frozenset(_NAMES.values())


def type_of(value: JsonValue) -> str:
    """The JSON type of a value; a number with a fraction, even `.0`, is `number`."""
    return _NAMES[type(value)]


def json_types(part: JsonSchema) -> frozenset[str]:
    """The JSON types that a schema allows; of one that names none, those of its values, or all."""
    named = part.get("type")
    if isinstance(named, str):
        return frozenset({named})
    if isinstance(named, list):
        return frozenset(each for each in named if isinstance(each, str))
    if "const" in part:
        return frozenset({type_of(part["const"])})
    values = part.get("enum")
    return frozenset(map(type_of, values)) if isinstance(values, list) else _ALL


def wants_integers(schema: JsonSchema) -> bool:
    """Whether some part may want a whole number written as an integer, and no other number."""
    return any(
        "$ref" in part or ("integer" in (types := json_types(part)) and "number" not in types)
        for part in parts(dict(schema))
    )
