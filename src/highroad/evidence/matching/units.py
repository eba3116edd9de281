"""Currencies and measures: one code for each way of writing it."""

from decimal import Decimal
from typing import Final

_WAYS: Final = {
    "EUR": "€ eur euro euros",
    "USD": "$ usd us$ dollar dollars",
    "GBP": "£ gbp pound-sterling",
    "JPY": "¥ jpy yen",
    "CHF": "chf franken",
    "INR": "₹ inr rupee rupees",
    "%": "% percent pct",
    "kg": "kg kilo kilos kilogram kilograms",
    "g": "g gram grams",
    "mg": "mg milligram milligrams",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "km": "km kilometer kilometers kilometre kilometres",
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "mi": "mi mile miles",
    "ft": "ft foot feet",
    "in": "inch inches",
    "l": "l liter liters litre litres",
    "ml": "ml milliliter milliliters millilitre millilitres",
    "s": "s sec secs second seconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "d": "day days",
    "wk": "week weeks",
    "mo": "month months",
    "y": "year years",
    "celsius": "°c celsius",
    "fahrenheit": "°f fahrenheit",
    "B": "byte bytes",
    "KB": "kb kilobyte kilobytes",
    "MB": "mb megabyte megabytes",
    "GB": "gb gigabyte gigabytes",
    "TB": "tb terabyte terabytes",
}
_BASES: Final = {
    "s": ("s", "1"),
    "min": ("s", "60"),
    "h": ("s", "3600"),
    "d": ("s", "86400"),
    "wk": ("s", "604800"),
    "mg": ("g", "0.001"),
    "g": ("g", "1"),
    "kg": ("g", "1000"),
    "mm": ("m", "0.001"),
    "cm": ("m", "0.01"),
    "m": ("m", "1"),
    "km": ("m", "1000"),
    "ml": ("l", "0.001"),
    "l": ("l", "1"),
}
"""What one of a measure is in the base of its dimension, where that is the same everywhere."""
_CODES: Final = {way: code for code, ways in _WAYS.items() for way in ways.split()}
_MONEY: Final = frozenset({"EUR", "USD", "GBP", "JPY", "CHF", "INR"})
_CENTS: Final = frozenset({"cent", "cents", "¢", "pence", "penny", "pennies"})
_KEY: Final = "u|"
_MEASURE: Final = "q|"


def code_of(way: str) -> str | None:
    """The code of a unit, however it is written."""
    return _CODES.get(way.casefold())


def is_money(way: str) -> bool:
    """Whether it is a currency."""
    return _CODES.get(way.casefold()) in _MONEY


def is_cents(way: str) -> bool:
    """Whether it is the hundredth of a currency."""
    return way.casefold() in _CENTS


def measure(number: Decimal, way: str) -> str | None:
    """The key of so much of a measure: an hour is 60 minutes."""
    base = _BASES.get(_CODES.get(way.casefold(), ""))
    return None if base is None else _measure(number, *base)


def measures(number: Decimal) -> list[str]:
    """The keys of so much of every measure."""
    return [_measure(number, *base) for base in _BASES.values()]


def _measure(number: Decimal, dimension: str, size: str) -> str:
    worth = number * Decimal(size)
    return f"{_MEASURE}{dimension}|{format(worth.normalize() if worth else worth, 'f')}"


def key(way: str) -> str | None:
    """The key of a unit."""
    code = code_of(way)
    return None if code is None else _KEY + code
