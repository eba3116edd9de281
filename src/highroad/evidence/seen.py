"""A leaf that was seen, and how it is told to whoever seeks a value that agrees with it."""

from dataclasses import replace
from typing import Final

from highroad.domain.evidence import EvidenceKind, Match, Place, Source, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence import composition
from highroad.evidence.composition import Lineage
from highroad.evidence.leaves import Leaf
from highroad.evidence.matching import notation

_START: Final = 200
"""So much of a leaf is kept as it stands, to tell it from a part of it."""
# By names of their own: an enumeration looks each member up in its metaclass.
_SAME: Final = Match.SAME
_NORMALIZED: Final = Match.NORMALIZED
_ELEMENT: Final = Match.ELEMENT
_WORD: Final = Match.WORD


@frozen_value(kw_only=False, eq=False)
class Seen:
    """A leaf that was seen."""

    place: Place
    """Where it stands, told once: as a value agrees with it that is written like it."""
    words: str
    """Of a text of more words than have a key together."""
    written: int | None = None
    """Hash of the whole leaf; `None` of what somebody said, in which values are words."""
    blanks: int = 0
    made_of: Lineage | None = None
    """Of a value that was computed, what it was computed from."""
    text: str = ""
    """How the leaf begins, if it is a text of a record that is written in one way."""

    @property
    def least(self) -> Integrity:
        """What any value in it is worth at least."""
        is_part = self.blanks > 0 and self.place.kind is EvidenceKind.RESULT
        return Integrity.UNTRUSTED if is_part else self.place.worth


def place_of(
    source: Source,
    pointer: str,
    integrity: Integrity,
    how: Match,
    readers: frozenset[str] | None = None,
) -> Place:
    """Where a leaf stands, as a value agrees with it that is written like it."""
    return Place(
        source=source.id,
        kind=source.kind,
        pointer=pointer,
        how=how,
        integrity=integrity,
        readers=readers,
    )


def how_found(leaf: Leaf) -> Match:
    """How a value agrees with a leaf that is written like it."""
    return _ELEMENT if leaf.is_element else _SAME


def told(seen: Seen, sought: JsonValue) -> Place:
    """The place of a leaf, as what is sought agrees with it."""
    usual = seen.place
    if seen.written is None or seen.written == hash(sought):
        return usual
    if seen.blanks > blanks(sought) or (seen.text and notation.is_part(sought, seen.text)):
        return agreeing(usual, _WORD)
    return usual if usual.how is _ELEMENT else agreeing(usual, _NORMALIZED)


def told_as(seen: Seen, sought: JsonValue, kind: ValueKind) -> Place:
    """The same as what it is sought; a computed number names nobody and nothing."""
    place = told(seen, sought)
    if seen.made_of is None or kind in composition.MEASURES:
        return place
    return replace(place, integrity=Integrity.UNTRUSTED)


def agreeing(usual: Place, how: Match) -> Place:
    """The same place, where a value agrees with it in another way."""
    return Place(
        source=usual.source,
        kind=usual.kind,
        pointer=usual.pointer,
        how=how,
        integrity=usual.integrity,
        readers=usual.readers,
    )


def start(leaf: Leaf) -> str:
    """How a leaf begins, if it is a text that is written in one way."""
    return leaf.value[:_START] if isinstance(leaf.value, str) and not leaf.is_composed else ""


def blanks(value: JsonValue) -> int:
    """How many blanks stand in a text."""
    return value.count(" ") if isinstance(value, str) else 0
