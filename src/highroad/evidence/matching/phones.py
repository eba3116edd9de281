"""Phone numbers: all digits in order, however they are grouped.

A number with its country and one without are two: nobody here knows the country.
"""

import re
from collections.abc import Iterator
from typing import Final

from highroad.evidence.matching.scanning import Scan

_KEY: Final = "p|"
_PHONE: Final = re.compile(
    r"(?<![\w.#+-])(?:\+|00)?\(?\d(?:[ ().\u00a0/-]{0,2}\d){5,14}\)?(?![\w-])"
)
"""ITU-T E.164: at most fifteen digits."""
_IN_TEXT: Final = Scan(re.compile(r"[+(\d](?<![\w.#+-].)(?=[( ).\u00a0/\d-]{5})"), _PHONE)
_DAY: Final = re.compile(r"\d{4}([./-])\d{1,2}\1\d{1,2}|\d{1,2}([./-])\d{1,2}\2\d{4}")
_BETWEEN: Final = str.maketrans("", "", "+ ().\u00a0/-")
"""What stands in a number beside its digits."""


def keys(text: str) -> Iterator[str]:
    """The keys of what may be phone numbers in a text; a date is none."""
    for match in _IN_TEXT.finditer(text):
        if _DAY.match(match[0]) is None:
            yield _key(match[0])


def sought(text: str) -> Iterator[str]:
    """The key under which a phone number would have been seen; none if a text is not one."""
    number = text.strip()
    if _PHONE.fullmatch(number) is not None:
        yield _key(number)


def _key(number: str) -> str:
    return _KEY + number.translate(_BETWEEN).removeprefix("00")
