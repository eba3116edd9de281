"""Judges queries: reads them, then asks of their parts whether each is one that only reads."""

from collections.abc import Iterable
from typing import Final

from highroad.tools.semantic.sql import select
from highroad.tools.semantic.sql.dialect import Dialect
from highroad.tools.semantic.sql.functions import PURE
from highroad.tools.semantic.sql.grammar import Grammar, Unreadable
from highroad.tools.semantic.sql.tables import Tables

_OPENINGS: Final = ("SELECT", "WITH", "(")


class Query:
    """The judge of one `ReadOnlySql`.

    Args:
        dialect: Of the queries.
        tables: That may be read.
        functions: That may be called beside the pure ones.
        most_joins: In the whole statement.
    """

    def __init__(
        self, dialect: Dialect, tables: Tables, functions: Iterable[str], most_joins: int
    ) -> None:
        self._grammar = Grammar(dialect, _OPENINGS)
        self._tables = tables
        self._pure = PURE[dialect]
        self._own = frozenset(each.lower() for each in functions)
        self._most_joins = most_joins

    def objection(self, text: str) -> str | None:
        """The first thing that is wrong, as the form that would have been right."""
        read = self._grammar.read(text)
        if isinstance(read, Unreadable):
            return read.form
        if not select.is_read_only(read.tree):
            return "one SELECT of plain columns, operators and types, without INTO, locks or writes"
        if not select.are_functions_known(read.tree, self._pure, self._own):
            return "only functions that compute from their arguments, such as count, sum and round"
        if not self._tables.are_usable(read.tree):
            return self._tables.told()
        if select.joins(read.tree) > self._most_joins:
            return f"a statement with at most {self._most_joins} joins"
        return None
