"""Values that a schema gives a form: listed words, patterns, formats, dates, truth."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from highroad.agents.offline.proposal import CERTAIN, PLAIN, Proposal
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import Slot
from highroad.agents.offline.source import SourceKind
from highroad.agents.offline.span import Span
from highroad.tools.search.words import plain_words, stem

_TOKEN: Final = re.compile(r"[^\s,;()\"'<>?!]*[^\s,;()\"'<>?!.:]")
_FORMATS: Final = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "uri": re.compile(r"https?://[^\s,;()\"'<>]*[^\s,;()\"'<>.?!]"),
    "uuid": re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    "ipv4": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
}
_DATE_WORDS: Final = frozenset({"date", "day"})
_FROM: Final = frozenset({"from", "start", "begin", "departure", "checkin", "source"})
_TO: Final = frozenset({"to", "end", "until", "return", "checkout", "target", "destination"})
_SHAPES: Final = (
    ("yyyy-mm-dd", "%Y-%m-%d"),
    ("mm/dd/yyyy", "%m/%d/%Y"),
    ("dd/mm/yyyy", "%d/%m/%Y"),
    ("mm-dd-yyyy", "%m-%d-%Y"),
    ("dd-mm-yyyy", "%d-%m-%Y"),
    ("yyyy/mm/dd", "%Y/%m/%d"),
)
_NOT: Final = re.compile(
    r"(?i)\b(?:no|not|without|don't|do not|never|exclude|excluding|skip)\W+(?:\w+\W+){0,2}$"
)
_WINDOW: Final = 30
_LONGEST_PATTERN: Final = 500
"""A pattern is tried on pieces no longer than this: it may be a slow one."""


def formed(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """What fits the form that the schema gives, where it gives one."""
    if slot.choices:
        yield from _listed(slot, reading)
    elif slot.type == "boolean":
        yield from _truth(slot, reading)
    elif slot.type == "string":
        yield from _matched(slot, reading)
        yield from _dated(slot, reading)


def is_formed(slot: Slot) -> bool:
    """Whether only a value of a form will do, so that no other phrase is one."""
    said = slot.text("format")
    is_known = said in _FORMATS or said in {"date", "time", "date-time"}
    is_date = bool(slot.named & _DATE_WORDS) and slot.type == "string"
    return bool(slot.choices or slot.text("pattern") or is_known or is_date)


def _listed(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """The longest of the listed words that are said; in quotes they are said as well."""
    for choice in slot.choices:
        if not isinstance(choice, str) or not choice.strip():
            continue
        for match in _said(choice).finditer(reading.text):
            span = Span(start=match.start(), end=match.end())
            beside = _is_beside(slot, span, reading)
            score = CERTAIN + 0.01 * len(choice) if beside or slot.is_required else PLAIN
            if not _NOT.search(reading.text[: span.start]):
                yield Proposal(slot=slot, value=choice, score=score, spans=(span,))


@lru_cache(maxsize=1_024)
def _said(choice: str) -> re.Pattern[str]:
    """A listed word as it may be written: in another case, with blanks for `_`, in the plural."""
    parts = plain_words(choice)
    said = r"[\s_-]?".join(re.escape(part) for part in parts) if parts else re.escape(choice)
    return re.compile(rf"(?<!\w){said}(?:s|es|ly)?(?!\w)", re.IGNORECASE)


def _is_beside(slot: Slot, span: Span, reading: Reading) -> bool:
    near = reading.text[max(0, span.start - _WINDOW) : span.end + _WINDOW]
    return not slot.cues.isdisjoint(map(stem, plain_words(near)))


def _truth(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """True where its name is said, false where it is said with a no."""
    wanted = slot.cues - {stem(word) for word in _TRUTH_WORDS}
    for match in re.finditer(r"\w+", reading.plain):
        if stem(match[0].lower()) in wanted and _is_whole(wanted, match, reading):
            span = Span(start=match.start(), end=match.end())
            is_denied = _NOT.search(reading.plain[: match.start()]) is not None
            yield Proposal(slot=slot, value=not is_denied, score=PLAIN, spans=(span,))


_TRUTH_WORDS: Final = ("is", "has", "include", "included", "get", "show", "use", "with", "return")


def _is_whole(wanted: frozenset[str], match: re.Match[str], reading: Reading) -> bool:
    """All words of the name stand close together."""
    near = reading.plain[max(0, match.start() - _WINDOW) : match.end() + _WINDOW]
    return wanted <= {stem(word) for word in plain_words(near)}


def _matched(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    pattern, form = slot.text("pattern"), _FORMATS.get(slot.text("format"))
    found = form.finditer(reading.plain) if form else _TOKEN.finditer(reading.plain)
    if not pattern and form is None:
        return
    for match in found:
        if not pattern or _fits(pattern, match[0]):
            span = Span(start=match.start(), end=match.end())
            score = CERTAIN + _leads(slot, span, reading)
            yield Proposal(slot=slot, value=match[0], score=score, spans=(span,))


def _leads(slot: Slot, span: Span, reading: Reading) -> float:
    """`from … to …`, where there are arguments for both."""
    before = reading.plain[: span.start].lower().split()[-1:]
    is_from = bool(slot.named & _FROM) and before in (["from"], ["between"])
    is_to = bool(slot.named & _TO) and before in (["to"], ["until"], ["and"])
    return 0.5 if is_from or is_to else 0.0


def _fits(pattern: str, said: str) -> bool:
    try:
        return len(said) <= _LONGEST_PATTERN and re.search(pattern, said) is not None
    except re.error:
        return False  # a dialect that Python does not know


def _dated(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    form = slot.text("format")
    if form == "date" or (not form and slot.named & _DATE_WORDS):
        for day in reading.days:
            said = _in_shape(day.date, slot)
            score = PLAIN + 1 + _leads(slot, day.span, reading)
            yield Proposal(slot=slot, value=said, score=score, spans=(day.span,))
    if form == "time" or (not form and "time" in slot.named):
        for time in reading.times:
            said = time.text if form or "mm" in slot.all_words else _as_said(time.span, reading)
            yield Proposal(slot=slot, value=said, score=PLAIN + 1, spans=(time.span,))


def _as_said(span: Span, reading: Reading) -> str:
    return reading.plain[span.start : span.end]


def _in_shape(day: date, slot: Slot) -> str:
    """As the description asks for it; without a word ISO 8601."""
    said = slot.description.lower()
    shape = next((shape for told, shape in _SHAPES if told in said), "%Y-%m-%d")
    return day.strftime(shape)


def given_by_schema(slot: Slot) -> Iterator[Proposal]:
    """The one value that is allowed, or the default of what is required."""
    for keyword in ("const", "default"):
        if slot.is_required and slot.schema.get(keyword) is not None:
            value = slot.schema[keyword]
            yield Proposal(slot=slot, value=value, score=0.0, kind=SourceKind.SCHEMA)
            return
