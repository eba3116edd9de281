"""Dates, times of day and moments: by the day that they name, in every usual notation.

`05/06/2024` is read in both orders, since nobody told which is meant. A day without its year
(`May 5th`) is evidence where the year stands in some source too. What is relative (`tomorrow`,
`next week`) is never worked out here: a recorded call of a tool does that.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Final

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH: Final = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_ANY_MONTH: Final = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b", re.IGNORECASE)
"""Most texts have none, and no other pattern of theirs need be tried."""
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>\d{4})"
_ISO: Final = re.compile(
    r"(?<![\w.-])(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?(?![\w-]|\.\d|:\d)"
)
_NUMERIC: Final = re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w/-]|\.\d)")
_NAMED: Final = (
    re.compile(rf"\b{_MONTH}\s+{_DAY}(?:\s*,?\s+{_YEAR})?(?![\w-]|[.:]\d)", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.:-]){_DAY}\.?\s+(?:of\s+)?{_MONTH}(?:\s*,?\s+{_YEAR})?(?![\w-])", re.IGNORECASE
    ),
)
_TO: Final = r"\s*(?:-|\u2013|to|and|until)\s*"
_DAYS: Final = (
    re.compile(
        rf"\b{_MONTH}\s+(?P<first>\d{{1,2}})(?:st|nd|rd|th)?{_TO}{_DAY}(?:\s*,?\s+{_YEAR})?(?![\w-])",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w.:-])(?P<first>\d{{1,2}})(?:st|nd|rd|th|\.)?{_TO}{_DAY}\.?\s+{_MONTH}"
        rf"(?:\s*,?\s+{_YEAR})?(?![\w-])",
        re.IGNORECASE,
    ),
)
_CLOCK: Final = re.compile(
    r"(?<![\w.:+])(?<![^\dm]-)(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2}))?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?![\w:+]|-(?!\d))",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(
    r"(?<![\w.:+-])(?P<first>1[0-2]|0?[1-9])(?::(?P<minute>\d{2}))?\s*(?:-|\u2013|to|and|until)\s*"
    r"(?P<last>1[0-2]|0?[1-9])(?::\d{2})?\s*(?P<half>[ap])\.?m\b",
    re.IGNORECASE,
)
_HOURS: Final = {"noon": "12:00:00", "midday": "12:00:00", "midnight": "00:00:00"}
_HALF: Final = 12
_LEAP_YEAR: Final = 2000

_DATE: Final = "d|"
_DAY_OF_YEAR: Final = "dd|"
_YEAR_SEEN: Final = "dy|"
_TIME: Final = "t|"
_WALL: Final = "w|"
_WALL_OF_ZONE: Final = "wz|"
_INSTANT: Final = "ti|"
_ZONE: Final = "z|"
_ZONED: Final = re.compile(r"(?:(?<=[ \d(])|(?<=UTC)|(?<=GMT))([+-]\d{2}):?(\d{2})(?![\w:])")
_ZERO: Final = re.compile(r"\b(?:UTC|GMT)\b(?![+-]\d)|\d{2}Z\b")
_DATED: Final = frozenset({_DATE, _WALL, _WALL_OF_ZONE, _INSTANT})


def keys(text: str) -> Iterator[str]:
    """The keys of every date, time and moment that is told in digits."""
    if text.isdigit():
        return
    yield from _iso_keys(text)
    yield from _numeric_keys(text)
    yield from _named_keys(text)
    yield from _clock_keys(text)
    yield from _zone_keys(text)


def hour_keys(tokens: Sequence[str]) -> Iterator[str]:
    """The keys of hours that have a name."""
    for token in tokens:
        if (hour := _HOURS.get(token.casefold())) is not None:
            yield _TIME + hour


def notations(key: str) -> Iterator[str]:
    """The keys of what tells less of the date or moment of a key: its day, its time of day."""
    prefix, _, told = key.partition("|")
    day, _, hour = told.partition("T")
    if f"{prefix}|" in _DATED:
        yield from (_DATE + day, _DAY_OF_YEAR + day[5:], _YEAR_SEEN + day[:4])
    if hour:
        yield from (_WALL + told, _WALL_OF_ZONE + told, _TIME + hour)


def sought_date(text: str) -> tuple[tuple[str, ...], ...]:
    """Sets of keys, of which one must have been seen whole, for a date in any notation."""
    if _moment(text.strip()) is not None:
        return sought_moment(text)  # its time of day counts too
    days = tuple(_days(text.strip()))
    return tuple(
        way
        for day in days
        for way in (
            (_DATE + day.isoformat(),),
            (_DAY_OF_YEAR + day.isoformat()[5:], f"{_YEAR_SEEN}{day.year:04}"),
        )
    )


def sought_time(text: str) -> tuple[tuple[str, ...], ...]:
    """The same for a time of day."""
    return tuple(_time_way(each) for each in _times(text.strip()))


def _time_way(told: time) -> tuple[str, ...]:
    hour = _TIME + told.replace(tzinfo=None).isoformat("seconds")
    return (hour,) if told.tzinfo is None else (hour, f"{_ZONE}{told:%z}")


def sought_moment(text: str) -> tuple[tuple[str, ...], ...]:
    """The same for a date with a time: seen together, or each by itself."""
    moment = _moment(text.strip())
    if moment is None:
        return sought_date(text) or sought_time(text)
    wall = moment.replace(tzinfo=None, microsecond=0)
    if moment.tzinfo is not None:
        # The same hour without a zone may be hours apart from it.
        instant = _INSTANT + _instant(moment)
        zone = f"{_ZONE}{moment:%z}"
        return ((instant,), *((*way, zone) for way in _wall_ways(wall)))
    return (*_wall_ways(wall), (_WALL_OF_ZONE + wall.isoformat(),))


def _wall_ways(wall: datetime) -> tuple[tuple[str, ...], ...]:
    """The ways of a date with a time of day whose zone is not in question."""
    midnight = wall.time() == time()
    return (
        (_WALL + wall.isoformat(),),
        *((*day, _TIME + wall.time().isoformat()) for day in sought_date(str(wall.date()))),
        *(sought_date(str(wall.date())) if midnight else ()),
    )


def is_date(text: str) -> bool:
    """Whether a text is a date, or a moment, and nothing else."""
    return _ISO.fullmatch(text) is not None or any(True for _ in _days(text))


def _iso_keys(text: str) -> Iterator[str]:
    for match in _ISO.finditer(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        if day is None:
            continue
        yield from _day_keys(day)
        moment = _moment(match[0]) if match[4] else None
        if moment is None:
            continue
        wall = moment.replace(tzinfo=None, microsecond=0)
        if moment.tzinfo is None:
            yield _WALL + wall.isoformat()
            yield _TIME + wall.time().isoformat()
        else:
            # Not its time of day: at that hour of another zone it is another moment.
            yield _INSTANT + _instant(moment)
            yield _WALL_OF_ZONE + wall.isoformat()


def _numeric_keys(text: str) -> Iterator[str]:
    for match in _NUMERIC.finditer(text):
        for day in _readings(match):
            yield from _day_keys(day)


def _named_keys(text: str) -> Iterator[str]:
    if _ANY_MONTH.search(text) is None:
        return
    for match in (each for pattern in _NAMED for each in pattern.finditer(text)):
        yield from _named_day_keys(match, int(match["day"]))
    for match in (each for pattern in _DAYS for each in pattern.finditer(text)):
        yield from _named_day_keys(match, int(match["first"]))
        yield from _named_day_keys(match, int(match["day"]))


def _named_day_keys(match: re.Match[str], number: int) -> Iterator[str]:
    month = _MONTHS[match["month"].casefold()]
    if match["year"] is None:
        if _day(_LEAP_YEAR, month, number) is not None:
            yield f"{_DAY_OF_YEAR}{month:02}-{number:02}"
    elif (day := _day(int(match["year"]), month, number)) is not None:
        yield from _day_keys(day)


def _day_keys(day: date) -> Iterator[str]:
    yield _DATE + day.isoformat()
    yield f"{_YEAR_SEEN}{day.year:04}"


def _clock_keys(text: str) -> Iterator[str]:
    plain = _ISO.sub(" ", text)
    for match in _RANGE.finditer(plain):
        if (found := _begin(match)) is not None:
            yield _TIME + found.isoformat()
    for match in _CLOCK.finditer(plain):
        if match["minute"] is None and match["half"] is None:
            continue
        if (found := _clock(match)) is not None:
            yield _TIME + found.isoformat()


def _zone_keys(text: str) -> Iterator[str]:
    for match in _ZONED.finditer(text):
        yield f"{_ZONE}{match[1]}{match[2]}"
    if _ZERO.search(text) is not None:
        yield f"{_ZONE}+0000"


def _begin(match: re.Match[str]) -> time | None:
    """When a range begins whose end alone says which half of the day it is."""
    first, last = int(match["first"]) % _HALF, int(match["last"]) % _HALF
    is_afternoon = (match["half"].casefold() == "p") == (first < last)
    try:
        return time(first + (_HALF if is_afternoon else 0), int(match["minute"] or 0))
    except ValueError:
        return None


def _clock(match: re.Match[str]) -> time | None:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if match["half"]:
        if not 0 < hour <= _HALF:
            return None
        hour = hour % _HALF + (_HALF if match["half"].casefold() == "p" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def _days(text: str) -> Iterator[date]:
    """The readings of a text that is a date."""
    if (match := _ISO.fullmatch(text)) is not None:
        if (day := _day(int(match[1]), int(match[2]), int(match[3]))) is not None:
            yield day
    elif (match := _NUMERIC.fullmatch(text)) is not None:
        yield from _readings(match)
    else:
        for match in filter(None, (pattern.fullmatch(text) for pattern in _NAMED)):
            month = _MONTHS[match["month"].casefold()]
            if match["year"] and (day := _day(int(match["year"]), month, int(match["day"]))):
                yield day


def _readings(match: re.Match[str]) -> list[date]:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    both = (_day(year, first, second), _day(year, second, first))
    return list(dict.fromkeys(day for day in both if day is not None))


def _times(text: str) -> Iterator[time]:
    match = _CLOCK.fullmatch(text)
    if match is not None and (found := _clock(match)) is not None:
        yield found
    elif match is None and (moment := _parsed_time(text)) is not None:
        yield moment


def _parsed_time(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None or match[4] is None:
        return None
    zone = (match[5] or "").replace("UTC", "Z")
    hours = match[4] if match[4][1:2] != ":" else f"0{match[4]}"
    day = f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"
    try:
        return datetime.fromisoformat(f"{day}T{hours[:8]}{zone}")
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
