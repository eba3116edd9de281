"""Arithmetic by decimals, exactly as people do it on paper: 0.1 and 0.2 are 0.3.

The decimal arithmetic is that of IBM's General Decimal Arithmetic, as Python's `decimal` has it.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from highroad.domain.error import ToolError
from highroad.tools.declaring.declare import tool

_LARGEST: Final = 10**15
_MOST_DIGITS: Final = 15
"""So many every JSON reader keeps (IEEE 754 binary64)."""
_EXACT: Final = Context(prec=80)

Number: TypeAlias = (
    Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]
    | Annotated[float, Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
)
Numbers: TypeAlias = Annotated[list[Number], Field(min_length=1, max_length=2_000)]
Places: TypeAlias = Literal[0, 1, 2, 3, 4, 5, 6]
Rounding: TypeAlias = Literal["half_up", "half_even", "down", "up"]
_ROUNDINGS: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}

ERRORS: Final = {
    "too_large": "The result is larger than 15 digits before the point. Check the numbers.",
    "too_precise": "The result has more than 15 digits. Round it, or what goes into it, first.",
    "division_by_zero": "Nothing can be divided by zero. Check the divisor.",
}


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_sum(values: Numbers) -> int | float:
    """Add numbers up, exactly.

    Use for totals, instead of adding up yourself. Not for dates.

    Args:
        values: Copied as they stand in what was read, for example [84.00, 12.50].
    """
    return _told(_total(values), values)


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_difference(minuend: Number, subtrahend: Number) -> int | float:
    """Take one number from another, exactly.

    Use for what is left of an amount. Not for dates; compute_days_between takes those.

    Args:
        minuend: From which is taken, for example 84.00.
        subtrahend: What is taken away, for example 12.50.
    """
    difference = _EXACT.subtract(_decimal(minuend), _decimal(subtrahend))
    return _told(difference, (minuend, subtrahend))


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_product(first: Number, second: Number) -> int | float:
    """Multiply two numbers, exactly.

    Use for a price times a quantity. Not for percentages; compute_percentage takes those.

    Args:
        first: For example 12.50.
        second: For example 3.
    """
    return _told(_EXACT.multiply(_decimal(first), _decimal(second)), (first, second))


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_quotient(
    dividend: Number, divisor: Number, places: Places = 2, rounding: Rounding = "half_up"
) -> int | float:
    """Divide one number by another, rounded.

    Use for shares and averages. Not for percentages; compute_percentage takes those.

    Args:
        dividend: What is divided, for example 84.00.
        divisor: By what, for example 3.
        places: Digits behind the point.
        rounding: How the last digit is rounded.
    """
    by = _decimal(divisor)
    if not by:
        raise _error("division_by_zero")
    quotient = _rounded(_EXACT.divide(_decimal(dividend), by), places, rounding)
    return _told(quotient, (dividend, divisor))


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_percentage(
    of: Number, percent: Number, places: Places = 2, rounding: Rounding = "half_up"
) -> int | float:
    """Take so many percent of a number, rounded.

    Use for discounts, fees and taxes. Not for telling what share one number is of another.

    Args:
        of: The whole, for example 84.00.
        percent: How many percent of it, for example 10 for a tenth.
        places: Digits behind the point.
        rounding: How the last digit is rounded.
    """
    part = _EXACT.divide(_EXACT.multiply(_decimal(of), _decimal(percent)), Decimal(100))
    return _told(_rounded(part, places, rounding), (of, percent))


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_rounded(
    value: Number, places: Places = 2, rounding: Rounding = "half_up"
) -> int | float:
    """Round a number.

    Use before an amount is paid or told. Not for shortening texts.

    Args:
        value: For example 27.999.
        places: Digits behind the point that are left.
        rounding: How the last digit is rounded.
    """
    return _told(_rounded(_decimal(value), places, rounding), (value,))


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_minimum(values: Numbers) -> int | float:
    """Find the smallest of some numbers.

    Use for the cheapest or the least. Not for the earliest of dates.

    Args:
        values: Copied as they stand in what was read, for example [84.00, 12.50].
    """
    return min(values)


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_maximum(values: Numbers) -> int | float:
    """Find the largest of some numbers.

    Use for the dearest or the most. Not for the latest of dates.

    Args:
        values: Copied as they stand in what was read, for example [84.00, 12.50].
    """
    return max(values)


def _total(values: Sequence[float]) -> Decimal:
    total = Decimal(0)
    for each in values:
        total = _EXACT.add(total, _decimal(each))
    return total


def _decimal(number: float) -> Decimal:
    """A number as it is written in JSON."""
    return Decimal(repr(number))


def _rounded(number: Decimal, places: int, rounding: str) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), _ROUNDINGS[rounding], _EXACT)


def _told(number: Decimal, of: Sequence[float]) -> int | float:
    """A number in JSON: whole numbers make a whole one where it is one.

    Raises:
        ToolError: JSON readers would make another number of it.
    """
    if abs(number) > _LARGEST:
        raise _error("too_large")
    if len(number.normalize(_EXACT).as_tuple().digits) > _MOST_DIGITS:
        raise _error("too_precise")
    is_whole = number == number.to_integral_value() and all(isinstance(each, int) for each in of)
    return int(number) if is_whole else float(number)


def _error(code: str) -> ToolError:
    return ToolError("There is no such number.", code=code, hint=ERRORS[code], applied=False)
