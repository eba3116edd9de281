"""Numbers: by what they are worth, never by their digits; `8400` is not `84`, and `50` has no `5`.

Money has keys in its major unit, and in the minor one where that was told; so what is known to be
84 euros is 8,400 cents, and not 84. What counts something, such as `5 kg`, is another number than
one of which nothing more is known: it is none of another unit of the kind.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from highroad.evidence.matching import units

SIGNS: Final = "€$£¥₹₩₪₺"
_DIGITS: Final = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"  # 8,400.00
    r"|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"  # 8.400,00
    r"|\d{1,3}(?:['\u2019]\d{3})+(?:\.\d+)?"  # 8'400.00
    r"|\d+,\d{1,2}"  # 84,50
    r"|\d*\.?\d+"
)
NUMBER: Final = re.compile(
    rf"(?P<sign>[-+]?)(?P<before>[A-Z]{{0,2}}[{SIGNS}]|[A-Z]{{3}})?(?P<inner>[-+]?)"
    rf"(?P<digits>{_DIGITS})(?:[.,]?-)?(?P<behind>[{SIGNS}%¢°]?[^\W\d_]*)"
)
"""A token that is a number, with what stands at it."""
_PLAIN: Final = "n|"
_COUNTING: Final = "x|"
_MONEY: Final = "m|"
_UNTOLD: Final = "mu|"
_BOOKED: Final = "b|"
_CENTS: Final = "c|"
KEYS: Final = (_PLAIN, _COUNTING, _MONEY, _UNTOLD, _BOOKED, _CENTS)
"""How a key of a number begins."""
_HUNDRED: Final = Decimal(100)
_MOST_DIGITS: Final = 40
_EXACT: Final = 2**53
"""Below it every whole number is itself as a float too."""


def plain(number: Decimal | float) -> str:
    """The key of a number of which nothing more is known."""
    return _PLAIN + _told(number)


def counting(number: Decimal | float) -> str:
    """The key of a number with a unit, whichever it is."""
    return _COUNTING + _told(number)


def money(number: Decimal | float, *, is_told: bool = False) -> tuple[str, ...]:
    """The keys of money in its major unit, whose currency was told or not."""
    told = _told(number)
    return (_MONEY + told,) if is_told else (_MONEY + told, _UNTOLD + told)


def cents(number: Decimal | float, *, is_told: bool = False) -> tuple[str, ...]:
    """The keys of money in hundredths, which is money in its major unit too."""
    return (_CENTS + _told(number), *money(to_decimal(number) / _HUNDRED, is_told=is_told))


def booked(number: Decimal | float) -> Iterator[str]:
    """The key of money that a record has with a minus: what was taken may be named without."""
    if number < 0:
        yield _BOOKED + _told(-number)


def booked_cents(number: Decimal | float) -> Iterator[str]:
    """The same of money in hundredths."""
    return booked(to_decimal(number) / _HUNDRED)


def notations(key: str) -> Iterator[str]:
    """The keys that the number of a key has as anything else: plain, money, so much of a unit."""
    if is_key(key):
        number = Decimal(key.partition("|")[2])
        for way in (*KEYS, _CENTS):
            yield way + _told(number)
        yield from (*cents(number), *cents(number * _HUNDRED))
        if not key.startswith(_COUNTING):
            yield from units.measures(number)


def is_key(key: str) -> bool:
    """Whether a key is that of a number."""
    return key.startswith(KEYS)


def sought(number: Decimal | float) -> Iterator[str]:
    """The keys under which a number would have been seen, whatever it counts."""
    told = _told(number)
    yield _PLAIN + told
    yield from (_COUNTING + told, _MONEY + told)
    if _is_whole(number):
        yield _CENTS + told


def sought_counting(number: Decimal | float, codes: tuple[str, ...]) -> Iterator[str]:
    """The same for a number that counts what its name says, and so nothing else."""
    for code in codes:
        exact = to_decimal(number)
        yield from (units.measure(exact, code), units.part(exact, code))
    told = _told(number)
    yield from (_PLAIN + told, _UNTOLD + told)


def nearly(number: float) -> Iterator[str]:
    """The keys of a number as a result may repeat it: without sign, rounded, of any measure."""
    if not math.isfinite(number):
        return
    for each in {number, abs(number), round(abs(number), 2), round(abs(number))}:
        yield from (plain(each), counting(each), *units.measures(to_decimal(each)))


def sought_amount(number: Decimal | float) -> tuple[str, ...]:
    """The same for money in a major unit; without a point it may be in one that nobody told."""
    told = _told(number)
    ways = (_MONEY + told, _PLAIN + told, _COUNTING + told, _BOOKED + told)
    return (*ways, _CENTS + told) if _is_whole(number) else ways


def sought_amount_of(number: Decimal | float, codes: tuple[str, ...]) -> Iterator[str]:
    """The same for money of a currency."""
    yield from sought_counting(number, codes)
    yield _BOOKED + _told(number)


def sought_cents(number: Decimal | float) -> Iterator[str]:
    """The same for money in hundredths: 8,400 of them may have been told as 84.00."""
    yield _CENTS + _told(number)
    major = _told_of_cents(number)
    yield from (_MONEY + major, plain(number), _BOOKED + major)


def has_two_decimals(digits: str) -> bool:
    """Whether digits are written as money is."""
    return digits[-3:-2] in {".", ","}


def worth(match: re.Match[str]) -> Decimal | None:
    """The number of a token."""
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


def to_decimal(number: Decimal | float) -> Decimal:
    """A number as it is written."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def _is_whole(number: Decimal | float) -> bool:
    """Whether a number is written without a point, so that it may count cents."""
    if isinstance(number, Decimal):
        return number.as_tuple().exponent == 0
    return isinstance(number, int)


def _told_of_cents(number: Decimal | float) -> str:
    """Hundredths as their major unit."""
    if isinstance(number, int) and 0 <= number < _EXACT:
        whole, rest = divmod(number, 100)
        return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
    return _told(to_decimal(number) / _HUNDRED)


def _told(number: Decimal | float) -> str:
    if isinstance(number, int):
        return str(number)
    if isinstance(number, float) and number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    exact = to_decimal(number)
    return format(exact.normalize() if exact else Decimal(0), "f")
