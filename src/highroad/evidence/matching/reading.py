"""What one leaf of a source says: a key for every value in it, of whichever kind."""

import re
from collections.abc import Iterator
from typing import Final

from highroad.domain.evidence import ValueKind
from highroad.domain.json_value import JsonValue
from highroad.evidence.matching import (
    emails,
    fields,
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
)
from highroad.evidence.matching.tokens import split, written
from highroad.evidence.matching.words import SPAN, pairs, read, spans

_WHOLE_WORDS: Final = 12
"""A leaf of so few words also has a key of its own."""
_MEASURES: Final = (*numbers.KEYS, *units.KEYS, *moments.KEYS)
_DIGIT: Final = re.compile(r"\d")


def text_keys(text: str) -> tuple[set[str], str]:
    """The keys of everything in a text, and its words if it is too long for one key."""
    found, longer = word_keys(text)
    found.update(measure_keys(text))
    return found, longer


def measure_keys(text: str) -> set[str]:
    """The keys of what a text says of how much and when."""
    found = {*quantities.keys(text, split(text)), *moments.clock_keys(text)}
    if _DIGIT.search(text):
        found.update(moments.keys(text))
    return found


def is_measure(key: str) -> bool:
    """Whether a key is one of these: a text has it only there."""
    return key.startswith(_MEASURES)


def word_keys(text: str) -> tuple[set[str], str]:
    """The keys of everything else in a text, and its words if it is too long for one key."""
    tokens = split(text)
    words, alone = read(tokens)
    each_once = dict.fromkeys(tokens)  # a text says most of its words again and again
    found = {key for token in each_once for key in ids.keys(token)}
    found.update(alone, spans(words), pairs(each_once))
    if SPAN < len(words) <= _WHOLE_WORDS:
        found.add(" ".join(words))
    if not (text.isascii() and text.isalpha()):
        found.update(_of_marks(text))
    if _DIGIT.search(text):
        found.update(
            key for token in each_once if not token.isalpha() for key in ids.labelled_keys(token)
        )
    longer = " ".join(words) if len(words) > SPAN else ""
    if text.isascii():
        return found, longer
    found.update(ids.written_keys(text))
    return found, _added_as_written(found, tokens, written(text), longer)


def _added_as_written(found: set[str], tokens: list[str], others: list[str], longer: str) -> str:
    """Add the words of a text as they stand, where plain characters make others of them."""
    if others == tokens:
        return longer
    words, alone = read(others)
    found.update(alone, spans(words))
    if len(words) <= SPAN:
        return longer
    whole = " ".join(words)
    if len(words) <= _WHOLE_WORDS:
        found.add(whole)
    return f"{longer} | {whole}"  # no token has the sign in it


def leaf_keys(name: str, leaf: JsonValue) -> tuple[set[str], str]:
    """The keys of a leaf of a record, where the name of its member tells what it is."""
    found, words = leaf_words(name, leaf)
    found.update(leaf_measures(name, leaf))
    return found, words


def leaf_words(name: str, leaf: JsonValue) -> tuple[set[str], str]:
    """Those of them that are no measures, and the words of a long text."""
    if isinstance(leaf, bool) or leaf is None:
        return set(), ""
    if isinstance(leaf, int | float):
        return {key for key in _of_number(name, leaf) if not is_measure(key)}, ""
    found, words = word_keys(str(leaf))
    if fields.is_id(name):
        found.add(ids.whole(str(leaf)))
    return found, words


def leaf_measures(name: str, leaf: JsonValue) -> set[str]:
    """Those of them that are."""
    if isinstance(leaf, bool) or leaf is None:
        return set()
    if isinstance(leaf, int | float):
        return set(filter(is_measure, _of_number(name, leaf)))
    found = measure_keys(str(leaf))
    if fields.is_id(name):  # 42 of them, or 42 euros, are not what it says
        return {key for key in found if not numbers.is_key(key)}
    if fields.is_money(name) and not fields.is_cents(name):
        found.update(_of_decimal(str(leaf)))
    elif fields.has_clear_unit(name) and (number := quantities.bare(str(leaf))) is not None:
        found.update(units.measure(number, code) for code in fields.codes_of(name))
    return found


def _of_decimal(text: str) -> Iterator[str]:
    """The keys of money that a text tells with a point, and so in its major unit."""
    number = quantities.bare(text) if "." in text else None
    if number is not None:
        yield from numbers.money(number)
        yield from numbers.booked(number)


def _of_number(name: str, number: float) -> Iterator[str]:
    codes = fields.codes_of(name)
    for code in codes:
        yield units.measure(numbers.to_decimal(number), code)
    if fields.is_id(name):
        yield ids.whole(str(number))
    elif fields.is_cents(name):
        yield from numbers.cents(number)
        yield from numbers.booked_cents(number)
    elif fields.is_money(name):
        yield from numbers.money(number, is_told=bool(codes))
        yield from numbers.booked(number)
        if isinstance(number, int) and not codes:  # nobody told whether it is in cents
            yield numbers.plain(number)
    elif fields.has_clear_unit(name):
        yield numbers.counting(number)
    else:
        yield numbers.plain(number)
    if isinstance(number, int):
        yield str(number)
        if fields.kind_of(name) is ValueKind.PHONE:
            yield from phones.keys(str(number))
        if fields.is_year(name):
            yield moments.year_key(number)


def _of_marks(text: str) -> Iterator[str]:
    """Keys of what shows itself by a mark that no plain word has."""
    if _DIGIT.search(text):
        yield from ids.grouped_keys(text)
        yield from phones.keys(text)
    if marks.is_bare(text):
        yield marks.sought(text)
    yield from marks.keys(text)
    yield from names.keys(text)
    yield from emails.keys(text)
    yield from urls.keys(text)
    yield from paths.keys(text)
    for segment in urls.segments(text):
        tokens = split(segment)
        if len(tokens) == 1:
            yield from ids.keys(tokens[0])
