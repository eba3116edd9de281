"""What the second call with an idempotency key is answered.

The table of DESIGN section 2 ("Keys") stands here and nowhere else: `dedupe` reads it before
anybody is asked, and a call that loses the race for its key at the hold or the intent reads it
then.
"""

import logging
from dataclasses import replace
from typing import Final

import orjson

from highroad.domain.call import Call
from highroad.domain.entry import KeyClaim
from highroad.domain.error import CallError, Code, VaultError
from highroad.domain.outcome import Ending, Status
from highroad.domain.verdict import Conclude, Hold, Join, Proceed, Refuse, Verdict
from highroad.ledger.history import CallHistory
from highroad.pipeline.context import RoadContext
from highroad.pipeline.stand_in import CONCLUDED

_log: Final = logging.getLogger("highroad.road")

REUSED: Final = CallError(
    code=Code.IDEMPOTENCY_KEY_REUSED,
    message="This idempotency key was used before, for other arguments.",
    hint="Use a new key for a new call, or repeat the call exactly as it was.",
)
NOT_YET: Final = CallError(
    code=Code.DEPENDENCY_UNAVAILABLE,
    message="The same call was given up on, and what stands in for it may be under way.",
    hint="Try again in a few minutes.",
    retryable=True,
)


async def answer(call: Call, context: RoadContext, claim: KeyClaim) -> Verdict:
    """What `call` is answered, given the claim that stands on its key."""
    if claim.call_id == call.id:
        return Proceed(call)
    if context.claim is not None and claim.arguments != context.claim.arguments:
        return Refuse(REUSED, rule="idempotency.arguments")
    if context.services.inflight.is_flying(claim.call_id):
        return Join(claim.call_id)
    history = await context.services.ledger.history(claim.call_id)
    if history is not None and _is_overdue(history, context):
        # Nobody has looked since: it ends now.
        await context.services.joiner(claim.call_id)
        history = await context.services.ledger.history(claim.call_id)
    if history is None or history.ended is None:
        if history is not None and history.hold is not None:
            return Hold(history.hold)
        # Its owner is gone: recovery settles it, and its ending answers.
        return Join(claim.call_id)
    return await _answer_ended(call, context, history)


def _is_overdue(history: CallHistory, context: RoadContext) -> bool:
    """Whether it waits for people, or for its result, and the time is over."""
    hold = history.hold
    return hold is not None and hold.is_overdue(context.services.clock.now_ms())


async def answer_redrive(call: Call, context: RoadContext) -> Verdict:
    """What a call is answered that makes another one again on whose key no claim stands.

    That one may have been a run of one, which claims none, or its claim has expired.
    """
    history = await context.services.ledger.history(call.redrives or "")
    if history is None or history.ended is None:
        return Refuse(NOT_YET, rule=f"redrives.{call.redrives}")
    return await _answer_ended(call, context, history)


async def _answer_ended(call: Call, context: RoadContext, history: CallHistory) -> Verdict:
    """What a call is answered whose key belongs to a call that has ended."""
    if history.successor is not None:
        return await _answer_successor(call, context, history, history.successor)
    return await _answer_alone(call, context, history)


async def _answer_alone(call: Call, context: RoadContext, history: CallHistory) -> Verdict:
    """The same, where nothing stood in for that call."""
    rule = f"idempotency.{history.status}"
    match history.status:
        case Status.COMPLETED:
            return await _repeat(context, history, rule)
        case Status.UNKNOWN:
            if history.settled is True:
                return await _repeat(context, history, rule)
            if history.settled is False:
                return _take_over(call, context, history)
            return Conclude(
                Ending(
                    status=Status.UNKNOWN,
                    error=CallError(
                        code=Code.OUTCOME_UNKNOWN,
                        message="The same call was made before and nobody knows its outcome.",
                        hint="Do not call again; a person has to settle the first one.",
                    ),
                    source=history.call_id,
                    is_repeated=True,
                    rule=rule,
                    decided_by="dedupe",
                )
            )
        case Status.REFUSED if history.code == Code.REJECTED:
            return _rejected(call, context, history)
        case _:
            return Proceed(call)


def _rejected(call: Call, context: RoadContext, history: CallHistory) -> Verdict:
    """A person's rejection stands for its run; in another one nobody was asked yet."""
    if history.run_id != call.run_id:
        return _take_over(call, context, history)
    return Refuse(
        CallError(
            code=Code.REJECTED,
            message="A person rejected this call before; it stands for this run.",
            hint="Do not call again; tell the user that it was rejected.",
        ),
        rule=f"idempotency.rejected {history.call_id}",
    )


def _take_over(call: Call, context: RoadContext, history: CallHistory) -> Verdict:
    """Run under a key that the call before has no more use for."""
    if context.claim is not None:
        context.claim = replace(context.claim, replaces=history.call_id)
    return Proceed(call)


async def _repeat(context: RoadContext, history: CallHistory, rule: str) -> Verdict:
    """The stored outcome of a completed call; one whose result was destroyed has completed too.

    A result of which only a part is gone is not made up: that is the ledger's trouble.
    """
    ledger = context.services.ledger
    stored: bytes | None = None
    try:
        stored = await ledger.open_json(history, "result")
    except VaultError as error:
        _log.warning("call %s answers without its result: %s", history.call_id, error)
    blobs = () if stored is None else await ledger.open_blobs(history)
    return Conclude(
        Ending(
            status=Status.COMPLETED,
            stored=stored if stored is not None else orjson.dumps(None),
            blobs=blobs,
            version=history.opening.get("version"),
            maker=history.opening["tool"],
            source=history.call_id,
            is_repeated=True,
            rule=rule,
            decided_by="dedupe",
        )
    )


async def _answer_successor(
    call: Call, context: RoadContext, history: CallHistory, successor: str
) -> Verdict:
    """What a call is answered whose key belongs to one that another call stands in for.

    As long as that one may have taken effect, the two must not both (P11). Where it was not made
    after all, because its process died before, or did nothing, the key is free.
    """
    inflight = context.services.inflight
    if inflight.is_inside(call, successor):
        return Refuse(NOT_YET, rule=f"fallback.inside {successor}")
    if inflight.is_flying(successor):
        return Join(successor, maker=inflight.tool_of(successor))
    stand_in = await context.services.ledger.history(successor)
    if stand_in is None and context.services.ledger.store.is_shared and _is_young(history, context):
        return Refuse(NOT_YET, rule=f"fallback.{successor}")
    verdict = None if stand_in is None else await _answer_from(stand_in, call, context)
    return verdict or _take_over(call, context, history)


async def _answer_from(stand_in: CallHistory, call: Call, context: RoadContext) -> Verdict | None:
    """What a stand-in answers for the call before it; `None` where it did nothing."""
    if stand_in.ended is None:
        if stand_in.hold is not None:
            return Hold(stand_in.hold)
        return Join(stand_in.call_id, maker=stand_in.opening["tool"])
    if stand_in.successor is None and not _may_have_done(stand_in):
        return None
    verdict = await _answer_ended(call, context, stand_in)
    return None if isinstance(verdict, Proceed) else verdict


def _may_have_done(stand_in: CallHistory) -> bool:
    """Whether it took effect, or may have; an answer that was only said did not."""
    if stand_in.ended is None or stand_in.ended["rule"] in CONCLUDED:
        return False
    return stand_in.status in {Status.COMPLETED, Status.UNKNOWN}


def _is_young(history: CallHistory, context: RoadContext) -> bool:
    """Whether the process that ended a call may still be about to make the one behind it."""
    ended_ms = 0 if history.ended is None else int(history.ended["at"])
    services = context.services
    return services.clock.now_ms() < ended_ms + services.limits.call_s * 1_000
