"""OpenAI's strict mode: its subset of JSON Schema, and how large a schema may be.

Source: OpenAI, guide "Structured model outputs", as published in 2026: 5,000 members, 10 levels,
1,000 values in all enums, 15,000 characters in one enum of more than 250 texts, and 120,000
characters in all names and values together. Models of 2024 took 100 members and 5 levels.
"""

from collections.abc import Iterator
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.schemas.navigation import parts
from highroad.tools.shapes.subset import FORMATS, IN_WORDS, TAKEN, Subset

MEMBERS: Final = 5_000
LEVELS: Final = 10
VALUES: Final = 1_000
MANY_VALUES: Final = 250
CHARACTERS_OF_MANY: Final = 15_000
CHARACTERS: Final = 120_000


def beyond_limits(schema: JsonObject) -> Iterator[str]:
    """Each limit that a schema is beyond, in words."""
    members = [name for part in parts(schema) for name in _names(part, "properties")]
    names = members + [name for part in parts(schema) for name in _names(part, "$defs")]
    enums = [_values(part) for part in parts(schema)]
    values = [value for each in enums for value in each]
    if len(members) > MEMBERS:
        yield f"it has more than {MEMBERS} members"
    if _levels(schema) > LEVELS:
        yield f"it has more than {LEVELS} levels"
    if len(values) > VALUES:
        yield f"its enums have more than {VALUES} values"
    if any(len(each) > MANY_VALUES and _length(each) > CHARACTERS_OF_MANY for each in enums):
        yield f"an enum of more than {MANY_VALUES} values has over {CHARACTERS_OF_MANY} characters"
    if sum(map(len, names)) + _length(values) > CHARACTERS:
        yield f"its names and values have more than {CHARACTERS} characters"


def _names(part: JsonObject, keyword: str) -> list[str]:
    held = part.get(keyword)
    return list(held) if isinstance(held, dict) else []


def _values(part: JsonObject) -> list[JsonValue]:
    values = part.get("enum")
    constant = [part["const"]] if "const" in part else []
    return constant + (values if isinstance(values, list) else [])


def _length(values: list[JsonValue]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))


def _levels(part: JsonValue) -> int:
    """Objects and arrays within each other; a definition counts from where it stands."""
    if not isinstance(part, dict):
        return 0
    own = 1 if part.keys() & {"properties", "items"} else 0
    below: list[JsonValue] = [part.get("items")]
    for keyword in ("properties", "$defs"):
        held = part.get(keyword)
        below += held.values() if isinstance(held, dict) else []
    branches = part.get("anyOf")
    below += branches if isinstance(branches, list) else []
    return own + max(map(_levels, below))


SUBSET: Final = Subset(
    taken=TAKEN
    | {"maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "pattern"},
    in_words=IN_WORDS,
    formats=FORMATS,
    beyond=beyond_limits,
)
