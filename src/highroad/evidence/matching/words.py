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
    return _counted([fold(part) for token in tokens for part in spelled_out(token)])


def _counted(folded: Sequence[str]) -> list[str]:
    return [_WRITTEN_OUT.get(word, word) for word in folded if word not in SMALL]


def spans(words: Sequence[str]) -> Iterator[str]:
    """A key for every row of two words up to `SPAN`."""
    for length in range(2, SPAN + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def singles(tokens: Iterable[str]) -> Iterator[str]:
    """A key for every token that is one word; the words of a name are no words by themselves."""
    for token in tokens:
        parts = spelled_out(token)
        if len(parts) == 1:
            yield from _counted([fold(parts[0])])


def pairs(tokens: Iterable[str]) -> Iterator[str]:
    """A key for each side of a slash between two names: `owner/project`."""
    for token in tokens:
        if (match := _PAIR.fullmatch(token)) is not None:
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
