"""Onto the road: how a call, new or known to the ledger, gets the context it is driven in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.confidence import Statement
from highroad.domain.error import HighroadError
from highroad.domain.evidence import NO_EVIDENCE, Evidence
from highroad.domain.identity import Caller, Delegate, Origin, Principal, acting
from highroad.domain.ids import uuid_hex, with_prefix
from highroad.domain.tool import Tier
from highroad.domain.trace_context import TraceContext
from highroad.domain.value import value
from highroad.domain.verification import UserTurn
from highroad.ledger.history import CallHistory
from highroad.ledger.record import CallRecord
from highroad.ledger.results import Fetch
from highroad.limits.runs import LiveRun
from highroad.pipeline import keys
from highroad.pipeline.context import RoadContext
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.services import Services
from highroad.pipeline.successor import Successor
from highroad.pipeline.tracing import current_span

ANONYMOUS: Final = "unknown"
"""Stands in for a principal whose profile was erased."""


@value
class Proposal:
    """A call as a door takes it in."""

    tool: str
    version: str | None = None
    """The one that may answer; without it, the newest that may."""
    arguments: Mapping[str, object] | str | bytes
    principal: Principal | Caller | None = None
    """For whom; the door's own principal where nobody is named."""
    run: str | None = None
    """The caller's own name for a run that the call belongs to; without one it is a run of one."""
    run_id: str | None = None
    """An id of ours, of a run that stands; not with a name."""
    parent: str | None = None
    """The caller's own name for the run that this one is a child of."""
    conversation: str | None = None
    """The caller's own name for the conversation that the run belongs to."""
    key: str | None = None
    origin: Origin = Origin.CODE
    delegation: Sequence[Delegate] = ()
    evidence: Evidence = NO_EVIDENCE
    said: tuple[UserTurn, ...] = ()
    """The user's own words so far, from a host that moves the run."""
    asked_by: str | None = None
    """The model request whose reply proposed it."""
    position: int | None = None
    """Among the calls of that reply, from 0."""
    compensates: str | None = None
    """The call that it takes back."""
    stated: Statement | None = None
    """How sure the model said it was, where its request asked for that."""
    takes_handles: bool = False
    """Whoever proposed it is shown handles, and may put them in place of values."""
    dry_run: bool = False
    in_dry_run: bool = False
    """Its run is dry, and so is what is called from inside it."""
    in_shadow: bool = False
    """Its run is a shadow."""
    door: str = "python"
    trace: TraceContext | None = None
    """Where in a trace it is made; without it, where OpenTelemetry is."""
    deadline_ms: int | None = None
    """Unix time by which it has to be over, where that is before its own time is up."""


async def take_in(
    services: Services, proposal: Proposal, own: Principal
) -> tuple[Call, RoadContext]:
    """Give a proposal its ids, its run, its deadline and, if it names none, its principal.

    Raises:
        Unauthenticated: The credentials that showed its caller are good no more.
    """
    principal, delegation = acting(proposal.principal or own, proposal.delegation)
    if isinstance(proposal.principal, Caller):
        await let_in(services, proposal.principal, proposal)
    now_ms = services.clock.now_ms()
    call_id = services.ids.new("call")
    own_id = with_prefix(call_id, "run")
    deadline_ms = services.limits.deadline_ms(now_ms)
    if proposal.deadline_ms is not None:
        deadline_ms = min(deadline_ms, proposal.deadline_ms)
    if proposal.run_id is not None:
        run = await services.cancelled.enter(await services.runs.enter(proposal.run_id))
    elif proposal.run is None and proposal.parent is None and proposal.conversation is None:
        run = services.runs.begin(own_id)
    else:
        run = await services.cancelled.enter(
            await _run_of(services, proposal, principal.organization, own_id)
        )
    trace = proposal.trace or current_span() or TraceContext(trace_id=uuid_hex(call_id))
    call = Call(
        id=call_id,
        run_id=run.run_id,
        trace_id=trace.trace_id,
        parent_span_id=trace.span_id,
        is_sampled=trace.is_sampled,
        tool=proposal.tool,
        raw=proposal.arguments,
        principal=principal,
        deadline_ms=deadline_ms,
        created_ms=now_ms,
        step=run.next_step(),
        is_direct=run.is_direct,
        origin=proposal.origin,
        delegation=delegation,
        evidence=proposal.evidence,
        idempotency_key=proposal.key,
        version=proposal.version,
        dry_run=proposal.dry_run,
        in_dry_run=proposal.in_dry_run,
        in_shadow=proposal.in_shadow,
        door=proposal.door,
        compensates=proposal.compensates,
        asked_by=proposal.asked_by,
        position=proposal.position,
        stated=proposal.stated,
        takes_handles=proposal.takes_handles,
    )
    evidence = await _evidence(services, call, run, proposal)
    context = await _context(services, call, run)
    context.host_evidence = evidence
    return call, context


async def _evidence(
    services: Services, call: Call, run: LiveRun, proposal: Proposal
) -> RunEvidence | None:
    """What a call of a model is judged by where a host moves its run."""
    if call.origin is Origin.CODE or call.asked_by is not None:
        return None
    try:
        return await services.host_evidence(call, proposal.said)
    except BaseException:
        run.leave()
        raise


async def let_in(services: Services, caller: Caller, proposal: Proposal | None = None) -> None:
    """See that what showed a caller is good still; the store is asked anew for privileged calls.

    Raises:
        Unauthenticated: It is not.
        LedgerError: The store cannot be asked.
    """
    if services.validity is None:
        return
    tool = None if proposal is None else services.registry.find(proposal.tool, proposal.version)
    is_fresh = tool is None or tool.definition.tier is Tier.PRIVILEGED
    await services.validity.see(caller, is_fresh=is_fresh)


async def _run_of(
    services: Services, proposal: Proposal, organization: str, own_id: str
) -> LiveRun:
    """Step inside the run of a proposal that says where it belongs, and inside those above it.

    Raises:
        HighroadError: A name is empty, or the run belongs elsewhere.
    """
    if "" in {proposal.run, proposal.parent, proposal.conversation}:
        raise HighroadError(
            "a run, its parent and its conversation have names that are not empty; leave `run` "
            "out for a run of one"
        )
    key = services.ledger.keyring.organization(organization)
    parent_id = None if proposal.parent is None else key.run_id(proposal.parent)
    conversation_id = (
        None if proposal.conversation is None else key.conversation_id(proposal.conversation)
    )
    if proposal.run is not None:
        return await services.runs.enter(
            key.run_id(proposal.run), parent_id=parent_id, conversation_id=conversation_id
        )
    if parent_id is not None:
        return await services.runs.begin_below(own_id, parent_id, conversation_id=conversation_id)
    return services.runs.begin(own_id, conversation_id=conversation_id)


async def take_in_nested(
    services: Services,
    parent: Call,
    tool: tuple[str, str | None],
    arguments: Mapping[str, object] | str | bytes,
    key: str | None,
) -> tuple[Call, RoadContext]:
    """A call from inside the body of `parent`: same run, principal and deadline.

    Args:
        services: Of the runtime.
        parent: Whose body calls.
        tool: Name, and the one version that may answer, if it is to be one.
        arguments: Of the call.
        key: Given by the body.
    """
    run = await services.runs.enter(parent.run_id, is_direct=parent.is_direct)
    call = replace(
        parent,
        id=services.ids.new("call"),
        tool=tool[0],
        version=tool[1],
        raw=arguments,
        created_ms=services.clock.now_ms(),
        step=run.next_step(),
        is_direct=False,
        parent_id=parent.id,
        parent_span_id=None,
        idempotency_key=key,
        revision=0,
        # These are of the call whose body makes it, and so is the key of what takes a call back.
        stands_in_for=None,
        redrives=None,
        compensates=None,
        asked_by=None,
        position=None,
        stated=None,
        definition=None,
        arguments=None,
    )
    return call, await _context(services, call, run)


async def take_in_successor(
    services: Services, call: Call, successor: Successor
) -> tuple[Call, RoadContext]:
    """A call in place of one that was given up on: same run and principal, a deadline of its own.

    One from inside a body keeps that of the call whose body waits.
    """
    now_ms = services.clock.now_ms()
    run = await services.runs.enter(call.run_id, is_direct=call.is_direct)
    deadline_ms = call.deadline_ms
    if call.parent_id is None:
        deadline_ms = services.limits.deadline_ms(now_ms)
    made = replace(
        call,
        id=successor.call_id,
        tool=successor.tool.name,
        version=successor.version,
        raw=successor.arguments,
        created_ms=now_ms,
        deadline_ms=deadline_ms,
        step=run.next_step(),
        is_direct=False,
        idempotency_key=successor.key,
        revision=0,
        stands_in_for=call.id,
        redrives=None,
        # What is only said takes nothing back.
        compensates=call.compensates if successor.may_take_effect else None,
        asked_by=None,
        position=None,
        stated=None,
        definition=None,
        arguments=None,
    )
    context = await _context(services, made, run)
    context.made_as = successor
    return made, context


async def take_in_refresh(services: Services, call: Call, fetch: Fetch) -> tuple[Call, RoadContext]:
    """A read that was answered past its time, once more: a run of its own, for the same caller."""
    now_ms = services.clock.now_ms()
    run = services.runs.begin(with_prefix(fetch.call_id, "run"))
    made = replace(
        call,
        id=fetch.call_id,
        run_id=run.run_id,
        trace_id=uuid_hex(fetch.call_id),
        parent_span_id=None,
        is_sampled=True,
        version=call.known_definition.version,
        created_ms=now_ms,
        deadline_ms=services.limits.deadline_ms(now_ms),
        step=run.next_step(),
        is_direct=True,
        idempotency_key=None,
        parent_id=None,
        revision=0,
        door="cache",
        stands_in_for=None,
        redrives=None,
        compensates=None,
        asked_by=None,
        position=None,
        stated=None,
        definition=None,
        arguments=None,
    )
    context = await _context(services, made, run)
    context.fetch = fetch
    return made, context


async def take_in_redrive(services: Services, call: Call) -> tuple[Call, RoadContext]:
    """A call as it was, once more: same run, principal, arguments and key, a new id and deadline.

    The wall time of its run is not what it waited for a person.
    """
    now_ms = services.clock.now_ms()
    run = await services.runs.enter(call.run_id, is_direct=True)
    made = replace(
        call,
        id=services.ids.new("call"),
        created_ms=now_ms,
        deadline_ms=services.limits.deadline_ms(now_ms),
        step=run.next_step(),
        is_direct=False,
        parent_id=None,
        revision=0,
        stands_in_for=None,
        redrives=call.id,
        asked_by=None,
        position=None,
        stated=None,
    )
    return made, await _context(services, made, run)


async def _context(services: Services, call: Call, run: LiveRun) -> RoadContext:
    try:
        record = await services.ledger.record(call, policy_version=services.policy.version)
    except BaseException:
        run.leave()
        raise
    return _within(services, record, run)


def _within(
    services: Services, record: CallRecord, run: LiveRun, approval: Approval | None = None
) -> RoadContext:
    """The context of a call in its run, whose place its first entry tells."""
    record.parent_run_id, record.conversation_id = run.parent_id, run.conversation_id
    return RoadContext(services, record, run, approval)


def bare(services: Services, history: CallHistory) -> Call:
    """As much of a call as its entries say: enough to end it, and to make no other in its place.

    They name neither for whom it was made nor whether its run is dry.
    """
    opening = history.opening
    return Call(
        id=history.call_id,
        run_id=history.run_id,
        trace_id=opening["trace"],
        parent_span_id=opening.get("parent_span"),
        tool=opening["tool"] or "",
        version=opening.get("version"),
        raw={},
        principal=Principal(ANONYMOUS, history.organization),
        deadline_ms=services.clock.now_ms(),
        created_ms=opening["opened"],
        step=opening["step"],
        is_direct=opening["direct"],
        origin=Origin(opening["origin"]),
        door=opening["door"],
        compensates=opening.get("compensates"),
        asked_by=opening.get("asked_by"),
        position=opening.get("position"),
    )


async def reopen(
    services: Services,
    call: Call,
    history: CallHistory,
    approval: Approval | None = None,
    *,
    is_bare: bool = False,
) -> RoadContext:
    """The context of a call that the ledger knows, to drive it on or to end it.

    Args:
        services: Of the runtime.
        call: As it was made, or bare.
        history: What the ledger says of it.
        approval: That it waited for.
        is_bare: Whether the entries are all that is known of it.
    """
    record = await services.ledger.reopened(call, history)
    run = await services.cancelled.enter(
        await services.runs.enter(call.run_id, is_direct=call.is_direct)
    )
    context = _within(services, record, run, approval)
    context.is_bare = is_bare
    record.arguments = history.ref("arguments")
    tool = services.registry.find(call.tool, call.version)
    if tool is not None:
        known = call.resolved(tool.definition, dict(_arguments(call)))
        context.settle_on(tool, known)
        if tool.definition.has_effects:
            context.claim = keys.claim_key(known, context)
    if record.has_intent:
        context.doubt.resume(record.effect)
    if history.deferred is not None:
        context.resume_deferred(
            attempts=history.deferred["attempts"],
            latency_us=history.deferred["latency_us"],
            is_in_doubt="in_doubt" in history.deferred,
        )
    return context


def _arguments(call: Call) -> Mapping[str, Any]:
    return call.raw if isinstance(call.raw, Mapping) else {}
