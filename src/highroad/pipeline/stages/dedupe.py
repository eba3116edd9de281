"""`dedupe`: is this call on its way, answered, or running in circles already?"""

from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.verdict import Conclude, Join, Proceed, Refuse, Verdict
from highroad.pipeline import keys, repetition
from highroad.pipeline.caching import answered, is_cached
from highroad.pipeline.context import RoadContext
from highroad.pipeline.inflight import Flight
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool

INSIDE_ITSELF: Final = CallError(
    code=Code.LOOP_DETECTED,
    message="The tool made the very call from inside which it was made.",
    hint="Tell the user that the tool calls itself and cannot end.",
)
"""Joined, the two would wait for each other."""


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A direct read without a key repeats nothing, but may be answered from the cache."""
    del services
    return is_cached(tool)


async def dedupe(call: Call, context: RoadContext) -> Verdict:
    """Answer from an earlier call where there is one; stop loops."""
    if call.dry_run:
        return Proceed(call)
    if context.made_as is not None and context.made_as.conclusion is not None:
        return Conclude(context.made_as.conclusion)
    if not call.known_definition.has_effects:
        kept = await answered(call, context) if is_cached(context.tool) else None
        verdict = kept or _looping(call, context)
        if verdict is not None:
            return verdict
        if call.is_direct and call.idempotency_key is None:
            return Proceed(call)
    return await _take_key(call, context)


async def _take_key(call: Call, context: RoadContext) -> Verdict:
    """Fly under the call's key, or be answered by whoever has it.

    The key of a read only joins a call in flight; that of an effect is looked up in the ledger
    too, where the intent or the hold will claim it, unless no later call can have it.
    """
    services = context.services
    claim = context.claim = keys.claim_key(call, context)
    owns_key = context.was_judged
    flight = services.inflight.enter(claim.digest, call, claim.arguments, owns_key=owns_key)
    if flight is not None:
        return _join(call, context, flight)
    if not call.known_definition.has_effects or not keys.is_shared(call):
        return Proceed(call)
    standing = await services.ledger.claim(call.organization, claim.digest)
    if standing is not None:
        return await repetition.answer(call, context, standing)
    if call.redrives is not None:
        return await repetition.answer_redrive(call, context)
    return Proceed(call)


def _join(call: Call, context: RoadContext, flight: Flight) -> Verdict:
    """What a call is answered whose key flies already."""
    if context.claim is not None and flight.arguments != context.claim.arguments:
        return Refuse(repetition.REUSED, rule="idempotency.arguments")
    if context.services.inflight.is_inside(call, flight.call_id):
        return Refuse(INSIDE_ITSELF, rule=f"idempotency.inside {flight.call_id}")
    return Join(flight.call_id)


def _looping(call: Call, context: RoadContext) -> Refuse | None:
    """A run that makes the same read again and again is told to stop."""
    if call.is_direct:
        return None
    loops, name = context.services.loops, call.known_definition.name
    times = loops.seen(call.run_id, name, context.canonical_arguments)
    if times is None:
        return None
    return Refuse(
        CallError(
            code=Code.LOOP_DETECTED,
            message=f"The same call was made {times} times in a row.",
            hint="Use the answer that you have, call with other arguments, or ask the user.",
        ),
        rule="limits.identical_calls",
    )
