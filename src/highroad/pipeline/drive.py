"""`drive`: the one way of a call, from the proposal to its terminal record.

Every door enters here: a direct call, a loop, a resumed run, a framework's agent. The order of the
stages is the tuple `ROAD`, and nobody else knows it.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import orjson

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.error import BrokenPromise, CallError, Code, LedgerError
from highroad.domain.identity import Origin
from highroad.domain.outcome import (
    DEFERRED,
    AnyOutcome,
    Completed,
    Ending,
    Held,
    Proof,
    Refused,
    Status,
    Unknown,
)
from highroad.domain.verdict import Conclude, Hold, Join, Proceed, Refuse, StageLine, Verdict
from highroad.pipeline import keys
from highroad.pipeline.context import RoadContext
from highroad.pipeline.doubt import ended_by
from highroad.pipeline.services import Services
from highroad.pipeline.stages import (
    admit,
    approve,
    assess,
    authorize,
    dedupe,
    execute,
    resolve,
    screen,
    validate,
)
from highroad.pipeline.stages.finish import finish
from highroad.pipeline.stored import held_by, whole
from highroad.tools.compile import RegisteredTool

_log: Final = logging.getLogger("highroad.road")

_LOUD: Final = (Refused, Held, Unknown)
"""Outcomes that somebody should hear of."""

NO_LEDGER: Final = CallError(
    code=Code.LEDGER_UNAVAILABLE,
    message="The ledger cannot be written, so nothing is run.",
    hint="Try again later.",
    retryable=True,
)

GONE: Final = CallError(code=Code.CANCELLED, message="The call was cancelled.")
CALLED_OFF: Final = CallError(
    code=Code.CANCELLED,
    message="Somebody called this call off.",
    hint="Do not call again; tell the user that it was called off.",
)

Applies = Callable[[RegisteredTool[Any], Services], bool]


def _always(tool: RegisteredTool[Any], services: Services) -> bool:
    del tool, services
    return True


class Stage(NamedTuple):
    """One stage: what it does, and whether a tool has any use for it."""

    name: str
    decide: Callable[[Call, RoadContext], Awaitable[Verdict]]
    applies: Applies = _always
    applies_to_lone_read: Applies | None = None
    """The same for a direct read without a key, where that is less."""
    applies_to_code: Applies | None = None
    """The same for any call of code, where that is less."""


ROAD: Final = (
    Stage("resolve", resolve.resolve),
    Stage("validate", validate.validate),
    Stage("authorize", authorize.authorize, authorize.applies),
    Stage("dedupe", dedupe.dedupe, applies_to_lone_read=dedupe.applies_to_lone_read),
    Stage("screen", screen.screen, applies_to_lone_read=screen.applies_to_lone_read),
    Stage("assess", assess.assess, assess.applies, applies_to_code=assess.applies_to_code),
    Stage("approve", approve.approve, approve.applies),
    Stage("admit", admit.admit, applies_to_lone_read=admit.applies_to_lone_read),
    Stage("execute", execute.execute),
)


class Stretch(NamedTuple):
    """A stage on the road of one tool, and the lines of those that were left out before it."""

    left_out: tuple[StageLine, ...]
    name: str
    decide: Callable[[Call, RoadContext], Awaitable[Verdict]]


Plan = tuple[Stretch, ...]

_TO_THE_TOOL: Final[Plan] = (Stretch((), ROAD[0].name, ROAD[0].decide),)
"""`resolve`: what lies behind it depends on the tool."""
_TO_THE_ARGUMENTS: Final[Plan] = (*_TO_THE_TOOL, Stretch((), ROAD[1].name, ROAD[1].decide))
"""Up to `validate`: then the key of a call is known."""


async def drive(
    call: Call, context: RoadContext, *, ending: Awaitable[Ending | Held] | None = None
) -> AnyOutcome:
    """Take a call down the road, or straight to `finish` with an ending from elsewhere.

    It always answers, and always leaves one terminal record unless the call is held (P3, P5).
    Cancellation ends in `finish` too, and then goes on, unless somebody called off this very call:
    then whoever made it is answered.
    """
    flight = context.flight
    outcome: AnyOutcome | None = None
    try:
        if ending is None:
            verdict = await _travel(call, context)
            found = (
                verdict.ending if isinstance(verdict, Conclude) else await _end_of(verdict, context)
            )
        else:
            found = await ending
        flight.is_answered = True
        outcome = found if isinstance(found, Held) else await finish(context, found)
    except asyncio.CancelledError:
        flight.is_answered = True
        outcome = context.outcome or await _finish_cancelled(context)
        context.successor = None  # nobody waits for what would stand in
        if not flight.take_back():
            raise
    # The first of the two boundaries of the road: a bug of ours must not leave a call without
    # its end (P3).
    except Exception as error:  # noqa: BLE001 - see above
        flight.is_answered = True
        outcome = await finish(context, _broken(context, error))
    finally:
        flight.take_back()
        returning = context.give_back()
        if returning is not None:
            await returning
        # Cancelled once more while it ends, the call still has its answer for those who joined.
        context.leave(context.outcome if outcome is None else outcome)
    if isinstance(outcome, _LOUD):
        _log.warning("call %s %s: %s", outcome.call_id, outcome.status, outcome.error.code)
    return outcome if context.successor is None else await _stood_in(context, outcome)


async def _stood_in(context: RoadContext, outcome: AnyOutcome) -> AnyOutcome:
    """The outcome of the call behind this one, which has its terminal record (P3)."""
    services, successor = context.services, context.successor
    if successor is None:
        return outcome
    try:
        return await services.stand_in(context.record.call, successor) or outcome
    finally:
        # Had it not been made after all, whoever waits for it would wait for ever.
        services.inflight.leave(successor.call_id, outcome)


async def revise(call: Call, context: RoadContext) -> Refuse | Hold | Join | Conclude:
    """Take a held call with other arguments down the road as far as `approve` holds it anew.

    Nothing ends by that: where a stage stands against them, the call waits as it did.
    """
    try:
        return await _travel(call, context)
    finally:
        context.leave(None)


async def enter(services: Services, taking_in: Awaitable[tuple[Call, RoadContext]]) -> AnyOutcome:
    """Take a call in and drive it; who finds the ledger shut is answered as well (P5)."""
    try:
        call, context = await taking_in
    except LedgerError as error:
        return _shut_out(services, error)
    return await drive(call, context)


def _shut_out(services: Services, error: LedgerError) -> Refused:
    call_id = services.ids.new("call")
    _log.warning("call %s refused: %s: %s", call_id, NO_LEDGER.code, error)
    return Refused(call_id=call_id, error=NO_LEDGER)


async def held_as(services: Services, taking_in: Awaitable[tuple[Call, RoadContext]]) -> str | None:
    """The id of the call that waits under the key of this one, of which nothing is left.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    call, context = await taking_in
    try:
        if not isinstance(await _pass(_TO_THE_ARGUMENTS, call, context), Proceed):
            return None
        key = keys.claim_key(context.record.call, context)
        claim = await services.ledger.claim(call.organization, key.digest)
        history = None if claim is None else await services.ledger.history(claim.call_id)
        return history.call_id if history is not None and history.is_held else None
    finally:
        context.leave(None)


async def turn_away(
    services: Services, taking_in: Awaitable[tuple[Call, RoadContext]], ending: Ending
) -> AnyOutcome:
    """End a call that is not to begin; it is counted, and the ledger knows its tool (P3, P6)."""
    try:
        call, context = await taking_in
    except LedgerError as error:
        return _shut_out(services, error)
    return await drive(call, context, ending=_turned_away(call, context, ending))


async def _turned_away(call: Call, context: RoadContext, ending: Ending) -> Ending:
    verdict = await _pass(_TO_THE_TOOL, call, context)
    return _refused(verdict, context) if isinstance(verdict, Refuse) else ending


async def _travel(call: Call, context: RoadContext) -> Refuse | Hold | Join | Conclude:
    """Pass stage after stage, up to the first verdict that is not `Proceed`."""
    verdict = await _pass(_TO_THE_TOOL, call, context)
    if isinstance(verdict, Proceed):
        verdict = await _pass(plan(verdict.call, context), verdict.call, context)
    if isinstance(verdict, Proceed):
        raise BrokenPromise("the road ended without a verdict")
    return verdict


async def _pass(road: Plan, call: Call, context: RoadContext) -> Verdict:
    """Let the stages decide, up to the first that does not say `Proceed`, and note what each said.

    Raises:
        BrokenPromise: There was none to decide.
    """
    trace, verdict = context.record.trace, None
    for left_out, name, decide in road:
        trace += left_out
        verdict = await decide(call, context)
        if not isinstance(verdict, Proceed):
            trace.append((name, *_words_of(verdict), context.lap_us()))
            return verdict
        trace.append((name, "proceed", None, verdict.note, context.lap_us()))
        call = verdict.call
        if verdict.obligations:
            context.obligations.extend(verdict.obligations)
    if verdict is None:
        raise BrokenPromise("a road without a stage")
    return verdict


def _words_of(
    verdict: Refuse | Hold | Join | Conclude,
) -> tuple[str, str | None, str | None]:
    """What left the road, in the trace: its word, code and rule."""
    match verdict:
        case Refuse():
            return ("refuse", verdict.actual or verdict.error.code, verdict.rule)
        case Hold(until=Approval() as approval):
            return ("hold", approval.obligations[0].code, None)
        case Hold():
            return ("hold", DEFERRED, None)
        case Join(call_id=call_id):
            return ("join", None, call_id)
        case Conclude(ending=ending):
            return ("conclude", None if ending.error is None else ending.error.code, ending.rule)


def plan(call: Call, context: RoadContext) -> Plan:
    """The road of this tool, compiled once: what cannot apply is left out and recorded so."""
    tool, services = context.tool, context.services
    definition = tool.definition
    is_lone_read = (
        call.is_direct
        and context.run.parent is None
        and not definition.has_effects
        and call.idempotency_key is None
        and not call.dry_run
    )
    is_of_code = call.origin is Origin.CODE
    key = (definition.digest, is_lone_read, is_of_code)
    compiled: Plan | None = services.plans.get(key)
    if compiled is None:
        compiled = services.plans[key] = _compiled(
            tool, services, is_lone_read=is_lone_read, is_of_code=is_of_code
        )
    return compiled


def _compiled(
    tool: RegisteredTool[Any], services: Services, *, is_lone_read: bool, is_of_code: bool
) -> Plan:
    stretches: list[Stretch] = []
    left_out: tuple[StageLine, ...] = ()
    for stage in ROAD[1:]:
        applies = _question(stage, is_lone_read=is_lone_read, is_of_code=is_of_code)
        if applies(tool, services):
            stretches.append(Stretch(left_out, stage.name, stage.decide))
            left_out = ()
        else:
            left_out = (*left_out, (stage.name, "n/a", None, None, 0))
    return tuple(stretches)


def _question(stage: Stage, *, is_lone_read: bool, is_of_code: bool) -> Applies:
    """What says whether a call of such a kind needs a stage."""
    if is_lone_read and stage.applies_to_lone_read is not None:
        return stage.applies_to_lone_read
    if is_of_code and stage.applies_to_code is not None:
        return stage.applies_to_code
    return stage.applies


async def _end_of(verdict: Refuse | Hold | Join, context: RoadContext) -> Ending | Held:
    """What it means for the call that a stage neither let it go on nor ended it."""
    match verdict:
        case Refuse():
            return _refused(verdict, context)
        case Hold(until=until):
            return held_by(until)
        case Join(call_id=call_id, maker=maker):
            return await _join(call_id, context, maker)


def _refused(verdict: Refuse, context: RoadContext) -> Ending:
    return Ending(
        status=Status.REFUSED,
        error=verdict.error,
        rule=verdict.rule,
        actual=verdict.actual,
        decided_by=context.record.trace[-1][0],
        keeps_key=verdict.keeps_key,
    )


async def _join(call_id: str, context: RoadContext, maker: str | None) -> Ending | Held:
    """The outcome of the call that this one joins, in a terminal record that names it."""
    services = context.services
    outcome = await services.inflight.join(call_id) or await services.joiner(call_id)
    if isinstance(outcome, Held):
        return outcome
    if outcome.call_id != call_id:  # another call stood in for it
        history = await services.ledger.history(outcome.call_id)
        maker = maker if history is None else history.opening["tool"]
    return Ending(
        status=outcome.status,
        error=outcome.error,
        proof=getattr(outcome, "proof", None),
        stored=await _result_of(outcome, services) if isinstance(outcome, Completed) else None,
        blobs=outcome.blobs if isinstance(outcome, Completed) else (),
        version=outcome.version if isinstance(outcome, Completed) else None,
        maker=maker,
        source=outcome.call_id,
        is_repeated=True,
        rule=f"joined.{call_id}",
        decided_by="dedupe",
    )


async def _result_of(outcome: Completed[Any], services: Services) -> bytes:
    """The result of a call that another one joins; what its caller saw may be less."""
    result = None
    if not services.redaction.is_off or services.registry.has_readers:
        result = await whole(services, outcome.call_id)
    return orjson.dumps(outcome.json) if result is None else result


async def _finish_cancelled(context: RoadContext) -> AnyOutcome:
    """End a call that was cancelled under way; a second cancellation must not stop that."""
    ending = cancelled(context.doubt.proof, by=context.flight.called_off_by)
    finishing = asyncio.get_running_loop().create_task(finish(context, ending))
    tasks = context.services.tasks
    tasks.add(finishing)
    finishing.add_done_callback(tasks.discard)
    return await asyncio.shield(finishing)


def cancelled(proof: Proof | None, *, by: str | None) -> Ending:
    """The end of a call that was called off; `by` is the opaque id of whoever did, if anybody."""
    error, rule = GONE, None
    if by is not None:
        error, rule = CALLED_OFF, f"cancelled.{by}"
    return ended_by(proof, error, status=Status.CANCELLED, rule=rule)


def _report(call: Call, error: Exception) -> None:
    """Tell where a bug of ours is, and not what the exception says, which may be anything (P7)."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    _log.error("internal error in call %s: %s at %s", call.id, type(error).__name__, where)


def _broken(context: RoadContext, error: Exception) -> Ending:
    """A bug of ours, or a ledger that cannot be written."""
    if isinstance(error, LedgerError):
        seen = NO_LEDGER
        if not context.record.has_intent:
            return Ending(status=Status.REFUSED, error=seen, rule="ledger", decided_by="ledger")
    else:
        _report(context.record.call, error)
        seen = CallError(
            code=Code.INTERNAL_ERROR,
            message="Highroad made a mistake with this call.",
            hint="Do not repeat the call; report the call id.",
        )
    return ended_by(context.doubt.proof, seen)
