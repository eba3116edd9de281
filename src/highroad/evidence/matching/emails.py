"""E-mail addresses: whole, without case."""

import re
from collections.abc import Iterator
from typing import Final

from highroad.evidence.matching.scanning import words_with

_KEY: Final = "e|"
_SIGN: Final = re.compile("@")
_EMAIL: Final = re.compile(
    r"(?<![\w.+%@-])[A-Za-z0-9_'+&~%-]{1,64}(?:\.[A-Za-z0-9_'+&~%-]{1,64}){0,15}"
    r"@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,63}(?![\w@-]|\.\w)"
)
"""RFC 5321 section 4.5.3.1.1: 64 octets before the sign; unbounded, a text may take hours."""


def keys(text: str) -> Iterator[str]:
    """The keys of every address in a text."""
    if "@" in text:
        for match in _EMAIL.finditer(" ".join(words_with(_SIGN, text))):
            yield sought(match[0])


def sought(text: str) -> str:
    """The key under which an address would have been seen."""
    return _KEY + text.strip().casefold()


def is_email(text: str) -> bool:
    """Whether a text is an address and nothing else."""
    return _EMAIL.fullmatch(text) is not None
