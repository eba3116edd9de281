"""docs/ledger.md has every audit table with its columns, as they are."""

import re

from highroad.domain.audit import TABLES

HEADING = re.compile(r"^### (\w+)$", re.MULTILINE)


def shown(column):
    marks = [column.type, *["key"] * column.is_key, *["optional"] * column.is_optional]
    return [f"`{column.name}`", ", ".join(marks)]


def test_every_audit_table_is_there_and_no_other(page_of):
    assert HEADING.findall(page_of("docs/ledger.md").text) == list(TABLES)


def test_every_column_is_there_as_it_is(page_of, rows_of):
    page = page_of("docs/ledger.md")
    for table in TABLES.values():
        told = [row[:2] for row in rows_of(page.under(f"### {table.name}"))]
        assert told == [shown(column) for column in table.columns], table.name
