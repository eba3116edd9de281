"""Numbers: by what they are worth, never by their digits; `8400` is not `84`, and `50` has no `5`.

A text has a number where a whole token is one: `84`, `8,400.00`, `€84`, `5kg`, `10%`, `twenty`.
With a currency, or with two decimals, it is money in its major unit, with `cents` in the minor one;
so what is known to be 84 euros is 8,400 cents, and not 84.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from highroad.evidence.matching import numerals, units

_DIGIT: Final = re.compile(r"\d")
_SIGNS: Final = "€$£¥₹"
_DIGITS: Final = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"  # 8,400.00
    r"|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"  # 8.400,00
    r"|\d{1,3}(?:['\u2019]\d{3})+(?:\.\d+)?"  # 8'400.00
    r"|\d+,\d{1,2}"  # 84,50
    r"|\d*\.?\d+"
)
_NUMBER: Final = re.compile(
    rf"(?P<sign>[-+]?)(?P<before>(?:US)?[{_SIGNS}]|[A-Z]{{3}})?(?P<inner>[-+]?)"
    rf"(?P<digits>{_DIGITS})-?(?P<behind>[{_SIGNS}%¢°]?[A-Za-z]*)"
)
_COUNTED_WORDS: Final = """
    st nd rd th k m x night nights person people piece pieces star seat seats seater bed bedroom
    part page step pack way stop door guest room
"""
_COUNTED: Final = frozenset(_COUNTED_WORDS.split())
"""What may stand behind a number without a blank although it is no unit: `3rd`, `5-night`."""
_SCALES: Final = {"k": 1_000, "K": 1_000, "M": 1_000_000}
_TEMPERATURE: Final = {"C": "celsius", "F": "fahrenheit"}
_PLAIN: Final = "n|"
_MONEY: Final = "m|"
_CENTS: Final = "c|"
_HUNDRED: Final = Decimal(100)
_THOUSAND: Final = Decimal(1_000)
_THOUSANDS: Final = re.compile(r"\d{1,3}\.\d{3}")
_MOST_DIGITS: Final = 40


def plain(number: Decimal | float) -> str:
    """The key of a number of which nothing more is known."""
    return _PLAIN + _told(number)


def money(number: Decimal | float) -> tuple[str, ...]:
    """The keys of money in its major unit."""
    return (_MONEY + _told(number),)


def cents(number: Decimal | float) -> tuple[str, ...]:
    """The keys of money in hundredths, which is money in its major unit too."""
    return (_CENTS + _told(number), _MONEY + _told(_decimal(number) / _HUNDRED))


def of_tokens(tokens: list[str]) -> Iterator[str]:
    """The keys of every number among tokens, and of the units that stand at them."""
    for at, token in enumerate(tokens):
        match = _NUMBER.fullmatch(token) if _DIGIT.search(token) else None
        if match is not None:
            yield from _of_match(match, _neighbours(tokens, at, at + 1))
        elif (unit := units.key(token)) is not None:
            yield unit
    for worth, end in numerals.values(tokens):
        yield from _of_number(worth, ("", *_neighbours(tokens, 0, end)))


def _neighbours(tokens: list[str], at: int, end: int) -> tuple[str, str]:
    return (tokens[at - 1] if at else "", tokens[end] if end < len(tokens) else "")


def notations(key: str) -> Iterator[str]:
    """The keys that the number of a key has as anything else: plain, money, cents."""
    if is_key(key):
        number = Decimal(key[len(_PLAIN) :])
        yield from (*sought(number), *cents(number), *cents(number * _HUNDRED))


def is_key(key: str) -> bool:
    """Whether a key is that of a number."""
    return key.startswith((_PLAIN, _MONEY, _CENTS))


def read(text: str) -> Decimal | None:
    """The number that a text is, and nothing else."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or (match["behind"] and not _is_unit(match["behind"])):
        return None
    return _value(match)


def sought(number: Decimal | float) -> tuple[str, ...]:
    """The keys under which a number would have been seen, whatever it counts."""
    told = _told(number)
    ways = (_PLAIN + told, _MONEY + told)
    return (*ways, _CENTS + told) if _is_whole(number) else ways


def measures(number: Decimal | float, unit: str) -> Iterator[str]:
    """The key of so much of a measure, if it is one."""
    found = units.measure(_decimal(number), unit)
    if found is not None:
        yield found


def nearly(number: float) -> Iterator[str]:
    """The keys of a number as a result may repeat it: without sign, rounded, of any measure."""
    if not math.isfinite(number):
        return
    for each in {number, round(number, 2), round(number)}:
        yield from (plain(each), plain(abs(each)))
        yield from units.measures(_decimal(abs(each)))


def sought_amount(number: Decimal | float) -> tuple[str, ...]:
    """The same for money in a major unit; without a point it may be in one that nobody told."""
    told = _told(number)
    ways = (_MONEY + told, _PLAIN + told)
    return (*ways, _CENTS + told) if _is_whole(number) else ways


def sought_cents(number: Decimal | float) -> tuple[str, ...]:
    """The same for money in hundredths: 8,400 of them may have been told as 84.00."""
    return (*cents(number), plain(number))


def _of_match(match: re.Match[str], neighbours: tuple[str, str]) -> Iterator[str]:
    number, behind, before = _value(match), match["behind"], match["before"] or ""
    if number is None or (before and not units.is_money(before)):
        return
    if behind and not (_is_unit(behind) or behind.casefold() in _COUNTED):
        return
    scale = _SCALES.get(behind) or numerals.SCALES.get(neighbours[1].casefold(), 1)
    for way in filter(None, (before, behind)):
        if (unit := units.key(way)) is not None:
            yield unit
    if _TEMPERATURE.get(behind or neighbours[1]):
        yield units.key(_TEMPERATURE[behind or neighbours[1]]) or ""
    if behind == "%":
        yield plain(number / _HUNDRED)
    if _THOUSANDS.fullmatch(match["digits"]) and any(
        map(units.is_money, (before, behind, *neighbours))
    ):
        number *= _THOUSAND  # money has no three decimals
    if _has_two_decimals(match["digits"]):
        yield from money(number * scale)
    else:
        yield from _of_number(number * scale, (before, behind, *neighbours))


def _of_number(number: Decimal, ways: tuple[str, ...]) -> Iterator[str]:
    """The keys of a number by what stands around it."""
    for way in (ways[-3], ways[-1]):
        if (measure := units.measure(number, way)) is not None:
            yield measure
    if any(map(units.is_cents, (ways[-3], ways[-1]))):
        yield from cents(number)
    elif any(map(units.is_money, filter(None, ways))):
        yield from money(number)
    else:
        yield plain(number)


def _has_two_decimals(digits: str) -> bool:
    return digits[-3:-2] in {".", ","}


def _value(match: re.Match[str]) -> Decimal | None:
    digits = match["digits"]
    if len(digits) > _MOST_DIGITS:
        return None
    if "," in digits:
        grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits)
        digits = digits.replace(",", "") if grouped else digits.replace(".", "").replace(",", ".")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    digits = digits.replace("'", "").replace("\u2019", "")
    minus = "-" in (match["sign"] + match["inner"])
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return -number if minus else number


def _is_unit(way: str) -> bool:
    return units.code_of(way) is not None or units.is_cents(way)


def _is_whole(number: Decimal | float) -> bool:
    """Whether a number is written without a point, so that it may count cents."""
    if isinstance(number, Decimal):
        return number.as_tuple().exponent == 0
    return isinstance(number, int)


def _decimal(number: Decimal | float) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def _told(number: Decimal | float) -> str:
    if isinstance(number, int):
        return str(number)
    if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
        return str(int(number))
    exact = _decimal(number)
    return format(exact.normalize() if exact else Decimal(0), "f")
