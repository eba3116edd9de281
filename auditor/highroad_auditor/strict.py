"""JSON as the page allows it, and no other: what two readers could read in two ways is refused."""

import json
import re
from typing import Any, Final, NoReturn, TypeGuard

LARGEST: Final = 2**53 - 1
"""The largest integer that every reader of JSON reads exactly."""

_LOG_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
"""Becomes part of a file's name: no separator, no leading dot."""

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class MalformedError(ValueError):
    """Something is not in the form of the page; the message says what, never a value."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a name stands twice in one object")
    return found


def _constant(_: str) -> NoReturn:
    raise MalformedError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def read_object(text: str | bytes) -> dict[str, Any]:
    """Parse one JSON object.

    Raises:
        MalformedError: It is not UTF-8, not JSON, no object, nested too deeply, or ambiguous.
    """
    try:
        found = _DECODER.decode(text if isinstance(text, str) else text.decode())
    except MalformedError:
        raise
    except UnicodeDecodeError:
        raise MalformedError("not UTF-8") from None
    except RecursionError:
        raise MalformedError("nested too deeply") from None
    except ValueError:  # also of an integer with thousands of digits
        raise MalformedError("not JSON") from None
    if not isinstance(found, dict):
        raise MalformedError("not a JSON object")
    return found


def canonical(found: dict[str, Any]) -> bytes:
    """The form of RFC 8785 of an object whose names are ASCII and whose numbers are integers.

    Raises:
        MalformedError: A text in it is not Unicode.
    """
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return encoded(text)


def encoded(text: str) -> bytes:
    """Text in UTF-8.

    Raises:
        MalformedError: It holds half of a surrogate pair.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedError("not Unicode") from None


def has_exactly(found: dict[str, Any], *names: str) -> bool:
    """Whether an object has these fields and no other."""
    return found.keys() == set(names)


def is_count(found: object) -> TypeGuard[int]:
    """Whether it is an integer from 0 on that JSON carries exactly; a boolean is none."""
    return type(found) is int and 0 <= found <= LARGEST


def is_text(found: object) -> TypeGuard[str]:
    """Whether it is text."""
    return type(found) is str


def is_hash(found: object) -> TypeGuard[str]:
    """Whether it is 32 bytes in lower-case hex."""
    return type(found) is str and _HASH.fullmatch(found) is not None


def is_log_id(found: object) -> TypeGuard[str]:
    """Whether it is the id of a log, which may be a part of a file's name."""
    return type(found) is str and _LOG_ID.fullmatch(found) is not None
