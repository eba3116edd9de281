"""Which tables a statement names, and which of them a tool may use."""

import string
from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from highroad.tools.semantic.sql.dialect import Dialect

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Where a database describes itself, its users and its settings.
_SYSTEM_SCHEMAS: Final = frozenset(
    {
        "information_schema",
        "mysql",
        "ndbinfo",
        "performance_schema",
        "pg_catalog",
        "pg_temp",
        "pg_toast",
        "sys",
    }
)
_SYSTEM_PREFIXES: Final = {
    Dialect.SQLITE: ("sqlite_", "pragma_"),
    Dialect.POSTGRES: ("pg_",),
    Dialect.MYSQL: (),
    Dialect.DUCKDB: ("duckdb_", "pragma_", "sqlite_", "pg_"),
}
# Virtual tables of SQLite, and of its shell, that exist without having been made: they read the
# pages of the database, other statements, or the disk.
_SQLITE_VIRTUAL: Final = frozenset(
    {
        "bytecode",
        "completion",
        "csv",
        "dbstat",
        "fsdir",
        "fts3tokenize",
        "generate_series",
        "lsmode",
        "memstat",
        "stmt",
        "tables_used",
        "zipfile",
    }
)
# Statements that DuckDB takes within parentheses where a table stands: `(SHOW tables)`.
_DUCKDB_STATEMENTS: Final = frozenset(
    {"call", "desc", "describe", "explain", "pragma", "show", "summarize"}
)


class Tables:
    """The tables that may be used.

    Args:
        dialect: Of the statements.
        allowed: As they are written in a statement, with a schema where they need one and with the
            capitals that the database knows them by; `None` is all but the system's own.
    """

    def __init__(self, dialect: Dialect, allowed: Iterable[str] | None) -> None:
        if isinstance(allowed, str):
            raise TypeError('tables are several, for example tables=["orders"]')
        self._dialect = dialect
        self._folds_quoted = dialect in {Dialect.SQLITE, Dialect.DUCKDB}
        self.allowed: tuple[str, ...] | None = None if allowed is None else tuple(sorted(allowed))
        self._keys = frozenset(self.folded(each) for each in self.allowed or ())

    def are_usable(self, tree: exp.Expr) -> bool:
        """Whether each table in the tree may be used, or is one that the statement defines."""
        return all(self.is_usable(table) for table in tree.find_all(exp.Table))

    def is_usable(self, table: exp.Table) -> bool:
        """Whether this table may be used."""
        # A function in the place of a table is a matter of functions.
        if not isinstance(table.this, exp.Identifier):
            return isinstance(table.this, exp.Anonymous) and not table.args.get("db")
        if self._is_defined(table):
            return True
        return not self._is_system(table) if self.allowed is None else self.key(table) in self._keys

    def key(self, table: exp.Table) -> str:
        """The name that the database looks up, with its schema if one is given."""
        return ".".join(self.fold(part) for part in table.parts)

    def fold(self, part: exp.Expr) -> str:
        """One part of a name as the database compares it; where it may differ, the stricter way."""
        is_kept = self._dialect is Dialect.MYSQL or (
            part.args.get("quoted") and not self._folds_quoted
        )
        return part.name if is_kept else part.name.translate(_LOWER)

    def folded(self, name: str) -> str:
        """The same for a name that the tool's author gave, as the database knows it."""
        return name.translate(_LOWER) if self._folds_quoted else name

    def told(self) -> str:
        """Which they are, in words."""
        if self.allowed is None:
            return "tables of your own, none of the system's"
        return f"only the tables {', '.join(self.allowed)}"

    def _is_system(self, table: exp.Table) -> bool:
        name = table.name.lower()
        schemas = [part.name.lower() for part in table.parts[:-1]]
        if self._dialect is Dialect.DUCKDB and (
            schemas or name in _DUCKDB_STATEMENTS or not name.isidentifier()
        ):
            # It reads `data.csv` and `'data.csv'`, which are tables to us, as files.
            return True
        if any(each in _SYSTEM_SCHEMAS or each.startswith("pg_") for each in schemas):
            return True
        if self._dialect is Dialect.SQLITE and name in _SQLITE_VIRTUAL:
            return True
        return name.startswith(_SYSTEM_PREFIXES[self._dialect])

    def _is_defined(self, table: exp.Table) -> bool:
        """Whether a `WITH` around it defines it: one before it, or itself if recursive."""
        if table.args.get("db"):
            return False
        sought = self.fold(table.this)
        inside: exp.Expr | None = None
        at: exp.Expr | None = table
        while at is not None:
            with_ = at.args.get("with_")
            if with_ is not None and sought in self._visible(with_, inside):
                return True
            if isinstance(at, exp.CTE):
                inside = at
            at = at.parent
        return False

    def _visible(self, with_: exp.Expr, inside: exp.Expr | None) -> set[str]:
        found: set[str] = set()
        for cte in with_.expressions:
            name = self.fold(cte.args["alias"].this)
            if cte is inside:
                return found | {name} if with_.args.get("recursive") else found
            found.add(name)
        return found
