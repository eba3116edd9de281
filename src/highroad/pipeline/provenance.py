"""Provenance: may whoever chose a value of a call choose it, and did the user want such a call?

A model is taken to be in the hands of whoever wrote what it reads, so nothing that it says of
itself counts. Every value that steers a call must stand, as a whole, in a source whose integrity
is at least what the tool's contract asks of that argument (positive provenance: a value without a
source is untrusted, however it is written). And a call with effects must be one that the words of
the user call for. What falls short is put before a person; nothing is refused for it.

The same calls are judged as in grounding, by the same index. `weighing` says what values are worth;
here stands what becomes of it: the reasons to ask, the rules about what flows, and the answer.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.evidence import Grounding, ValueKind
from highroad.domain.facts import ArgumentLabels
from highroad.domain.flow import FLOW, Flow, FlowRule, FlowThen
from highroad.domain.grounding import GroundingMode, ValueSource
from highroad.domain.label import Integrity
from highroad.domain.provenance import ProvenanceMode, ProvenanceRules
from highroad.domain.verdict import Proceed, Refuse
from highroad.pipeline import labels
from highroad.pipeline.context import RoadContext
from highroad.pipeline.flows import flows_into, in_bulk, obligations_of, ruled, sink_of
from highroad.pipeline.grounding import (
    comes_from_model,
    is_chosen_by_model,
    is_endorsed,
    is_judged,
    shown,
    traced,
    traced_again,
)
from highroad.pipeline.services import Services
from highroad.pipeline.weighing import Weighing, weighed
from highroad.tools.compile import RegisteredTool

UNTRUSTED_SOURCE: Final = "untrusted_source"
"""Code of the obligation of a call with a value that its chooser may not choose."""
OUTSIDE_REQUEST: Final = "outside_request"
"""Code of the obligation of a call that the request did not call for."""
_NAMING: Final = frozenset(
    {
        ValueKind.ID,
        ValueKind.EMAIL,
        ValueKind.PHONE,
        ValueKind.URL,
        ValueKind.PATH,
        ValueKind.NAME,
        ValueKind.TEXT,
    }
)
"""Kinds of values that say what a call is done to: an amount or a day does not."""
_USER: Final = Integrity.USER
"""By a name of its own: an enumeration looks each member up in its metaclass."""
_DENIED: Final = CallError(
    code=Code.DENIED,
    message="A rule of this runtime does not let a value of this call go where it would.",
    hint="Do not try another way; tell the user.",
)
_LOCKED_OUT: Final = Obligation(
    OUTSIDE_REQUEST, "Nothing that the user said in this run calls for what the tool does."
)


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether calls of a tool are judged that a model makes."""
    is_off = services.evidence.provenance.of(tool.name).mode is ProvenanceMode.OFF
    return not is_off and is_judged(tool.definition)


def may_ask(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether a person may be asked because of it."""
    rule = services.evidence.provenance.of(tool.name)
    return rule.mode is ProvenanceMode.ENFORCE and is_judged(tool.definition)


def rule_in_force(call: Call, tool: RegisteredTool[Any], services: Services) -> str | None:
    """That a call is judged; the same before it is held and when it is driven on."""
    if call.revision or not comes_from_model(call) or not may_ask(tool, services):
        return None
    rules = [
        rule.line.text
        for rule in sink_of(tool.definition, flow_rules(tool, services)).rules
        if rule.code == FLOW
    ]
    return "; ".join(["provenance enforce", *rules])


async def judged(call: Call, context: RoadContext) -> Proceed | Refuse:
    """Ask a person where a value falls short, a rule says so, or nobody wanted such a call."""
    tool, services = context.tool, context.services
    if call.revision or not applies(tool, services) or not is_chosen_by_model(call, context):
        return Proceed(call)
    found, stopping = _against(call, context, traced(call, context))
    if found:
        found, stopping = _against(call, context, traced_again(call, context))
    return _answer(call, context, found, stopping)


_Stopping: TypeAlias = tuple[tuple[FlowRule, str], ...]


def _against(
    call: Call, context: RoadContext, grounding: Grounding
) -> tuple[tuple[Obligation, ...], _Stopping]:
    """What stands against a call: why a person would be asked, and the rules that are broken."""
    tool, services = context.tool, context.services
    weighing = weighed(tool, grounding, call.known_arguments, services.evidence.of(call))
    context.record.sources = weighing.sources
    rules, hands_on = services.evidence.provenance, services.hands_on(tool.name)
    stopping = flowing(weighing, flow_rules(tool, services))
    found = (
        *_short(_open(call, context, weighing)),
        *reasons(weighing, rules, hands_on=hands_on),
        *obligations_of(stopping),
    )
    return found, stopping


def _answer(
    call: Call, context: RoadContext, found: tuple[Obligation, ...], stopping: _Stopping
) -> Proceed | Refuse:
    """What becomes of it."""
    if not found:
        return Proceed(call)
    named = " ".join(dict.fromkeys([each.code for each in found]))
    if context.services.evidence.provenance.of(context.tool.name).mode is ProvenanceMode.OBSERVE:
        return Proceed(call, note=f"provenance.observe: {named}")
    denying = next((rule for rule, _ in stopping if rule.then is FlowThen.DENY), None)
    if denying is not None:
        return Refuse(_DENIED, rule=denying.line.named(denying.setting))
    return Proceed(call, found, note=f"provenance.ask: {named}")


def reasons(
    weighing: Weighing, rules: ProvenanceRules, *, hands_on: bool = False
) -> Iterator[Obligation]:
    """Why people are asked besides values that fall short and rules about what flows.

    Args:
        weighing: Of the call.
        rules: That are configured.
        hands_on: Whether the tool hands work to an agent, whose own calls are judged.
    """
    if weighing.tool.definition.has_effects and not hands_on:
        yield from _unasked(weighing)
    yield from in_bulk(weighing.grounding, weighing.best, rules.bulk)


def flow_rules(tool: RegisteredTool[Any], services: Services) -> tuple[FlowRule, ...]:
    """The rules about what flows into a tool, in the order in which they are asked.

    What is configured for all tools goes before contracts, and what contracts say of where results
    may flow goes before what the tool itself lets in: no contract opens what another one closes.
    """
    configured = services.evidence.provenance.flows
    out_of, into = services.registry.flows_out, tool.flows_in
    return (*configured, *out_of, *into) if out_of or into else configured


def flowing(weighing: Weighing, rules: tuple[FlowRule, ...]) -> tuple[tuple[FlowRule, str], ...]:
    """The rules that something breaks which flows into the call.

    Args:
        weighing: Of the call.
        rules: About its tool, as `flow_rules` gathers them.
    """
    sink = sink_of(weighing.tool.definition, rules)
    return ruled(sink, _into(weighing, rules), weighing.arguments)


def _into(weighing: Weighing, rules: tuple[FlowRule, ...]) -> Iterator[Flow]:
    sink = sink_of(weighing.tool.definition, rules)
    return flows_into(
        sink, weighing.grounding, weighing.best, weighing.arguments, weighing.evidence
    )


def labels_of(call: Call, context: RoadContext) -> ArgumentLabels:
    """What is known of the values of a model's call, for rules that look at it.

    It is noted on the record, by which the same rules can be asked again. Of a call that was
    judged before, what was found then holds. Values that code or a person answers for are not
    traced, and so there is nothing of them.
    """
    record = context.record
    is_known = bool(record.sources) and not is_chosen_by_model(call, context)
    if comes_from_model(call) and not call.revision and not is_known:
        evidence = context.services.evidence.of(call)
        arguments = call.known_arguments
        weighing = weighed(context.tool, traced(call, context), arguments, evidence)
        if any(each.falls_short for each in weighing.sources):
            weighing = weighed(context.tool, traced_again(call, context), arguments, evidence)
        record.sources = weighing.sources
        record.confidential = _confidential(weighing, flow_rules(context.tool, context.services))
    return labels.labels_of(record.sources, record.confidential)


def _confidential(weighing: Weighing, rules: tuple[FlowRule, ...]) -> tuple[str, ...]:
    """The arguments into which something flows that has readers, by their names."""
    if not weighing.evidence.index.has_readers:
        return ()
    names = {
        shown(weighing.tool, flow.pointer).partition("/")[2].partition("/")[0]
        for flow in _into(weighing, rules)
        if flow.is_confidential
    }
    return tuple(sorted(names - {""}))


def _open(call: Call, context: RoadContext, weighing: Weighing) -> tuple[ValueSource, ...]:
    """The values but for those that people vouched for, or are asked about by grounding."""
    asks, evidence = _grounding_asks(context), weighing.evidence
    if not asks and not evidence.endorsed:
        return weighing.sources
    both = zip(weighing.sources, weighing.grounding.traces, strict=True)
    return tuple(
        [
            source
            for source, trace in both
            if (trace.is_grounded or not asks)
            and not (source.falls_short and is_endorsed(call, context, evidence, trace.pointer))
        ]
    )


def _grounding_asks(context: RoadContext) -> bool:
    """Whether a value without a source does not come as far as this."""
    rule = context.services.evidence.rules.of(context.tool.name)
    return rule.mode is GroundingMode.ENFORCE


def _short(sources: tuple[ValueSource, ...]) -> Iterator[Obligation]:
    """One reason for all values that fall short."""
    short = [each for each in sources if each.falls_short]
    if not short:
        return
    told = dict.fromkeys(map(_told, short))
    yield Obligation(UNTRUSTED_SOURCE, f"Not chosen by whom it has to be: {'; '.join(told)}.")


def _told(short: ValueSource) -> str:
    has, needs = short.integrity or Integrity.UNTRUSTED, short.needs or Integrity.UNTRUSTED
    return f"{short.pointer} is {has.words} and has to be {needs.words}"


def _unasked(weighing: Weighing) -> Iterator[Obligation]:
    """A reason to ask where the user's words call for no such tool."""
    names_object = any(
        source.integrity is _USER and trace.kind in _NAMING
        for trace, source in zip(weighing.grounding.traces, weighing.sources, strict=True)
    )
    if not weighing.evidence.lock.calls_for(
        weighing.tool.contract.intent, names_object=names_object
    ):
        yield _LOCKED_OUT
