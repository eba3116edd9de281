"""Rows of the audit tables by the names of their columns, page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TypeAlias

from highroad.domain.audit import TABLES, key_of
from highroad.ledger.tables.period import ALWAYS, Period
from highroad.ports.tables import AuditTables, Cell, Selection

Record: TypeAlias = dict[str, Any]
"""A row by column name: a wire edge, whose types the table names."""

_PAGE: Final = 1_000


def selection(
    table: str,
    *,
    within: str | None = None,
    period: Period = ALWAYS,
    **equals: Cell,
) -> Selection:
    """Rows of a table in a period; a column that is given as `None` does not narrow."""
    return Selection(
        table=table,
        equals={name: cell for name, cell in equals.items() if cell is not None},
        within=within,
        since_ms=period.since_ms,
        until_ms=period.until_ms,
    )


async def records(tables: AuditTables, wanted: Selection) -> AsyncIterator[Record]:
    """Every row, in order of the primary key."""
    names = [column.name for column in TABLES[wanted.table].columns]
    after: tuple[Cell, ...] = ()
    while page := await tables.rows(wanted, after=after, limit=_PAGE):
        for row in page:
            yield dict(zip(names, row, strict=True))
        after = key_of(wanted.table, page[-1])


async def record(tables: AuditTables, table: str, key: Mapping[str, Cell]) -> Record | None:
    """The row with this key."""
    async for found in records(tables, Selection(table=table, equals=key)):
        return found
    return None
