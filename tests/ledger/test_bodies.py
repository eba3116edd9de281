"""Fields of entry bodies are judged by their values, however often their shape was seen before."""

from typing import Any, Final

import pytest

from highroad.domain.audit import TABLES, typed
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.ledger.bodies import strange_field

_STAGE: Final = ["execute", "ok", None, None, 12]
_FIT: Final[dict[str, Any]] = {
    "kind": "call.ended",
    "at": 1,
    "tool": None,
    "direct": True,
    "rules": ["a", "b"],
    "status": "completed",
    "result": ["call_1.result", "ab", 3],
    "stages": [_STAGE, ["finish", "ok", "rule", "policy", 0]],
    "fields": {},
    "of_a_newer_kind": object(),
}
_STRANGE: Final[list[tuple[str, Any]]] = [
    *(("kind", 1), ("kind", None), ("kind", ["call.ended"])),
    *(("at", True), ("at", 1.0), ("at", "1"), ("at", None)),
    *(("at", MAX_SAFE_INTEGER + 1), ("at", -MAX_SAFE_INTEGER - 1)),
    *(("tool", 1), ("tool", [])),
    *(("direct", 1), ("direct", None)),
    *(("rules", ["a", 1]), ("rules", "ab"), ("rules", [None]), ("rules", None)),
    *(("status", "done"), ("status", 1), ("status", None)),
    *(("result", ["a", "b"]), ("result", ["a", "b", True]), ("result", ["a", 1, 2])),
    *(("result", ["a", "b", MAX_SAFE_INTEGER + 1]), ("result", "abc"), ("result", None)),
    *(("stages", {}), ("stages", None), ("stages", [_STAGE, "abcde"]), ("stages", [_STAGE[:4]])),
    *(("stages", [_STAGE, [*_STAGE[:4], True]]), ("stages", [_STAGE, [None, *_STAGE[1:]]])),
    *(("stages", [["execute", "ok", 1, None, 12]]), ("stages", [[*_STAGE, 1]])),
    *(("stages", [_STAGE, [*_STAGE[:4], MAX_SAFE_INTEGER + 1]]),),
    *(("stages", [[*_STAGE[:4], -MAX_SAFE_INTEGER - 1], _STAGE]),),
    *(("fields", []), ("fields", "")),
]


def test_a_body_that_fits_has_no_strange_field():
    """Unknown fields are read by nobody, and so are not looked at."""
    assert strange_field(EntryKind.ENDED, _FIT) is None
    assert (
        strange_field(EntryKind.ENDED, _FIT | {"stages": [], "rules": [], "fields": None}) is None
    )


@pytest.mark.parametrize(("name", "found"), _STRANGE, ids=range(len(_STRANGE)))
def test_a_field_that_says_what_no_entry_says_is_named(name, found):
    """A shape that was acquitted before says nothing of another, or of other values."""
    assert strange_field(EntryKind.ENDED, _FIT) is None
    assert strange_field(EntryKind.ENDED, _FIT | {name: found}) == name
    assert strange_field(EntryKind.ENDED, _FIT) is None


@pytest.mark.parametrize(("place", "cell"), [(0, None), (0, 1), (0, b"run"), (1, 2), (1, b"")])
def test_a_cell_of_another_type_than_its_column_is_told(place, cell):
    """Nobody who can change a file decides what stands in a row."""
    row = ["tool", "1"]
    names = tuple(column.name for column in TABLES["tool_call"].columns if not column.is_optional)
    texts = tuple(name for name in names if name in {"id", "run_id"})
    assert typed(TABLES["tool_call"], row, texts) == row
    row[place] = cell
    with pytest.raises(LedgerError, match="holds what nobody of us wrote"):
        typed(TABLES["tool_call"], row, texts)


@pytest.mark.parametrize("cell", [MAX_SAFE_INTEGER + 1, -MAX_SAFE_INTEGER - 1, "1", None])
def test_an_integer_that_no_reader_of_json_keeps_is_told(cell):
    """A row of a shape that is known is judged by its numbers all the same."""
    table = TABLES["tool_call"]
    assert typed(table, [1], ("created_ms",)) == [1]
    with pytest.raises(LedgerError, match="created_ms"):
        typed(table, [cell], ("created_ms",))
