"""Short texts and addresses: every word, in order, next to each other, in one leaf.

Small words do not count (`reset my password` has `reset password`), nor do case and accents, and
what is shortened in addresses is written out. Words of two leaves are never put together.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from highroad.evidence.matching.tokens import fold, is_small, split

SPAN: Final = 3
"""So many words in a row have a key; a longer phrase is looked up by its spans."""

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
    """The words that count, each in its one form."""
    folded = [fold(token) for token in tokens]
    return [_WRITTEN_OUT.get(word, word) for word in folded if not is_small(word)]


def spans(words: Sequence[str]) -> Iterator[str]:
    """A key for every row of two words up to `SPAN`; a single word has the key of its token."""
    for length in range(2, SPAN + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def phrase(text: str) -> list[str]:
    """The words of a value that is sought."""
    return telling(split(text))


def sought(words: Sequence[str]) -> tuple[str, ...]:
    """The keys that all must have been seen where a phrase was."""
    if len(words) <= SPAN:
        return (" ".join(words),) if words else ()
    return tuple([" ".join(words[at : at + SPAN]) for at in range(len(words) - SPAN + 1)])
