"""Judges writes: reads them, then asks of each part whether it is one that the tool may use."""

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from highroad.tools.semantic.sql import change
from highroad.tools.semantic.sql.dialect import Dialect
from highroad.tools.semantic.sql.grammar import Grammar, Unreadable
from highroad.tools.semantic.sql.placeholders import STYLES
from highroad.tools.semantic.sql.tables import Tables


class Mutation:
    """The judge of one `SqlWrite`; its arguments are those of that."""

    def __init__(
        self,
        dialect: Dialect,
        tables: Iterable[str] | Mapping[str, Iterable[str]],
        *,
        statements: Sequence[str],
        functions: Iterable[str],
        returning: bool,
    ) -> None:
        self._styles = STYLES[dialect]
        self._grammar = Grammar(dialect, [each.upper() for each in statements], styles=self._styles)
        self._tables = Tables(dialect, tables)
        self._columns = {
            self._tables.folded(name): frozenset(self._tables.folded(each) for each in columns)
            for name, columns in (tables.items() if isinstance(tables, Mapping) else ())
        }
        self._functions = frozenset(each.lower() for each in functions)
        self._returning = returning

    def objection(self, text: str) -> str | None:
        """The first thing that is wrong, as the form that would have been right."""
        read = self._grammar.read(text)
        if isinstance(read, Unreadable):
            return read.form
        tree = read.tree
        table = change.table_of(tree) if isinstance(tree, change.ROOTS) else None
        if table is None or not change.is_plain(tree):
            return (
                "a plain statement on one table, with named columns, and with placeholders for all"
                " values: no literals, subselects or conflict clauses"
            )
        return self._in_detail(tree, table)

    def placeholders(self, text: str) -> tuple[str, ...]:
        """Of a statement that passed; a name once."""
        read = self._grammar.read(text)
        names = [] if isinstance(read, Unreadable) else [each.name for each in read.placeholders]
        return tuple(names) if "?" in names else tuple(dict.fromkeys(names))

    def told(self) -> str:
        """Which tables and columns, in words."""
        if not self._columns:
            return self._tables.told()
        return "only these tables and columns: " + "; ".join(
            f"{name} ({', '.join(sorted(columns))})" for name, columns in self._columns.items()
        )

    def styles(self) -> str:
        """How placeholders are written, in words."""
        return " or ".join(sorted(self._styles))

    def _in_detail(self, tree: exp.Expr, table: exp.Table) -> str | None:
        if not self._returning and tree.args.get("returning"):
            return "a statement without RETURNING"
        if not set(change.calls(tree)) <= self._functions:
            return f"no functions{' but the allowed ones' if self._functions else ''}"
        if not self._tables.is_usable(table) or not self._may_write(tree, table):
            return self.told()
        if not change.is_narrowed(tree):
            return "a WHERE in which a column equals a placeholder, joined to the rest by AND"
        return None

    def _may_write(self, tree: exp.Expr, table: exp.Table) -> bool:
        """Whether the columns that get values are allowed, and all columns are of this table."""
        own = {self._tables.fold(part) for part in table.parts}
        if not {self._tables.fold(each) for each in change.qualifiers(tree)} <= own:
            return False
        allowed = self._columns.get(self._tables.key(table))
        return (
            allowed is None or {self._tables.fold(each) for each in change.written(tree)} <= allowed
        )
