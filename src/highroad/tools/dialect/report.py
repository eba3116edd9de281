"""What was changed in a schema, as values."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.arguments.pointer import pointer

Path: TypeAlias = tuple[str | int, ...]

_SHOWN: Final = 60
"""Characters of a value that a line of the report shows."""


class RepairCode(StrEnum):
    """What kind of change a repair is; stable."""

    TYPE = "type"
    """A type in the word of another language or dialect: `dict` is `object`."""
    TYPE_ADDED = "type_added"
    """A type that the other keywords imply: what has `properties` is an object."""
    ANY = "any"
    """A type that says "anything", or none where one was due: every value is taken."""
    TYPE_UNKNOWN = "type_unknown"
    """A type that nobody here knows; left out, so that every value is taken."""
    SCHEMA_FORM = "schema_form"
    """Something else stood where a schema belongs: the name of a type, a list of parameters."""
    REQUIRED = "required"
    """Said in another place or form which members must be there: `required: true` inside one."""
    REQUIRED_UNKNOWN = "required_unknown"
    """A member must be there that the closed object does not have; no longer asked for."""
    ITEMS = "items"
    """Items said in an older form, or not at all: an array of anything is now called that."""
    ENUM = "enum"
    """Values in another form: as text where the type is a number, of an array for its items."""
    ENUM_TYPE = "enum_type"
    """Values that the type excludes; the type was widened to theirs."""
    ENUM_LOST = "enum_lost"
    """No list of values, or an empty one; left out."""
    DEFAULT = "default"
    """A default in another form, such as a number as text."""
    DEFAULT_LOST = "default_lost"
    """A default or an example that does not fit its own schema; left out."""
    BOUND = "bound"
    """A bound in an older form (`exclusiveMinimum: true`), as text, or beyond ±(2^53 - 1)."""
    NULL = "null"
    """OpenAPI's `nullable`; null is now a type."""
    FORMAT_LOST = "format_lost"
    """A format that JSON Schema does not know; told in words where it says something."""
    KEYWORD_FORM = "keyword_form"
    """A keyword of an older draft or of OpenAPI, told in that of 2020-12."""
    KEYWORD_LOST = "keyword_lost"
    """A keyword with a value that it cannot have; left out, so that more values are taken."""
    KEYWORD_UNKNOWN = "keyword_unknown"
    """A keyword that JSON Schema does not know, and so would not heed; left out."""
    REFERENCE = "reference"
    """A reference in an older form, or to a place outside `$defs`."""
    CLOSED = "closed"
    """An object that did not speak of other members; it has none now."""
    LEFT_OPEN = "left_open"
    """A schema that others are composed of, and that cannot be closed by itself."""


WIDENING: Final = frozenset(
    {
        RepairCode.ANY,
        RepairCode.TYPE_UNKNOWN,
        RepairCode.REQUIRED_UNKNOWN,
        RepairCode.ENUM_TYPE,
        RepairCode.ENUM_LOST,
        RepairCode.FORMAT_LOST,
        RepairCode.KEYWORD_LOST,
        RepairCode.LEFT_OPEN,
    }
)
"""Repairs after which values are taken that the schema, read strictly, may have excluded."""

LOSSES: Final = frozenset(
    {
        RepairCode.TYPE_UNKNOWN,
        RepairCode.REQUIRED_UNKNOWN,
        RepairCode.ENUM_LOST,
        RepairCode.DEFAULT_LOST,
        RepairCode.FORMAT_LOST,
        RepairCode.KEYWORD_LOST,
        RepairCode.KEYWORD_UNKNOWN,
    }
)
"""Repairs that left something out."""


class _Every:
    """Keys that may stand in a pointer: all, for a schema holds nothing of a caller's (P7)."""

    def __contains__(self, name: object) -> bool:
        return True


EVERY: Final = _Every()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One change.

    Args:
        pointer: Where in the repaired schema (RFC 6901); what was left out stood there.
        code: What kind of change.
        was: What stood there; `None` where nothing did.
        now: What stands there; `None` where nothing does.
    """

    pointer: str
    code: RepairCode
    was: JsonValue = None
    now: JsonValue = None

    @property
    def widens(self) -> bool:
        """Whether values may now pass that the schema, read strictly, excluded."""
        return self.code in WIDENING

    @property
    def is_loss(self) -> bool:
        """Whether something that the schema said is gone."""
        return self.code in LOSSES

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.code}: {_shown(self.was)} → {_shown(self.now)}"


@dataclass(frozen=True, slots=True)
class Repaired:
    """A schema in JSON Schema 2020-12, and what was changed to make it that."""

    schema: JsonObject
    repairs: tuple[Repair, ...] = ()

    @property
    def widens(self) -> bool:
        """Whether one of the repairs widened the schema."""
        return any(repair.widens for repair in self.repairs)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is at work, and where it reports to."""

    path: Path = ()
    repairs: list[Repair] = field(default_factory=list)

    def below(self, *tokens: str | int) -> "Place":
        """A part of this part."""
        return Place((*self.path, *tokens), self.repairs)

    def report(
        self,
        code: RepairCode,
        keyword: str | None = None,
        was: JsonValue = None,
        now: JsonValue = None,
    ) -> None:
        """Write a repair down: of this part, or of one of its keywords."""
        path = self.path if keyword is None else (*self.path, keyword)
        self.repairs.append(Repair(pointer=pointer(path, EVERY), code=code, was=was, now=now))


def _shown(value: JsonValue) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
