"""What was seen so far, by the values in it: filled once as it arrives, and asked for each value.

A value is found by its key, so the cost of an answer does not grow with what was seen (P10). For
each key a few leaves are kept, those of the highest integrity first to stay.
"""

import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from highroad.domain.evidence import (
    NO_GROUNDING,
    EvidenceKind,
    Grounding,
    Match,
    Place,
    Source,
    ValueKind,
)
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import NO_LABELS, Integrity, Label, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence import composition
from highroad.evidence.columns import columns
from highroad.evidence.composition import Lineage
from highroad.evidence.leaves import Leaf, leaves
from highroad.evidence.matching import echo, expressions, notation, numbers, units
from highroad.evidence.matching.reading import leaf_keys, text_keys
from highroad.evidence.matching.seeking import Way, phrases, ways
from highroad.evidence.matching.words import SPAN, sought
from highroad.evidence.writings import Writings

_MOST_LEAVES: Final = 4
"""So many are kept for a key."""
_MOST_PLACES: Final = 3
"""So many are told of a value."""
_FEWEST_OF_CODE: Final = 5
"""Fewer characters of an id or a number may stand anywhere."""
_MOST_RECORDS: Final = 256
"""So many results are kept, to compute with whole lists of them."""
_FEWEST_OF_COLUMN: Final = 2
_START: Final = 200
"""So much of a leaf is kept as it stands, to tell it from a part of it."""
MOST_CHARACTERS: Final = 20_000
"""So much of a text is looked through for pieces of what was seen."""
# By names of their own: an enumeration looks each member up in its metaclass.
_SAME: Final = Match.SAME
_NORMALIZED: Final = Match.NORMALIZED
_ELEMENT: Final = Match.ELEMENT
_WORD: Final = Match.WORD
_BY_USER: Final = frozenset({EvidenceKind.REQUEST, EvidenceKind.PROFILE})
_BY_PROGRAM: Final = frozenset({EvidenceKind.DEFAULT, EvidenceKind.CODE})


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


@frozen_value(kw_only=False, eq=False)
class _Standing:
    """A leaf where it stands."""

    seen: Seen
    keys: frozenset[str]
    """Those under which it is evidence."""
    is_whole: bool
    """All of its own are."""

    def is_taken_for(self, kind: ValueKind, value: JsonValue, unit: str) -> bool:
        """Whether it would be found as that, by its value."""
        if any(
            way in self.keys if isinstance(way, str) else self.keys.issuperset(way)
            for way in ways(kind, value, unit)
        ):
            return True
        rows = phrases(kind, value) if self.is_whole else ()
        return any(self.seen.words == " ".join(row) for row in rows)


class Index:
    """The values of one run's request, profile, results and defaults.

    They are added in the order in which they arrived: what a result proves depends on what was
    known before it.

    Args:
        has_handles: Values are also asked for by where they stand (`at`).
    """

    __slots__ = ("_by_key", "_by_place", "_records", "_written", "has_readers")

    def __init__(self, *, has_handles: bool = False) -> None:
        self.has_readers: bool = False
        """Whether anything was seen that not everybody may read."""
        self._by_key: dict[str, Seen | tuple[Seen, ...]] = {}
        self._written: Writings = Writings()
        self._records: dict[str, tuple[JsonValue, Labels]] = {}
        """Of the newest results, for what is computed of a whole list."""
        self._by_place: dict[tuple[str, str], _Standing] | None = None
        """Leaves by source and pointer, where values are named by their place."""
        if has_handles:
            self._by_place = {}

    def add_text(self, source: Source, text: str) -> None:
        """Take in what somebody said: a request, a message."""
        keys, words = text_keys(text)
        self._post(keys, Seen(_place(source, "", _integrity(source), _WORD), words))

    def add_value(self, source: Source, value: JsonValue, labels: Labels = NO_LABELS) -> None:
        """Take in a record: every leaf of it, and every key that is data."""
        self._add(source, value, labels)

    def add_result(  # noqa: PLR0913 - a call and its result
        self,
        source: Source,
        value: JsonValue,
        *,
        arguments: JsonObject,
        grounding: Grounding = NO_GROUNDING,
        labels: Labels = NO_LABELS,
        is_transform: bool = False,
    ) -> None:
        """Take in the result of a call, but for what the call brought along itself.

        What its arguments say and nothing said before is no evidence when the result repeats it: a
        read would otherwise make an invented id a known one. What was known and is worth less than
        the label says stays worth that: a read would otherwise make a stranger's id one of the
        house. Nor is what an earlier call wrote (`add_written`). A transform computes its whole
        result from its arguments, so of one with an argument that is not known nothing is taken,
        and what is taken is worth the least of what went into it (`composition`).

        Args:
            source: The call.
            value: Its result.
            arguments: What it was given.
            grounding: Of the arguments of a transform: what its schema lists is known too.
            labels: Of the result; of that of a transform, what its texts may be worth at most.
            is_transform: Whether the tool declares itself a transform.
        """
        if is_transform and not self._knows(arguments, grounding):
            return
        if is_transform:
            self._add_made(source, value, arguments, grounding, labels)
            return
        if isinstance(value, dict | list):
            self._keep(source.id, value, labels)
        self._add(source, value, labels, self._brought(arguments))

    def add_written(self, arguments: JsonObject) -> None:
        """Note what a call with effects may have left where a later read finds it.

        Codes of it that nothing said before are no evidence in any result from now on; they are
        once somebody says them. Those that were known are worth no more than they were. Plain words
        are none where the text comes back that they were written in, and remain one where another
        record has them.

        Args:
            arguments: What it was given.
        """
        for leaf in leaves(arguments):
            keys = echo.keys(leaf.name, leaf.value)
            codes = set(filter(echo.is_code, keys))
            unknown = self._unknown(keys)
            self._written.codes.update(codes & unknown)
            self._written.known.update(codes - unknown)
            self._written.add(leaf.value, unknown - codes)

    def find(self, kind: ValueKind, value: JsonValue, unit: str = "") -> tuple[Place, ...]:
        """Where a value was seen; empty if nowhere.

        The places that agree most closely come first, the best of them before the others. Behind
        them stands the user's own word in another notation: a stranger who writes the value as
        well must not hide it.

        Args:
            kind: As what it is compared.
            value: No object and no list.
            unit: Of a number, what it counts, so that 60 minutes are found as an hour.
        """
        closest: tuple[Place, ...] = ()
        for known in self._agreeing(kind, value, unit):
            found = _places(known, value, kind)
            best = max(found, key=_worth)
            if not closest:
                closest = found
            elif best.worth is Integrity.USER:
                return (*closest, best)
            if best.worth is Integrity.USER:
                break
        return closest

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

    def at(
        self, place: tuple[str, str], kind: ValueKind, value: JsonValue, unit: str = ""
    ) -> tuple[Place, ...]:
        """The one place of a value that was named by it; empty if it is no evidence there.

        What the leaf is not taken for by its value, it is not by its place: an id is no amount, and
        what only repeats the arguments of its own call is none.

        Args:
            place: Source, and pointer.
            kind: As what it is used.
            value: That stands there.
            unit: Of a number, what it counts.
        """
        if self._by_place is None:
            return self.find(kind, value, unit)
        found = self._by_place.get(place)
        if found is None or not found.is_taken_for(kind, value, unit):
            return ()
        return (_told_as(found.seen, value, kind),)

    def pieces(self, text: str) -> tuple[Place, ...]:
        """Where pieces of a text were seen: its codes, and words of it in a row.

        What was put in other words, or encoded, is not found: this tells what came along as it
        stood, and never that nothing did.
        """
        found: dict[tuple[str, str], Place] = {}
        for key in text_keys(_squeezed(text)[:MOST_CHARACTERS])[0]:
            if not _is_telling(key):
                continue
            for leaf in self._of(key):
                place = leaf.place
                found.setdefault((place.source, place.pointer), _agreeing(place, _WORD))
        return tuple(found.values())

    def is_read_whole(self, text: str) -> bool:
        """Whether `pieces` looks through all of a text; what stands behind its bound is unknown."""
        return len(_squeezed(text)) <= MOST_CHARACTERS

    # -- what transforms make ---------------------------------------------------------------------

    def _add_made(
        self,
        source: Source,
        value: JsonValue,
        arguments: JsonObject,
        grounding: Grounding,
        labels: Labels,
    ) -> None:
        least = self._least(arguments, grounding)
        lineage = composition.composed(self._operands(arguments, grounding))
        self.has_readers = self.has_readers or least.readers is not None
        back = self._written
        for leaf in leaves(value):
            is_measure = composition.is_measure(leaf.value)
            if is_measure:
                integrity = composition.worth(lineage, leaf.value)
            else:
                integrity = min(least.integrity, labels.at(leaf.pointer).integrity)
            how = _ELEMENT if leaf.is_element else _SAME
            place = _place(source, sys.intern(leaf.shown), integrity, how, least.readers)
            made_of = None
            if is_measure:
                made_of = lineage or composition.of_place(place, leaf.value)
            keys, words = leaf_keys(leaf.name, leaf.value)
            seen = Seen(place, words, hash(leaf.value), _blanks(leaf.value), made_of)
            left = keys.difference(back.codes, back.brought_back(leaf.value))
            self._post(left, seen)
            self._stand(source, leaf, seen, left, is_whole=left == keys)

    def _operands(self, arguments: JsonObject, grounding: Grounding) -> Iterator[Sequence[Lineage]]:
        """What each value of the arguments may be made of; what a schema lists is made of none."""
        listed = {
            trace.pointer
            for trace in grounding.traces
            if any(place.kind is EvidenceKind.DEFAULT for place in trace.places)
        }
        for name, value in arguments.items():
            whole = self._columns(value) if isinstance(value, list) else ()
            single = composition.composed(self._single(name, value, listed)) if whole else None
            if whole and whole[0].integrity >= composition.worth(single):
                yield whole
            else:
                yield from self._single(name, value, listed)

    def _single(
        self, name: str, value: JsonValue, listed: Container[str]
    ) -> Iterator[Sequence[Lineage]]:
        """What each value of one argument may be made of by itself."""
        for leaf in leaves({name: value}):
            if leaf.shown not in listed:
                yield from self._lineages(leaf.value)
            elif leaf.is_element:
                yield (composition.NOTHING,)
        yield from ((each,) for each in composition.without_source(value))

    def _lineages(self, value: JsonValue) -> Iterator[Sequence[Lineage]]:
        """What a value may be made of, the best first; of an expression, each number in it."""
        if isinstance(value, bool) or value is None:
            return
        found = self._made_of(value)
        terms = () if found or not isinstance(value, str) else expressions.terms(value)
        yield from (found,) if not terms else map(self._made_of, terms)

    def _made_of(self, value: JsonValue) -> Sequence[Lineage]:
        found = [
            composition.of_place(_told(seen, value), value)
            if seen.made_of is None
            else seen.made_of
            for seen in self._measured(value)
        ]
        return sorted(found, key=lambda each: (-each.integrity, each.terms))

    def _measured(self, value: JsonValue) -> Iterator[Seen]:
        """Everything that has a value, as whatever; but for ids of a number."""
        is_text = isinstance(value, str)
        kind = ValueKind.NUMBER
        if is_text:
            kind = ValueKind.DATE if composition.is_day(value) else ValueKind.TEXT
        for way in ways(kind, value):
            if not is_text and not _is_measure(way):
                continue
            known = self._of(way) if isinstance(way, str) else self._together(way)
            yield from (known,) if isinstance(known, Seen) else known or ()

    def _columns(self, values: Sequence[JsonValue]) -> Sequence[Lineage]:
        """Columns of recorded lists that have these values and no others; the best first."""
        if len(values) < _FEWEST_OF_COLUMN or any(isinstance(each, dict | list) for each in values):
            return ()
        places = [
            seen.place
            for each in values[:_MOST_LEAVES]
            for seen in self._measured(each)
            if seen.made_of is None
        ]
        found = columns(values, places, self._records)
        return sorted(found, key=lambda each: -each.integrity)

    def _keep(self, source: str, value: JsonValue, labels: Labels) -> None:
        if len(self._records) >= _MOST_RECORDS:
            del self._records[next(iter(self._records))]
        self._records[source] = value, labels

    def _least(self, arguments: JsonObject, grounding: Grounding) -> Label:
        """What a value is worth that was worked out of arguments: as much as the least of them."""
        listed = {trace.pointer: trace.places for trace in grounding.traces if trace.places}
        places = [each for leaf in leaves(arguments) for each in self._best(leaf, listed)]
        readers = [each.readers for each in places if each.readers is not None]
        return Label(
            integrity=min((each.worth for each in places), default=Integrity.SYSTEM),
            readers=frozenset.intersection(*readers) if readers else None,
        )

    def _best(self, leaf: Leaf, listed: Mapping[str, tuple[Place, ...]]) -> Iterator[Place]:
        """The best place of each value of a leaf."""
        value = leaf.value
        if isinstance(value, bool) or value is None:
            return
        kind = ValueKind.TEXT if isinstance(value, str) else ValueKind.NUMBER
        found = (*self.find(kind, value), *listed.get(leaf.shown, ()))
        terms = () if found or not isinstance(value, str) else expressions.terms(value)
        for places in (found, *(self.find(ValueKind.NUMBER, term) for term in terms)):
            if places:
                yield max(places, key=lambda each: each.worth)

    def _add(
        self,
        source: Source,
        record: JsonValue,
        labels: Labels,
        brought: "_Brought | None" = None,
    ) -> None:
        given = None if labels is NO_LABELS else labels
        usual = _integrity(source)
        for leaf in leaves(record):
            label = None if given is None else given.at(leaf.pointer)
            integrity = usual if label is None else label.integrity
            if label is not None and label.readers is not None:
                self.has_readers = True
            keys, words = leaf_keys(leaf.name, leaf.value)
            how = _ELEMENT if leaf.is_element else _SAME
            readers = None if label is None else label.readers
            place = _place(source, sys.intern(leaf.shown), integrity, how, readers)
            blanks, text = _blanks(leaf.value), _start(leaf)
            seen = Seen(place, words, hash(leaf.value), blanks, text=text)
            left = keys if brought is None else self._own(keys, leaf, integrity, brought)
            self._post(left, seen)
            if self._by_place is not None:
                self._stand(source, leaf, seen, left, is_whole=left == keys)

    def _stand(
        self, source: Source, leaf: Leaf, seen: Seen, keys: Iterable[str], *, is_whole: bool
    ) -> None:
        if self._by_place is not None:
            standing = _Standing(seen, frozenset(keys), is_whole)
            self._by_place[source.id, leaf.pointer] = standing

    def _own(
        self, keys: set[str], leaf: Leaf, integrity: Integrity, brought: "_Brought"
    ) -> set[str]:
        """The keys of a leaf that its record tells, and not whoever chose what was called.

        Where a value comes back, the record says no more of it than was known: a stranger who names
        an id has it read, and it is as much a stranger's as before.
        """
        written = self._written
        keys = keys.difference(brought.unknown, written.codes, written.brought_back(leaf.value))
        if brought.wording is not None:
            keys = {key for key in keys if key in self._by_key or not brought.wording.has(key)}
        return {
            key
            for key in keys
            if key not in self._by_key
            or self._worth(key) >= integrity
            or not (brought.says(key) or key in written.known)
        }

    def _worth(self, key: str) -> Integrity:
        """What is known of a key is worth at least; nothing of what stands in a longer leaf."""
        return max((each.least for each in self._of(key)), default=Integrity.UNTRUSTED)

    def _post(self, keys: set[str], leaf: Seen) -> None:
        for key in keys:
            known = self._by_key.get(key)
            if known is None:
                self._by_key[key] = leaf
            elif isinstance(known, Seen):
                self._by_key[key] = _ranked((known, leaf))
            elif len(known) < _MOST_LEAVES or _rank(leaf) > _rank(known[-1]):
                self._by_key[key] = _ranked((*known, leaf))

    def _together(self, way: tuple[str, ...]) -> Seen | tuple[Seen, ...] | None:
        """Where the first of several keys was seen, if all of them were."""
        by_key = self._by_key
        return by_key[way[0]] if all(key in by_key for key in way) else None

    def _phrase(self, words: list[str]) -> tuple[Seen, ...]:
        """Leaves in which words stand in a row: the whole leaf, or a part of a longer one."""
        whole = " ".join(words)
        if found := self._of(whole):
            return found
        spans = [self._of(key) for key in sought(words)]
        rarest = min(spans, key=len)
        return tuple([leaf for leaf in rarest if f" {whole} " in f" {leaf.words} "])

    def _of(self, key: str) -> tuple[Seen, ...]:
        known = self._by_key.get(key)
        if known is None:
            return ()
        return (known,) if isinstance(known, Seen) else known

    def _brought(self, arguments: JsonObject) -> "_Brought":
        """What a call brings along itself."""
        given = leaves(arguments)
        keys = set[str]().union(*(echo.keys(leaf.name, leaf.value) for leaf in given))
        unknown = self._unknown(keys)
        said = [leaf.value for leaf in given if not isinstance(leaf.value, bool | None)]
        is_own = all(map(self._knows_leaf, said)) and not self._has_weak(keys - unknown)
        return _Brought(
            keys=keys, unknown=unknown, wording=None if is_own else echo.Wording(map(str, said))
        )

    def _has_weak(self, keys: set[str]) -> bool:
        """Whether anything of this could be worth more in a record than it is."""
        return any(self._worth(key) < Integrity.SYSTEM for key in keys)

    def _unknown(self, keys: set[str]) -> set[str]:
        """Of these keys those of which nothing was said before."""
        return {key for key in keys if key not in self._by_key}

    def _knows(self, arguments: JsonObject, grounding: Grounding) -> bool:
        """Whether every number and word of the arguments was seen, or stands in a schema."""
        traced = {trace.pointer for trace in grounding.traces if trace.places}
        return all(
            leaf.shown in traced or self._knows_leaf(leaf.value) for leaf in leaves(arguments)
        )

    def _knows_leaf(self, value: JsonValue) -> bool:
        if isinstance(value, bool) or value is None:
            return True
        if not isinstance(value, str):
            return bool(self.find(ValueKind.NUMBER, value))
        if self.find(ValueKind.TEXT, value):
            return True
        # An expression: each number in it is known, and the rest are signs.
        terms = expressions.terms(value)
        return bool(terms) and all(self.find(ValueKind.NUMBER, term) for term in terms)


@frozen_value(eq=False)
class _Brought:
    """What a call says itself, so that its result proves nothing of it."""

    keys: AbstractSet[str]
    unknown: AbstractSet[str]
    """Those of which nothing was said before."""
    wording: echo.Wording | None = None
    """Where anything of it is not as trusted as a record."""

    def says(self, key: str) -> bool:
        """Whether it says what stands under a key."""
        return key in self.keys or (self.wording is not None and self.wording.has(key))


def _is_telling(key: str) -> bool:
    """Whether a key is so much of a text that it is no chance if both have it."""
    if echo.is_code(key):
        return len(key.rpartition("|")[2]) >= _FEWEST_OF_CODE
    return key.count(" ") >= SPAN - 1


def _is_measure(way: Way) -> bool:
    return isinstance(way, str) and (numbers.is_key(way) or units.is_key(way))


def _integrity(source: Source) -> Integrity:
    """What a source is worth where no label says it."""
    if source.kind in _BY_USER:
        return Integrity.USER
    return Integrity.SYSTEM if source.kind in _BY_PROGRAM else Integrity.UNTRUSTED


def _worth(place: Place) -> Integrity:
    return place.worth


def _rank(leaf: Seen) -> Integrity:
    return leaf.place.integrity


def _ranked(seen: tuple[Seen, ...]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=_rank, reverse=True)[:_MOST_LEAVES])


def _places(found: Seen | tuple[Seen, ...], value: JsonValue, kind: ValueKind) -> tuple[Place, ...]:
    if isinstance(found, Seen):
        return (_told_as(found, value, kind),)
    return tuple([_told_as(leaf, value, kind) for leaf in found[:_MOST_PLACES]])


def _told_as(seen: Seen, sought: JsonValue, kind: ValueKind) -> Place:
    """The same as what it is sought; a computed number names nobody and nothing."""
    place = _told(seen, sought)
    if seen.made_of is None or kind in composition.MEASURES:
        return place
    return replace(place, integrity=Integrity.UNTRUSTED)


def _told(seen: Seen, sought: JsonValue) -> Place:
    """The place of a leaf, as what is sought agrees with it."""
    usual = seen.place
    if seen.written is None or seen.written == hash(sought):
        return usual
    if seen.blanks > _blanks(sought) or (seen.text and notation.is_part(sought, seen.text)):
        return _agreeing(usual, _WORD)
    return usual if usual.how is _ELEMENT else _agreeing(usual, _NORMALIZED)


def _place(
    source: Source,
    pointer: str,
    integrity: Integrity,
    how: Match,
    readers: frozenset[str] | None = None,
) -> Place:
    return Place(
        source=source.id,
        kind=source.kind,
        pointer=pointer,
        how=how,
        integrity=integrity,
        readers=readers,
    )


def _agreeing(usual: Place, how: Match) -> Place:
    """The same place, where a value agrees with it in another way."""
    return Place(
        source=usual.source,
        kind=usual.kind,
        pointer=usual.pointer,
        how=how,
        integrity=usual.integrity,
        readers=usual.readers,
    )


def _start(leaf: Leaf) -> str:
    return leaf.value[:_START] if isinstance(leaf.value, str) and not leaf.is_composed else ""


def _blanks(value: JsonValue) -> int:
    return value.count(" ") if isinstance(value, str) else 0


def _squeezed(text: str) -> str:
    """A text that is too long, with one blank for many: they are not what makes it long."""
    return text if len(text) <= MOST_CHARACTERS else " ".join(text.split())
