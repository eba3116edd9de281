"""Short texts and addresses: every word, in order, next to each other, in one leaf.

Small words do not count (`reset my password` has `reset password`), nor do case and accents, and
what is shortened in addresses is written out. Words of two leaves are never put together.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from highroad.evidence.matching.tokens import (
    SMALL,
    fold,
    has_humps,
    is_simple,
    is_word,
    spelled_out,
    written,
)

SPAN: Final = 3
"""So many words in a row have a key; a longer phrase is looked up by its spans."""

_PAIR: Final = re.compile(r"([A-Za-z][\w.-]*)/([A-Za-z][\w.-]*)")
_SIDE: Final = "side|"

_WRITTEN_OUT: Final = {
    "apt": "apartment",
    "ave": "avenue",
    "av": "avenue",
    "blvd": "boulevard",
    "cir": "circle",
    "ct": "court",
    "dr": "drive",
    "hwy": "highway",
    "ln": "lane",
    "pl": "place",
    "pkwy": "parkway",
    "rd": "road",
    "sq": "square",
    "st": "street",
    "ste": "suite",
    "str": "strasse",
    "straße": "strasse",
}


def telling(tokens: Sequence[str]) -> list[str]:
    """The words that count, each in its one form, and names taken apart into theirs."""
    return read(tokens)[0]


def read(tokens: Sequence[str]) -> tuple[list[str], set[str]]:
    """The words that count, as `telling` has them, and those of tokens that are one word.

    The words of a name are no words by themselves.
    """
    known: dict[str, Sequence[str]] = {}
    alone: set[str] = set()
    for token in dict.fromkeys(tokens):
        parts = (token,) if is_word(token) else spelled_out(token)
        known[token] = counted = _counted([fold(part) for part in parts])
        if len(parts) == 1:
            alone.update(counted)
    return [word for token in tokens for word in known[token]], alone


def _counted(folded: Sequence[str]) -> list[str]:
    return [_WRITTEN_OUT.get(word, word) for word in folded if word not in SMALL]


def spans(words: Sequence[str]) -> Iterator[str]:
    """A key for every row of two words up to `SPAN`."""
    rows = [words[start:] for start in range(SPAN)]
    for length in range(2, SPAN + 1):
        yield from map(" ".join, zip(*rows[:length], strict=False))


def pairs(tokens: Iterable[str]) -> Iterator[str]:
    """A key for each side of a slash between two names: `owner/project`."""
    for token in tokens:
        if "/" in token and (match := _PAIR.fullmatch(token)) is not None:
            yield from (_SIDE + fold(side) for side in match.groups())


def side(text: str) -> str:
    """The key under which a text would have been seen beside a slash."""
    return _SIDE + fold(text)


def phrase(text: str) -> list[str]:
    """The words of a value that is sought."""
    if is_simple(text) and not has_humps(text):
        return _counted(text.casefold().split())
    return telling(written(text))


def sought(words: Sequence[str]) -> tuple[str, ...]:
    """The keys that all must have been seen where a phrase was."""
    if len(words) <= SPAN:
        return (" ".join(words),) if words else ()
    return tuple([" ".join(words[at : at + SPAN]) for at in range(len(words) - SPAN + 1)])
