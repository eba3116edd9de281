"""The dialects that are judged, and what differs between them."""

from enum import StrEnum
from typing import Final


class Dialect(StrEnum):
    """A dialect of SQL, by the name that sqlglot has for it."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    MYSQL = "mysql"
    DUCKDB = "duckdb"


TITLES: Final = {
    Dialect.SQLITE: "SQLite",
    Dialect.POSTGRES: "PostgreSQL",
    Dialect.MYSQL: "MySQL",
    Dialect.DUCKDB: "DuckDB",
}


def dialect_of(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        ValueError: It is none of those that are judged.
    """
    if name not in set(Dialect):
        raise ValueError(f"a dialect is one of {', '.join(Dialect)}")
    return Dialect(name)
