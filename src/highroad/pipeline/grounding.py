"""Grounding: is every value that steers a call one that somebody named?

A model's call is judged by the evidence of its run. Calls of code are their own evidence, and so
is what code makes of a call that was judged: one from inside a body, a fallback, a redrive, the
renewal of a kept result, and an edit by a person.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.error import CallError, Code, Problem
from highroad.domain.evidence import Grounding
from highroad.domain.grounding import GroundingMode, GroundingRule, ValueSource, WhenUngrounded
from highroad.domain.identity import Origin
from highroad.domain.provenance import ProvenanceMode
from highroad.domain.tool import ToolDefinition
from highroad.domain.verdict import Proceed, Refuse
from highroad.pipeline.context import RoadContext
from highroad.pipeline.endorsement import digests
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.services import Services
from highroad.ports.policy import Permit
from highroad.tools.arguments.pointer import pointer, tokens
from highroad.tools.compile import RegisteredTool
from highroad.tools.derivation.boundary import leaves_boundary
from highroad.tools.schemas.navigation import member_names

UNGROUNDED: Final = "ungrounded"
"""Code of the obligation."""
RENEWAL: Final = "cache"
"""The door of a read that renews a kept result."""
_WANTED: Final = "a value that the user named or that an earlier result of this run has"


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether calls of a tool are judged that a model makes."""
    is_off = services.evidence.rules.of(tool.name).mode is GroundingMode.OFF
    return not is_off and is_judged(tool.definition)


def is_judged(definition: ToolDefinition) -> bool:
    """Whether calls of a tool may steer anything that matters: beyond reads of what is its own."""
    return definition.has_effects or leaves_boundary(definition)


def may_ask(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether a person may be asked because of what nobody named."""
    return services.evidence.rules.of(tool.definition.name).may_ask and applies(tool, services)


def rule_in_force(call: Call, tool: RegisteredTool[Any], services: Services) -> str | None:
    """How a call is judged; the same before it is held and when it is driven on."""
    if call.revision or not comes_from_model(call) or not applies(tool, services):
        return None
    rule = services.evidence.rules.of(tool.name)
    return f"grounding {rule.mode} {rule.ungrounded}"


async def grounded(call: Call, context: RoadContext) -> Proceed | Refuse:
    """Trace every control argument of a call that a model made; note where each came from."""
    if call.revision:
        # Whoever edits a call answers for all of it, and is named by the decision.
        context.record.sources = ()
        context.record.confidential = ()
        return Proceed(call)
    if not is_chosen_by_model(call, context) or not applies(context.tool, context.services):
        return Proceed(call)
    rule = context.services.evidence.rules.of(context.tool.name)
    grounding, evidence = traced(call, context), context.services.evidence.of(call)
    unnamed = list(
        dict.fromkeys(
            shown(context.tool, trace.pointer)
            for trace in grounding.ungrounded
            if not is_endorsed(call, context, evidence, trace.pointer)
        )
    )
    if unnamed or not _is_weighed(context):
        context.record.sources = recorded(grounding, context.tool)
    if not unnamed:
        return Proceed(call)
    return _ungrounded(call, context, rule, unnamed)


def _is_weighed(context: RoadContext) -> bool:
    """Whether provenance notes the sources, with what they are worth, as soon as this lets go."""
    rule = context.services.evidence.provenance.of(context.tool.name)
    return rule.mode is not ProvenanceMode.OFF


def traced(call: Call, context: RoadContext) -> Grounding:
    """Where the control arguments of a call come from; looked for once in a drive."""
    if context.grounding is None:
        context.grounding = _ground(call, context, said_otherwise=False)
    return context.grounding


def traced_again(call: Call, context: RoadContext) -> Grounding:
    """The same with the user's own word in every notation: before a person is asked for want of it.

    A stranger who writes a value as the call has it does not hide that the user said it, too.
    """
    context.grounding = _ground(call, context, said_otherwise=True)
    return context.grounding


def _ground(call: Call, context: RoadContext, *, said_otherwise: bool) -> Grounding:
    # A pseudonym that the tool is handed as such is known by what it stands for.
    arguments = context.services.redaction.revealed(call.run_id, call.known_arguments)
    return context.services.evidence.of(call).ground(
        context.tool.definition,
        arguments if isinstance(arguments, dict) else {},
        context.handles,
        said_otherwise=said_otherwise,
    )


def is_endorsed(call: Call, context: RoadContext, evidence: RunEvidence, pointer: str) -> bool:
    """Whether a person has vouched for the value at a pointer, in this run."""
    if not evidence.endorsed:
        return False
    key, tool = context.record.run_key, context.tool.name
    found = [each for _, each in digests(key, tool, call.known_arguments, pointer)]
    return bool(found) and evidence.endorsed.issuperset(found)


def recorded(grounding: Grounding, tool: RegisteredTool[Any]) -> tuple[ValueSource, ...]:
    """A grounding as the ledger has it: no key of a free-form map, and of places the best (P7)."""
    found = []
    for trace in grounding.traces:
        best = trace.places[0] if trace.places else None
        found.append(
            ValueSource(
                pointer=shown(tool, trace.pointer),
                kind=None if best is None else best.kind,
                source=None if best is None else best.source,
                how=None if best is None else best.how,
            )
        )
    return tuple(found)


@lru_cache(8_192)
def shown(tool: RegisteredTool[Any], at: str) -> str:
    """A pointer up to the first key that is data (P7)."""
    return pointer(tokens(at), tool.names)


def is_chosen_by_model(call: Call, context: RoadContext) -> bool:
    """Whether a model, or a stranger, chose these arguments, and nobody has judged them yet."""
    is_judged_already = context.approval is not None or context.record.has_intent
    return comes_from_model(call) and not is_judged_already


def comes_from_model(call: Call) -> bool:
    """Whether its arguments are a model's own, and not what code made of another call."""
    return (
        call.origin is not Origin.CODE
        and call.parent_id is None
        and call.stands_in_for is None
        and call.redrives is None
        and call.door != RENEWAL
    )


def _ungrounded(
    call: Call, context: RoadContext, rule: GroundingRule, unnamed: list[str]
) -> Proceed | Refuse:
    """What becomes of it."""
    named = " ".join(unnamed)
    if rule.mode is GroundingMode.OBSERVE:
        return Proceed(call, note=f"grounding.observe: {named}")
    if rule.ungrounded is WhenUngrounded.ASK:
        reason = f"Nobody named what stands at {', '.join(unnamed)}."
        return Proceed(call, (Obligation(UNGROUNDED, reason),), note=f"grounding.ask: {named}")
    return Refuse(refusal(call, context, unnamed), rule=f"grounding: {named}")


def refusal(call: Call, context: RoadContext, unnamed: list[str]) -> CallError:
    """What a model is told, free of values: what is missing, and where to get it."""
    fields = [_field(each) for each in unnamed]
    plain = ", ".join(f"`{each}`" for each in dict.fromkeys(fields))
    hint = f"Do not guess. Ask the user for {plain}"
    readers = _readers(call, context, fields)
    if readers:
        hint += f", or read it first: {', '.join(readers)}"
    return CallError(
        code=Code.UNGROUNDED,
        message=f"Nothing that the user said and no result of this run names {plain}.",
        hint=f"{hint}; then call again with what was found.",
        problems=tuple(Problem(each, UNGROUNDED, _WANTED) for each in unnamed),
    )


def _readers(call: Call, context: RoadContext, fields: Iterable[str]) -> list[str]:
    """Reads that this caller may make, and whose results have such a field."""
    wanted, services = set(fields), context.services
    found = [
        tool.name
        for tool in services.registry
        if not tool.definition.has_effects
        and tool.definition.deprecated is None
        and tool.definition.output_schema is not None
        and wanted & member_names(dict(tool.definition.output_schema))
        and tool.name != context.tool.name
        and isinstance(services.admission(call, tool.definition), Permit)
    ]
    return list(dict.fromkeys(found))  # of several versions one name


def _field(at: str) -> str:
    """The name at the end of a pointer; of an element, that of its list."""
    names = [token for token in tokens(at) if isinstance(token, str)]
    return names[-1] if names else "arguments"
