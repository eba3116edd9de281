"""Weighing: what each value of a call is worth, and what its argument asks for.

Of a value that stands in several places the best counts; the user's word only where the whole value
is it. A record that is changed in place has to be one that the user meant.
"""

from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from highroad.domain.evidence import EvidenceKind, Grounding, Match, Place, Trace, ValueKind
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence.intent.delegated import is_delegated
from highroad.evidence.intent.described import is_described
from highroad.evidence.parts import stands_by_itself
from highroad.pipeline.endorsement import value_at
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.grounding import shown
from highroad.tools.arguments.pointer import tokens
from highroad.tools.compile import RegisteredTool
from highroad.tools.derivation.in_force import targets

_FEW: Final = 2
_WORTH: Final = attrgetter("worth")
# By names of their own: an enumeration looks each member up in its metaclass.
_REQUEST: Final = EvidenceKind.REQUEST
_USER: Final = Integrity.USER
_NUMBERED: Final = frozenset({ValueKind.ID, ValueKind.TEXT, ValueKind.NAME})
"""Kinds of which a value may be a number that is no amount."""


@frozen_value(eq=False)
class Weighing:
    """What the values of one call are worth."""

    tool: RegisteredTool[Any]
    arguments: JsonObject
    grounding: Grounding
    evidence: RunEvidence
    best: tuple[Place | None, ...]
    """Of each trace the place that counts."""
    sources: tuple[ValueSource, ...]
    """Of each trace, as the ledger has it."""


def weighed(
    tool: RegisteredTool[Any],
    grounding: Grounding,
    arguments: JsonObject,
    evidence: RunEvidence,
) -> Weighing:
    """Each value of a call by the place that counts."""
    best = [_best(trace, arguments, evidence) for trace in grounding.traces]
    weighed = zip(grounding.traces, best, strict=True)
    return Weighing(
        tool=tool,
        arguments=arguments,
        grounding=grounding,
        evidence=evidence,
        best=tuple(best),
        sources=tuple(
            [_source(tool, trace, place, arguments, evidence) for trace, place in weighed]
        ),
    )


def _source(
    tool: RegisteredTool[Any],
    trace: Trace,
    place: Place | None,
    arguments: JsonObject,
    evidence: RunEvidence,
) -> ValueSource:
    at, needs, is_target = _standing(tool, trace.pointer)
    if is_target and not _is_meant(trace, place, arguments, evidence):
        needs = _USER
    if place is None:
        source = ValueSource(pointer=at, integrity=Integrity.UNTRUSTED, needs=needs)
    else:
        source = ValueSource(
            pointer=at,
            kind=place.kind,
            source=place.source,
            how=place.how,
            integrity=place.worth,
            needs=needs,
        )
    if source.falls_short and _is_left_to_author(tool, trace, needs, arguments, evidence):
        return replace(source, integrity=Integrity.THIRD_PARTY)
    return source


@lru_cache(8_192)
def _standing(tool: RegisteredTool[Any], at: str) -> tuple[str, Integrity, bool]:
    """A pointer up to the first key that is data (P7), and what its argument asks for.

    That is the least integrity that it accepts, and whether it says which record is changed.
    """
    argument = str(tokens(at)[0])
    needs = tool.contract.argument(argument).integrity
    return shown(tool, at), needs, argument in targets(tool.definition)


def _is_meant(
    trace: Trace, place: Place | None, arguments: JsonObject, evidence: RunEvidence
) -> bool:
    """Whether the user named a record that is to be changed, or what else stands in it."""
    value = value_at(arguments, tokens(trace.pointer))
    said, index = evidence.said_texts, evidence.index
    return any(is_described(each, value, said, index) for each in trace.places if each == place)


def _is_left_to_author(
    tool: RegisteredTool[Any],
    trace: Trace,
    needs: Integrity,
    arguments: JsonObject,
    evidence: RunEvidence,
) -> bool:
    """Whether a read is asked for an address that the user left to an author to choose."""
    if tool.definition.has_effects or trace.kind is not ValueKind.URL:
        return False
    value = value_at(arguments, tokens(trace.pointer))
    if needs is not Integrity.THIRD_PARTY or not isinstance(value, str):
        return False
    return is_delegated(value, evidence.said_texts, evidence.index.records)


def _best(trace: Trace, arguments: JsonObject, evidence: RunEvidence) -> Place | None:
    """The place of a value that counts most; the user's word only where the whole value is it."""
    places = trace.places
    if trace.kind in _NUMBERED and not _is_said(trace, arguments, evidence):
        places = tuple([each for each in places if each.kind is not _REQUEST])
    if evidence.remembered and trace.kind in _NUMBERED:
        places = _but_for_parts(places, trace, arguments, evidence.remembered)
    if len(places) < _FEW:
        return places[0] if places else None
    return max(places, key=_WORTH)


def _is_said(trace: Trace, arguments: JsonObject, evidence: RunEvidence) -> bool:
    """Whether what the request has of a value is the value, and no part of another."""
    if all(each.kind is not _REQUEST for each in trace.places):
        return True
    return _stands_alone(trace, arguments, evidence.said_texts)


def _but_for_parts(
    places: tuple[Place, ...], trace: Trace, arguments: JsonObject, remembered: list[str]
) -> tuple[Place, ...]:
    """The places without words that the user had remembered, where a number is a part of these."""
    if _stands_alone(trace, arguments, remembered):
        return places
    is_part = EvidenceKind.PROFILE, Match.WORD
    return tuple([each for each in places if (each.kind, each.how) != is_part])


def _stands_alone(trace: Trace, arguments: JsonObject, said: list[str]) -> bool:
    """Whether a value is no short number, or stands in a text as no part of another value."""
    value = value_at(arguments, tokens(trace.pointer))
    is_number = isinstance(value, int | str) and not isinstance(value, bool)
    return not is_number or stands_by_itself(str(value), said)
