"""Whether a leaf is a value in another notation, or holds more than the value."""

import re
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.evidence.matching import units
from highroad.evidence.matching.tokens import written

_WORD: Final = re.compile(r"[^\W\d_]+")
_OF_MOMENTS: Final = frozenset({"t", "z", "am", "pm"})
_BRACKETS: Final = str.maketrans("", "", "()")
"""Around the first digits of a phone number they part nothing."""
_SCHEME: Final = re.compile(r"^(?:https?://|mailto:)(?:www\.)?", re.IGNORECASE)


def is_part(sought: JsonValue, leaf: str) -> bool:
    """Whether a leaf that has the key of a value is longer than the value.

    `shop/ORD-1`, `{"id":"ORD-1"}` and `Fred,Eve` hold other words besides. A number, a phone number
    or a moment is itself however it is written: `8,400.00 USD` for 8400.
    """
    value, is_number = str(sought), _is_number(leaf)
    whole = leaf.translate(_BRACKETS) if is_number else leaf
    if len(written(whole)) > len(written(value)):
        return True
    return not is_number and _letters(leaf) > _letters(value)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, _SCHEME.sub("", text)))


def _is_number(leaf: str) -> bool:
    """Whether no word stands in it but a measure or what moments are written with."""
    words = map(str.casefold, _WORD.findall(leaf))
    return all(word in _OF_MOMENTS or bool(units.codes_of(word)) for word in words)
