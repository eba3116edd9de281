"""Everything that was seen, posted under the keys of its values, and found by them.

For each key a few leaves are kept, those of the highest integrity first to stay.

What texts say of how much and when takes as long to read as all else that they say, and most runs
ask for none of it. So a long text is posted under measures when one is first sought, and what comes
behind it then, in order: as if they had been at once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from highroad.domain.evidence import Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.evidence import composition
from highroad.evidence.matching import expressions, numbers, units
from highroad.evidence.matching.reading import is_measure
from highroad.evidence.matching.seeking import Way, phrases, ways
from highroad.evidence.matching.words import sought
from highroad.evidence.seen import Seen, told_as

MOST_LEAVES: Final = 4
"""So many are kept for a key."""
_MOST_PLACES: Final = 3
"""So many are told of a value."""
_LONG: Final = 200
"""A text of fewer characters is read for measures at once, unless another one waits."""
_MOST_WAITING: Final = 262_144
"""So many characters wait, or one question would read all of a long run."""
_OF_LEAF: Final = 256
"""As so many characters a leaf counts by itself: short ones must not wait by the thousand."""
Measures: TypeAlias = Callable[[], Iterable[str]]
"""Reads the keys of the measures of a leaf."""


class Postings:
    """Leaves by key."""

    __slots__ = ("_by_key", "_characters", "_waiting")

    def __init__(self) -> None:
        self._by_key: dict[str, Seen | tuple[Seen, ...]] = {}
        self._waiting: deque[tuple[Measures, Seen, int]] = deque()
        """Leaves whose measures are not read yet, in order."""
        self._characters = 0

    def __contains__(self, key: str) -> bool:
        """Whether anything was seen under a key."""
        return self._at(key) is not None

    def post(self, leaf: Seen, words: Iterable[str], measures: Measures, size: int) -> None:
        """Have a leaf found.

        Args:
            leaf: That was seen.
            words: Its keys that are no measures.
            measures: Reads those that are. Whatever it goes by may change for a key only after
                that key was asked for here.
            size: How many characters it reads.
        """
        self._put(words, leaf)
        if size < _LONG and not self._waiting:
            self._put(measures(), leaf)
            return
        self._waiting.append((measures, leaf, size + _OF_LEAF))
        self._characters += size + _OF_LEAF
        while self._characters > _MOST_WAITING:
            self._read_next()

    def _read_all(self) -> None:
        """Read the measures of all leaves that wait."""
        while self._waiting:
            self._read_next()

    def _read_next(self) -> None:
        """Post the next leaf under its measures: those before it are what was known then."""
        measures, leaf, size = self._waiting.popleft()
        self._characters -= size
        # It may ask for what was posted so far, and must not read on for that.
        behind, self._waiting = self._waiting, deque()
        try:
            self._put(measures(), leaf)
        finally:
            self._waiting = behind

    def _at(self, key: str) -> Seen | tuple[Seen, ...] | None:
        """What was seen under a key."""
        if self._waiting and is_measure(key):
            self._read_all()
        return self._by_key.get(key)

    def _put(self, keys: Iterable[str], leaf: Seen) -> None:
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
        known = self._at(key)
        if known is None:
            return ()
        return (known,) if isinstance(known, Seen) else known

    def worth(self, key: str) -> Integrity:
        """What is known of a key is worth at least; nothing of what stands in a longer leaf."""
        return max((each.least for each in self.of(key)), default=Integrity.UNTRUSTED)

    def unknown(self, keys: set[str]) -> set[str]:
        """Of these keys those of which nothing was said before."""
        return {key for key in keys if key not in self}

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
        at = self._at if self._waiting else self._by_key.get
        for way in ways(kind, value, unit):
            known = at(way) if isinstance(way, str) else self._together(way)
            if known is not None:
                yield known
        for words in phrases(kind, value):
            found = self._phrase(words)
            if found:
                yield found

    def _together(self, way: tuple[str, ...]) -> Seen | tuple[Seen, ...] | None:
        """Where the first of several keys was seen, if all of them were."""
        return self._at(way[0]) if all(key in self for key in way) else None

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
