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
from highroad.evidence.intent.stems import stem
from highroad.evidence.intent.words import DEEDS
from highroad.evidence.matching.tokens import SMALL
from highroad.evidence.parts import stands_by_itself
from highroad.pipeline.evidence import RunEvidence

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_KINDS: Final = (ValueKind.TEXT, ValueKind.DATE, ValueKind.MOMENT, ValueKind.NUMBER)


def is_described(place: Place, value: JsonValue, evidence: RunEvidence) -> bool:
    """Whether the user said something that stands beside a value in its record.

    Args:
        place: Where the value stands.
        value: Of a call, as it stands there.
        evidence: Of its run.
    """
    said = [turn.text for turn in evidence.turns]
    words = frozenset(_words(said))
    return any(
        _is_said(leaf.value, said, words, evidence)
        for record in evidence.records.of(place, value)
        for leaf in record.beside()
    )


def _is_said(
    leaf: JsonValue, said: list[str], words: frozenset[str], evidence: RunEvidence
) -> bool:
    if leaf is None or isinstance(leaf, bool):
        return False
    if isinstance(leaf, str):
        if not words.isdisjoint(_words([leaf])):
            return True
    elif not stands_by_itself(str(leaf), said):
        return False
    places = (place for kind in _KINDS for place in evidence.index.find(kind, leaf))
    return any(place.kind is EvidenceKind.REQUEST for place in places)


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Words that say what something is, and not what is done to it."""
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            if word not in SMALL and (stemmed := stem(word)) not in DEEDS:
                yield stemmed
