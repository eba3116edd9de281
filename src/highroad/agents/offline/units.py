"""Units of one kind, and how they turn into each other without loss."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

_KINDS: Final[dict[str, dict[tuple[str, ...], str]]] = {
    "time": {
        ("s", "sec", "secs", "second", "seconds"): "1",
        ("min", "mins", "minute", "minutes"): "60",
        ("h", "hr", "hrs", "hour", "hours"): "3600",
        ("day", "days"): "86400",
        ("week", "weeks"): "604800",
    },
    "years": {("month", "months"): "1", ("year", "years", "yr", "yrs"): "12"},
    "length": {
        ("mm", "millimeter", "millimeters", "millimetre", "millimetres"): "1",
        ("cm", "centimeter", "centimeters", "centimetre", "centimetres"): "10",
        ("m", "meter", "meters", "metre", "metres"): "1000",
        ("km", "kilometer", "kilometers", "kilometre", "kilometres"): "1000000",
    },
    "imperial length": {("in", "inch", "inches"): "1", ("ft", "foot", "feet"): "12"},
    "mass": {
        ("mg", "milligram", "milligrams"): "1",
        ("g", "gram", "grams"): "1000",
        ("kg", "kilogram", "kilograms"): "1000000",
    },
    "pounds": {("lb", "lbs", "pound", "pounds"): "1"},
    "miles": {("mi", "mile", "miles"): "1"},
    "speed": {("m/s", "mps"): "1"},
    "temperature": {("celsius", "kelvin", "fahrenheit", "degree", "degrees", "°c", "°f"): "1"},
}
_UNITS: Final = {
    name: (kind, Decimal(size))
    for kind, units in _KINDS.items()
    for names, size in units.items()
    for name in names
}
_TOO_SHORT: Final = frozenset({"s", "h", "m", "g", "in", "min", "second"})
"""Words that mean other things in a description."""


def kind_of(unit: str) -> str:
    """What is measured in it; the empty text for a word that is no unit."""
    return _UNITS[unit][0] if unit in _UNITS else ""


def factor(unit: str, told: Iterable[str]) -> Decimal | None:
    """What to multiply by, to have a number of `unit` in the unit that a description tells.

    1 where it tells none of this kind, or that very one; `None` where it tells several others.
    """
    if unit not in _UNITS:
        return Decimal(1)
    kind, size = _UNITS[unit]
    wanted = {
        _UNITS[word][1]
        for word in told
        if word not in _TOO_SHORT and word in _UNITS and _UNITS[word][0] == kind
    }
    if not wanted or size in wanted:
        return Decimal(1)
    return size / wanted.pop() if len(wanted) == 1 else None
