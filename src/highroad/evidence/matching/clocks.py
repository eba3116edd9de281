"""Times of day, in digits and as people say them: `14:30`, `2:30 pm`, `half past two`, `at 2`.

An hour up to eleven without its half of the day is open: `at 3` is evidence for 03:00 and for
15:00, for nobody told which. It is open no more where a half stands at it (`3 in the afternoon`) or
at the end of its range (`from 3 to 4 pm`). `12`, `03:00` and `11:30` are read as they stand.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import time
from typing import Final

from highroad.domain.value import value as frozen_value
from highroad.evidence.matching.scanning import Scan, in_english

_WORDS_IN_ORDER: Final = "one two three four five six seven eight nine ten eleven twelve"
_WORDS: Final = {word: number for number, word in enumerate(_WORDS_IN_ORDER.split(), start=1)}
_SHIFTS: Final = {"half": 30, "quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25}
_NAMED: Final = {"noon": 12, "midday": 12, "midnight": 0}
_PARTS: Final = {"morning": "a", "afternoon": "p", "evening": "p", "night": "p", "tonight": "p"}
_HOUR: Final = rf"\d{{1,2}}|(?:{'|'.join(_WORDS)})\b"
_HINT: Final = re.compile(
    r"\d[:h]\d|\d\s*[ap]\.?m\b|clock\b|\bpast\b|\bquarter\b|noon\b|\bmidday\b|\bmidnight\b"
    rf"|\b(?:at|by|from|between|until|till|before|after|around)\s+(?:{_HOUR})"
    rf"|\b(?:{'|'.join(_WORDS)})\s+(?:[ap]\.?m\b|(?:to|in the)\b)|\d in the\b",
    re.IGNORECASE,
)
"""Most texts have none, and no other pattern need be tried."""
_SPOKEN: Final = re.compile(
    rf"\b(?P<named>{'|'.join(_NAMED)})\b"
    r"|(?<!from )(?<![\w-])"
    r"(?P<shift>half|quarter|five|ten|twenty(?:-five)?|\d{1,2}(?=\s+(?:past|minutes?)\b))"
    rf"(?:\s+minutes?)?\s+(?P<side>past|after|to|till|before)\s+(?P<base>{_HOUR})(?![\w:])"
    rf"|(?<![\w.:+])(?<![^\dm]-)(?P<hour>{_HOUR})"
    r"(?:[:h](?P<minute>\d{2})(?::(?P<second>\d{2}))?|\.(?P<dotted>\d{2}))?(?P<clock>\s*o['\u2019]?clock\b)?"
    r"(?=\s*[ap]\.?m\b|(?![\w:+]|\.\d|-(?!\d)))",
    re.IGNORECASE,
)
_SPOKEN_IN_TEXT: Final = Scan(
    re.compile(
        r"[\dnNmMhHqQfFtToOsS\u017feE](?<!\w.)"
        r"(?:(?<=\d)|(?=[oOiIaAuUeEwWnNhHlL][odlavneruxgODLAVNERUXG]))"
    ),
    _SPOKEN,
)
_HALF: Final = re.compile(
    r"\s*(?:(?P<half>[ap])\.?m\b\.?"
    r"|(?:in the|this|tomorrow)\s+(?P<part>morning|afternoon|evening)\b"
    r"|(?:at\s+)?(?P<night>night|tonight)\b)",
    re.IGNORECASE,
)
_PART_BEFORE: Final = re.compile(
    r"\b(?P<part>morning|afternoon|evening|tonight),? at $", re.IGNORECASE
)
_BEFORE: Final = re.compile(
    r"\b(?:at|by|from|between|until|till|before|after|around) $", re.IGNORECASE
)
_LOOK_BACK: Final = 16
_END: Final = re.compile(
    r"\s*(?:$|[.,;!?)](?!\d)|-|\u2013|\b(?:on|in the|today|tomorrow|tonight|this|next|sharp|for|or|"
    r"is|was|please|instead|with|and|to|until|till|at the latest|at the earliest|"
    r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b)",
    re.IGNORECASE,
)
_JOINT: Final = re.compile(r"\s*(?:-|\u2013|to|and|until|till)\s*", re.IGNORECASE)
_CLOCK: Final = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2}))?(?:\s*(?P<half>[ap])\.?m\.?)?",
    re.IGNORECASE,
)
_NOON: Final = 12
_LAST_OPEN_IN_DIGITS: Final = 9
"""`10:15` and later are read as they stand: who means the evening says so."""


@frozen_value(kw_only=False, eq=False)
class _Told:
    """A time of day as it stands in a text."""

    start: int
    end: int
    readings: tuple[time, ...]
    is_sure: bool
    """Whether it is a time by itself, and not only beside another."""
    text: str

    @property
    def is_led(self) -> bool:
        """Whether a word stands before it after which a time comes."""
        return _BEFORE.search(self.text, max(0, self.start - _LOOK_BACK), self.start) is not None

    @property
    def is_last(self) -> bool:
        """Whether what follows it may follow a time."""
        return _END.match(self.text, self.end) is not None


def times(text: str) -> Iterator[time]:
    """Every time of day that a text tells."""
    text = in_english(text)
    if _HINT.search(text) is None:
        return
    found = [
        told for match in _SPOKEN_IN_TEXT.finditer(text) if (told := _told(text, match)) is not None
    ]
    for at, told in enumerate(found):
        joined = _joined(text, found, at)
        if told.is_sure or (told.is_led and told.is_last) or any(map(_is_anchor, joined)):
            yield from _readings(text, found, at)


def exact(text: str) -> Iterator[time]:
    """The time of day that a text is, and nothing else."""
    match = _CLOCK.fullmatch(text)
    if match is not None:
        yield from _halved(
            int(match["hour"]),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            (match["half"] or "").casefold(),
        )
    elif (parsed := _parsed(text)) is not None:
        yield parsed


def _told(text: str, match: re.Match[str]) -> _Told | None:
    half, end = _half(text, match)
    readings = tuple(_all_readings(match, half))
    if not readings:
        return None
    is_told = match["hour"] is None or match["minute"] is not None or match["clock"] is not None
    return _Told(
        start=match.start(),
        end=end,
        readings=readings,
        is_sure=is_told or bool(half),
        text=text,
    )


def _half(text: str, match: re.Match[str]) -> tuple[str, int]:
    """The half of the day that stands at a time, and where it ends."""
    after = _HALF.match(text, match.end())
    if after is not None:
        part = after["part"] or after["night"]
        return (_PARTS[part.casefold()] if part else after["half"].casefold(), after.end())
    before = _PART_BEFORE.search(text, max(0, match.start() - _LOOK_BACK), match.start())
    return (_PARTS[before["part"].casefold()] if before else "", match.end())


def _all_readings(match: re.Match[str], half: str) -> Iterator[time]:
    if match["named"]:
        yield time(_NAMED[match["named"].casefold()])
    elif match["shift"]:
        yield from _shifted(match, half)
    else:
        digits = match["hour"].isdigit()
        minute = int(match["minute"] or match["dotted"] or 0)
        has_minute = match["minute"] is not None
        hour = _number(match["hour"])
        is_as_written = (
            bool(match["second"])
            or (digits and match["hour"][0] == "0")
            or (has_minute and hour > _LAST_OPEN_IN_DIGITS)
        )
        yield from _halved(hour, minute, int(match["second"] or 0), half, is_open=not is_as_written)


def _shifted(match: re.Match[str], half: str) -> Iterator[time]:
    """`quarter to five`: the hour before it, and 45."""
    shift = match["shift"].casefold()
    minutes = _SHIFTS[shift] if shift in _SHIFTS else int(shift)
    is_past = match["side"].casefold() in {"past", "after"}
    for hour in _halved(_number(match["base"]), 0, 0, half, is_open=True):
        total = hour.hour * 60 + (minutes if is_past else -minutes)
        yield time(total // 60 % 24, total % 60)


def _halved(
    hour: int, minute: int, second: int, half: str, *, is_open: bool = False
) -> Iterator[time]:
    """The readings of an hour: with its half of the day one, without perhaps both."""
    if half and 0 < hour <= _NOON:
        hours = [hour % _NOON + (_NOON if half == "p" else 0)]
    elif half == "p" or not half:
        hours = [hour, hour + _NOON] if is_open and 0 < hour < _NOON and not half else [hour]
    else:
        hours = []
    try:
        yield from [time(each, minute, second) for each in hours]
    except ValueError:
        return


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _WORDS[text.casefold()]


def _readings(text: str, found: Sequence[_Told], at: int) -> Iterator[time]:
    """Those of a time; of one that begins a range the last before its end."""
    told = found[at]
    behind = found[at + 1] if _is_joined(text, found, at) else None
    if behind is None or len(told.readings) == 1 or len(behind.readings) > 1:
        yield from told.readings
        return
    before = [each for each in told.readings if each < behind.readings[0]]
    yield max(before) if before else max(told.readings)


def _joined(text: str, found: Sequence[_Told], at: int) -> Iterator[_Told]:
    """The other ends of the ranges of which a time is one end."""
    if _is_joined(text, found, at):
        yield found[at + 1]
    if at and _is_joined(text, found, at - 1) and found[at].is_last:
        yield found[at - 1]


def _is_joined(text: str, found: Sequence[_Told], at: int) -> bool:
    if at + 1 >= len(found):
        return False
    return _JOINT.fullmatch(text, found[at].end, found[at + 1].start) is not None


def _is_anchor(told: _Told) -> bool:
    return told.is_sure or told.is_led


def _parsed(text: str) -> time | None:
    try:
        return time.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        return None
