"""What calls with effects wrote somewhere and nothing had said: a later read may bring it back.

A code (an id, a number, an address) is known by itself, wherever it comes back. A plain word is
not: `Berlin` in a record is no note that somebody took. So of words only a leaf that is, or holds,
the very text that was written is that text come back.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonValue
from highroad.evidence.matching.tokens import split
from highroad.evidence.matching.words import telling

_SPAN: Final = 3
"""A text of fewer words is found again only where it is the whole of a leaf."""
_ByLength: TypeAlias = dict[int, dict[str, set[str]]]


class Writings:
    """Texts that were written, with the keys in them that nothing had said before."""

    __slots__ = ("_by_start", "_whole", "codes", "known")

    def __init__(self) -> None:
        self.codes: set[str] = set()
        """Keys of codes: no result makes one known."""
        self.known: set[str] = set()
        """Keys of codes that were known when they were written: no result is better evidence."""
        self._whole: dict[str, set[str]] = {}
        self._by_start: dict[str, _ByLength] = {}
        """By the first words of a text, by how many it has, by all of them."""

    def add(self, leaf: JsonValue, keys: Iterable[str]) -> None:
        """Note what was written, and the keys in it that are no codes and that nothing had said."""
        words, unsaid = _words(leaf), set(keys)
        if not words or not unsaid:
            return
        whole = " ".join(words)
        self._whole.setdefault(whole, set()).update(unsaid)
        if len(words) >= _SPAN:
            texts = self._by_start.setdefault(" ".join(words[:_SPAN]), {})
            texts.setdefault(len(words), {})[whole] = self._whole[whole]

    def brought_back(self, leaf: JsonValue) -> set[str]:
        """Keys that a leaf of a result has from a text that was written."""
        if not self._whole or not isinstance(leaf, str):
            return set()
        words = _words(leaf)
        found = set(self._whole.get(" ".join(words), ()))
        return found.union(*self._inside(words))

    def _inside(self, words: list[str]) -> Iterator[set[str]]:
        """The keys of every text that stands in a longer one."""
        for at in range(len(words) - _SPAN + 1):
            for length, texts in self._by_start.get(" ".join(words[at : at + _SPAN]), {}).items():
                yield texts.get(" ".join(words[at : at + length]), set())


def _words(leaf: JsonValue) -> list[str]:
    return telling(split(leaf)) if isinstance(leaf, str) else []
