"""E-mail addresses."""

import re
from typing import Final

from highroad.domain.redaction import SensitiveKind
from highroad.redaction.prefilter import Signal
from highroad.redaction.recognizers.pattern import PatternRecognizer

_MOST: Final = 254
"""RFC 5321 section 4.5.3.1.3, less the brackets: longer ones cannot be delivered to."""


def _is_address(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return len(text) <= _MOST and ".." not in local and not domain.startswith((".", "-"))


EMAIL: Final = PatternRecognizer(
    rule="email",
    kind=SensitiveKind.EMAIL,
    signals=Signal.AT,
    # RFC 5321 section 4.5.3.1: 64 octets before the sign, labels of 63 behind it. A look back
    # starts a match at the beginning of a word only, or a long one would be tried from each letter.
    pattern=re.compile(
        r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w!#$%&'*+/=?^`{|}~-](?:[\w.!#$%&'*+/=?^`{|}~-]{0,63})"
        r"@(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,63}(?![\w@])"
    ),
    is_valid=_is_address,
)
"""Addresses as people write them: `local@domain`, also with letters beyond ASCII (RFC 6531)."""
