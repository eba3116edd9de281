"""What of JSON Schema a provider takes in strict mode."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue

TAKEN: Final = frozenset(
    """
    type title description enum const anyOf $ref $defs
    properties required additionalProperties items minItems format
    """.split()  # noqa: SIM905 - a list of quoted words hides the words
)
"""Keywords that every subset has."""
IN_WORDS: Final = frozenset({"minLength", "maxLength", "uniqueItems"}) | {
    "minProperties",
    "maxProperties",
}
"""Keywords that none has, and of which words can speak."""
FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
"""Formats that every subset has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """One provider's.

    Args:
        taken: Keywords that stay.
        in_words: Keywords that go into the description.
        formats: Values of `format` that stay; others go into the description.
        beyond: The limits that a schema is beyond, in words.
        most_min_items: The largest `minItems` that stays; `None` for any.
        has_optional: Whether a member may be left out.
    """

    taken: frozenset[str]
    in_words: frozenset[str]
    formats: frozenset[str]
    beyond: Callable[[JsonObject], Iterable[str]]
    most_min_items: int | None = None
    has_optional: bool = False

    def says_in_words(self, keyword: str, value: JsonValue) -> bool:
        """Whether a keyword goes into the description."""
        if keyword == "format":
            return value not in self.formats
        if keyword == "minItems" and isinstance(value, int):
            return self.most_min_items is not None and value > self.most_min_items
        return keyword in self.in_words
