"""Rows of a ledger as every store understands them (`highroad.domain.moving.SECTIONS`)."""

from collections.abc import Mapping, Sequence
from typing import Final

from highroad.adapters.stores.postgres import statements
from highroad.adapters.stores.postgres.batch import columns_of
from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.schema import ARRAYS
from highroad.domain.audit import AGENT_RUN, TABLES, Table
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.moving import SECTIONS, Section
from highroad.ports.tables import Cell

_RENAMED: Final[Mapping[tuple[str, str], str]] = {(Section.INBOX, "number"): "id"}

# Who drove the calls of the source is nobody here, and what has ended there has ended here.
_ENDED: Final = (
    "INSERT INTO ended_call SELECT DISTINCT id FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING"
)
_ENDS: Final = {EntryKind.ENDED: "call_id", EntryKind.RUN_ENDED: "run_id"}
"""Kinds of entries that end something, and the column that says what."""
_NEXT_ORDER: Final = (
    "SELECT setval(pg_get_serial_sequence('inbox', 'id'), "
    "greatest((SELECT max(id) FROM inbox), 1), EXISTS (SELECT FROM inbox))"
)
# In a ledger of one log positions are the order. An entry that comes without a place comes behind
# all that are there.
_SHOWN: Final[Mapping[tuple[str, str], str]] = {
    (Section.ENTRY, "place"): "CASE WHEN (SELECT count(*) FROM log) > 1 THEN place END"
}
_FILLED: Final[Mapping[tuple[str, str], str]] = {
    (Section.ENTRY, "place"): "coalesce(place, nextval('entry_place'))"
}
_NEXT_PLACE: Final = """
    SELECT setval('entry_place', greatest(last_value, max(place)))
    FROM entry_place, unnest($1::bigint[]) AS place GROUP BY last_value HAVING max(place) > 0
"""


def page(section: str, *, has_after: bool) -> str:
    """SQL for rows in order of their key; the key comes before the limit among its values.

    Raises:
        LedgerError: The section is unknown.
    """
    table = known_section(section)
    keys = [_stored(table, name) for name in table.key]
    columns = ", ".join(_columns(table, _SHOWN))
    marks = ", ".join(f"${number}" for number in range(1, len(keys) + 1))
    behind = f" WHERE ({', '.join(keys)}) > ({marks})" if has_after else ""
    limit = f"${len(keys) + 1 if has_after else 1}"
    # A payload that was brought again in another month lies in two parts: the first one counts.
    only, order = ("", ", ".join(keys))
    if table.name == Section.PAYLOAD:
        only, order = ("DISTINCT ON (id) ", "id, created_ms")
    return f"SELECT {only}{columns} FROM {table.name}{behind} ORDER BY {order} LIMIT {limit}"  # noqa: S608 - names of ours


async def clear(connection: Connection, section: str) -> None:
    """Take all rows of a section away, inside a transaction."""
    table = known_section(section)
    await connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a name of ours
    if table.name == Section.ENTRY:
        await connection.execute("DELETE FROM ended_call")


async def put(connection: Connection, section: str, rows: Sequence[tuple[Cell, ...]]) -> None:
    """Add rows, or replace those with their keys, inside a transaction."""
    table = known_section(section)
    if rows:
        await _replace(connection, table, rows)
    names = [column.name for column in table.columns]
    if table.name == Section.ENTRY:
        kind = names.index("kind")
        await connection.execute(_NEXT_PLACE, [row[names.index("place")] for row in rows])
        for ends, column in _ENDS.items():
            subject = names.index(column)
            ended = [row[subject] for row in rows if row[kind] == ends]
            await connection.execute(_ENDED, [each for each in ended if each is not None])
    elif table.name == TABLES["tool_result"].name:
        await connection.execute(_ENDED, [row[names.index("call_id")] for row in rows])
    elif table.name == AGENT_RUN.name:
        agent, ended_ms = names.index("agent"), names.index("ended_ms")
        over = [row[0] for row in rows if row[agent] is not None and row[ended_ms] is not None]
        await connection.execute(_ENDED, over)
    elif table.name == Section.INBOX:
        await connection.execute(_NEXT_ORDER)


async def _replace(connection: Connection, table: Table, rows: Sequence[tuple[Cell, ...]]) -> None:
    """Put rows in place of those with their keys.

    Taken away first: the key that parts a table by month is not all of the key of its section.
    """
    columns = columns_of(rows)
    named = dict(zip((column.name for column in table.columns), columns, strict=True))
    marks = [f"{{}}::{ARRAYS[column.type]}" for column in table.columns]
    keys = [
        (column, mark) for column, mark in zip(table.columns, marks, strict=True) if column.is_key
    ]
    stored = ", ".join(_stored(table, name) for name in table.key)
    delete = (
        f"DELETE FROM {table.name} WHERE ({stored}) IN "  # noqa: S608 - names of ours
        f"(SELECT * FROM unnest({', '.join(mark for _, mark in keys)}))"
    )
    names = ", ".join(_columns(table, {}))
    insert = (
        f"INSERT INTO {table.name} ({names}) "  # noqa: S608 - names of ours
        f"SELECT {', '.join(_columns(table, _FILLED))} "
        f"FROM unnest({', '.join(marks)}) AS carried ({names})"
    )
    await statements.write(connection, [(delete, [named[column.name] for column, _ in keys])])
    await statements.write(connection, [(insert, [*columns])])


def known_section(section: str) -> Table:
    """The description of a section.

    Raises:
        LedgerError: There is none of that name.
    """
    table = SECTIONS.get(section)
    if table is None:
        raise LedgerError(f"a ledger has no section {section!r}; it has {', '.join(SECTIONS)}")
    return table


def _columns(table: Table, instead: Mapping[tuple[str, str], str]) -> list[str]:
    """All columns as they are stored, or what stands for one instead."""
    return [
        instead.get((table.name, column.name), _stored(table, column.name))
        for column in table.columns
    ]


def _stored(table: Table, column: str) -> str:
    return _RENAMED.get((table.name, column), column)
