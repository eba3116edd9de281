"""Everything that was seen, posted under the keys of its values, and found by them.

For each key a few leaves are kept, those of the highest integrity first to stay.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from highroad.domain.evidence import Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.evidence import composition
from highroad.evidence.matching import expressions, numbers, units
from highroad.evidence.matching.seeking import Way, phrases, ways
from highroad.evidence.matching.words import sought
from highroad.evidence.seen import Seen, told_as

MOST_LEAVES: Final = 4
"""So many are kept for a key."""
_MOST_PLACES: Final = 3
"""So many are told of a value."""


class Postings:
    """Leaves by key."""

    __slots__ = ("_by_key",)

    def __init__(self) -> None:
        self._by_key: dict[str, Seen | tuple[Seen, ...]] = {}

    def __contains__(self, key: str) -> bool:
        """Whether anything was seen under a key."""
        return key in self._by_key

    def post(self, keys: Iterable[str], leaf: Seen) -> None:
        """Have a leaf found under keys."""
        for key in keys:
            known = self._by_key.get(key)
            if known is None:
                self._by_key[key] = leaf
            elif isinstance(known, Seen):
                self._by_key[key] = _ranked((known, leaf))
            elif _rank(leaf) > _rank(known[-1]):
                self._by_key[key] = _ranked((*known, leaf))
            elif len(known) < MOST_LEAVES:
                self._by_key[key] = (*known, leaf)

    def find(
        self, kind: ValueKind, value: JsonValue, unit: str = "", *, said_otherwise: bool = False
    ) -> tuple[Place, ...]:
        """Where a value was seen, the closest first, as `Index.find` has it."""
        closest: tuple[Place, ...] = ()
        for known in self._agreeing(kind, value, unit):
            found = _places(known, value, kind)
            if not said_otherwise:
                return found
            best = max(found, key=_worth)
            if not closest:
                closest = found
            elif best.worth is Integrity.USER:
                return (*closest, best)
            if best.worth is Integrity.USER:
                break
        return closest

    def of(self, key: str) -> tuple[Seen, ...]:
        """The leaves under a key."""
        known = self._by_key.get(key)
        if known is None:
            return ()
        return (known,) if isinstance(known, Seen) else known

    def worth(self, key: str) -> Integrity:
        """What is known of a key is worth at least; nothing of what stands in a longer leaf."""
        return max((each.least for each in self.of(key)), default=Integrity.UNTRUSTED)

    def unknown(self, keys: set[str]) -> set[str]:
        """Of these keys those of which nothing was said before."""
        return {key for key in keys if key not in self._by_key}

    def has_all(self, value: JsonValue) -> bool:
        """Whether a value was seen, or each number of an expression; a truth value needs none."""
        if isinstance(value, bool) or value is None:
            return True
        if not isinstance(value, str):
            return bool(self.find(ValueKind.NUMBER, value))
        if self.find(ValueKind.TEXT, value):
            return True
        # An expression: each number in it is known, and the rest are signs.
        terms = expressions.terms(value)
        return bool(terms) and all(self.find(ValueKind.NUMBER, term) for term in terms)

    def measured(self, value: JsonValue) -> Iterator[Seen]:
        """Everything that has a value, as whatever; but for ids of a number."""
        is_text = isinstance(value, str)
        kind = ValueKind.NUMBER
        if is_text:
            kind = ValueKind.DATE if composition.is_day(value) else ValueKind.TEXT
        for way in ways(kind, value):
            if not is_text and not _is_measure(way):
                continue
            known = self.of(way) if isinstance(way, str) else self._together(way)
            yield from (known,) if isinstance(known, Seen) else known or ()

    def _agreeing(
        self, kind: ValueKind, value: JsonValue, unit: str
    ) -> Iterator[Seen | tuple[Seen, ...]]:
        """What was seen under each way to write a value, the closest first."""
        by_key = self._by_key
        for way in ways(kind, value, unit):
            known = by_key.get(way) if isinstance(way, str) else self._together(way)
            if known is not None:
                yield known
        for words in phrases(kind, value):
            found = self._phrase(words)
            if found:
                yield found

    def _together(self, way: tuple[str, ...]) -> Seen | tuple[Seen, ...] | None:
        """Where the first of several keys was seen, if all of them were."""
        by_key = self._by_key
        return by_key[way[0]] if all(key in by_key for key in way) else None

    def _phrase(self, words: list[str]) -> tuple[Seen, ...]:
        """Leaves in which words stand in a row: the whole leaf, or a part of a longer one."""
        whole = " ".join(words)
        if found := self.of(whole):
            return found
        spans = [self.of(key) for key in sought(words)]
        rarest = min(spans, key=len)
        return tuple([leaf for leaf in rarest if f" {whole} " in f" {leaf.words} "])


def _is_measure(way: Way) -> bool:
    return isinstance(way, str) and (numbers.is_key(way) or units.is_key(way))


def _worth(place: Place) -> Integrity:
    return place.worth


def _rank(leaf: Seen) -> Integrity:
    return leaf.place.integrity


def _ranked(seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=_rank, reverse=True)[:MOST_LEAVES])


def _places(found: Seen | tuple[Seen, ...], value: JsonValue, kind: ValueKind) -> tuple[Place, ...]:
    if isinstance(found, Seen):
        return (told_as(found, value, kind),)
    return tuple([told_as(leaf, value, kind) for leaf in found[:_MOST_PLACES]])
