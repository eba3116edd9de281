"""Pieces of what was seen that came along in a longer text."""

from typing import Final

from highroad.domain.evidence import Match, Place
from highroad.evidence.matching import echo
from highroad.evidence.matching.reading import text_keys
from highroad.evidence.matching.words import SPAN
from highroad.evidence.postings import Postings
from highroad.evidence.seen import agreeing

MOST_CHARACTERS: Final = 20_000
"""So much of a text is looked through for pieces of what was seen."""
_FEWEST_OF_CODE: Final = 5
"""Fewer characters of an id or a number may stand anywhere."""


def pieces(postings: Postings, text: str) -> tuple[Place, ...]:
    """Where pieces of a text were seen: its codes, and words of it in a row."""
    found: dict[tuple[str, str], Place] = {}
    for key in text_keys(_squeezed(text)[:MOST_CHARACTERS])[0]:
        if not _is_telling(key):
            continue
        for leaf in postings.of(key):
            place = leaf.place
            found.setdefault((place.source, place.pointer), agreeing(place, Match.WORD))
    return tuple(found.values())


def is_read_whole(text: str) -> bool:
    """Whether `pieces` looks through all of a text; what stands behind its bound is unknown."""
    return len(_squeezed(text)) <= MOST_CHARACTERS


def _is_telling(key: str) -> bool:
    """Whether a key is so much of a text that it is no chance if both have it."""
    if echo.is_code(key):
        return len(key.rpartition("|")[2]) >= _FEWEST_OF_CODE
    return key.count(" ") >= SPAN - 1


def _squeezed(text: str) -> str:
    """A text that is too long, with one blank for many: they are not what makes it long."""
    return text if len(text) <= MOST_CHARACTERS else " ".join(text.split())
