"""Days of the Gregorian calendar, without time and zone (ISO 8601)."""

import calendar
from datetime import date, timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from highroad.domain.error import ToolError
from highroad.tools.declaring.declare import tool

_MONTHS: Final = 12
_ONE: Final = timedelta(days=1)

Many: TypeAlias = Annotated[int, Field(ge=-100_000, le=100_000)]
Style: TypeAlias = Literal[
    "2024-05-06", "6 May 2024", "May 6, 2024", "06.05.2024", "06/05/2024", "05/06/2024"
]
Weekday: TypeAlias = Literal[
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
]
_WEEKDAYS: Final[tuple[Weekday, ...]] = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)

ERRORS: Final = {
    "no_such_day": "The calendar goes from 0001-01-01 to 9999-12-31. Check the numbers.",
}


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_date(day: date, years: Many = 0, months: Many = 0, days: Many = 0) -> date:
    """Move a day by years, months and days; the 31st of a shorter month is its last day.

    Use for due dates and periods. Not for times of day, and not for working days.

    Args:
        day: From which is counted, for example 2024-01-31.
        years: Added first; negative ones lie before.
        months: Added together with the years.
        days: Added last.
    """
    number = (day.year + years) * _MONTHS + day.month - 1 + months
    year, month = divmod(number, _MONTHS)
    try:
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise ToolError(
            "There is no such day.",
            code="no_such_day",
            hint=ERRORS["no_such_day"],
            applied=False,
        ) from None


@tool(tier="read", transform=True)
async def compute_days_between(start: date, end: date) -> int:
    """Count the days from one day to another; below zero where the second is earlier.

    Use for nights, delays and terms. Not for working days.

    Args:
        start: Not counted itself, for example 2024-05-06.
        end: Counted, for example 2024-05-09.
    """
    return (end - start) // _ONE


@tool(tier="read", transform=True)
async def compute_day_of_month(day: date, which: Literal["first", "last"]) -> date:
    """Find the first or the last day of the month in which a day lies.

    Use for periods of accounts. Not for moving a day; compute_date does that.

    Args:
        day: Any of the month, for example 2024-02-06.
        which: Of the two.
    """
    return day.replace(day=1 if which == "first" else calendar.monthrange(day.year, day.month)[1])


@tool(tier="read", transform=True)
async def compute_weekday(day: date) -> Weekday:
    """Say on which day of the week a day falls.

    Use before a weekday is named. Not for finding the next day that is open.

    Args:
        day: For example 2024-05-06.
    """
    return _WEEKDAYS[day.weekday()]


@tool(tier="read", transform=True)
async def compute_date_text(day: date, style: Style) -> str:
    """Write a day for people to read, with English names of months.

    Use in mails and answers. Not for arguments of tools, which take 2024-05-06.

    Args:
        day: For example 2024-05-06.
        style: As the 6th of May 2024 is written in it; 06/05/2024 has the day first.
    """
    month = calendar.month_name[day.month]
    written: dict[Style, str] = {
        "2024-05-06": day.isoformat(),
        "6 May 2024": f"{day.day} {month} {day.year}",
        "May 6, 2024": f"{month} {day.day}, {day.year}",
        "06.05.2024": f"{day.day:02}.{day.month:02}.{day.year:04}",
        "06/05/2024": f"{day.day:02}/{day.month:02}/{day.year:04}",
        "05/06/2024": f"{day.month:02}/{day.day:02}/{day.year:04}",
    }
    return written[style]
