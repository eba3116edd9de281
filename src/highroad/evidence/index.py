"""What was seen so far, by the values in it: filled once as it arrives, and asked for each value.

A value arrives as a leaf (`leaves`). Of a result only that is kept which it does not merely repeat
(`repeats`), and of what a transform makes, what its operands bear out (`operands`). What is left is
posted under its keys (`postings`), and at its place where values are named by that (`standings`).
So it is found: by what it is, by where it stands, or as a piece of a text (`pieces`). A value is
found by its key, so the cost of an answer does not grow with what was seen (P10).
"""

import sys
from functools import partial
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
from highroad.domain.label import NO_LABELS, Integrity, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence import composition, pieces
from highroad.evidence.leaves import Leaf, leaves
from highroad.evidence.matching import echo
from highroad.evidence.matching.reading import (
    leaf_measures,
    leaf_words,
    measure_keys,
    word_keys,
)
from highroad.evidence.operands import Operands
from highroad.evidence.postings import Postings
from highroad.evidence.records import Records
from highroad.evidence.repeats import Repeats, repeats
from highroad.evidence.seen import Seen, blanks, how_found, place_of, start
from highroad.evidence.standings import Standings
from highroad.evidence.writings import Writings

_BY_USER: Final = frozenset({EvidenceKind.REQUEST, EvidenceKind.PROFILE})
_BY_PROGRAM: Final = frozenset({EvidenceKind.DEFAULT, EvidenceKind.CODE})


class Index:
    """The values of one run's request, profile, results and defaults.

    They are added in the order in which they arrived: what a result proves depends on what was
    known before it.

    Args:
        has_handles: Values are also asked for by where they stand (`at`).
    """

    __slots__ = ("_postings", "_standings", "_written", "has_readers", "records")

    def __init__(self, *, has_handles: bool = False) -> None:
        self.has_readers: bool = False
        """Whether anything was seen that not everybody may read."""
        self.records: Records = Records()
        """What stands beside a value in its result."""
        self._postings: Postings = Postings()
        self._written: Writings = Writings()
        self._standings: Standings | None = Standings() if has_handles else None

    def add_text(self, source: Source, text: str) -> None:
        """Take in what somebody said: a request, a message."""
        keys, words = word_keys(text)
        seen = Seen(place_of(source, "", _integrity(source), Match.WORD), words)
        self._postings.post(seen, keys, partial(measure_keys, text), len(text))

    def add_value(self, source: Source, value: JsonValue, labels: Labels = NO_LABELS) -> None:
        """Take in a record: every leaf of it, and every key that is data."""
        self._take_in(source, value, labels)

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
        self.records.add(source.id, value, labels, is_transform=is_transform)
        if not is_transform:
            own = repeats(arguments, self._written, self._postings)
            self._take_in(source, value, labels, own)
            return
        operands = Operands(
            arguments=arguments, grounding=grounding, postings=self._postings, records=self.records
        )
        if operands.are_known:
            self._take_in_made(source, value, operands, labels)

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
            # Which has every leaf before it read for these keys: what waits is no echo of this.
            unknown = self._postings.unknown(keys)
            self._written.codes.update(codes & unknown)
            self._written.known.update(codes - unknown)
            self._written.add(leaf.value, unknown - codes)

    def find(
        self, kind: ValueKind, value: JsonValue, unit: str = "", *, said_otherwise: bool = False
    ) -> tuple[Place, ...]:
        """Where a value was seen, as closely as anywhere; empty if nowhere. The best comes first.

        Args:
            kind: As what it is compared.
            value: No object and no list.
            unit: Of a number, what it counts, so that 60 minutes are found as an hour.
            said_otherwise: Give the user's own word in another notation behind them: a stranger
                who writes the value as well must not hide it.
        """
        return self._postings.find(kind, value, unit, said_otherwise=said_otherwise)

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
        if self._standings is None:
            return self._postings.find(kind, value, unit)
        return self._standings.at(place, kind, value, unit)

    def pieces(self, text: str) -> tuple[Place, ...]:
        """Where pieces of a text were seen: its codes, and words of it in a row.

        What was put in other words, or encoded, is not found: this tells what came along as it
        stood, and never that nothing did.
        """
        return pieces.pieces(self._postings, text)

    def _take_in(
        self, source: Source, record: JsonValue, labels: Labels, own: Repeats | None = None
    ) -> None:
        """Take in every leaf of a record, but for what it only repeats."""
        given = None if labels is NO_LABELS else labels
        usual = _integrity(source)
        for leaf in leaves(record):
            label = None if given is None else given.at(leaf.pointer)
            integrity = usual if label is None else label.integrity
            readers = None if label is None else label.readers
            if readers is not None:
                self.has_readers = True
            keys, words = leaf_words(leaf.name, leaf.value)
            place = place_of(source, sys.intern(leaf.shown), integrity, how_found(leaf), readers)
            seen = Seen(place, words, hash(leaf.value), blanks(leaf.value), text=start(leaf))
            read = _Read(leaf, keys, own, integrity)
            self._post(source, seen, read)

    def _take_in_made(
        self, source: Source, value: JsonValue, operands: Operands, labels: Labels
    ) -> None:
        """Take in what a transform made: a measure by its lineage, a text by its operands."""
        least, lineage, back = operands.least, operands.lineage, self._written
        self.has_readers = self.has_readers or least.readers is not None
        for leaf in leaves(value):
            is_measure = composition.is_measure(leaf.value)
            if is_measure:
                integrity = composition.worth(lineage, leaf.value)
            else:
                integrity = min(least.integrity, labels.at(leaf.pointer).integrity)
            shown, readers = sys.intern(leaf.shown), least.readers
            place = place_of(source, shown, integrity, how_found(leaf), readers)
            made_of = None
            if is_measure:
                made_of = lineage or composition.of_place(place, leaf.value)
            keys, words = leaf_words(leaf.name, leaf.value)
            seen = Seen(place, words, hash(leaf.value), blanks(leaf.value), made_of)
            self._post(source, seen, _Read(leaf, keys, back, integrity))

    def _post(self, source: Source, seen: Seen, read: "_Read") -> None:
        """Have a leaf found by its keys, and by where it stands."""
        words, measures = read.words, read.measures
        if self._standings is not None:
            own = leaf_measures(read.leaf.name, read.leaf.value)
            known = read.left(own)
            is_whole = words == read.own_words and known == own
            place = source.id, read.leaf.pointer
            self._standings.add(place, seen, words | known, is_whole=is_whole)
            measures = known.copy
        size = len(read.leaf.value) if isinstance(read.leaf.value, str) else 1
        self._postings.post(seen, words, measures, size)


@frozen_value(kw_only=False, eq=False)
class _Read:
    """The keys of a leaf that are evidence."""

    leaf: Leaf
    own_words: set[str]
    """All of its keys that are no measures."""
    but_for: Repeats | Writings | None
    """What it may merely repeat."""
    integrity: Integrity

    @property
    def words(self) -> set[str]:
        """Those that are no measures."""
        return self.left(self.own_words)

    def measures(self) -> set[str]:
        """Those that are: how much, and when."""
        return self.left(leaf_measures(self.leaf.name, self.leaf.value))

    def left(self, keys: set[str]) -> set[str]:
        """Keys of its own without those that it has of what it repeats."""
        match self.but_for:
            case None:
                return keys
            case Repeats() as repeated:
                return repeated.left(keys, self.leaf.value, self.integrity)
            case Writings() as back:
                return keys.difference(back.codes, back.brought_back(self.leaf.value))


def _integrity(source: Source) -> Integrity:
    """What a source is worth where no label says it."""
    if source.kind in _BY_USER:
        return Integrity.USER
    return Integrity.SYSTEM if source.kind in _BY_PROGRAM else Integrity.UNTRUSTED
