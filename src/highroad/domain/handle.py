"""Handles: short names of values that results of a run have, such as `$v7qm.sender`.

A handle is the number of the call in its run, two letters that tell the run, and the way to one
value of the result. It says nothing of the value, gives no right to it, and is no secret.
"""

import hashlib
import re
from typing import Final, Self

from highroad.domain.json_value import JsonValue
from highroad.domain.value import value

_FORM: Final = re.compile(r"\$v(?P<number>\d{1,9})(?P<tag>[a-z]{0,8})(?P<path>(?:\.[^.]*)*)")
_LONGEST: Final = 1_000
"""Characters; a longer text is a text."""
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz"
_ESCAPES: Final = (("~1", "."), ("~0", "~"))
"""As RFC 6901 escapes, with the point in place of the slash."""


@value
class Handle:
    """The name of one value of a result."""

    number: int
    """Of the call in its run (`Call.step`)."""
    tag: str
    """Of the run."""
    path: tuple[str, ...] = ()
    """To the value: names of members, and numbers of elements from 0."""

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The handle that a text is, as a whole; `None` where it is a text like any other."""
        if len(text) > _LONGEST or not text.startswith("$v"):
            return None
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        path = found["path"].split(".")[1:]
        return cls(number=int(found["number"]), tag=found["tag"], path=tuple(map(_plain, path)))


def handle_of(number: int, tag: str, path: tuple[str, ...] = ()) -> str:
    """How a value is named."""
    return ".".join((f"$v{number}{tag}", *map(_escaped, path)))


def tag_of(run_id: str) -> str:
    """Two letters that tell one run from another, so that the handle of one is none of the other.

    Runs may share them: a handle is looked up in the run of the call alone, whatever it says.
    """
    first, second = hashlib.sha256(run_id.encode()).digest()[:2]
    return _LETTERS[first % len(_LETTERS)] + _LETTERS[second % len(_LETTERS)]


def has_handle(json: JsonValue) -> bool:
    """Whether a handle stands anywhere in a value, as a whole text; names of members are none."""
    match json:
        case str():
            return Handle.of(json) is not None
        case list():
            return any(map(has_handle, json))
        case dict():
            return any(map(has_handle, json.values()))
        case _:
            return False


@value(kw_only=False)
class HandledLeaf:
    """A value that is no object and no list, and where it stands in its result."""

    value: JsonValue
    pointer: str
    """JSON pointer (RFC 6901)."""


def leaf_at(found: JsonValue, path: tuple[str, ...]) -> HandledLeaf | None:
    """The value at the end of a path; `None` if nothing stands there, or more than one value."""
    pointer = ""
    for token in path:
        match found:
            case dict() if token in found:
                found = found[token]
            case list() if token.isdecimal() and token.isascii() and int(token) < len(found):
                found = found[int(token)]
            case _:
                return None
        pointer = f"{pointer}/{token.replace('~', '~0').replace('/', '~1')}"
    return None if isinstance(found, dict | list) else HandledLeaf(found, pointer)


def _plain(token: str) -> str:
    for escaped, plain in _ESCAPES:
        token = token.replace(escaped, plain)
    return token


def _escaped(token: str) -> str:
    for escaped, plain in reversed(_ESCAPES):
        token = token.replace(plain, escaped)
    return token
