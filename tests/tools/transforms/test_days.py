"""Days are those of the calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad import ToolError
from highroad.tools.transforms import days
from highroad.tools.transforms.days import Style

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(DAYS, st.integers(-10_000, 10_000))
async def test_days_are_added_and_counted_back(day, many):
    moved = await days.compute_date(day, days=many)
    assert moved == day + timedelta(days=many)
    assert await days.compute_days_between(day, moved) == many


@given(DAYS, st.integers(-40, 40), st.integers(-500, 500))
async def test_months_keep_the_day_or_end_with_the_month(day, years, months):
    moved = await days.compute_date(day, years=years, months=months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == years * 12 + months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(1)).day == 1)


@given(DAYS)
async def test_first_and_last_days_are_the_ends_of_the_month(day):
    first = await days.compute_day_of_month(day, "first")
    last = await days.compute_day_of_month(day, "last")
    assert first <= day <= last
    assert first.day == (last + timedelta(1)).day == 1
    assert first.month == day.month == last.month


@given(DAYS)
async def test_a_weekday_is_that_of_the_calendar(day):
    assert await days.compute_weekday(day) == f"{day:%A}"


async def test_a_day_is_written_as_its_style_is():
    for style in Style.__args__:
        assert await days.compute_date_text(date(2024, 5, 6), style) == style


@pytest.mark.parametrize("moved", [{"years": 8_000}, {"days": -1_000_000}, {"months": -99_999}])
async def test_what_lies_beyond_the_calendar_is_refused(moved):
    with pytest.raises(ToolError) as refused:
        await days.compute_date(date(2024, 5, 6), **moved)
    assert refused.value.code == "no_such_day"
