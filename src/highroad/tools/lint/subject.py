"""What is linted: a tool as it is told to models, and what only a declared one says besides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import CompensationRule, Contract, Effect, Tier
from highroad.tools.lint.vocabulary import REPAIRS
from highroad.tools.schemas.navigation import resolve
from highroad.tools.schemas.types import json_types

_DEPTH: Final = 4
"""Members below this are not looked at: a schema may refer to itself."""


class Form(StrEnum):
    """Where a tool was found; it decides what a list could have said at all."""

    DECLARED = "declared"
    """A function of this program."""
    MCP = "mcp"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    TOOLKIT = "toolkit"
    """A toolkit with lists of named parameters, as ToolEmu and InjecAgent have them."""
    BARE = "bare"
    """Name, description and parameters, as several providers take them."""

    @property
    def promises_results(self) -> bool:
        """Whether this form has a place for the schema of a result."""
        return self in {Form.DECLARED, Form.MCP, Form.TOOLKIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a declaration says that no list of a provider has a place for."""

    tier: Tier | None
    """`None` where nothing was said, so that the closed default holds."""
    effect: Effect | None
    """`None` where nothing was said, and nothing follows from the tier."""
    contract: Contract
    underived: frozenset[str] = frozenset()
    """Arguments of which nothing says what they decide."""
    guessed: tuple[str, ...] = ()
    """Arguments that are content, and parts of the result that are trusted, by names alone."""
    is_unread: bool = False
    """No word of it is known from which anything could be derived, and nobody declared anything."""
    timeout_s: float | None = None
    per_minute: int | None = None
    permissions: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    """Standard permissions that a type requires, and that it says it does not need."""
    compensation: CompensationRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument or a part of one, with references followed and `null` left out."""

    name: str
    pointer: str
    schema: JsonObject
    types: frozenset[str]
    """JSON types that it may have, but for `null`."""
    description: str
    is_required: bool
    is_item: bool = False
    """Every item of an array, which has no name of its own."""

    def is_only(self, *types: str) -> bool:
        """Whether it can be of these types and of no other."""
        return bool(self.types) and self.types <= set(types)

    def has(self, *keywords: str) -> bool:
        """Whether its schema has one of these keywords."""
        return any(keyword in self.schema for keyword in keywords)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One tool to be linted.

    Args:
        errors: What may go wrong, where it is said apart from the description.
        examples: Arguments of calls worth imitating.
        deprecated: What to use instead; `None` is a tool in good standing.
        source: Identity of the server that it comes from; empty is this program, or not known.
        said: `None` for a tool of a foreign list.
    """

    name: str
    description: str
    input_schema: JsonSchema
    form: Form
    output_schema: JsonSchema | None = None
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    examples: tuple[JsonObject, ...] = ()
    deprecated: str | None = None
    source: str = ""
    said: Said | None = None
    arguments: tuple[Argument, ...] = field(init=False)
    """Every argument and every part of one, read once for all rules."""

    def __post_init__(self) -> None:
        """Read the arguments out of the schema."""
        read = tuple(_members(self.input_schema, self.input_schema, "", _DEPTH))
        object.__setattr__(self, "arguments", read)

    @property
    def named(self) -> Iterator[Argument]:
        """The arguments, and members of arguments, that have a name."""
        return (argument for argument in self.arguments if not argument.is_item)

    @property
    def top(self) -> Iterator[Argument]:
        """The arguments themselves, without what is in them."""
        return (argument for argument in self.arguments if argument.pointer.count("/") == 1)


def _members(part: JsonSchema, root: JsonSchema, at: str, depth: int) -> Iterator[Argument]:
    members = part.get("properties")
    if not isinstance(members, dict):
        return
    required = part.get("required")
    needed = required if isinstance(required, list) else ()
    for name, schema in members.items():
        pointer = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        yield from _argument(name, schema, root, pointer, depth, is_required=name in needed)


def _argument(  # noqa: PLR0913 - a step of one recursion
    name: str,
    schema: JsonValue,
    root: JsonSchema,
    pointer: str,
    depth: int,
    *,
    is_required: bool,
    is_item: bool = False,
) -> Iterator[Argument]:
    part = _without_null(schema, root)
    description = part.get("description")
    argument = Argument(
        name=name,
        pointer=pointer,
        schema=part,
        types=_types(part, root) - {"null"},
        description=description if isinstance(description, str) else "",
        is_required=is_required,
        is_item=is_item,
    )
    yield argument
    if depth == 0:
        return
    yield from _members(part, root, pointer, depth - 1)
    if isinstance(part.get("items"), dict):
        yield from _argument(
            name,
            part["items"],
            root,
            f"{pointer}/*",
            depth - 1,
            is_required=is_required,
            is_item=True,
        )


def _without_null(schema: JsonValue, root: JsonSchema) -> JsonObject:
    """The one thing that it is where it is no `null`, with the words that stand around it."""
    part = _followed(schema, root)
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = part.get(keyword)
        if not isinstance(branches, list):
            continue
        others = [each for each in branches if each != {"type": "null"}]
        if len(others) == 1:
            around = {name: value for name, value in part.items() if name != keyword}
            return {**_followed(others[0], root), **around}
    return part


def _followed(schema: JsonValue, root: JsonSchema) -> JsonObject:
    """The schema that is meant; a description beside a reference stays.

    A reference that leads nowhere stays as it is: whoever wrote it did say something.
    """
    found = resolve(schema, root)
    if not isinstance(schema, dict) or "$ref" not in schema:
        return found
    if not found:
        return schema
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}


def _types(part: JsonObject, root: JsonSchema) -> frozenset[str]:
    for keyword in ("anyOf", "oneOf"):
        branches = part.get(keyword)
        if isinstance(branches, list) and branches:
            return frozenset[str]().union(*(_types(resolve(each, root), root) for each in branches))
    return frozenset(REPAIRS.get(kind, kind) for kind in json_types(part))
