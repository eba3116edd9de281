"""Arithmetic is that of decimals as they are written: nothing of it is a float's."""

from decimal import ROUND_HALF_UP, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad import ToolError
from highroad.tools.transforms import arithmetic

EXACT = Context(prec=200)
AMOUNTS = st.decimals(-(10**4), 10**4, places=2).map(float)
WHOLE = st.integers(-(10**6), 10**6)
NUMBERS = AMOUNTS | WHOLE


def exact(number):
    return Decimal(repr(number))


@given(st.lists(NUMBERS, min_size=1, max_size=50))
async def test_a_sum_is_that_of_the_decimals(values):
    assert exact(await arithmetic.compute_sum(values)) == sum(map(exact, values))


@given(NUMBERS, NUMBERS)
async def test_differences_and_products_are_those_of_the_decimals(first, second):
    found = await arithmetic.compute_difference(first, second)
    assert exact(found) == exact(first) - exact(second)
    found = await arithmetic.compute_product(first, second)
    assert exact(found) == EXACT.multiply(exact(first), exact(second))


@given(NUMBERS, NUMBERS.filter(bool), st.sampled_from(range(5)))
async def test_a_quotient_is_rounded_once(dividend, divisor, places):
    found = await arithmetic.compute_quotient(dividend, divisor, places)
    quotient = EXACT.divide(exact(dividend), exact(divisor))
    assert exact(found) == quotient.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@given(AMOUNTS, st.decimals(0, 100, places=1).map(float))
async def test_a_percentage_is_that_part_of_the_whole(whole, percent):
    found = await arithmetic.compute_percentage(whole, percent)
    part = exact(whole) * exact(percent) / 100
    assert exact(found) == part.quantize(Decimal("0.01"), ROUND_HALF_UP)


@given(st.lists(NUMBERS, min_size=1))
async def test_the_smallest_and_the_largest_are_among_the_numbers(values):
    assert await arithmetic.compute_minimum(values) == min(values)
    assert await arithmetic.compute_maximum(values) == max(values)


async def test_whole_numbers_make_whole_ones_so_that_cents_stay_cents():
    assert repr(await arithmetic.compute_sum([8400, 1250])) == "9650"
    assert repr(await arithmetic.compute_sum([84.00, 12.00])) == "96.0"
    assert repr(await arithmetic.compute_sum([0.1, 0.2])) == "0.3"
    assert repr(await arithmetic.compute_quotient(100, 4)) == "25"
    assert repr(await arithmetic.compute_quotient(100, 3)) == "33.33"


@pytest.mark.parametrize(
    ("rounding", "expected"), [("half_up", 2.68), ("half_even", 2.68), ("down", 2.67), ("up", 2.68)]
)
async def test_rounding_is_by_the_digits_that_are_written(rounding, expected):
    """As a float 2.675 is less than it, and would be rounded down."""
    assert await arithmetic.compute_rounded(2.675, 2, rounding) == expected


@pytest.mark.parametrize(
    ("code", "compute", "arguments"),
    [
        ("division_by_zero", arithmetic.compute_quotient, [1, 0]),
        ("too_large", arithmetic.compute_product, [10**15, 10]),
        ("too_precise", arithmetic.compute_sum, [[10**14, 0.01]]),
        ("too_precise", arithmetic.compute_product, [1.00000001, 1.00000001]),
    ],
)
async def test_what_no_reader_would_keep_is_refused(code, compute, arguments):
    with pytest.raises(ToolError) as refused:
        await compute(*arguments)
    assert refused.value.code == code
    assert refused.value.hint == arithmetic.ERRORS[code]
