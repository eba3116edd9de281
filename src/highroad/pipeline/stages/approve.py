"""`approve`: every reason to ask a person so far, asked at once, or an answer that they gave."""

import asyncio
import re
from typing import Any, Final

import orjson

from highroad.domain.approval import TIER_PRIVILEGED, Approval, ApprovalState, Level, Obligation
from highroad.domain.call import Call
from highroad.domain.entry import ApprovalSpent, Written
from highroad.domain.error import CallError, Code
from highroad.domain.tool import Tier
from highroad.domain.verdict import Hold, Proceed, Refuse, Verdict
from highroad.ledger import entries
from highroad.pipeline import grounding, keys
from highroad.pipeline.context import RoadContext
from highroad.pipeline.preview import preview
from highroad.pipeline.services import Services
from highroad.ports.conditions import ConditionError
from highroad.tools.compile import RegisteredTool

_PLACE: Final = re.compile(r"^.*?:\d+ (?=policy\.)")
"""File and line in front of a setting; folders may have spaces in their names."""

REJECTED: Final = CallError(
    code=Code.REJECTED,
    message="A person rejected this call.",
    hint="Do not call again; tell the user that it was rejected.",
)
VOID: Final = CallError(
    code=Code.APPROVAL_VOID,
    message="The tool, the arguments or a rule changed after this call was put before people.",
    hint="Make the call anew; it will be asked about as it is now.",
)
NESTED: Final = CallError(
    code=Code.CONFIRMATION_REQUIRED,
    message="This call needs a person's agreement, and a call from inside a tool cannot wait.",
    hint="Make the call outside of the tool first.",
)


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """A plain read that nothing can oblige is never asked about."""
    definition = tool.definition
    return (
        definition.has_effects
        or definition.ask is not None
        or services.verifier is not None
        or grounding.may_ask(tool, services)
        or services.policy.has_rules_for(definition)
    )


async def approve(call: Call, context: RoadContext) -> Verdict:
    """Go on, hold, or take the word of the people who were asked."""
    obligations = tuple(context.obligations) + _obligations_of_tier(call, context)
    if call.dry_run:
        return await preview(call, context, obligations)
    if context.approval is not None:
        agreed = _as_agreed(obligations, context.approval)
        return _answer(call, context, context.approval, _digest(call, context, agreed))
    if not obligations:
        return Proceed(call)
    if call.parent_id is not None:
        return Refuse(NESTED, rule=f"approve.{obligations[0].code}")
    return await _hold(call, context, obligations, _digest(call, context, obligations))


def _as_agreed(obligations: tuple[Obligation, ...], approval: Approval) -> tuple[Obligation, ...]:
    """The obligations that people saw, if they saw all that there are now.

    Some are not found again: a verifier is not asked twice. That the rules behind the others are
    still the same is in the digest by itself.
    """
    is_all = set(obligations) <= set(approval.obligations)
    return approval.obligations if is_all else obligations


def _obligations_of_tier(call: Call, context: RoadContext) -> tuple[Obligation, ...]:
    """What tier and `ask` rule demand; a rule that cannot be evaluated asks."""
    definition = call.known_definition
    if definition.tier is Tier.PRIVILEGED:
        return (Obligation(TIER_PRIVILEGED, "The tool is privileged."),)
    condition = context.services.asks.get(definition.digest)
    if condition is None:
        if definition.tier is Tier.IRREVERSIBLE:
            return (Obligation("tier_irreversible", "The effect cannot be undone."),)
        return ()
    try:
        is_asked = condition.holds(args=call.known_arguments, principal=call.principal)
    except ConditionError:
        return (Obligation("ask_rule_failed", f"The rule `{definition.ask}` has no answer."),)
    return (Obligation("ask_rule", f"The rule `{definition.ask}` asks."),) if is_asked else ()


def _digest(call: Call, context: RoadContext, obligations: tuple[Obligation, ...]) -> str:
    """What an approval is bound to (P4)."""
    record = context.record
    return record.run_key.digest(
        orjson.dumps(
            [
                record.principal_id,
                call.known_definition.digest,
                record.run_key.digest(context.canonical_arguments),
                [_without_place(rule) for rule in record.rules],
                [[o.code, o.reason, int(o.level), o.quorum] for o in obligations],
            ]
        )
    )


def _without_place(rule: str) -> str:
    """A rule without file and line: moving a line in a file changes no rule."""
    return _PLACE.sub("", rule)


def _answer(call: Call, context: RoadContext, approval: Approval, digest: str) -> Verdict:
    """What the state of the approval means for the call that waited for it."""
    match approval.state:
        case ApprovalState.REJECTED:
            return Refuse(REJECTED, rule=f"approval.{approval.id}", keeps_key=True)
        case ApprovalState.WAITING:
            return Hold(approval)
        case ApprovalState.APPROVED if approval.digest == digest:
            return Proceed(call)
        case ApprovalState.APPROVED:
            context.hold_after = approval.voided()
            return Refuse(VOID, rule=f"approval.{approval.id}: it is of another digest")
        case ApprovalState.VOID | ApprovalState.CONSUMED | ApprovalState.EXPIRED:
            return Refuse(VOID, rule=f"approval.{approval.id}: it is {approval.state}")


async def _hold(
    call: Call, context: RoadContext, obligations: tuple[Obligation, ...], digest: str
) -> Verdict:
    services, record = context.services, context.record
    now_ms = services.clock.now_ms()
    level = max(obligation.level for obligation in obligations)
    approval = Approval(
        id=services.ids.new("apr"),
        call_id=call.id,
        run_id=call.run_id,
        organization=call.organization,
        requester=record.principal_id,
        tool=call.known_definition.name,
        digest=digest,
        level=Level(level),
        quorum=max(obligation.quorum for obligation in obligations),
        obligations=obligations,
        created_ms=now_ms,
        expires_ms=now_ms + int(services.limits.approval_s * 1_000),
    )
    services.ledger.seal_arguments(record, context.canonical_arguments)
    services.ledger.seal_call(record)
    record.trace.append(("approve", "hold", obligations[0].code, None, 0))
    claim = context.claim if keys.is_shared(call) else None
    entry = entries.held(record, approval, at_ms=now_ms, claim=claim)
    try:
        taken = await keys.take(call, context, entry)
    except asyncio.CancelledError:
        # The hold may land all the same, and nobody shall be asked about a call that is over.
        context.hold_after = approval.voided()
        raise
    if isinstance(taken, Written | ApprovalSpent):
        return Hold(approval)
    record.trace.pop()
    return taken
