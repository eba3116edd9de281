"""Under which keys a value of a kind would have been seen.

The answer is a row of ways, the most precise first; each is a key that must have been seen, or
several that must all have been. A text without a mark of its kind is also sought as what it looks
like.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, TypeAlias

from highroad.domain.evidence import ValueKind
from highroad.domain.json_value import JsonValue
from highroad.evidence.matching import (
    emails,
    ids,
    marks,
    moments,
    names,
    numbers,
    paths,
    phones,
    quantities,
    units,
    urls,
    words,
)

Way: TypeAlias = str | tuple[str, ...]
"""A key that must have been seen, or keys of which each must."""

# By names of their own: an enumeration looks each member up in its metaclass.
_AMOUNT: Final = ValueKind.AMOUNT
_CENTS: Final = ValueKind.CENTS
_NAME: Final = ValueKind.NAME
_NUMBER: Final = ValueKind.NUMBER
_NO_NUMBERS: Final = (bool, list, dict)


def ways(kind: ValueKind, value: JsonValue, unit: str = "") -> Iterable[Way]:
    """The ways in which a value may have been seen; a number perhaps as so much of a unit."""
    if isinstance(value, str):
        return _TEXTS[kind](value)
    if value is None or isinstance(value, _NO_NUMBERS):
        return ()
    return _number_ways(kind, value, unit)


def every_way(value: JsonValue) -> Iterator[Way]:
    """The ways of all kinds, each once or a few times: `ways` of them one after the other.

    A text is read once for those that fall back on what it looks like.
    """
    if isinstance(value, str):
        yield from chain.from_iterable(ways_of(value) for ways_of in _APART)
        number = quantities.bare(value)
        if number is not None:
            yield from numbers.sought_amount(number)
            yield from numbers.sought_cents(number)
    else:
        for kind in ValueKind:
            yield from ways(kind, value)


def phrases(kind: ValueKind, value: JsonValue) -> Iterator[list[str]]:
    """Longer rows of words to be found next to each other in one leaf."""
    if isinstance(value, str) and kind in _PHRASED and not marks.is_marked(value):
        found = words.phrase(names.straight(value) if kind is _NAME else value)
        if len(found) > words.SPAN:
            yield found


def _number_ways(kind: ValueKind, number: float, unit: str) -> Iterable[Way]:
    codes = units.codes_of(unit) if unit else ()
    if kind is _CENTS:
        return numbers.sought_cents(number)
    if kind is _AMOUNT:
        is_told = any(map(units.is_money, codes))
        return numbers.sought_amount_of(number, codes) if is_told else numbers.sought_amount(number)
    if kind is _NUMBER:
        return _count(number, unit, codes)
    return (str(number),) if isinstance(number, int) else ()


def _count(number: float, unit: str, codes: tuple[str, ...]) -> Iterator[Way]:
    if codes and units.is_clear(unit):
        yield from numbers.sought_counting(number, codes)
    else:
        yield from numbers.sought(number)
        for code in codes:
            yield units.measure(numbers.to_decimal(number), code)
    if isinstance(number, int):
        yield ids.whole(str(number))  # it may be an id, though its name does not say so


def _id(text: str) -> Iterable[Way]:
    key = marks.sought(text) if marks.is_marked(text) else ids.sought(text)
    return () if key is None else (key,)


def _email(text: str) -> Iterable[Way]:
    if emails.is_email(text.strip()):
        return (emails.sought(text),)
    if "@" in text and not text.isascii():  # a host that only looks like another
        return _id(text)
    return _name(text)


def _phone(text: str) -> Iterator[Way]:
    yield from phones.sought(text)
    yield from _id(text)


def _url(text: str) -> Iterator[Way]:
    yield urls.sought(text)
    if not urls.is_url(text):
        yield urls.sought(f"https://{text}")


def _path(text: str) -> Iterator[Way]:
    yield paths.sought(text)
    if "/" not in text and "\\" not in text:
        yield from _id(text)


def _amount(text: str) -> Iterable[Way]:
    number = quantities.bare(text)
    return _text(text) if number is None else numbers.sought_amount(number)


def _cents(text: str) -> Iterable[Way]:
    number = quantities.bare(text)
    return _text(text) if number is None else numbers.sought_cents(number)


def _unit(text: str) -> Iterator[Way]:
    yield from units.keys(text)
    yield from _phrase(text)


def _name(text: str) -> Iterator[Way]:
    if marks.is_marked(text):
        yield marks.sought(text)
        return
    yield from _phrase(text)
    if (straight := names.straight(text)) != text:
        yield from _phrase(straight)
    yield names.sought(text)
    yield words.side(text)


def _phrase(text: str) -> Iterator[Way]:
    if marks.is_marked(text) or marks.is_bare(text):
        yield marks.sought(text)
        return
    found = words.phrase(text)
    if 0 < len(found) <= words.SPAN:
        yield " ".join(found)
    if len(text.split()) == 1:
        yield from _id(text)


def _date(text: str) -> tuple[Way, ...]:
    return moments.sought_date(text)


def _time(text: str) -> tuple[Way, ...]:
    hours = moments.sought_time(text)
    return (*hours, *moments.sought_moment(text)) if moments.is_date(text) else hours


def _moment(text: str) -> tuple[Way, ...]:
    return moments.sought_moment(text)


def _text(text: str) -> Iterator[Way]:
    if quantities.has_unit(text):
        yield from quantities.sought(text)
        return
    if text.isalpha() and not text.isascii():
        yield from _id(text)  # its accents may make another of it; they do not in a name
        return
    yield from _phrase(text)
    if not marks.is_marked(text):
        yield words.side(text)
    if emails.is_email(text):
        yield emails.sought(text)
    elif urls.is_url(text):
        yield urls.sought(text)
    elif moments.is_date(text):
        yield from moments.sought_moment(text)
    elif not text.isdigit():
        yield from quantities.sought(text)
        yield from units.keys(text)


def _or_text(ways_of: Callable[[str], tuple[Way, ...]]) -> Callable[[str], Iterable[Way]]:
    """What is of no such form is sought as the text that it is."""

    def both(text: str) -> Iterable[Way]:
        return ways_of(text) or _phrase(text)

    return both


_TEXTS: Final[Mapping[ValueKind, Callable[[str], Iterable[Way]]]] = {
    ValueKind.ID: _id,
    ValueKind.EMAIL: _email,
    ValueKind.PHONE: _phone,
    ValueKind.URL: _url,
    ValueKind.PATH: _path,
    ValueKind.DATE: _or_text(_date),
    ValueKind.TIME: _or_text(_time),
    ValueKind.MOMENT: _or_text(_moment),
    ValueKind.AMOUNT: _amount,
    ValueKind.CENTS: _cents,
    ValueKind.NUMBER: _text,
    ValueKind.UNIT: _unit,
    ValueKind.NAME: _name,
    ValueKind.TEXT: _text,
    ValueKind.CHOICE: _text,
}
_APART: Final[tuple[Callable[[str], Iterable[Way]], ...]] = (
    *(_id, _email, _phone, _url, _path, _unit, _name, _text),
    *(moments.sought_date, moments.sought_time, moments.sought_moment),
)
"""How texts are sought without what one kind has of another (tests/evidence/test_scanning.py)."""
_PHRASED: Final = frozenset(
    {
        *(ValueKind.NAME, ValueKind.TEXT, ValueKind.CHOICE, ValueKind.EMAIL),
        *(ValueKind.DATE, ValueKind.TIME, ValueKind.MOMENT, ValueKind.AMOUNT, ValueKind.UNIT),
    }
)
