"""Under which keys a value of a kind would have been seen.

The answer is a row of ways, the most precise first; each is a set of keys that must all have been
seen. A text without a mark of its kind is also sought as what it looks like.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
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

Way: TypeAlias = tuple[str, ...]
"""Keys of which each must have been seen; of a phrase, in one leaf."""

# By names of their own: an enumeration looks each member up in its metaclass.
_AMOUNT: Final = ValueKind.AMOUNT
_CENTS: Final = ValueKind.CENTS
_NAME: Final = ValueKind.NAME
_NUMBER: Final = ValueKind.NUMBER
_NO_NUMBERS: Final = (bool, list, dict)


def ways(kind: ValueKind, value: JsonValue, unit: str = "") -> Iterator[Way]:
    """The ways in which a value may have been seen; a number perhaps as so much of a unit."""
    if isinstance(value, str):
        return _TEXTS[kind](value)
    if value is None or isinstance(value, _NO_NUMBERS):
        return iter(())
    return _number_ways(kind, value, unit)


def phrases(kind: ValueKind, value: JsonValue) -> Iterator[list[str]]:
    """Longer rows of words to be found next to each other in one leaf."""
    if isinstance(value, str) and kind in _PHRASED and not marks.is_marked(value):
        found = words.phrase(names.straight(value) if kind is _NAME else value)
        if len(found) > words.SPAN:
            yield found


def _number_ways(kind: ValueKind, number: float, unit: str) -> Iterator[Way]:
    codes = units.codes_of(unit) if unit else ()
    if kind is _CENTS:
        yield from _each(numbers.sought_cents(number))
    elif kind is _AMOUNT and any(map(units.is_money, codes)):
        yield from _each(numbers.sought_amount_of(number, codes))
    elif kind is _AMOUNT:
        yield from _each(numbers.sought_amount(number))
    elif kind is _NUMBER and codes and units.is_clear(unit):
        yield from _each(numbers.sought_counting(number, codes))
    elif kind is _NUMBER:
        yield from _each(numbers.sought(number))
        yield from _each(units.measure(numbers.to_decimal(number), code) for code in codes)
    elif isinstance(number, int):
        yield (str(number),)
    if kind is _NUMBER and isinstance(number, int):
        yield (ids.whole(str(number)),)  # it may be an id, though its name does not say so


def _each(keys: Iterable[str]) -> Iterator[Way]:
    """A way for each key."""
    return ((key,) for key in keys)


def _id(text: str) -> Iterator[Way]:
    key = marks.sought(text) if marks.is_marked(text) else ids.sought(text)
    if key is not None:
        yield (key,)


def _email(text: str) -> Iterator[Way]:
    if emails.is_email(text.strip()):
        yield (emails.sought(text),)
    elif "@" in text and not text.isascii():  # a host that only looks like another
        yield from _id(text)
    else:
        yield from _name(text)


def _phone(text: str) -> Iterator[Way]:
    yield from _each(phones.sought(text))
    yield from _id(text)


def _url(text: str) -> Iterator[Way]:
    yield (urls.sought(text),)
    if not urls.is_url(text):
        yield (urls.sought(f"https://{text}"),)


def _path(text: str) -> Iterator[Way]:
    yield (paths.sought(text),)
    if "/" not in text and "\\" not in text:
        yield from _id(text)


def _amount(text: str) -> Iterator[Way]:
    number = quantities.bare(text)
    return _text(text) if number is None else _each(numbers.sought_amount(number))


def _cents(text: str) -> Iterator[Way]:
    number = quantities.bare(text)
    return _text(text) if number is None else _each(numbers.sought_cents(number))


def _unit(text: str) -> Iterator[Way]:
    yield from _each(units.keys(text))
    yield from _phrase(text)


def _name(text: str) -> Iterator[Way]:
    if marks.is_marked(text):
        yield (marks.sought(text),)
        return
    for order in dict.fromkeys((text, names.straight(text))):
        yield from _phrase(order)
    yield (names.sought(text),)
    yield (words.side(text),)


def _phrase(text: str) -> Iterator[Way]:
    if marks.is_marked(text) or marks.is_bare(text):
        yield (marks.sought(text),)
        return
    found = words.phrase(text)
    if 0 < len(found) <= words.SPAN:
        yield (" ".join(found),)
    if len(text.split()) == 1:
        yield from _id(text)


def _date(text: str) -> Iterator[Way]:
    return iter(moments.sought_date(text))


def _time(text: str) -> Iterator[Way]:
    yield from moments.sought_time(text)
    if moments.is_date(text):
        yield from moments.sought_moment(text)


def _moment(text: str) -> Iterator[Way]:
    yield from moments.sought_moment(text)


def _text(text: str) -> Iterator[Way]:
    if quantities.has_unit(text):
        yield from _each(quantities.sought(text))
        return
    if text.isalpha() and not text.isascii():
        yield from _id(text)  # its accents may make another of it; they do not in a name
        return
    yield from _phrase(text)
    if not marks.is_marked(text):
        yield (words.side(text),)
    if emails.is_email(text):
        yield (emails.sought(text),)
    elif urls.is_url(text):
        yield (urls.sought(text),)
    elif moments.is_date(text):
        yield from moments.sought_moment(text)
    elif not text.isdigit():
        yield from _each(quantities.sought(text))
        yield from _each(units.keys(text))


def _or_text(ways_of: Callable[[str], Iterator[Way]]) -> Callable[[str], Iterator[Way]]:
    """What is of no such form is sought as the text that it is."""

    def both(text: str) -> Iterator[Way]:
        found = False
        for way in ways_of(text):
            found = True
            yield way
        if not found:
            yield from _phrase(text)

    return both


_TEXTS: Final[Mapping[ValueKind, Callable[[str], Iterator[Way]]]] = {
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
_PHRASED: Final = frozenset(
    {
        *(ValueKind.NAME, ValueKind.TEXT, ValueKind.CHOICE, ValueKind.EMAIL),
        *(ValueKind.DATE, ValueKind.TIME, ValueKind.MOMENT, ValueKind.AMOUNT, ValueKind.UNIT),
    }
)
