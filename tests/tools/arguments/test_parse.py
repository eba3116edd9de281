"""What came in becomes a JSON object of its own, or a reason why not; never an exception."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from highroad.ledger.canonical import canonical
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse


class Model(BaseModel):
    x: int


@dataclass
class Data:
    x: int


class Word(StrEnum):
    A = "a"


def nested(levels: int) -> dict[str, object]:
    value: object = 1
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


def code(raw, **limits) -> str:
    found = parse(raw, **limits)
    assert isinstance(found, Invalid)
    return found.problems[0].code


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", "json_truncated"),
        ('{"a": 1', "json_truncated"),
        ('{"a": "x', "json_truncated"),
        ('{"a": ', "json_truncated"),
        ("{'a': 1}", "json_syntax"),
        ('{"a": 1} {"b": 2}', "json_syntax"),
        ('{"a": 1,}', "json_syntax"),
        ('{"a": "\t"}', "json_syntax"),
        ("[1]", "type"),
        ("null", "type"),
        ('"text"', "type"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('{"a": {"b": 1, "b": 1}}', "duplicate_key"),
        ('{"a": 1, "\\u0061": 2}', "duplicate_key"),
        ('{"a": NaN}', "number"),
        ('{"a": -Infinity}', "number"),
        ('{"a": 1e999}', "number"),
        ('{"a": 9007199254740992}', "integer_range"),
        ('{"a": 18446744073709551616}', "integer_range"),
        ('{"a": ' + "9" * 5_000 + "}", "integer_range"),
        ('{"a": "\\ud800"}', "unicode"),
        ('{"\\ud800": 1}', "key"),
        (b'{"a": "\xff"}', "utf8"),
        ('{"a":' * 100 + "1" + "}" * 100, "depth"),
        ("[" * 100_000, "depth"),
        ('{"a":' * 20_000 + "1" + "}" * 20_000, "depth"),
    ],
)
def test_text_that_is_no_sound_json_object_has_a_code(raw, expected):
    assert code(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"a": object()}, "json"),
        ({"a": lambda: None}, "json"),
        ({"a": b"\xff"}, "json"),
        ({"a": math.nan}, "number"),
        ({"a": 2**53}, "integer_range"),
        ({"a": -(2**70)}, "integer_range"),
        ({"a": "\ud800"}, "unicode"),
        (nested(65), "depth"),
        (nested(5_000), "json"),
    ],
)
def test_a_mapping_that_is_no_json_has_a_code(raw, expected):
    assert code(raw) == expected


@pytest.mark.parametrize("raw", [None, 5, [1], pytest.param(object(), id="object")], ids=repr)
def test_what_is_neither_text_nor_mapping_is_no_object(raw):
    assert code(raw) == "type"


def test_a_circle_is_no_json():
    circle = []
    circle += [circle, circle]
    assert code({"a": circle}) == "json"


def test_what_is_too_large_is_not_read():
    assert code('{"a": "' + "x" * 100 + '"}', max_bytes=50) == "too_large"
    assert code({"a": "x" * 100}, max_bytes=50) == "too_large"
    assert code({"a": Decimal(1), "b": "x" * 100}, max_bytes=50) == "too_large"


def test_64_levels_are_not_too_deep():
    assert parse(nested(64)) == nested(64)
    assert parse(json.dumps(nested(64))) == nested(64)


def test_a_pointer_stops_before_a_key_that_the_caller_chose():
    found = parse({"a": {"CANARY": {"b": 2**60}}, "b": [0, 2**60]}, names={"a", "b"})
    assert isinstance(found, Invalid)
    assert [problem.pointer for problem in found.problems] == ["/a", "/b/1"]


def test_values_from_code_become_json():
    raw = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "amount": Decimal("1.50"),
        "id": UUID(int=1),
        "model": Model(x=1),
        "data": Data(x=2),
        "word": Word.A,
        "pair": (1, 2),
    }
    assert parse(MappingProxyType(raw)) == {
        "at": "2026-01-02T00:00:00Z",
        "amount": "1.50",
        "id": "00000000-0000-0000-0000-000000000001",
        "model": {"x": 1},
        "data": {"x": 2},
        "word": "a",
        "pair": [1, 2],
    }


def test_the_object_is_a_copy():
    inner = [1]
    raw = {"a": inner}
    found = parse(raw)
    inner.append(2)
    assert found == {"a": [1]}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_sound_json_comes_back_unchanged_from_text_bytes_and_mapping(value):
    text = json.dumps(value)
    assert parse(value) == parse(text) == parse(text.encode()) == value
    assert canonical(parse(value)) == canonical(value)


@given(st.text() | st.binary())
def test_nothing_that_comes_in_makes_it_raise(raw):
    found = parse(raw)
    assert isinstance(found, dict | Invalid)
