"""The scan that tells which recognizers can apply to a text at all.

It may be wrong in one direction alone: a text in which a recognizer finds something has its
signal (tests/redaction/test_prefilter.py). Most texts have none, and are read no further.
"""

import re
from enum import IntFlag
from typing import Final


class Signal(IntFlag):
    """What a text has that recognizers start from."""

    NONE = 0
    AT = 1
    """An at sign."""
    NUMBER = 2
    """Nine digits or more, however they are grouped, or a plus sign before a digit."""
    SHORT_NUMBER = 4
    """Seven digits, as a local phone number has them."""
    LETTERED = 8
    """Digits and capitals in a row, as in ids and IBANs."""
    IP = 16
    """Numbers between dots, or hexadecimal digits between colons."""
    TOKEN = 32
    """Twenty characters or more without a blank."""


# A search for one set of characters is by far the quickest there is, so every alternative starts
# behind one of them and looks back at which it was.
_NUMBERS: Final = re.compile(
    r"""[0-9:+](?:
      (?<=[0-9])(?:
        (?P<ip>[0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9])
      | (?P<number>(?<![0-9]{2})(?![0-9]{3}-[01][0-9]-[0-3][0-9][ T][0-9]{2}:)
            (?:[ \u00a0./()\u2010-\u2015-]{0,2}[0-9]){8})
      | (?P<lettered>[0-9](?:[ ]?[A-Z]{4}[ ]?[0-9A-Z]
            |[A-Za-z][0-9]{2}[A-Za-z]
            |[ ]?[0-9]{2}[ ]?[0-9]{2}[ ]?[A-Da-d](?![A-Za-z])
            |[0-9]{5,6}[ -]?[A-Za-z](?![A-Za-z])))
      | (?P<short>[0-9]{2,3}[ .-]?[0-9]{4}))
    | (?<=:)(?P<colons>[0-9A-Fa-f]{1,4}:|:)
    | (?<=\+)(?P<plus>[ (]{0,2}[0-9])
    )""",
    re.VERBOSE,
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_+/=-]{20}")
_BEGINNINGS: Final = ("-----BEGIN", "eyJ")
"""Of keys that may have less than that in a row."""
_MEANS: Final = {
    # Each takes in what lies behind its first digit, in which another may begin.
    "ip": Signal.IP | Signal.NUMBER,
    "colons": Signal.IP,
    "plus": Signal.NUMBER,
    "number": Signal.NUMBER | Signal.SHORT_NUMBER | Signal.LETTERED,
    "lettered": Signal.LETTERED | Signal.NUMBER,
    "short": Signal.SHORT_NUMBER,
}


def scan(text: str) -> Signal:
    """What a text has, in time linear in its length."""
    signals = Signal.AT if "@" in text else Signal.NONE
    for match in _NUMBERS.finditer(text):
        signals |= _MEANS[match.lastgroup or ""]
    if _TOKEN.search(text) is not None or any(each in text for each in _BEGINNINGS):
        signals |= Signal.TOKEN
    return signals
