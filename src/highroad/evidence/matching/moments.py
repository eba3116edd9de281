"""Dates and moments: by the day that they name, in every usual notation.

`05/06/2024` is read in both orders, since nobody told which is meant. A day without its year
(`May 5th`) is evidence where the year stands in some source too. What is relative (`tomorrow`,
`next week`) is never worked out here: a recorded call of a tool does that.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Final

from highroad.evidence.matching import clocks
from highroad.evidence.matching.scanning import Scan, in_english

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
_AT_MONTH: Final = re.compile(
    r"[jJfFmMaAsS\u017foOnNdD](?<!\w.)(?=[aAuUeEpPcCoO][nNbBrRyYlLgGpPtTvVcC])"
)
"""The first letters of any; most texts have none, and no other pattern of theirs need be tried."""
_ORDINAL: Final = r"(?:[sS\u017fnNrRtT][tTdDhH])"
_AT_DAY: Final = re.compile(rf"\d(?<![\w.:-].)(?=\d?{_ORDINAL}?\.?\s+[jJfFmMaAsS\u017foOnNdD])")
_AT_DAYS: Final = re.compile(
    rf"\d(?<![\w.:-].)(?=\d?(?:{_ORDINAL}|\.)?\s*(?:[-\u2013]|[tT][oO]|[aA][nN]|[uU][nN]))"
)
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>\d{4})"
_OFFSET: Final = r"[+-](?:0\d|1[0-4]):?[0-5]\d"
"""ISO 8601; none is above fourteen hours, so `14:00-15:00` is no hour of a zone."""
_IN_YEAR: Final = re.compile(
    r"\b(?:in|of|for|year|is)\s+(?P<year>(?:19|20)\d{2})(?![\w-]|[.,:/]\d)", re.IGNORECASE
)
_MAY_BE_YEAR: Final = re.compile(r"\s(?:19|20)\d{2}(?![\w-]|[.,:/]\d)")
_ISO: Final = re.compile(
    r"(?<![\w.-])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:(?:"
    rf"T(\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?) ?(Z|UTC|{_OFFSET})?"
    rf"| (\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?)(?: ?(Z|UTC|\+{_OFFSET[4:]}|-\d{{4}})"
    rf"|(?<=:\d\d:\d\d)( ?{_OFFSET}))?"
    r")(?:\s*[-\u2013]\s*(\d{1,2}:\d{2})(?![\w:]))?(?!\s*[apAP]\.?[mM]\b))?(?![\w-]|\.\d|:\d)"
)
"""After a blank `-05:00` is a zone only behind seconds; else it may be the end of a range."""
_ISO_IN_TEXT: Final = Scan(re.compile(r"\d(?<![\w.-].)(?=\d{3}[-/]\d)"), _ISO)
_NUMERIC: Final = Scan(
    re.compile(r"\d(?<![\w./-].)(?=\d?[/.-]\d)"),
    re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w/-]|\.\d)"),
)
_NAMED: Final = (
    Scan(
        _AT_MONTH,
        re.compile(rf"\b{_MONTH}\s+{_DAY}(?:\s*,?\s+{_YEAR})?(?![\w-]|[.:]\d)", re.IGNORECASE),
    ),
    Scan(
        _AT_DAY,
        re.compile(
            rf"(?<![\w.:-]){_DAY}\.?\s+(?:of\s+)?{_MONTH}(?:\s*,?\s+{_YEAR})?(?![\w-])",
            re.IGNORECASE,
        ),
    ),
)
_TO: Final = r"\s*(?:-|\u2013|to|and|until)\s*"
_DAYS: Final = (
    Scan(
        _AT_MONTH,
        re.compile(
            rf"\b{_MONTH}\s+(?P<first>\d{{1,2}})(?:st|nd|rd|th)?{_TO}{_DAY}"
            rf"(?:\s*,?\s+{_YEAR})?(?![\w-])",
            re.IGNORECASE,
        ),
    ),
    Scan(
        _AT_DAYS,
        re.compile(
            rf"(?<![\w.:-])(?P<first>\d{{1,2}})(?:st|nd|rd|th|\.)?{_TO}{_DAY}\.?\s+{_MONTH}"
            rf"(?:\s*,?\s+{_YEAR})?(?![\w-])",
            re.IGNORECASE,
        ),
    ),
)
_LEAP_YEAR: Final = 2000
_ISO_LENGTH: Final = 10

_DATE: Final = "d|"
_DAY_OF_YEAR: Final = "dd|"
_YEAR_SEEN: Final = "dy|"
_TIME: Final = "t|"
_WALL: Final = "w|"
_WALL_OF_ZONE: Final = "wz|"
_INSTANT: Final = "ti|"
_ZONE: Final = "z|"
_TIME_OF_ZONE: Final = "tz|"
KEYS: Final = (
    *(_DATE, _DAY_OF_YEAR, _YEAR_SEEN, _TIME, _WALL, _WALL_OF_ZONE),
    *(_INSTANT, _ZONE, _TIME_OF_ZONE),
)
"""How a key of a day, a moment, a time of day or a zone begins."""
_ZONED: Final = re.compile(
    r"(?:(?<=[ \d(])|(?<=UTC)|(?<=GMT))(?P<plus>\+(?:0\d|1[0-4])):?(?P<of_plus>[0-5]\d)(?![\w:])"
    r"|(?:(?<=\d:\d\d:\d\d)|(?<=\d:\d\d:\d\d )|(?<!\d:\d\d)(?<!\d:\d\d )(?<![^ (CT]))"
    r"(?P<minus>-(?:0\d|1[0-4])):(?P<of_minus>[0-5]\d)(?![\w:])"
    r"|(?:(?<=[ (])|(?<=:\d\d)|(?<=UTC)|(?<=GMT))"
    r"(?P<short>-(?:0\d|1[0-4]))(?P<of_short>[0-5]\d)(?![\w:])"
)
_SIGNED: Final = re.compile(r"[+-](?:0\d|1[0-4])")
"""Where every zone begins that is told as an offset."""
_ZERO: Final = re.compile(r"\b(?:UTC|GMT)\b(?![+-]\d)|\d{2}Z\b")
_ZEROES: Final = ("Z", "UTC", "GMT")
_DATED: Final = frozenset({_DATE, _WALL, _WALL_OF_ZONE, _INSTANT})


def keys(text: str) -> Iterator[str]:
    """The keys of every date, moment and zone that is told in digits."""
    if text.isdigit():
        return
    yield from _iso_keys(text)
    yield from _numeric_keys(text)
    yield from _named_keys(text)
    yield from _zone_keys(text)
    if _MAY_BE_YEAR.search(text) is not None:
        for match in _IN_YEAR.finditer(text):
            yield _YEAR_SEEN + match["year"]


def year_key(year: int) -> str:
    """The key of a year by itself."""
    return f"{_YEAR_SEEN}{year:04}"


def clock_keys(text: str) -> Iterator[str]:
    """The keys of every time of day, in digits and in words."""
    if text.isdigit():
        return
    for told in clocks.times(_without_days(text)):
        yield _TIME + told.isoformat()


def notations(key: str) -> Iterator[str]:
    """The keys of what tells less of the date or moment of a key: its day, its time of day."""
    name, bar, told = key.partition("|")
    prefix = name + bar  # a word has no bar: `t` is the key of no time of day
    day, _, hour = told.partition("T")
    if prefix == _TIME:
        yield from _hour_notations(told)
    if prefix not in _DATED:
        return
    yield from (_DATE + day, _DAY_OF_YEAR + day[5:], _YEAR_SEEN + day[:4])
    if hour:
        yield from (_WALL + told, _WALL_OF_ZONE + told)
        yield from _hour_notations(hour)


def _hour_notations(told: str) -> Iterator[str]:
    """The keys of a time of day, and of the other half of the day: `at 3` is both."""
    at = time.fromisoformat(told)
    for each in (at, at.replace(hour=(at.hour + 12) % 24)):
        yield from (_TIME + each.isoformat(), _TIME_OF_ZONE + each.isoformat())


def sought_date(text: str) -> tuple[tuple[str, ...], ...]:
    """Sets of keys, of which one must have been seen whole, for a date in any notation."""
    if _is_iso_day(text):
        return _day_ways(text)
    if _moment(text.strip()) is not None:
        return sought_moment(text)  # its time of day counts too
    return tuple(way for day in _days(text.strip()) for way in _day_ways(day.isoformat()))


def _day_ways(day: str) -> tuple[tuple[str, ...], ...]:
    """Together with its year, or each by itself; the day as `YYYY-MM-DD`."""
    return ((_DATE + day,), (_DAY_OF_YEAR + day[5:], _YEAR_SEEN + day[:4]))


def _is_iso_day(text: str) -> bool:
    """Whether a text is a day as `YYYY-MM-DD`, which is how most arguments tell one."""
    if len(text) != _ISO_LENGTH or text[4] != "-" or text[7] != "-":
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def sought_time(text: str) -> tuple[tuple[str, ...], ...]:
    """The same for a time of day."""
    return tuple(way for each in clocks.exact(text.strip()) for way in _time_ways(each))


def _time_ways(told: time) -> Iterator[tuple[str, ...]]:
    hour = told.replace(tzinfo=None).isoformat("seconds")
    if told.tzinfo is None:
        yield from ((_TIME + hour,), (_TIME_OF_ZONE + hour,))
    else:
        yield (_TIME + hour, f"{_ZONE}{told:%z}")


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


def _without_days(text: str) -> str:
    """A text with a blank in place of each of these."""
    at, pieces = 0, []
    for match in _ISO_IN_TEXT.finditer(text):
        pieces.append(text[at : match.start()])
        at = match.end()
    return " ".join([*pieces, text[at:]])


def _iso_keys(text: str) -> Iterator[str]:
    for match in _ISO_IN_TEXT.finditer(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        if day is None:
            continue
        yield from _day_keys(day)
        moment = _moment_of(match)
        if moment is None:
            continue
        wall = moment.replace(tzinfo=None, microsecond=0)
        if moment.tzinfo is None:
            yield _WALL + wall.isoformat()
            yield _TIME + wall.time().isoformat()
            yield from (_TIME + each.isoformat() for each in clocks.exact(match[9] or ""))
        else:
            # Not its time of day: at that hour of another zone it is another moment.
            yield _INSTANT + _instant(moment)
            yield _WALL_OF_ZONE + wall.isoformat()
            yield _TIME_OF_ZONE + wall.time().isoformat()


def _numeric_keys(text: str) -> Iterator[str]:
    for match in _NUMERIC.finditer(text):
        for day in _readings(match):
            yield from _day_keys(day)


def _named_keys(text: str) -> Iterator[str]:
    if _AT_MONTH.search(text) is None:
        return
    text = in_english(text)
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
    yield year_key(day.year)


def _zone_keys(text: str) -> Iterator[str]:
    for signed in _SIGNED.finditer(text):
        if (match := _ZONED.match(text, signed.start())) is not None:
            yield _ZONE + "".join(filter(None, match.groups()))
    if any(each in text for each in _ZEROES) and _ZERO.search(text) is not None:
        yield f"{_ZONE}+0000"


def _days(text: str) -> Iterator[date]:
    """The readings of a text that is a date."""
    if (match := _ISO.fullmatch(text)) is not None:
        has_time = match[4] or match[6]  # which counts too, though it be none
        if not has_time and (day := _day(int(match[1]), int(match[2]), int(match[3]))) is not None:
            yield day
    elif (match := _NUMERIC.whole.fullmatch(text)) is not None:
        yield from _readings(match)
    else:
        named = in_english(text)
        for match in filter(None, (pattern.whole.fullmatch(named) for pattern in _NAMED)):
            month = _MONTHS[match["month"].casefold()]
            if match["year"] and (day := _day(int(match["year"]), month, int(match["day"]))):
                yield day


def _readings(match: re.Match[str]) -> list[date]:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    both = (_day(year, first, second), _day(year, second, first))
    return list(dict.fromkeys(day for day in both if day is not None))


def _moment(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    return None if match is None or match[9] else _moment_of(match)


def _moment_of(match: re.Match[str]) -> datetime | None:
    hours = match[4] or match[6]
    if hours is None:
        return None
    zone = (match[5] or match[7] or match[8] or "").strip().replace("UTC", "Z")
    hours = hours if hours[1:2] != ":" else f"0{hours}"
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
