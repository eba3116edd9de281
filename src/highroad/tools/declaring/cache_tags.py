"""Tags of cached results: texts with arguments in them, such as `order:{order_id}`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.ledger.canonical import canonical
from highroad.tools.declaring.site import Site

EVERYTHING: Final = ""
"""The tag that every result has."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a tool, to be filled in with the arguments of a call.

    Args:
        parts: Literal text, and the argument behind it, if there is one.
        defaults: Of the arguments that a call may leave out.
    """

    parts: tuple[tuple[str, str | None], ...]
    defaults: Mapping[str, JsonValue]

    def of(self, arguments: JsonObject) -> str:
        """The tag for these arguments; `EVERYTHING` where one that it takes is not known."""
        filled: list[str] = []
        for text, argument in self.parts:
            filled.append(text)
            if argument is not None:
                known = arguments if argument in arguments else self.defaults
                if argument not in known:
                    return EVERYTHING
                filled.append(_text(known[argument]))
        return "".join(filled)


def tags_of(patterns: Iterable[str], schema: JsonSchema) -> tuple[Tag, ...]:
    """The tags that patterns mean, for calls with arguments of this schema."""
    defaults = _defaults(schema)
    return tuple([Tag(_parsed(pattern), defaults) for pattern in patterns])


def check_tags(option: str, patterns: Sequence[str], schema: JsonSchema, site: Site) -> None:
    """See that each pattern can be filled in for every call.

    Raises:
        DeclarationError: One cannot be read, or names what is no argument, or one that a call may
            leave out and that has no default.
    """
    required = schema.get("required")
    given = {*(required if isinstance(required, list) else ()), *_defaults(schema)}
    for pattern in patterns:
        try:
            parsed = _parsed(pattern)
        except ValueError:
            raise site.error(
                f"{option} has {pattern!r}, which cannot be read; write text with arguments in "
                'braces, for example "order:{order_id}"'
            ) from None
        for _, argument in parsed:
            if argument is not None and argument not in given:
                raise site.error(
                    f"{option} has {pattern!r}, and {argument!r} is no argument that every call "
                    "has: name one that is required or has a default"
                )


def _parsed(pattern: str) -> tuple[tuple[str, str | None], ...]:
    """Text and arguments, in order.

    Raises:
        ValueError: Braces do not match, or have more in them than a name.
    """
    parts = tuple(Formatter().parse(pattern))
    for _, argument, form, conversion in parts:
        if form or conversion or (argument is not None and not argument.isidentifier()):
            raise ValueError(pattern)
    return tuple([(text, argument) for text, argument, _, _ in parts])


def _defaults(schema: JsonSchema) -> dict[str, JsonValue]:
    members = schema.get("properties")
    return {
        name: part["default"]
        for name, part in (members.items() if isinstance(members, dict) else ())
        if isinstance(part, dict) and "default" in part
    }


def _text(value: JsonValue) -> str:
    """Text as it is; of all else the one form that equal values have."""
    return value if isinstance(value, str) else canonical(value).decode()
