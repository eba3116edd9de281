"""Expressions that a transform is given, such as `(84.00 - 12) * 2`: numbers, and signs between."""

import re
from decimal import Decimal
from typing import Final

_SIGNS: Final = re.compile(r"[\s()+*/%^-]+")
_NUMBER: Final = re.compile(r"\d{1,40}(?:\.\d{1,40})?")


def terms(text: str) -> list[float | int]:
    """The numbers of an expression; none if anything else stands in it."""
    found = [each for each in _SIGNS.split(text) if each]
    if not all(map(_NUMBER.fullmatch, found)):
        return []
    return [int(each) if "." not in each else float(Decimal(each)) for each in found]
