"""Days and times as users write them: in figures, in words, or counted from today."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from highroad.agents.offline.span import Span
from highroad.domain.value import value

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH: Final = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)})\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>\d{4})"
_FORMS: Final = tuple(
    re.compile(rf"\b{form}\b", re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})[-/](?P<number>\d{1,2})[-/](?P<day>\d{1,2})",
        rf"{_MONTH}\s+{_DAY},?\s+(?:in\s+|of\s+)?{_YEAR}",
        rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        r"(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})",
    )
)
_NEAR: Final = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
_RELATIVE: Final = re.compile(
    rf"\b(?:(?P<near>{'|'.join(_NEAR)})|in (?P<ahead>\d{{1,3}}) days?"
    rf"|(?P<ago>\d{{1,3}}) days? ago|next (?P<next>{'|'.join(_DAYS)}))\b",
    re.IGNORECASE,
)
_TIME: Final = re.compile(
    r"\b(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?P<only>\d{1,2})\s?(?P<part>[ap])\.?m\b\.?)",
    re.IGNORECASE,
)
_NOON: Final = 12
_HOUR: Final = 60
_LAST_MONTH: Final = 12


@value
class Day:
    """A day that a user named."""

    span: Span
    date: date


@value
class Time:
    """A time of day that a user named."""

    span: Span
    text: str
    """`HH:MM`, of 24 hours."""


def days(text: str, today: date | None) -> tuple[Day, ...]:
    """The days that a text names for certain, in order.

    `3/4/2025` is none: it may be March or April. Without `today` neither is `tomorrow`.
    """
    found = [*_written(text), *(() if today is None else _counted(text, today))]
    return tuple(sorted(found, key=lambda day: day.span.start))


def times(text: str) -> tuple[Time, ...]:
    """The times of day that a text names, in order."""
    found = ((match, _clock(match)) for match in _TIME.finditer(text))
    return tuple(Time(span=_span(match), text=clock) for match, clock in found if clock)


def _written(text: str) -> Iterator[Day]:
    for form in _FORMS:
        for match in form.finditer(text):
            day = _day(match)
            if day is not None:
                yield Day(span=_span(match), date=day)


def _day(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    year = int(parts["year"])
    try:
        if parts.get("first"):
            return _in_figures(year, int(parts["first"]), int(parts["second"]))
        if parts.get("number"):
            return date(year, int(parts["number"]), int(parts["day"]))
        return date(year, _month(parts["month"]), int(parts["day"]))
    except ValueError:
        return None


def _in_figures(year: int, first: int, second: int) -> date | None:
    if first > _LAST_MONTH:
        return date(year, second, first)
    if second > _LAST_MONTH or first == second:
        return date(year, first, second)
    return None


def _month(name: str) -> int:
    start = name[:3].lower()
    return next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(start))


def _counted(text: str, today: date) -> Iterator[Day]:
    for match in _RELATIVE.finditer(text):
        yield Day(span=_span(match), date=today + timedelta(days=_ahead(match, today)))


def _ahead(match: re.Match[str], today: date) -> int:
    if match["near"]:
        return _NEAR[match["near"].lower()]
    if match["next"]:
        return (_DAYS.index(match["next"].lower()) - today.weekday() - 1) % 7 + 1
    return int(match["ahead"]) if match["ahead"] else -int(match["ago"])


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"] or match["only"]), int(match["minute"] or 0)
    half = (match["half"] or match["part"] or "").lower()
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return f"{hour:02}:{minute:02}" if hour < 2 * _NOON and minute < _HOUR else ""


def _span(match: re.Match[str]) -> Span:
    return Span(start=match.start(), end=match.end())
