"""The arguments of a call, each from a source that can be shown."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from highroad.agents.offline.amounts import amounts, is_money
from highroad.agents.offline.currencies import currencies
from highroad.agents.offline.facts import Fact, known
from highroad.agents.offline.forms import formed, given_by_schema, is_formed
from highroad.agents.offline.lists import lists
from highroad.agents.offline.proposal import CERTAIN, PLAIN, POSSIBLE, Proposal
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import Slot, slots
from highroad.agents.offline.source import Source, SourceKind
from highroad.agents.offline.span import Span
from highroad.agents.offline.texts import texts
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.value import value

_FROM_RESULT: Final = PLAIN - 0.5
"""Less than what the user says by name, more than what is merely of the right kind."""


@value
class Filling:
    """Arguments, and what is lacking."""

    sources: Mapping[str, Source]
    missing: Sequence[Slot] = ()
    """Required arguments that nobody has said."""
    unclear: Sequence[Slot] = ()
    """Required arguments for which several things were said."""

    @property
    def is_complete(self) -> bool:
        """Whether the call can be made."""
        return not (self.missing or self.unclear)

    @property
    def arguments(self) -> JsonObject:
        """The values by name."""
        return {name: source.value for name, source in self.sources.items()}

    @property
    def strength(self) -> float:
        """How sure it is that the values belong where they are, from 0 to 1."""
        return min((source.strength for source in self.sources.values()), default=1.0)


def fill(
    schema: JsonSchema,
    reading: Reading,
    told: Sequence[Fact] = (),
    *,
    intent: frozenset[str] = frozenset(),
) -> Filling:
    """Fill the arguments of a schema. What has no source stays empty: nothing is made up.

    Args:
        schema: Of the arguments.
        reading: The request.
        told: What earlier calls have brought.
        intent: Stems that say what the tool does.
    """
    asked = slots(schema)
    found = [each for slot in asked for each in _proposals(slot, reading, told, intent)]
    unclear = _unclear(asked, found)
    chosen = _chosen([each for each in found if each.slot not in unclear])
    sources = {slot.name: _source(chosen[slot.name]) for slot in asked if slot.name in chosen}
    lacking = [slot for slot in asked if slot.is_required and slot.name not in sources]
    return Filling(
        sources=sources,
        missing=[slot for slot in lacking if slot not in unclear],
        unclear=[slot for slot in lacking if slot in unclear],
    )


def _proposals(
    slot: Slot, reading: Reading, told: Sequence[Fact], intent: frozenset[str]
) -> Iterator[Proposal]:
    yield from formed(slot, reading)
    yield from amounts(slot, reading)
    yield from lists(slot, reading)
    yield from currencies(slot, reading)
    yield from texts(slot, reading, intent)
    yield from _nested(slot, reading, told, intent)
    yield from given_by_schema(slot)
    text = known(slot, told)
    if text is not None:
        yield Proposal(slot=slot, value=text, score=_FROM_RESULT, kind=SourceKind.RESULT)


def _nested(
    slot: Slot, reading: Reading, told: Sequence[Fact], intent: frozenset[str]
) -> Iterator[Proposal]:
    if slot.type != "object" or "properties" not in slot.schema:
        return
    filling = fill(slot.schema, reading, told, intent=intent)
    if filling.is_complete and filling.sources:
        spans = tuple(span for source in filling.sources.values() for span in source.spans)
        score = PLAIN if slot.is_required else filling.strength * CERTAIN
        yield Proposal(slot=slot, value=filling.arguments, score=score, spans=spans)


def _unclear(asked: Sequence[Slot], found: Sequence[Proposal]) -> list[Slot]:
    """Arguments of a form for which more things are said than there are such arguments.

    Of two order ids, or two amounts, none is the one that is meant; of two dates one may be the
    first, one the last.
    """
    said = {
        slot.name: frozenset(str(each.value) for each in found if _is_plainly(slot, each))
        for slot in asked
        if is_money(slot) or (is_formed(slot) and not slot.choices)
    }
    alike = Counter(said.values())
    return [slot for slot in asked if slot.name in said and _is_more(said[slot.name], alike)]


def _is_more(values: frozenset[str], alike: Mapping[frozenset[str], int]) -> bool:
    return len(values) > alike[values]


def _is_plainly(slot: Slot, proposal: Proposal) -> bool:
    return proposal.slot is slot and proposal.score >= (POSSIBLE if is_money(slot) else PLAIN)


def _chosen(found: Iterable[Proposal]) -> dict[str, Proposal]:
    """The best for each argument; no piece of the request stands in two."""
    chosen: dict[str, Proposal] = {}
    taken: list[Span] = []
    for each in sorted(found, key=lambda proposal: -proposal.score):
        is_taken = any(span.overlaps(other) for span in each.spans for other in taken)
        if each.slot.name not in chosen and not is_taken and each.score >= _least(each):
            chosen[each.slot.name] = each
            taken += each.spans
    return chosen


def _least(proposal: Proposal) -> float:
    if proposal.kind is SourceKind.SCHEMA:
        return 0.0
    return POSSIBLE if proposal.slot.is_required else PLAIN - 0.8


def _source(proposal: Proposal) -> Source:
    said: JsonValue = proposal.value
    strength = min(1.0, 0.4 + proposal.score / (2 * CERTAIN))
    return Source(value=said, kind=proposal.kind, strength=strength, spans=proposal.spans)
