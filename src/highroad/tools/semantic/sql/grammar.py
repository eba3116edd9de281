"""SQL text as a tree, in the strict sense in which all dialects agree on where things end.

What a database and a parser could read differently is refused before it is parsed: comments,
prefixed strings, a backslash before a quote, blanks that are none everywhere. So a statement cannot
hide in what one of them takes for a string or a comment.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from types import new_class
from typing import Final

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser

from highroad.tools.semantic.sql.dialect import Dialect
from highroad.tools.semantic.sql.placeholders import Placeholder, Style, read_placeholders

MOST_NESTED: Final = 24
"""Parentheses, brackets and `CASE` within each other."""
_MOST_PREFIXES: Final = 4
_PARSED: Final = "one statement that can be parsed"

_SYNTAX: Final = frozenset(
    {"CAST", "EXTRACT", "GROUP_CONCAT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST"}
)
"""Calls with a grammar of their own; any other is a name and its arguments."""

# Control characters but tab and newline, halves of pairs, and what turns the direction of writing:
# whoever approves the text must see what the database gets.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
# In some settings it escapes the quote, in others it does not, and the string ends elsewhere.
_ESCAPED_QUOTE: Final = re.compile(r"\\['\"`]")
_QUOTED: Final = re.compile(r"'.*'|\".*\"|`.*`|\[.*\]", re.DOTALL)
_PLAIN: Final = re.compile(
    r"[-+*/%<>=!|&^~.,;:()\[\]]+|@>|<@|#>>?"
    r"|\w+(?:[ \t\r\n]+\w+)*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
)
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_PLACEHOLDER: Final = re.compile(r"[?$:%]\w*")

_CLOSES: Final = {
    TokenType.R_PAREN: TokenType.L_PAREN,
    TokenType.R_BRACKET: TokenType.L_BRACKET,
    TokenType.R_BRACE: TokenType.L_BRACE,
    TokenType.END: TokenType.CASE,
}
_OPENS: Final = frozenset(_CLOSES.values())
_PREFIXES: Final = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})

_judging: ContextVar[bool] = ContextVar("judging SQL", default=False)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _judging.get()


# sqlglot warns with the text of the statement in the message (P7).
logging.getLogger("sqlglot").addFilter(_is_not_ours)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, parsed."""

    tree: exp.Expr
    placeholders: tuple[Placeholder, ...]
    """In the order of the text."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is no statement to judge: the form that would have been right."""

    form: str


class Grammar:
    """Reads statements of one dialect.

    Args:
        dialect: Whose.
        openings: Words that a statement begins with, in upper case.
        styles: Of placeholders that may stand for values.
    """

    def __init__(
        self, dialect: Dialect, openings: Sequence[str], *, styles: frozenset[Style] = frozenset()
    ) -> None:
        self._dialect = SqlglotDialect.get_or_raise(dialect.value)
        self._parser = _plain_parser(type(self._dialect.parser()))
        self._openings = openings
        self._styles = styles

    def read(self, text: str) -> Statement | Unreadable:
        """The tree of one statement, or why there is none. It never raises."""
        if _UNSEEN.search(text):
            return Unreadable("text without control or invisible characters")
        if _ESCAPED_QUOTE.search(text):
            return Unreadable("strings without a backslash before a quote; double a quote instead")
        with _quietly():
            try:
                return self._parsed(text)
            # Whatever the parser trips over, the text is no statement to let through.
            except (
                SqlglotError,
                RecursionError,
                ValueError,
                TypeError,
                LookupError,
                AttributeError,
            ):
                return Unreadable(_PARSED)

    def _parsed(self, text: str) -> Statement | Unreadable:
        tokens = self._dialect.tokenize(text)
        if tokens and tokens[-1].token_type is TokenType.SEMICOLON:
            tokens = tokens[:-1]
            text = text.rstrip(" \t\r\n").removesuffix(";")
        if not tokens or any(each.token_type is TokenType.SEMICOLON for each in tokens):
            return Unreadable("one statement")
        if not self._is_plain(text, tokens):
            return Unreadable(f"plain SQL without comments, {self._no_others()}")
        if tokens[0].text.upper() not in self._openings:
            return Unreadable(f"a statement that begins with {' or '.join(self._openings[:3])}")
        if _is_deep(tokens):
            return Unreadable(f"a statement nested at most {MOST_NESTED} levels deep")
        tokens, found = read_placeholders(text, tokens) if self._styles else (tokens, ())
        styles = {each.style for each in found}
        if not styles <= self._styles or len(styles) > 1:
            return Unreadable(f"placeholders of one style: {' or '.join(sorted(self._styles))}")
        (tree,) = self._parser(dialect=self._dialect).parse(tokens, text)
        return Unreadable(_PARSED) if tree is None else Statement(tree, found)

    def _is_plain(self, text: str, tokens: Sequence[Token]) -> bool:
        """Whether text is tokens and blanks, and each token the same one to every reader."""
        edges = [(0, -1), *((each.start, each.end) for each in tokens), (len(text), len(text))]
        return all(
            _BLANK.fullmatch(text, before[1] + 1, after[0]) for before, after in pairwise(edges)
        ) and all(self._is_plain_token(text[each.start : each.end + 1]) for each in tokens)

    def _is_plain_token(self, raw: str) -> bool:
        if self._styles and _PLACEHOLDER.fullmatch(raw):
            return True
        return bool(_PLAIN.fullmatch(raw) or _QUOTED.fullmatch(raw))

    def _no_others(self) -> str:
        return f"{'' if self._styles else 'placeholders, '}variables or prefixed strings"


def _plain_parser(kind: type[Parser]) -> type[Parser]:
    """A parser that knows no function, so that each keeps the name by which it was called."""
    tables = {
        "FUNCTIONS": {},
        "FUNCTION_PARSERS": {
            name: parse for name, parse in kind.FUNCTION_PARSERS.items() if name in _SYNTAX
        },
        # The other styles were made this one.
        "PLACEHOLDER_PARSERS": {
            TokenType.PLACEHOLDER: kind.PLACEHOLDER_PARSERS[TokenType.PLACEHOLDER]
        },
    }
    return new_class(f"Plain{kind.__name__}", (kind,), exec_body=lambda body: body.update(tables))


def _is_deep(tokens: Sequence[Token]) -> bool:
    """Whether parsing would have to go down too far; told without going down."""
    opened: list[TokenType] = []
    prefixes = 0
    for kind in (each.token_type for each in tokens):
        if kind in _OPENS:
            opened.append(kind)
        elif opened and opened[-1] is _CLOSES.get(kind):
            opened.pop()
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        if len(opened) > MOST_NESTED or prefixes > _MOST_PREFIXES:
            return True
    return False


@contextmanager
def _quietly() -> Iterator[None]:
    token = _judging.set(True)
    try:
        yield
    finally:
        _judging.reset(token)
