"""What flows into a call, and the rules about it.

Into a control argument flows the source of its value. Into content flows whatever of an earlier
source stands there as it stood: addresses of the web, codes, words in a row. What a model has put
in other words or encoded is not found, so these rules narrow what is said, and guard nothing that
steers: that is what the integrity of control arguments is for.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from highroad.domain.approval import Obligation
from highroad.domain.evidence import Grounding, Place, ValueKind
from highroad.domain.flow import (
    BUILT_IN,
    FLOW,
    Flow,
    FlowRule,
    FlowSource,
    FlowThen,
    origin_of,
)
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentRole, ToolDefinition
from highroad.domain.value import value as frozen_value
from highroad.evidence.leaves import leaves
from highroad.evidence.matching import fields, urls
from highroad.evidence.pieces import MOST_CHARACTERS, is_read_whole
from highroad.pipeline.evidence import RunEvidence
from highroad.tools.arguments.pointer import tokens
from highroad.tools.derivation.boundary import leaves_boundary
from highroad.tools.derivation.in_force import contract_in_force
from highroad.tools.derivation.purpose import Purpose

BULK: Final = "bulk"
"""Code of the obligation of a call with very many recipients or objects."""
_ADDRESSED_WORDS: Final = """
    to cc bcc recipient recipients receiver receivers email emails channel channels chat room group
    phone attendee attendees participant participants invitee invitees url webhook thread
"""
_ADDRESSED: Final = frozenset(_ADDRESSED_WORDS.split())
"""The last word of an argument that says to whom something goes."""
_FILES_WORDS: Final = """
    csv doc docx exe gif htm html jpeg jpg js json log odt pdf png ppt pptx rtf sql svg toml ts tsv
    txt xls xlsx xml yaml yml
"""
_FILES: Final = frozenset(_FILES_WORDS.split())
"""Endings of file names that are no top-level domain, so that no reader makes a link of them."""
_ANYWHERE: Final = FlowSource()
_NOBODY: Final[frozenset[str]] = frozenset()
"""Who may read what nobody has looked at, where something that was seen has readers."""
_LISTED: Final = frozenset(
    {ValueKind.ID, ValueKind.EMAIL, ValueKind.PHONE, ValueKind.NAME, ValueKind.TEXT, ValueKind.URL}
)


@frozen_value(eq=False)
class Sink:
    """One tool, as something flows into it."""

    tool: str
    content: tuple[str, ...] = ()
    """Arguments that are said or stored."""
    addressed: frozenset[str] = frozenset()
    """Arguments that say to whom."""
    is_outside: bool = False
    """Whether what it is handed is told to somebody."""
    rules: tuple[FlowRule, ...] = ()
    """That may be about it, those that are configured first."""
    looks_for_pieces: bool = False
    """Whether a rule names sources that only the pieces of a text tell."""


@lru_cache(4_096)
def sink_of(definition: ToolDefinition, rules: tuple[FlowRule, ...]) -> Sink:
    """What of a tool matters to flows, under the rules that are configured."""
    contract = contract_in_force(definition)
    members = definition.input_schema.get("properties")
    names = [*members] if isinstance(members, dict) else []
    addressed = frozenset(filter(_is_addressed, names))
    is_outside = (
        leaves_boundary(definition)
        or (definition.has_effects and bool(addressed))
        or Purpose(definition=definition).tells_somebody
    )
    concerning = [
        rule
        for rule in (*rules, *BUILT_IN)
        if rule.concerns(definition.name, is_outside=is_outside)
    ]
    return Sink(
        tool=definition.name,
        content=tuple(
            [name for name in names if contract.argument(name).role is ArgumentRole.CONTENT]
        ),
        addressed=addressed,
        is_outside=is_outside,
        rules=tuple(concerning),
        looks_for_pieces=any(rule.code == FLOW for rule in concerning),
    )


def _is_addressed(name: str) -> bool:
    return bool(_ADDRESSED.intersection(fields.parts_of(name)[-1:]))


def flows_into(
    sink: Sink,
    grounding: Grounding,
    best: tuple[Place | None, ...],
    arguments: JsonObject,
    evidence: RunEvidence,
) -> Iterator[Flow]:
    """Everything of which it is known where it comes from.

    Args:
        sink: The tool.
        grounding: Of the call.
        best: Of each trace the place that counts.
        arguments: Of the call.
        evidence: Of its run.
    """
    if sink.looks_for_pieces or evidence.index.has_readers:
        yield from _steering(sink, grounding, best, evidence)
    for name in sink.content:
        if name in arguments:
            yield from _said(sink, name, arguments[name], evidence)


def _steering(
    sink: Sink, grounding: Grounding, best: tuple[Place | None, ...], evidence: RunEvidence
) -> Iterator[Flow]:
    """What chooses control arguments; of that, rules that are built in are about readers alone."""
    for trace, place in zip(grounding.traces, best, strict=True):
        if sink.looks_for_pieces or (place is not None and place.readers is not None):
            name = str(tokens(trace.pointer)[0])
            is_address = name in sink.addressed
            yield _flow(trace.pointer, trace.kind, place, evidence, hides=not is_address)


def _said(sink: Sink, name: str, said: JsonValue, evidence: RunEvidence) -> Iterator[Flow]:
    """What stands in content."""
    index, at = evidence.index, f"/{name}"
    for leaf in leaves(said):
        if not isinstance(leaf.value, str) or not leaf.value:
            continue
        for url in dict.fromkeys(filter(_is_link, urls.written(leaf.value))):
            found = index.find(ValueKind.URL, url, said_otherwise=True)
            place = max(found, key=lambda each: each.worth, default=None)
            yield _flow(at, ValueKind.URL, place, evidence, is_content=True)
        if index.has_readers or sink.looks_for_pieces:
            for place in index.pieces(leaf.value):
                yield _flow(at, ValueKind.TEXT, place, evidence, is_content=True)
            if not is_read_whole(leaf.value):
                readers = _NOBODY if index.has_readers else None
                yield Flow(
                    pointer=at,
                    kind=ValueKind.TEXT,
                    readers=readers,
                    is_content=True,
                    is_unread=True,
                )


def _is_link(url: str) -> bool:
    """Whether a text that may be an address is more than the name of a file."""
    host, slash, _ = url.partition("://")[2].partition("/")
    return bool(slash) or host.rpartition(".")[2].casefold() not in _FILES


def _flow(  # noqa: PLR0913 - what there is to know of it
    at: str,
    kind: ValueKind,
    place: Place | None,
    evidence: RunEvidence,
    *,
    is_content: bool = False,
    hides: bool = True,
) -> Flow:
    if place is None:
        return Flow(pointer=at, kind=kind, is_content=is_content)
    is_open = place.worth is Integrity.USER or not hides
    return Flow(
        pointer=at,
        kind=kind,
        integrity=place.worth,
        origin=origin_of(place, evidence.tool_of(place.source)),
        readers=None if is_open else place.readers,
        is_content=is_content,
    )


def ruled(
    sink: Sink, found: Iterator[Flow], arguments: JsonObject
) -> tuple[tuple[FlowRule, str], ...]:
    """The rules that stop something of it, each with the argument that it is about."""
    if not sink.rules:
        return ()
    stopping: dict[tuple[FlowRule, str], None] = {}
    for flow in found:
        if flow.is_unread:
            pointer = f"{flow.pointer}, of which {MOST_CHARACTERS:,} characters were looked through"
            stopping.update(dict.fromkeys((rule, pointer) for rule in _any(sink, flow)))
            continue
        rule = _first(sink, flow, arguments)
        if rule is not None and rule.then is not FlowThen.ALLOW:
            stopping[rule, flow.pointer] = None
    return tuple(stopping)


def _any(sink: Sink, flow: Flow) -> Iterator[FlowRule]:
    """The rules that may be about what nobody has read, up to one that lets all of it through."""
    argument = str(tokens(flow.pointer)[0])
    for rule in sink.rules:
        if not rule.holds_for(sink.tool, argument, is_outside=sink.is_outside):
            continue
        if rule.then is FlowThen.ALLOW:
            if rule.source == _ANYWHERE:
                return
        elif rule.may_be_about(flow):
            yield rule


def _first(sink: Sink, flow: Flow, arguments: JsonObject) -> FlowRule | None:
    """The first rule that is about it."""
    argument = str(tokens(flow.pointer)[0])
    for rule in sink.rules:
        is_about = rule.source.has(flow) and rule.holds_for(
            sink.tool, argument, is_outside=sink.is_outside
        )
        if is_about and not _is_exempt(rule, flow, sink, arguments):
            return rule
    return None


def _is_exempt(rule: FlowRule, flow: Flow, sink: Sink, arguments: JsonObject) -> bool:
    """Whether those who get it may read it; or it steers, and is judged by its integrity."""
    if rule.source.is_confidential and flow.readers is not None:
        recipients = set(_recipients(sink, arguments))
        may = {each.casefold() for each in flow.readers}
        return bool(recipients) and recipients <= may
    return rule.code == "untrusted_url" and not flow.is_content


def _recipients(sink: Sink, arguments: JsonObject) -> Iterator[str]:
    for name in sink.addressed:
        for leaf in leaves(arguments.get(name)):
            if isinstance(leaf.value, str) and leaf.value:
                yield leaf.value.casefold()


def obligations_of(stopping: tuple[tuple[FlowRule, str], ...]) -> Iterator[Obligation]:
    """A reason to ask for each rule."""
    by_rule: dict[FlowRule, list[str]] = {}
    for rule, pointer in stopping:
        by_rule.setdefault(rule, []).append(pointer)
    for rule, pointers in by_rule.items():
        where = ", ".join(dict.fromkeys(pointers))
        yield Obligation(rule.code, f"The rule `{rule.line.text}` asks, because of {where}.")


def in_bulk(
    grounding: Grounding, best: tuple[Place | None, ...], most: int
) -> Iterator[Obligation]:
    """A reason to ask where one list has very many values that the user did not name."""
    if len(grounding.traces) <= most:
        return
    counted: dict[str, int] = {}
    for trace, place in zip(grounding.traces, best, strict=True):
        is_named = place is not None and place.worth is Integrity.USER
        head, _, last = trace.pointer.rpartition("/")
        if last.isdecimal() and trace.kind in _LISTED and not is_named:
            counted[head] = counted.get(head, 0) + 1
    for pointer, number in counted.items():
        if number > most:
            told = f"{pointer} has {number} values that the user did not name."
            yield Obligation(BULK, f"{told} More than {most} are asked about.")
