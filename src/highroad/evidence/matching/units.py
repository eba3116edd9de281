"""Currencies and measures: one code for each way of writing it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

_CURRENCIES: Final = {
    "EUR": "€ eur euro euros",
    "USD": "$ usd us$ dollar dollars buck bucks",
    "GBP": "£ gbp pound-sterling sterling quid pound pounds",
    "JPY": "¥ jpy yen",
    "CHF": "chf franken sfr",
    "INR": "₹ inr rupee rupees",
    "AUD": "aud a$ au$",
    "CAD": "cad c$ ca$",
    "NZD": "nzd nz$",
    "HKD": "hkd hk$",
    "SGD": "sgd sg$",
    "CNY": "cny rmb yuan",
    "SEK": "sek",
    "NOK": "nok",
    "DKK": "dkk",
    "PLN": "pln zł zloty",
    "CZK": "czk",
    "HUF": "huf",
    "BRL": "brl r$",
    "MXN": "mxn",
    "KRW": "krw ₩",
    "ILS": "ils ₪",
    "TRY": "₺",
    "ZAR": "zar",
    "AED": "aed",
    "THB": "thb",
}
_MEASURES: Final = {
    "%": "% percent pct",
    "kg": "kg kgs kilo kilos kilogram kilograms",
    "g": "g gram grams",
    "mg": "mg milligram milligrams",
    "mcg": "mcg µg μg microgram micrograms",
    "t": "tonne tonnes",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "km": "km kms kilometer kilometers kilometre kilometres",
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "mi": "mi mile miles",
    "ft": "ft foot feet",
    "in": "inch inches",
    "l": "l liter liters litre litres",
    "ml": "ml milliliter milliliters millilitre millilitres",
    "ms": "ms millisecond milliseconds",
    "s": "s sec secs second seconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "d": "d day days",
    "wk": "wk week weeks",
    "fn": "fortnight fortnights",
    "mo": "month months",
    "y": "yr yrs year years",
    "celsius": "°c celsius",
    "fahrenheit": "°f fahrenheit",
    "B": "byte bytes",
    "KB": "kb kilobyte kilobytes",
    "MB": "mb megabyte megabytes",
    "GB": "gb gigabyte gigabytes",
    "TB": "tb terabyte terabytes",
    "KiB": "kib kibibyte kibibytes",
    "MiB": "mib mebibyte mebibytes",
    "GiB": "gib gibibyte gibibytes",
    "TiB": "tib tebibyte tebibytes",
    "kW": "kw kilowatt kilowatts",
    "kWh": "kwh kilowatthour kilowatthours",
    "km/h": "km/h kmh kph",
    "mph": "mph",
}
_BASES: Final = {
    "ms": ("s", "0.001"),
    "min": ("s", "60"),
    "h": ("s", "3600"),
    "d": ("s", "86400"),
    "wk": ("s", "604800"),
    "fn": ("s", "1209600"),
    "y": ("mo", "12"),
    "mcg": ("g", "0.000001"),
    "mg": ("g", "0.001"),
    "kg": ("g", "1000"),
    "t": ("g", "1000000"),
    "lb": ("oz", "16"),
    "mm": ("m", "0.001"),
    "cm": ("m", "0.01"),
    "km": ("m", "1000"),
    "ft": ("in", "12"),
    "ml": ("l", "0.001"),
}
"""What one of a measure is in another of its dimension, where that is the same everywhere.

A megabyte is a thousand kilobytes to some and 1,024 to others, so it is worth itself alone.
"""
_CODES: Final[dict[str, tuple[str, ...]]] = {}
for _code, _ways in (*_MEASURES.items(), *_CURRENCIES.items()):
    for _way in _ways.split():
        _CODES[_way] = (*_CODES.get(_way, ()), _code)
_SIZES: Final = {
    code: (dimension, Decimal(size))
    for code in (*_CURRENCIES, *_MEASURES)
    for dimension, size in [_BASES.get(code, (code, "1"))]
}
_DIMENSIONS: Final = tuple(dict.fromkeys(_SIZES.values()))
_CENTS: Final = frozenset({"cent", "cents", "¢", "pence", "penny", "pennies"})
WAYS: Final = _CENTS.union(_CODES)
"""Every way of writing a unit, without case."""
_VAGUE: Final = frozenset({"d", "h", "m", "min", "pound", "pounds", "sec", "second"})
"""As the last word of a name these may be no unit: `price_min`, `box_h`."""
_KEY: Final = "u|"
_MEASURE: Final = "q|"
_PART: Final = "qp|"
KEYS: Final = (_KEY, _MEASURE, _PART)
"""How a key of a unit, or of so much of one, begins."""


def codes_of(way: str) -> tuple[str, ...]:
    """The codes of a unit, however it is written; `pounds` are two."""
    return _CODES.get(way.casefold(), ())


def all_keys(tokens: Iterable[str]) -> Iterator[str]:
    """The keys of every token that is a unit."""
    for way in _CODES.keys() & {token.casefold() for token in tokens}:
        yield from map(key, _CODES[way])


def is_money(code: str) -> bool:
    """Whether a code is that of a currency."""
    return code in _CURRENCIES


def is_cents(way: str) -> bool:
    """Whether it is the hundredth of a currency."""
    return way.casefold() in _CENTS


def is_clear(way: str) -> bool:
    """Whether the last word of a name can be nothing but the unit of its numbers."""
    return way not in _VAGUE and bool(codes_of(way))


def has_part(code: str, part: str) -> bool:
    """Whether one unit is a smaller one of the same dimension: hours have minutes."""
    dimension, size = _SIZES[code]
    of_part, size_of_part = _SIZES[part]
    return dimension == of_part and size_of_part < size


def in_parts(number: Decimal, code: str, part: str) -> Decimal:
    """So many of a unit, counted in a smaller one."""
    return number * _SIZES[code][1] / _SIZES[part][1]


def measure(number: Decimal, code: str) -> str:
    """The key of so much of a measure or currency: an hour is 60 minutes."""
    return _measure(number, *_SIZES[code])


def part(number: Decimal, code: str) -> str:
    """The key of so much of a measure where more is told of it: 2 hours of 2 hours 30."""
    return _PART + measure(number, code) + code


def measures(number: Decimal) -> list[str]:
    """The keys of so much of every measure and currency."""
    return [_measure(number, *size) for size in _DIMENSIONS]


def is_key(key: str) -> bool:
    """Whether a key is that of so much of something."""
    return key.startswith((_MEASURE, _PART))


def _measure(number: Decimal, dimension: str, size: Decimal) -> str:
    worth = number * size
    return f"{_MEASURE}{dimension}|{format(worth.normalize() if worth else Decimal(0), 'f')}"


def key(code: str) -> str:
    """The key of the unit of a code."""
    return _KEY + code


def keys(way: str) -> list[str]:
    """The keys of a unit, however it is written."""
    return [key(code) for code in codes_of(way)]
