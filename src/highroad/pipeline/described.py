"""Which record the user means: the one that they name, or of which they name something else.

A tool that changes a record in place takes its id, and every id of a trusted list is trusted alike.
So whoever steers a model may have the wrong one changed. What the user said besides tells which:
the rent, Spotify, the day. This narrows what is there; it never makes a value worth more.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from highroad.domain.evidence import EvidenceKind, Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.evidence.intent.stems import stem
from highroad.evidence.intent.words import DEEDS
from highroad.evidence.leaves import Leaf
from highroad.evidence.matching.fields import is_id
from highroad.evidence.matching.tokens import SMALL
from highroad.evidence.parts import stands_by_itself
from highroad.evidence.records import Record
from highroad.pipeline.evidence import RunEvidence

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_FAR: Final = 1
"""So many ids on is looked: the deal of a company names the company by its id."""
_KINDS: Final = (ValueKind.TEXT, ValueKind.DATE, ValueKind.MOMENT, ValueKind.NUMBER)


def is_described(place: Place, value: JsonValue, evidence: RunEvidence) -> bool:
    """Whether the user said something that stands beside a value in its record.

    Args:
        place: Where the value stands.
        value: Of a call, as it stands there.
        evidence: Of its run.
    """
    said = [turn.text for turn in evidence.turns]
    return _is_described(place, value, evidence, said, frozenset(_words(said)), _FAR)


def _is_described(  # noqa: PLR0913, PLR0917 - a value, what was said, and how far is looked
    place: Place,
    value: JsonValue,
    evidence: RunEvidence,
    said: list[str],
    words: frozenset[str],
    far: int,
) -> bool:
    both = [
        (record, leaf) for record in evidence.records.of(place, value) for leaf in record.beside()
    ]
    if any(
        _is_said(leaf, said, words, evidence) and not _is_planted(record, leaf, words, evidence)
        for record, leaf in both
    ):
        return True
    beside = [leaf for _, leaf in both]
    return far > 0 and any(
        _is_described(other, leaf.value, evidence, said, words, far - 1)
        for leaf in beside
        if is_id(leaf.name)
        for other in evidence.index.find(ValueKind.ID, leaf.value)
    )


def _is_said(leaf: Leaf, said: list[str], words: frozenset[str], evidence: RunEvidence) -> bool:
    """Whether the user said a leaf; of a text one telling word will do, of an id all of it."""
    value = leaf.value
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, str):
        if not is_id(leaf.name) and not words.isdisjoint(_words([value])):
            return True
    elif not stands_by_itself(str(value), said):
        return False
    places = (place for kind in _KINDS for place in evidence.index.find(kind, value))
    return any(place.kind is EvidenceKind.REQUEST for place in places)


def _is_planted(record: Record, leaf: Leaf, words: frozenset[str], evidence: RunEvidence) -> bool:
    """Whether a stranger wrote into one record the word by which the user means another."""
    if not isinstance(leaf.value, str) or record.label(leaf).integrity > Integrity.UNTRUSTED:
        return False
    said = [word for word in _WORD.findall(leaf.value) if not words.isdisjoint(_words([word]))]
    return any(
        place.kind is EvidenceKind.RESULT and place.worth > Integrity.UNTRUSTED
        for word in said
        for place in evidence.index.find(ValueKind.TEXT, word)
    )


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Words that say what something is, and not what is done to it."""
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            if word not in SMALL and (stemmed := stem(word)) not in DEEDS:
                yield stemmed
