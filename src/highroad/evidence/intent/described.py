"""Which record the user means: the one that they name, or of which they name something else.

A tool that changes a record in place takes its id, and every id of a trusted list is trusted alike.
So whoever steers a model may have the wrong one changed. What the user said besides tells which:
the rent, Spotify, the day. This narrows what is there; it never makes a value worth more.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from highroad.domain.evidence import EvidenceKind, Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence.index import Index
from highroad.evidence.intent.stems import stem
from highroad.evidence.intent.words import DEEDS
from highroad.evidence.leaves import Leaf
from highroad.evidence.matching.fields import is_id
from highroad.evidence.matching.tokens import SMALL
from highroad.evidence.parts import stands_by_itself
from highroad.evidence.records import Record

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_FAR: Final = 1
"""So many ids on is looked: the deal of a company names the company by its id."""
_KINDS: Final = (ValueKind.TEXT, ValueKind.DATE, ValueKind.MOMENT, ValueKind.NUMBER)


def is_described(place: Place, value: JsonValue, said: Sequence[str], index: Index) -> bool:
    """Whether the user said something that stands beside a value in its record.

    Args:
        place: Where the value stands.
        value: Of a call, as it stands there.
        said: By the user.
        index: Of what was seen in its run.
    """
    return _Said(said, frozenset(_words(said)), index).is_beside(place, value, _FAR)


@frozen_value(kw_only=False, eq=False)
class _Said:
    """What the user said, to be sought in records."""

    texts: Sequence[str]
    words: frozenset[str]
    index: Index

    def is_beside(self, place: Place, value: JsonValue, far: int) -> bool:
        """Whether any of it stands in a record of a value, or so many ids on."""
        both = [
            (record, leaf)
            for record in self.index.records.of(place, value)
            for leaf in record.beside()
        ]
        if any(self.has(leaf) and not self._is_planted(record, leaf) for record, leaf in both):
            return True
        beside = [leaf for _, leaf in both]
        return far > 0 and any(
            self.is_beside(other, leaf.value, far - 1)
            for leaf in beside
            if is_id(leaf.name)
            for other in self.index.find(ValueKind.ID, leaf.value)
        )

    def has(self, leaf: Leaf) -> bool:
        """Whether it says a leaf; of a text one telling word will do, of an id all of it."""
        value = leaf.value
        if value is None or isinstance(value, bool):
            return False
        if isinstance(value, str):
            if not is_id(leaf.name) and not self.words.isdisjoint(_words([value])):
                return True
        elif not stands_by_itself(str(value), self.texts):
            return False
        places = (
            place for kind in _KINDS for place in self.index.find(kind, value, said_otherwise=True)
        )
        return any(place.kind is EvidenceKind.REQUEST for place in places)

    def _is_planted(self, record: Record, leaf: Leaf) -> bool:
        """Whether a stranger wrote into one record the word by which the user means another."""
        text = leaf.value
        if not isinstance(text, str) or record.label(leaf).integrity > Integrity.UNTRUSTED:
            return False
        said = [word for word in _WORD.findall(text) if not self.words.isdisjoint(_words([word]))]
        return any(
            place.kind is EvidenceKind.RESULT and place.worth > Integrity.UNTRUSTED
            for word in said
            for place in self.index.find(ValueKind.TEXT, word)
        )


def _words(texts: Iterable[str]) -> Iterator[str]:
    """Words that say what something is, and not what is done to it."""
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            if word not in SMALL and (stemmed := stem(word)) not in DEEDS:
                yield stemmed
