"""Phone numbers: all digits in order, however they are grouped.

A number with its country and one without are two: nobody here knows the country.
"""

import re
from collections.abc import Iterator
from typing import Final

_KEY: Final = "p|"
_PHONE: Final = re.compile(r"(?<![\w.#+-])(?:\+|00)?\(?\d(?:[ ().\u00a0/-]{0,2}\d){5,15}(?![\w-])")
_DIGIT: Final = re.compile(r"\d")


def keys(text: str) -> Iterator[str]:
    """The keys of what may be phone numbers in a text."""
    for match in _PHONE.finditer(text):
        yield sought(match[0])


def sought(text: str) -> str:
    """The key under which a phone number would have been seen."""
    digits = "".join(_DIGIT.findall(text))
    return _KEY + (digits.removeprefix("00"))
