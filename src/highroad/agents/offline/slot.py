"""One argument that is to be filled, and what its schema says of it."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.value import value
from highroad.tools.schemas.navigation import resolve
from highroad.tools.search.words import plain_words, words

_VAGUE: Final = frozenset(
    words("name id value number type list parameter input string text option data info details")
)
"""Words of argument names that do not say which."""
_EXAMPLE: Final = re.compile(r"(?i)\(?\b(?:e\.g\.|for example|such as|default)[^.]*")


@value(slots=False)
class Slot:
    """One argument.

    Args:
        name: Of the argument.
        schema: Of its value; of an argument that may be null, the part that says more.
        is_required: Whether a call without it is refused.
    """

    name: str
    schema: JsonObject
    is_required: bool

    @property
    def type(self) -> str:
        """Its JSON type, or the empty text where there are several or none."""
        kind = self.schema.get("type")
        return kind if isinstance(kind, str) else ""

    @cached_property
    def description(self) -> str:
        """What is said of it."""
        said = self.schema.get("description")
        return said if isinstance(said, str) else ""

    @cached_property
    def cues(self) -> frozenset[str]:
        """Stems that a user may call it by."""
        named = frozenset(word for word in words(self.name) if not word.isdigit())
        return (named - _VAGUE) or named

    @cached_property
    def hints(self) -> frozenset[str]:
        """Stems of its description, examples and defaults left out."""
        return frozenset(words(_EXAMPLE.sub("", self.description))) - _VAGUE

    @cached_property
    def all_words(self) -> frozenset[str]:
        """Plain words of name and description."""
        return frozenset(plain_words(f"{self.name} {self.description}"))

    @cached_property
    def named(self) -> frozenset[str]:
        """Plain words of the name."""
        return frozenset(plain_words(self.name))

    @cached_property
    def choices(self) -> tuple[JsonValue, ...]:
        """The values that it may have, where they are listed."""
        listed = self.schema.get("enum")
        return tuple(listed) if isinstance(listed, list) else ()

    def text(self, keyword: str) -> str:
        """A keyword whose value is text."""
        said = self.schema.get(keyword)
        return said if isinstance(said, str) else ""

    @property
    def items(self) -> "Slot":
        """One of the values of a list."""
        member = self.schema.get("items")
        schema = _plain(member) if isinstance(member, dict) else {}
        if self.description and "description" not in schema:
            schema = {**schema, "description": self.description}
        return Slot(name=self.name, schema=schema, is_required=True)


def slots(schema: JsonSchema) -> tuple[Slot, ...]:
    """The arguments of a schema, in order."""
    return tuple(_slots(schema, schema))


def _slots(schema: JsonSchema, root: JsonSchema) -> Iterator[Slot]:
    members, required = schema.get("properties"), schema.get("required")
    needed = required if isinstance(required, list) else []
    for name, member in (members if isinstance(members, dict) else {}).items():
        if isinstance(member, dict):
            yield Slot(
                name=name, schema=_plain(_resolved(member, root)), is_required=name in needed
            )


def _resolved(member: JsonObject, root: JsonSchema) -> JsonObject:
    """The member, with what its reference leads to."""
    if "$ref" not in member:
        return member
    return {**resolve(member, root), **{key: said for key, said in member.items() if key != "$ref"}}


def _plain(member: JsonObject) -> JsonObject:
    """A member without null: nobody says null in words."""
    for keyword in ("anyOf", "oneOf"):
        options = member.get(keyword)
        if isinstance(options, list):
            said = [each for each in options if isinstance(each, dict) and not _is_null(each)]
            rest = {key: each for key, each in member.items() if key != keyword}
            return {**said[0], **rest} if len(said) == 1 else rest
    kind = member.get("type")
    if isinstance(kind, list):
        said_types = [each for each in kind if each != "null"]
        return {**member, "type": said_types[0] if len(said_types) == 1 else None}
    return member


def _is_null(option: JsonObject) -> bool:
    return option.get("type") == "null"
