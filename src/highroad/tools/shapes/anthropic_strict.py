"""Anthropic's strict mode: its subset of JSON Schema, and how much of it a request takes.

Source: Anthropic, guide "Structured outputs", JSON Schema limitations and schema complexity limits,
as others repeated it in 2026. Members may be optional; nothing may refer to itself. A request takes
20 strict tools, 24 optional members and 16 members with a choice of types, in all of them together;
beyond that the provider bounds the compiled grammar by a size that it does not tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.schemas.navigation import parts
from highroad.tools.shapes.subset import FORMATS, IN_WORDS, TAKEN, Subset

TOOLS: Final = 20
OPTIONAL: Final = 24
CHOICES: Final = 16


def _beyond(schema: JsonObject) -> Iterator[str]:
    """Each limit that one schema is beyond, in words."""
    if _refers_to_itself(schema):
        yield "strict mode has no schema that refers to itself"
    for part in parts(schema):
        values = part.get("enum")
        if isinstance(values, list) and any(isinstance(each, dict | list) for each in values):
            yield "strict mode has no object or array in an enum"


SUBSET: Final = Subset(
    taken=TAKEN | {"default"},
    in_words=IN_WORDS
    | {"maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "pattern"},
    formats=FORMATS | {"uri"},
    beyond=_beyond,
    most_min_items=1,
    has_optional=True,
)


@dataclass(slots=True)
class Room:
    """What a request still takes in strict mode."""

    tools: int = TOOLS
    optional: int = OPTIONAL
    choices: int = CHOICES

    def take(self, schema: JsonObject) -> bool:
        """Give room to a tool's schema of arguments; `False` where there is too little."""
        optional = sum(map(_optional, parts(schema)))
        choices = sum(1 for part in parts(schema) if _is_choice(part))
        if not (self.tools and optional <= self.optional and choices <= self.choices):
            return False
        self.tools -= 1
        self.optional -= optional
        self.choices -= choices
        return True


def _optional(part: JsonObject) -> int:
    members, required = part.get("properties"), part.get("required")
    named = len(members) if isinstance(members, dict) else 0
    return named - (len(required) if isinstance(required, list) else 0)


def _is_choice(part: JsonObject) -> bool:
    return "anyOf" in part or isinstance(part.get("type"), list)


def _refers_to_itself(schema: JsonObject) -> bool:
    """Whether a definition is reached from itself; the root is no definition, and may not be."""
    held = schema.get("$defs")
    below = {
        f"#/$defs/{name}": _references(part)
        for name, part in (held.items() if isinstance(held, dict) else ())
    }
    if "#" in _references(schema):
        return True
    while below and (ends := [name for name, into in below.items() if not into & below.keys()]):
        for name in ends:
            del below[name]
    return bool(below)


def _references(part: JsonValue) -> set[str]:
    if not isinstance(part, dict):
        return set()
    return {ref for each in parts(part) if isinstance(ref := each.get("$ref"), str)}
