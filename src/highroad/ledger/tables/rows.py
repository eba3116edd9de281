"""Rows of the audit tables by the names of their columns, page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from highroad.domain.audit import TABLES, key_of, typed
from highroad.domain.error import LedgerError
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
    table = TABLES[wanted.table]
    names = [column.name for column in table.columns]
    after: tuple[Cell, ...] = ()
    while page := await tables.rows(wanted, after=after, limit=_PAGE):
        for row in page:
            yield dict(zip(names, typed(table, row), strict=True))
        after = key_of(wanted.table, page[-1])


async def totals(
    tables: AuditTables, wanted: Selection, *, by: Sequence[str], sums: Sequence[str] = ()
) -> list[Sequence[Any]]:
    """One row for each group: the columns `by`, how many rows, the sum of each of `sums`.

    Raises:
        LedgerError: Somebody changed what is grouped or summed.
    """
    table = TABLES[wanted.table]
    found = await tables.totals(wanted, by=by, sums=sums)
    for row in found:
        typed(table, row[: len(by)], by)
        if any(type(each) is not int for each in row[len(by) :]):
            raise LedgerError(
                f"{', '.join(sums)} of {table.name} have no sum: somebody changed the ledger; run "
                "`highroad audit verify --tables`"
            )
    return [*found]


async def record(tables: AuditTables, table: str, key: Mapping[str, Cell]) -> Record | None:
    """The row with this key."""
    async for found in records(tables, Selection(table=table, equals=key)):
        return found
    return None
