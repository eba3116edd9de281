"""What a result may say of an argument that it repeats, in whichever notation."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from highroad.domain.json_value import JsonValue
from highroad.evidence.matching import moments, numbers, units
from highroad.evidence.matching.reading import leaf_keys
from highroad.evidence.matching.seeking import every_way

_MARKS: Final = re.compile(r"[\W_]+")
_SIGN: Final = re.compile("[0-9@]")
_FEWEST: Final = 4
"""Fewer characters are an echo only where marks stand around them: `5` is none of `150`."""
_MOST_PIECES: Final = 3


def keys(name: str, value: JsonValue) -> set[str]:
    """Every key under which a leaf of the arguments, or a value in it, could be found later."""
    found, _ = leaf_keys(name, value)
    for way in every_way(value):
        found.update((way,) if isinstance(way, str) else way)
    if isinstance(value, int | float) and not isinstance(value, bool):
        found.update(numbers.nearly(value))
    for key in tuple(found):
        found.update(numbers.notations(key), moments.notations(key))
    return found


def is_code(key: str) -> bool:
    """Whether a key is that of more than words: an id, a number, a day, an address."""
    if key.isascii():
        return _SIGN.search(key) is not None
    return "@" in key or any(map(str.isdigit, key))


class Wording:
    """Arguments without the marks in them, to find codes that were wrapped or put together.

    `id:ORD-9`, `/orders/ORD-9.json`, `ORD%2D9`, and `ORD` and `9` apart: each may come back as
    `ORD-9`. Numbers are left to their notations, for their digits say nothing of what they are
    worth.

    Args:
        texts: The arguments in their order; a result may put them together in the other, too.
    """

    __slots__ = ("_runs", "_squashed")

    def __init__(self, texts: Iterable[str]) -> None:
        plain = [_plain(text) for text in texts]
        self._squashed: str = " ".join(_squash(" ".join(row)) for row in (plain, plain[::-1]))
        self._runs: set[str] = {run for row in (plain, plain[::-1]) for run in _runs(" ".join(row))}

    def has(self, key: str) -> bool:
        """Whether the arguments say the code of a key."""
        if not is_code(key) or numbers.is_key(key) or units.is_key(key):
            return False
        squashed = _squash(_plain(key.rpartition("|")[2]))
        return squashed in (self._squashed if len(squashed) >= _FEWEST else self._runs)


def _plain(text: str) -> str:
    """A text without case, accents and escapes."""
    if text.isascii() and "%" not in text:
        return text.lower()
    return unicodedata.normalize("NFKD", unquote(text)).casefold()


def _squash(plain: str) -> str:
    return _MARKS.sub("", plain)


def _runs(plain: str) -> Iterator[str]:
    """What stands between marks, and a few of these in a row."""
    pieces = _MARKS.split(plain)
    for at in range(len(pieces)):
        for end in range(at + 1, at + 1 + _MOST_PIECES):
            yield "".join(pieces[at:end])
