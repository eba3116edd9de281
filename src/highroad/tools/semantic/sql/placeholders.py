"""Placeholders of a statement, in the styles of the drivers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlglot import Token, TokenType

from highroad.tools.semantic.sql.dialect import Dialect


class Style(StrEnum):
    """How a placeholder is written (PEP 249, and what single drivers add)."""

    QMARK = "?"
    FORMAT = "%s"
    PYFORMAT = "%(name)s"
    NAMED = ":name"
    DOLLAR = "$1"


STYLES: Final = {
    Dialect.SQLITE: frozenset({Style.QMARK, Style.NAMED}),
    Dialect.POSTGRES: frozenset({Style.FORMAT, Style.PYFORMAT, Style.DOLLAR, Style.NAMED}),
    Dialect.MYSQL: frozenset({Style.FORMAT, Style.PYFORMAT, Style.QMARK, Style.NAMED}),
    Dialect.DUCKDB: frozenset({Style.QMARK, Style.DOLLAR}),
}
"""That the drivers of a dialect take."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One place that a parameter goes to."""

    style: Style
    name: str = "?"
    """Of the parameter, or its number; `?` where they go by their order."""


_FORMS: Final = (
    (Style.QMARK, re.compile(r"\?")),
    (Style.FORMAT, re.compile(r"%s\b")),
    (Style.PYFORMAT, re.compile(r"%\((\w+)\)s\b")),
    (Style.NAMED, re.compile(r":([^\W\d]\w*)")),
    (Style.DOLLAR, re.compile(r"\$(\w+)")),
)
_STARTS: Final = frozenset(
    {TokenType.PLACEHOLDER, TokenType.MOD, TokenType.COLON, TokenType.PARAMETER}
)


def read_placeholders(
    text: str, tokens: Sequence[Token]
) -> tuple[list[Token], tuple[Placeholder, ...]]:
    """The tokens with a plain `?`, that every dialect can parse for each placeholder; and these."""
    kept: list[Token] = []
    found: list[Placeholder] = []
    end = 0
    for each in tokens:
        if each.start < end:
            continue
        match = _match(text, each)
        if match is None:
            kept.append(each)
            continue
        placeholder, end = match
        found.append(placeholder)
        kept.append(Token(TokenType.PLACEHOLDER, "?", start=each.start, end=end - 1))
    return kept, tuple(found)


def _match(text: str, token: Token) -> tuple[Placeholder, int] | None:
    if token.token_type not in _STARTS:
        return None
    for style, form in _FORMS:
        if match := form.match(text, token.start):
            return Placeholder(style, match[1] if form.groups else "?"), match.end()
    return None
