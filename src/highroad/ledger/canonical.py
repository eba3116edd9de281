"""One byte form for equal JSON: RFC 8785 (JCS), which digests, pins and keys are made from.

`orjson` with sorted keys writes the very same bytes but for two things: it sorts keys by code
point, JCS by UTF-16 unit, which differ only if a character stands outside the Basic Multilingual
Plane; and it has another form for floats that are whole, or so large or small that they have an
exponent. Whole ones are told as integers first. The rest goes to `rfc8785`, which takes twenty
times as long. The property that both agree is tests/ledger/test_canonical.py.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import orjson
import rfc8785

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue

_LEAST_FLOAT: Final = 1e-4
"""What is smaller may be written with an exponent."""
_BEYOND_THE_PLANE: Final = re.compile(rb"[\xf0-\xf4]")
"""First byte of a character outside the Basic Multilingual Plane, in UTF-8."""


def canonical(value: JsonValue) -> bytes:
    """Bytes of `value` in RFC 8785 form.

    Raises:
        ValueError: `value` has no such form: an integer beyond ±(2^53 - 1), or no JSON.
    """
    is_plain = _are_plain((value,))
    if not is_plain:
        value = _told_as_integers(value)
        is_plain = _are_plain((value,))
    if is_plain:
        try:
            fast = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            pass  # half a surrogate pair, or deeper than orjson goes: `rfc8785` judges
        else:
            if fast.isascii() or not _BEYOND_THE_PLANE.search(fast):
                return fast
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        # Its own message quotes the integer (P7).
        raise ValueError("an integer beyond ±(2^53 - 1) has no canonical form") from None


def _are_plain(values: Iterable[Any]) -> bool:
    """Whether both writers have one form for each number in `values`, at all levels."""
    for value in values:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if kind is dict:
            if _are_plain(value.values()):
                continue
        elif kind is int:
            if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
                continue
        elif kind is list:
            if _are_plain(value):
                continue
        elif kind is float and _has_one_form(value):
            continue
        return False
    return True


def _has_one_form(value: float) -> bool:
    return _LEAST_FLOAT <= abs(value) <= MAX_SAFE_INTEGER and not value.is_integer()


def _told_as_integers(value: JsonValue) -> JsonValue:
    """A copy in which whole floats are the integers that they are written as."""
    if isinstance(value, dict):
        return {key: _told_as_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_told_as_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_SAFE_INTEGER:
        return int(value)
    return value
