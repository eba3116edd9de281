"""Settling what was in flight when its process died, by its effect class (P11)."""

from dataclasses import replace
from typing import Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.outcome import AnyOutcome, Ending, Proof, Status
from highroad.domain.tool import Effect
from highroad.ledger.history import CallHistory
from highroad.pipeline import doorway
from highroad.pipeline.attempts import attempt, probe, unknown
from highroad.pipeline.context import RoadContext, Services
from highroad.pipeline.drive import drive
from highroad.pipeline.stored import stored_outcome

INTERRUPTED: Final = CallError(
    code=Code.INTERRUPTED,
    message="The process that ran this call ended before the call did.",
    hint="Make the call again if it is still wanted.",
    retryable=True,
)


async def settle_open_calls(services: Services) -> tuple[AnyOutcome, ...]:
    """End every call that was in flight; held ones go on waiting."""
    settled: list[AnyOutcome] = []
    for call_id in await services.ledger.store.open_calls():
        history = await services.ledger.history(call_id)
        if history is not None and history.intent is not None:
            settled.append(await settle(services, call_id))
    return tuple(settled)


async def settle(services: Services, call_id: str) -> AnyOutcome:
    """The outcome of a call that nobody drives: its ending, made now if it has none.

    A read is over without a trace. A repeatable tool runs again; an idempotent one runs again
    with the same key while the key is honoured; a checkable one is asked; whatever else was begun
    is unknown.
    """
    history = await services.ledger.history(call_id)
    if history is None:
        raise LookupError(f"no call {call_id} in this ledger")
    if history.ended is not None or history.is_held:
        return await stored_outcome(services, history)
    context, call = await _reopen(services, history)
    return await drive(call, context, ending=await _ending(context, history))


async def _reopen(services: Services, history: CallHistory) -> tuple[RoadContext, Call]:
    call = await doorway.thaw(services, history)
    call = replace(
        call,
        deadline_ms=services.clock.now_ms() + int(services.limits.call_s * 1_000),
    )
    context = await doorway.reopen(services, call, history)
    return context, call


async def _ending(context: RoadContext, history: CallHistory) -> Ending:
    services, intent = context.services, history.intent
    if not context.is_resolved or intent is None:
        return _unknown()
    definition = context.tool.definition
    context.begin_body()
    if not definition.has_effects:
        return Ending(status=Status.FAILED, error=INTERRUPTED, proof=Proof.REPEATABLE)
    age_s = (services.clock.now_ms() - intent["at"]) / 1_000
    match definition.effect:
        case Effect.REPEATABLE:
            return await attempt(context.record.call, context)
        case Effect.IDEMPOTENT if age_s < definition.honoured_s:
            return await attempt(context.record.call, context)
        case Effect.CHECKABLE:
            return await probe(context.record.call, context, INTERRUPTED)
        case _:
            return _unknown()


def _unknown() -> Ending:
    return Ending(
        status=Status.UNKNOWN, error=unknown(INTERRUPTED), rule="recovery", keeps_key=True
    )
