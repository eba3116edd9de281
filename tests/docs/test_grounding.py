"""The kinds of values that the page on grounding tells are compared as it says."""

import json

from highroad.domain.evidence import EvidenceKind, Source, ValueKind
from highroad.evidence.index import Index


def is_in(text, kind, value):
    index = Index()
    index.add_text(Source("request", EvidenceKind.REQUEST), text)
    return bool(index.find(kind, value))


def told(cell):
    return cell.strip("`")


def as_value(kind, cell):
    numeric = {ValueKind.AMOUNT, ValueKind.CENTS, ValueKind.NUMBER}
    return json.loads(told(cell)) if kind in numeric else told(cell)


def test_each_example_of_a_kind_is_found_where_the_page_says_and_nowhere_else(page_of, rows_of):
    rows = rows_of(page_of("docs/grounding.md").under("## Kinds"))
    for kind, value, found, missed in rows:
        sought = (ValueKind(told(kind)), as_value(ValueKind(told(kind)), value))
        assert not found or is_in(told(found), *sought), (kind, value, found)
        assert missed
        assert not is_in(told(missed), *sought), (kind, value, missed)


def test_the_page_has_every_kind(page_of, rows_of):
    rows = rows_of(page_of("docs/grounding.md").under("## Kinds"))
    assert {told(row[0]) for row in rows} == set(ValueKind)
