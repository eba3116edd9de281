"""Equal JSON has one byte form, that of RFC 8785, whichever library writes it."""

import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.ledger.canonical import canonical

SAFE = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
SCALARS = (
    st.none()
    | st.booleans()
    | SAFE
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(st.characters(max_codepoint=0x9F))
)
KEYS = st.text(max_size=6) | st.sampled_from(["\ue000", "\U0001f600", "\x00", "\x7f", "é", "z", ""])


def nested(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=6),
        max_leaves=30,
    )


@given(nested(SCALARS))
def test_every_value_has_the_bytes_that_rfc_8785_asks_for(value):
    assert canonical(value) == rfc8785.dumps(value)


# What the short way is made for: floats that people write, text of the Basic Multilingual Plane,
# quotes and control characters included.
TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=8)
FLOATS = st.floats(-1e6, 1e6) | st.floats(1e-5, 1e-3) | st.decimals(-999, 999, places=2).map(float)
LEAVES = st.none() | st.booleans() | SAFE | FLOATS | TEXT


@given(st.dictionaries(TEXT, LEAVES | st.lists(LEAVES) | st.dictionaries(TEXT, LEAVES)))
def test_plain_arguments_have_the_same_bytes_by_the_short_way(arguments):
    assert canonical(arguments) == rfc8785.dumps(arguments)


def test_the_short_way_is_taken_by_what_calls_hold(monkeypatch):
    monkeypatch.delattr(rfc8785, "dumps")
    canonical({"Straße": "Łódź", "eur": [9.5, 5.0, -0.0], "at": {"lat": 52.52}, "n": None})


def test_names_are_sorted_by_utf_16_units():
    assert canonical({"\ue000": 1, "\U0001f600": 2}) == '{"😀":2,"\ue000":1}'.encode()


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1.0, b"1"),
        (1e15, b"1000000000000000"),
        (1e16, b"10000000000000000"),
        (1e21, b"1e+21"),
        (0.5, b"0.5"),
        (-0.0001, b"-0.0001"),
        (1e-6, b"0.000001"),
        (1e-7, b"1e-7"),
        (-0.0, b"0"),
        (333333333.33333329, None),
    ],
)
def test_numbers_are_written_as_ecmascript_does(number, written):
    assert canonical([number]) == b"[%s]" % (written or b"333333333.3333333")


@pytest.mark.promise("P7")
@pytest.mark.parametrize("number", [MAX_SAFE_INTEGER + 1, -MAX_SAFE_INTEGER - 1, 2**64, 10**30])
def test_an_integer_that_json_readers_would_change_is_refused_without_being_quoted(number):
    for value in (number, {"a": [number]}, [0.5, number]):
        with pytest.raises(ValueError, match="no canonical form") as refusal:
            canonical(value)
        assert str(abs(number)) not in str(refusal.value)


def test_what_is_no_json_is_refused():
    nonsense = math.nan, math.inf, "\ud800", {"\udc00": 1}, {1: 2}, {"a": object()}, {"a": b""}
    for value in nonsense:
        with pytest.raises(ValueError, match=r"."):
            canonical(value)
