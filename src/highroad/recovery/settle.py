"""Settling what was in flight when its process died, by its effect class (P11)."""

import logging
from dataclasses import replace
from typing import Final

from highroad.domain.approval import ApprovalState
from highroad.domain.call import Call
from highroad.domain.deferral import Deferral, DeferralState
from highroad.domain.error import CallError, Code, FenceLost, NotRecorded, VaultError
from highroad.domain.outcome import AnyOutcome, Ending, Held, Proof, Status
from highroad.domain.tool import Effect, Tier
from highroad.ledger.history import CallHistory
from highroad.ledger.tables.rows import records, selection
from highroad.pipeline import doorway
from highroad.pipeline.attempts import attempt, probe
from highroad.pipeline.completion import ending_by, handed_in
from highroad.pipeline.context import RoadContext
from highroad.pipeline.doubt import unknown
from highroad.pipeline.drive import drive
from highroad.pipeline.services import Services
from highroad.pipeline.stored import held_by, stored_outcome
from highroad.ports.tables import AuditTables

_log: Final = logging.getLogger("highroad.recovery")

INTERRUPTED: Final = CallError(
    code=Code.INTERRUPTED,
    message="The process that ran this call ended before the call did.",
    hint="Make the call again if it is still wanted.",
    retryable=True,
)


async def settle_open_calls(services: Services) -> tuple[AnyOutcome, ...]:
    """End every call that was in flight; held ones go on waiting, and so do those for their tool.

    Of a call whose tool is not here yet nobody takes hold: another process may have it.
    """
    settled: list[AnyOutcome] = []
    began_s = services.clock.monotonic_s()
    waiting = await _waiting(services.ledger.store.tables)
    for call_id in await services.ledger.store.open_calls():
        if call_id in waiting:
            continue
        history = await services.ledger.history(call_id)
        if history is None or history.ended is not None or history.is_held:
            continue
        if services.abandoned.left_s(history) > 0:
            continue
        if await services.ledger.store.adopt(call_id):
            alone_s = services.clock.monotonic_s() - began_s
            settled.append(await settle(services, call_id, alone_s=alone_s))
    return tuple(settled)


async def _waiting(tables: AuditTables) -> set[str]:
    """Calls that are held beyond doubt, by the page: there may be many, and nothing is due."""
    approvals = selection("approval", state=ApprovalState.WAITING)
    deferrals = selection("deferral", state=DeferralState.WAITING)
    return {
        row["call_id"] for wanted in (approvals, deferrals) async for row in records(tables, wanted)
    }


async def settle(services: Services, call_id: str, *, alone_s: float = 0.0) -> AnyOutcome:
    """The outcome of a call that nobody drives: its ending, made now if it has none.

    A read is over without a trace. A repeatable tool runs again; an idempotent one runs again
    with the same key while the key is honoured; a checkable one is asked; whatever else was begun
    is unknown. Where its result was handed in meanwhile, that ends it.

    Args:
        services: Of the runtime.
        call_id: The call.
        alone_s: For how long nobody else can have driven it. Its intent says when it began, and
            nothing says how late its effect may have come before its process died.

    Raises:
        FenceLost: Another process owns the ledger now, and settles what is to be settled.
        NotRecorded: The ledger has no such call.
    """
    failure = services.ledger.writer.failure
    if isinstance(failure, FenceLost):
        raise failure
    history = await services.ledger.history(call_id)
    if history is None:
        raise NotRecorded(f"the ledger has no call {call_id}")
    if history.ended is not None or history.is_held:
        return await stored_outcome(services, history)
    handed = await handed_in(services, history)
    call, is_whole = await _call_of(services, history)
    context = await doorway.reopen(services, call, history, is_bare=not is_whole)
    if handed is not None:
        completion_id, answer = handed
        return await drive(call, context, ending=ending_by(answer, completion_id, context))
    ending = _ending(context, history, is_whole=is_whole, alone_s=alone_s)
    return await drive(call, context, ending=ending)


async def _call_of(services: Services, history: CallHistory) -> tuple[Call, bool]:
    """The call, with a deadline of its own, and whether it can be run again as it was."""
    opening = history.opening
    is_whole = opening.get("tier") != Tier.READ and opening.get("effect") != Effect.UNPROTECTED
    call = doorway.bare(services, history)
    if is_whole:
        try:
            call = await services.ledger.thaw(history)
        except VaultError as error:
            _log.warning("call %s cannot be run again: %s", history.call_id, error)
            is_whole = False
    deadline_ms = services.limits.deadline_ms(services.clock.now_ms())
    return replace(call, deadline_ms=deadline_ms), is_whole


async def _ending(
    context: RoadContext, history: CallHistory, *, is_whole: bool, alone_s: float
) -> Ending | Held:
    services, opening = context.services, history.opening
    if opening.get("tier") == Tier.READ:
        return Ending(status=Status.FAILED, error=INTERRUPTED, proof=Proof.REPEATABLE)
    if not is_whole or not _is_as_it_was(context, opening["effect"]):
        return _unknown()
    call, definition = context.record.call, context.tool.definition
    # A clock that was set back says nothing of the age of a key: below zero is not honoured.
    age_s = (services.clock.now_ms() - opening["at"]) / 1_000
    match definition.effect:
        case Effect.REPEATABLE:
            return await _again(call, context)
        case Effect.IDEMPOTENT if 0 <= age_s < definition.honoured_s:
            context.hurry(definition.honoured_s - age_s)
            return await _again(call, context)
        case Effect.CHECKABLE:
            return await probe(call, context, INTERRUPTED, age_s=alone_s)
        case _:
            return _unknown()


async def _again(call: Call, context: RoadContext) -> Ending | Held:
    if context.services.is_dry:  # to run it again would be an effect
        return _unknown()
    came = await attempt(call, context)
    return held_by(came) if isinstance(came, Deferral) else came


def _is_as_it_was(context: RoadContext, effect: str) -> bool:
    """Whether the tool is there, accepted, and still of the class under which it ran."""
    if not context.is_resolved or context.tool.definition.digest in context.services.changed:
        return False
    return context.tool.definition.effect == effect


def _unknown() -> Ending:
    return Ending(status=Status.UNKNOWN, error=unknown(INTERRUPTED), rule="recovery")
