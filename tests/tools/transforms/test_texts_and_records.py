"""Texts are cut and joined, and records picked, by exact rules alone."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad import ToolError
from highroad.tools.transforms import records, texts

TEXTS = st.text(max_size=30)


@given(TEXTS, TEXTS.filter(bool), TEXTS, TEXTS.filter(bool), TEXTS)
async def test_what_stands_between_is_put_together_again(before, start, inside, end, behind):
    text = before + start + inside + end + behind
    found = await texts.compute_text_between(text, start, end)
    at = text.index(start) + len(start)
    assert text.startswith(found + end, at)
    assert end not in found


@pytest.mark.parametrize(("start", "end"), [("x", ""), ("", "x"), ("c", "a")])
async def test_marks_that_are_missing_are_no_empty_text(start, end):
    with pytest.raises(ToolError) as refused:
        await texts.compute_text_between("abc", start, end)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("first_line", " Hello"),
        ("last_line", "World "),
        ("trimmed", "Hello\n\nWorld"),
        ("lower", "\n hello\n\nworld \n"),
        ("upper", "\n HELLO\n\nWORLD \n"),
    ],
)
async def test_parts_are_as_they_are_called(part, expected):
    assert await texts.compute_text_part("\n Hello\n\nWorld \n", part) == expected


@given(st.lists(TEXTS, min_size=1, max_size=5))
async def test_texts_are_joined_in_their_order(given_texts):
    assert await texts.compute_joined(given_texts, "; ") == "; ".join(given_texts)


async def test_what_is_too_long_together_is_refused():
    with pytest.raises(ToolError) as refused:
        await texts.compute_joined(["x" * 20_000, "y"])
    assert refused.value.code == "too_long"


@given(st.decimals(-(10**6), 10**6, places=2))
async def test_an_amount_says_the_number_and_no_other(amount):
    written = await texts.compute_amount_text(float(amount), "EUR", "1.234,50")
    said = written.removeprefix("EUR ").replace(".", "").replace(",", ".")
    assert Decimal(said) == amount


async def test_an_amount_is_not_rounded_on_the_way():
    assert await texts.compute_amount_text(1234.5, "EUR") == "EUR 1,234.50"
    assert await texts.compute_amount_text(1234, "JPY", "1 234.50", 0) == "JPY 1 234"
    with pytest.raises(ToolError) as refused:
        await texts.compute_amount_text(1.005, "EUR")
    assert refused.value.code == "not_rounded"


PAYMENTS = [
    {"id": "PAY-1", "amount": 84.0, "booked": True},
    {"id": "PAY-2", "amount": 1, "booked": True},
    {"id": "PAY-3", "amount": 12.5, "booked": False},
]


@pytest.mark.parametrize(
    ("field", "equals", "picked"),
    [("id", "PAY-2", 1), ("amount", 84, 0), ("amount", 1.0, 1), ("booked", False, 2)],
)
async def test_the_one_record_is_picked(field, equals, picked):
    assert await records.compute_pick(PAYMENTS, field, equals) == PAYMENTS[picked]


@pytest.mark.parametrize(
    ("field", "equals", "code"),
    [
        ("id", "pay-2", "none"),
        ("amount", True, "none"),
        ("name", None, "none"),
        ("booked", 1, "none"),
        ("booked", True, "several"),
    ],
)
async def test_none_and_several_are_errors(field, equals, code):
    with pytest.raises(ToolError) as refused:
        await records.compute_pick(PAYMENTS, field, equals)
    assert refused.value.code == code


async def test_elements_are_counted():
    assert await records.compute_count([]) == 0
    assert await records.compute_count(["a", "a", None]) == 3
