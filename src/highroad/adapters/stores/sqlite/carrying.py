"""Rows of a ledger as every store understands them (`highroad.domain.moving.SECTIONS`).

A file is one log, so its rows do not repeat the log's id, and its size is not stored.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw

from highroad.domain.audit import Table
from highroad.domain.error import LedgerError
from highroad.domain.moving import SECTIONS, Section
from highroad.ports.tables import Cell

_LOG_ID: Final = "(SELECT log_id FROM log)"
_ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    (Section.LOG, "size"): "(SELECT max(coalesce((SELECT max(seq) + 1 FROM entry), 0), first))",
    (Section.ENTRY, "log_id"): _LOG_ID,
    (Section.ENTRY, "place"): "NULL",
    (Section.OPEN_CALL, "log_id"): _LOG_ID,
}
"""Columns that the section's own table does not have, and where they are taken from."""
_RENAMED: Final[Mapping[tuple[str, str], str]] = {(Section.INBOX, "number"): "id"}


def page(
    connection: apsw.Connection, section: str, after: Sequence[Cell], limit: int
) -> list[tuple[Cell, ...]]:
    """Rows in order of their key, from behind the key `after`."""
    table = _table(section)
    keys = [_stored(table, column.name) for column in table.columns if column.is_key]
    bound = [name for name in keys if name is not None]
    known = [cell for cell, name in zip(after, keys, strict=False) if name is not None]
    shown = ", ".join(
        _stored(table, column.name) or _ELSEWHERE[table.name, column.name]
        for column in table.columns
    )
    key, marks = ", ".join(bound), ", ".join("?" * len(bound))
    behind = f"WHERE ({key}) > ({marks})" if after else ""
    statement = f"SELECT {shown} FROM {table.name} {behind} ORDER BY {key} LIMIT ?"  # noqa: S608 - names of ours
    rows: list[tuple[Any, ...]] = connection.execute(statement, (*known, limit)).fetchall()
    return rows


def clear(connection: apsw.Connection, section: str) -> None:
    """Take all rows of a section away, inside a transaction; the log's row is always there."""
    table = _table(section)
    if table.name != Section.LOG:
        connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a name of ours


def put(connection: apsw.Connection, section: str, rows: Sequence[tuple[Cell, ...]]) -> None:
    """Add rows, or replace those with their keys, inside a transaction.

    Raises:
        LedgerError: The section is unknown, or the rows are of more than one log.
    """
    table = _table(section)
    _check_log(connection, table, rows)
    stored = [_stored(table, column.name) for column in table.columns]
    names = [name for name in stored if name is not None]
    marks = ", ".join("?" * len(names))
    statement = f"INSERT OR REPLACE INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of ours
    if table.name == Section.LOG and rows:
        connection.execute("DELETE FROM log")
    connection.executemany(
        statement,
        [
            tuple(cell for cell, name in zip(row, stored, strict=True) if name is not None)
            for row in rows
        ],
    )


def _table(section: str) -> Table:
    table = SECTIONS.get(section)
    if table is None:
        raise LedgerError(
            f"a ledger has no section {section!r}; there are {', '.join(sorted(SECTIONS))}"
        )
    return table


def _stored(table: Table, column: str) -> str | None:
    """The column's name in the file; `None` where it is not stored."""
    if (table.name, column) in _ELSEWHERE:
        return None
    return _RENAMED.get((table.name, column), column)


def _check_log(connection: apsw.Connection, table: Table, rows: Sequence[tuple[Cell, ...]]) -> None:
    """All rows that name a log must name one: that of the file, unless it is still empty."""
    names = [column.name for column in table.columns]
    if "log_id" not in names or table.name == Section.TILE:
        return
    logs = {row[names.index("log_id")] for row in rows}
    is_empty = not connection.execute("SELECT EXISTS (SELECT 1 FROM entry)").get
    if table.name != Section.LOG or not is_empty:
        logs.add(connection.execute("SELECT log_id FROM log").get)
    if len(logs) > 1:
        raise LedgerError(
            "a SQLite ledger is one log, and this one has several writers' logs; "
            "copy it to a PostgreSQL store"
        )
