"""The scan that tells which recognizers can apply to a text at all.

It may be wrong in one direction alone: a text in which a recognizer finds something has its
signal (tests/redaction/test_prefilter.py). Most texts have none, and are read no further.

It looks at the shape of a text, one byte for each character by what kind of a sign that is: bytes
are translated and searched many times faster than an expression goes through a text.
"""

import re
from enum import IntFlag
from typing import Final

from highroad.redaction.dates import is_date


class Signal(IntFlag):
    """What a text has that recognizers start from."""

    NONE = 0
    AT = 1
    """An at sign."""
    NUMBER = 2
    """Nine digits or more, however they are grouped, or a plus sign before a digit."""
    SHORT_NUMBER = 4
    """Seven digits, as a local phone number has them, that are no date."""
    LETTERED = 8
    """Digits and letters in a row, as in ids and IBANs."""
    IP = 16
    """Numbers between dots, or hexadecimal digits between colons."""
    TOKEN = 32
    """Twenty characters or more without a blank."""


# By names of their own, and as plain numbers: an enumeration makes a member of each sum.
_AT: Final = Signal.AT.value
_NUMBER: Final = Signal.NUMBER.value
_SHORT_NUMBER: Final = Signal.SHORT_NUMBER.value
_LETTERED: Final = Signal.LETTERED.value
_IP: Final = Signal.IP.value
_TOKEN: Final = Signal.TOKEN.value

_SEPARATORS: Final = " ./()-\u00a0"
"""What stands between groups of digits; dashes of Unicode count as the plain one."""
_DASHES: Final = re.compile("[\u2010-\u2015]")
_OTHER, _DIGIT, _LETTER = b"\n0a"
_KINDS: Final = {" .()\u00a0": " ", "-": "-", "/": "/", "_+=": "_"}


def _shapes() -> bytes:
    """By Latin-1, what stands for each sign in a shape."""
    kinds = bytearray([_OTHER]) * 256
    for sign in map(chr, range(128)):
        if sign.isalnum():
            kinds[ord(sign)] = _DIGIT if sign.isdecimal() else _LETTER
    for signs, kind in _KINDS.items():
        for sign in signs:
            kinds[ord(sign)] = ord(kind)
    return bytes(kinds)


_SHAPES: Final = _shapes()
_IN_TOKENS: Final = bytes(b"x"[0] if kind in b"0a-/_" else kind for kind in range(256))
_IN_CODES: Final = bytes(b"x"[0] if kind in b"0a" else kind for kind in range(256))
_LONG_TOKEN: Final = b"x" * 20
_LONG_CODE: Final = b"x" * 16
"""As long as the Italian code, in which letters may stand for all digits but one."""
_BEGINNINGS: Final = ("-----BEGIN", "eyJ")
"""Of keys that may have less than a token in a row."""

_DIGITS: Final = re.compile(rb"0[0 /-]{5,}(?:a(?![0a_-]))?")
"""Six digits at the least have so many signs, and one letter may end them."""
_APART: Final = re.compile(rb"[ /-]{4,}")
"""No recognizer takes what is so far apart for one number."""
_WITH_LETTER: Final = 6
_SHORT: Final = 7
_LONG: Final = 9
_IBAN: Final = re.compile(rb"aa00(?<![0a]aa00)(?:[ -]?[0a]){11}")
"""Fifteen signs, as the shortest has (Norway), in groups or not."""
_PLUS: Final = re.compile(r"\+[ (]{0,2}[0-9]")
_DOTTED: Final = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_COLONS: Final = re.compile(r":(?:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4})?:")
"""An address without two colons in a row has seven; a time has two with two digits between."""


def scan(text: str) -> Signal:
    """What a text has, in time linear in its length."""
    plain = text if text.isascii() else _DASHES.sub("-", text)
    shape = plain.encode("latin-1", "replace").translate(_SHAPES)
    found = _of_digits(text, shape) | _of_runs(text, shape)
    if "@" in text:
        found |= _AT
    if "+" in text and _PLUS.search(text) is not None:
        found |= _NUMBER
    if _IBAN.search(shape) is not None:
        found |= _LETTERED
    if _DOTTED.search(text) is not None or _COLONS.search(text) is not None:
        found |= _IP
    return Signal(found)


def _of_digits(text: str, shape: bytes) -> int:
    """What digits stand for, with what parts them."""
    found = 0
    for match in _DIGITS.finditer(shape):
        written = match[0]
        digits = written.count(_DIGIT)
        if digits < _WITH_LETTER:
            continue
        if written[-1] == _LETTER:
            found |= _LETTERED
        if digits >= _SHORT and not is_date(text[match.start() : match.end()].rstrip(_SEPARATORS)):
            found |= _of_number(written)
    return found


def _of_number(written: bytes) -> int:
    """What a row of digits stands for that is no date."""
    most = max(group.count(_DIGIT) for group in _APART.split(written))
    if most < _SHORT:
        return 0
    return _SHORT_NUMBER if most < _LONG else _SHORT_NUMBER | _NUMBER


def _of_runs(text: str, shape: bytes) -> int:
    """What characters without a blank between them stand for."""
    found = 0
    in_tokens = shape.translate(_IN_TOKENS)
    if _LONG_TOKEN in in_tokens or any(each in text for each in _BEGINNINGS):
        found |= _TOKEN
    if _LONG_CODE in in_tokens and _LONG_CODE in shape.translate(_IN_CODES):
        found |= _LETTERED
    return found
