"""One byte form for equal JSON: RFC 8785 (JCS), which digests, pins and keys are made from.

`orjson` with sorted keys writes the very same bytes as long as there is no float (its number form
differs) and every character is ASCII (it sorts keys by code point, JCS by UTF-16 unit). That holds
for nearly every call and costs a twentieth; all else goes to `rfc8785`. The property that both
agree is tests/ledger/test_canonical.py.
"""

import orjson
import rfc8785

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue


def canonical(value: JsonValue) -> bytes:
    """Bytes of `value` in RFC 8785 form.

    Raises:
        ValueError: `value` has no such form: an integer beyond ±(2^53 - 1), or no JSON.
    """
    if _is_plain(value):
        try:
            fast = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            pass  # half a surrogate pair, or deeper than orjson goes: `rfc8785` judges
        else:
            if fast.isascii():
                return fast
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        # Its own message quotes the integer (P7).
        raise ValueError("an integer beyond ±(2^53 - 1) has no canonical form") from None


def _is_plain(value: object) -> bool:
    """Whether there is neither a float nor an integer that JCS would refuse in `value`."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER  # type: ignore[operator]  # is an int
    if kind is dict:
        return all(map(_is_plain, value.values()))  # type: ignore[attr-defined]  # is a dict
    if kind is list:
        return all(map(_is_plain, value))  # type: ignore[call-overload]  # is a list
    return False
