"""What a transform is given: whether all of it was seen, and what can be made of it."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

from highroad.domain.evidence import EvidenceKind, Grounding, Place, ValueKind
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity, Label
from highroad.domain.value import value as frozen_value
from highroad.evidence import composition
from highroad.evidence.columns import columns
from highroad.evidence.composition import Lineage
from highroad.evidence.leaves import Leaf, leaves
from highroad.evidence.matching import expressions
from highroad.evidence.postings import MOST_LEAVES, Postings
from highroad.evidence.records import Records
from highroad.evidence.seen import told

_FEWEST_OF_COLUMN: Final = 2


@frozen_value(eq=False)
class Operands:
    """The arguments of a transform, by what was seen before it."""

    arguments: JsonObject
    grounding: Grounding
    """What its schema lists is known too."""
    postings: Postings
    records: Records

    @property
    def are_known(self) -> bool:
        """Whether every number and word of them was seen, or stands in a schema."""
        traced = self._traced()
        return all(
            leaf.shown in traced or self.postings.has_all(leaf.value)
            for leaf in leaves(self.arguments)
        )

    @property
    def lineage(self) -> Lineage | None:
        """What is made of them; `None` if there is too much to choose in it."""
        return composition.composed(self._operands())

    @property
    def least(self) -> Label:
        """What a value is worth that was worked out of them: as much as the least of them."""
        traced = self._traced()
        places = [each for leaf in leaves(self.arguments) for each in self._best(leaf, traced)]
        readers = [each.readers for each in places if each.readers is not None]
        return Label(
            integrity=min((each.worth for each in places), default=Integrity.SYSTEM),
            readers=frozenset.intersection(*readers) if readers else None,
        )

    def _traced(self) -> Mapping[str, tuple[Place, ...]]:
        """The places of each argument, by its pointer."""
        return {trace.pointer: trace.places for trace in self.grounding.traces if trace.places}

    def _operands(self) -> Iterator[Sequence[Lineage]]:
        """What each value of the arguments may be made of; what a schema lists is made of none."""
        listed = {
            trace.pointer
            for trace in self.grounding.traces
            if any(place.kind is EvidenceKind.DEFAULT for place in trace.places)
        }
        for name, value in self.arguments.items():
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
            composition.of_place(told(seen, value), value) if seen.made_of is None else seen.made_of
            for seen in self.postings.measured(value)
        ]
        return sorted(found, key=lambda each: (-each.integrity, each.terms))

    def _columns(self, values: Sequence[JsonValue]) -> Sequence[Lineage]:
        """Columns of recorded lists that have these values and no others; the best first."""
        if len(values) < _FEWEST_OF_COLUMN or any(isinstance(each, dict | list) for each in values):
            return ()
        places = [
            seen.place
            for each in values[:MOST_LEAVES]
            for seen in self.postings.measured(each)
            if seen.made_of is None
        ]
        found = columns(values, places, self.records.newest)
        return sorted(found, key=lambda each: -each.integrity)

    def _best(self, leaf: Leaf, traced: Mapping[str, tuple[Place, ...]]) -> Iterator[Place]:
        """The best place of each value of a leaf."""
        value = leaf.value
        if isinstance(value, bool) or value is None:
            return
        kind = ValueKind.TEXT if isinstance(value, str) else ValueKind.NUMBER
        found = (*self._find(kind, value), *traced.get(leaf.shown, ()))
        terms = () if found or not isinstance(value, str) else expressions.terms(value)
        for places in (found, *(self._find(ValueKind.NUMBER, term) for term in terms)):
            if places:
                yield max(places, key=lambda each: each.worth)

    def _find(self, kind: ValueKind, value: JsonValue) -> tuple[Place, ...]:
        return self.postings.find(kind, value, said_otherwise=True)
