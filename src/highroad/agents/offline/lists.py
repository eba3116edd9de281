"""Lists: numbers in a row, names in a row, all of the listed words that are said."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

import orjson

from highroad.agents.offline.amounts import as_json
from highroad.agents.offline.forms import formed
from highroad.agents.offline.numbers import Number
from highroad.agents.offline.phrases import Phrase, PhraseKind
from highroad.agents.offline.proposal import CERTAIN, PLAIN, Proposal
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import Slot
from highroad.agents.offline.span import Span
from highroad.domain.json_value import JsonValue
from highroad.tools.search.words import plain_words, stem

_AND: Final = re.compile(r"\s*,?\s*(?:(?:and|or|&)\s+)?(?:the\s+)?")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_NESTED: Final = re.compile(r"\[\s*(?:\[[^\[\]]*\]\s*,?\s*)+\]")
_ROW: Final = re.compile(
    r"(?P<row>[\w\u2019'-]+(?:\s[\w\u2019'-]+){0,2}(?:\s?,\s?(?!and\b|or\b)[\w\u2019'-]+(?:\s[\w\u2019'-]+){0,2})*"
    r",?\s(?:and|or|&)\s[\w\u2019'-]+(?:\s[A-Z][\w\u2019'-]+){0,2})"
)
_SPLIT: Final = re.compile(r"\s?,\s?(?:(?:and|or)\s)?|\s(?:and|or|&)\s")


def lists(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """The lists that may be this argument."""
    if slot.type != "array":
        return
    items = slot.items
    if items.choices:
        yield from _all_listed(slot, items, reading)
    elif items.type in {"integer", "number"}:
        yield from _number_rows(slot, items, reading)
    elif items.type == "string":
        yield from _text_rows(slot, reading)
    elif items.type == "array":
        yield from _literals(slot, reading)


def _literals(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """Lists of lists, as JSON writes them."""
    for match in _NESTED.finditer(reading.plain):
        try:
            value: JsonValue = orjson.loads(match[0])
        except orjson.JSONDecodeError:
            continue
        span = Span(start=match.start(), end=match.end())
        yield Proposal(slot=slot, value=value, score=PLAIN, spans=(span,))


def _all_listed(slot: Slot, items: Slot, reading: Reading) -> Iterator[Proposal]:
    found = sorted(formed(items, reading), key=lambda each: each.spans[0].start)
    if found:
        values: list[JsonValue] = list(dict.fromkeys(str(each.value) for each in found))
        spans = tuple(each.spans[0] for each in found)
        yield Proposal(slot=slot, value=values, score=PLAIN, spans=spans)


def _number_rows(slot: Slot, items: Slot, reading: Reading) -> Iterator[Proposal]:
    for row in reading.rows:
        if all(number.is_spelled for number in row):
            continue
        values = [as_json(_part(number, items), items) for number in row]
        if all(value is not None for value in values):
            spans = tuple(number.span for number in row)
            is_framed = reading.plain[: spans[0].start].rstrip()[-1:] in {"[", "("}
            score = _score(slot, spans[0], reading) + 0.1 * (len(row) > 1) + 1.5 * is_framed
            yield Proposal(slot=slot, value=values, score=score, spans=spans)


def _part(number: Number, items: Slot) -> Decimal:
    is_part = number.is_percent and items.type == "number"
    return number.value / 100 if is_part else number.value


def _text_rows(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    for row in _phrase_rows(reading.quoted, reading):
        yield _phrase_row(slot, row, PLAIN + 1 + _score(slot, row[0].span, reading) / 10)
    names = [phrase for phrase in reading.phrases if phrase.kind is PhraseKind.NAME]
    for row in _phrase_rows([name for name in names if "," not in name.text], reading):
        score = _score(slot, row[0].span, reading) + (0.3 if len(row) > 1 else -0.8)
        yield _phrase_row(slot, row, score)
    for match in (each for each in _BRACKETS.finditer(reading.plain) if each[1].strip(" ,")):
        yield _row(slot, match.start(1), match[1], CERTAIN)
    for match in _ROW.finditer(reading.plain):
        start, said = _trimmed(slot, match.start("row"), match["row"])
        if said:
            yield _row(slot, start, said, _score(slot, Span(start=start, end=start), reading))


def _phrase_rows(phrases: Sequence[Phrase], reading: Reading) -> Iterator[Sequence[Phrase]]:
    """Phrases with nothing but commas and `and` between them."""
    row: list[Phrase] = []
    for phrase in phrases:
        if row and not _AND.fullmatch(reading.text[row[-1].span.end : phrase.span.start]):
            yield row
            row = []
        row.append(phrase)
    if row:
        yield row


def _phrase_row(slot: Slot, row: Sequence[Phrase], score: float) -> Proposal:
    texts: list[JsonValue] = [phrase.text for phrase in row]
    return Proposal(slot=slot, value=texts, score=score, spans=tuple(phrase.span for phrase in row))


def _trimmed(slot: Slot, start: int, said: str) -> tuple[int, str]:
    """The row without the words that lead to it: its first part is no longer than the others."""
    parts = _SPLIT.split(said)
    longest = max(len(part.split()) for part in parts[1:])
    first = parts[0].split()
    kept = [word for word in first if stem(word.lower()) not in slot.cues][-longest:]
    lead = said.find(" ".join(kept)) if kept else -1
    return (start + lead, said[lead:]) if lead >= 0 else (start, "")


def _row(slot: Slot, start: int, said: str, score: float) -> Proposal:
    values: list[JsonValue] = [part.strip("\"' ") for part in _SPLIT.split(said) if part.strip()]
    span = Span(start=start, end=start + len(said))
    return Proposal(slot=slot, value=values, score=score, spans=(span,))


def _score(slot: Slot, span: Span, reading: Reading) -> float:
    near = reading.plain[max(0, span.start - 45) : span.start]
    said = set(map(stem, plain_words(near)))
    beside = not slot.cues.isdisjoint(said)
    hinted = not slot.hints.isdisjoint(said)
    return PLAIN if beside else PLAIN - 1 + 0.5 * hinted
