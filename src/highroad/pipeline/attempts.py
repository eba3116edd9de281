"""The attempts of one call: try, judge what went wrong, try again where that is safe (P11)."""

import asyncio

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.tool import Effect
from highroad.pipeline import late
from highroad.pipeline.body import is_called_off, run_body, tool_context
from highroad.pipeline.context import RoadContext
from highroad.pipeline.judgement import Failure, raised, returned, timed_out
from highroad.pipeline.timer import within
from highroad.tools.declaring.declare import ProbeHook


async def attempt(call: Call, context: RoadContext) -> Ending:
    """Try until the body returns, or until trying again is unsafe, pointless or too late."""
    services, record, definition = context.services, context.record, call.known_definition
    while True:
        if context.remaining_s() <= 0:
            return _end(context, timed_out(), Code.TIMEOUT)
        record.attempts += 1
        failure = await _try_once(call, context, context.attempt_s())
        if isinstance(failure, Ending):
            return failure
        context.judge_attempt(record.attempts, is_applied=failure.applied, proof=failure.proof)
        delay_s = services.retry.delay_s(record.attempts, definition.attempts)
        if not failure.is_transient or not _is_safe_to_repeat(call, failure):
            return await _settle(call, context, failure)
        if delay_s is None or delay_s >= context.remaining_s():
            return _end(context, failure, Code.MAX_RETRIES_EXCEEDED)
        await services.clock.sleep(delay_s)


async def _try_once(call: Call, context: RoadContext, timeout_s: float) -> Ending | Failure:
    try:
        result = await run_body(call, context, timeout_s, late.watch)
    except TimeoutError as error:
        return raised(error, context.tool) if _is_declared(error, context) else timed_out()
    except asyncio.CancelledError as error:
        if is_called_off():
            raise
        return raised(error, context.tool)
    # The second of the two boundaries of the road: a tool may raise what it likes, and the
    # call is answered all the same.
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        return raised(error, context.tool)
    return returned(result, context.tool)


def _is_declared(error: TimeoutError, context: RoadContext) -> bool:
    """Whether the tool says what its own kind of timeout means; ours has no other name."""
    tool = context.tool
    return type(error) is not TimeoutError and isinstance(error, tool.transient + tool.not_applied)


def _is_safe_to_repeat(call: Call, failure: Failure) -> bool:
    """By class: repeatable and idempotent always, the others only if nothing was applied."""
    return failure.applied is False or call.known_definition.effect in {
        Effect.REPEATABLE,
        Effect.IDEMPOTENT,
    }


async def _settle(call: Call, context: RoadContext, failure: Failure) -> Ending:
    """End after an attempt that is not repeated; a checkable tool is asked what happened."""
    if context.proof is None and failure.applied is True:
        return Ending(
            status=Status.COMPLETED,
            error=failure.error,
            rule="tool.applied",
            decided_by="execute",
            is_result_lost=True,
        )
    if context.proof is None and call.known_definition.effect is Effect.CHECKABLE:
        return await probe(call, context, failure.error)
    return _end(context, failure, failure.error.code)


async def probe(
    call: Call, context: RoadContext, cause: CallError, *, age_s: float = 0.0
) -> Ending:
    """Ask a checkable tool whether the key happened; too early, it would not know.

    A probe that fails, or takes longer than an attempt may, knows nothing either. While a body
    runs on that was given up on, no "no" is for good.

    Args:
        call: The call in question.
        context: Of its drive.
        cause: Why it has to be asked.
        age_s: How long ago the key may have happened.
    """
    asked, definition = context.tool.probe, call.known_definition
    wait_s = max(0.0, definition.settle_after_s - age_s)
    happened: bool | None = None
    if asked is not None and wait_s < context.remaining_s():
        if wait_s:
            await context.services.clock.sleep(wait_s)
        try:
            happened = await within(context.attempt_s(), _happened(asked, call, context))
        except Exception:  # noqa: BLE001 - what a probe raises is "not known", whatever it is
            happened = None
    if happened is True:
        return Ending(
            status=Status.COMPLETED,
            rule="probe.applied",
            decided_by="execute",
            is_result_lost=True,
        )
    if happened is False and not context.strays:
        context.proof = Proof.PROBE
    return _end(context, Failure(cause, applied=None, is_transient=False), cause.code)


async def _happened(asked: ProbeHook, call: Call, context: RoadContext) -> bool | None:
    seen = await tool_context(call, context)
    return None if seen.idempotency_key is None else await asked(seen.idempotency_key, seen)


def _end(context: RoadContext, failure: Failure, code: str) -> Ending:
    """Failed where something proves that nothing was applied, else unknown (P3)."""
    error = failure.error
    if code == Code.MAX_RETRIES_EXCEEDED:
        error = CallError(
            code=code,
            message=f"{error.message} It was tried {context.record.attempts} times.",
            hint=error.hint or "Try again later.",
            retryable=True,
            is_authored=error.is_authored,
        )
    if context.proof is not None:
        return Ending(
            status=Status.FAILED,
            error=error,
            proof=context.proof,
            decided_by="execute",
            kind=_kind(failure),
        )
    return Ending(
        status=Status.UNKNOWN, error=unknown(error), decided_by="execute", kind=_kind(failure)
    )


def _kind(failure: Failure) -> FailureKind:
    if failure.error.code == Code.TIMEOUT:
        return FailureKind.TIMEOUT
    return FailureKind.TRANSIENT if failure.is_transient else FailureKind.UNKNOWN


def unknown(cause: CallError) -> CallError:
    """What a caller is told when nobody knows whether the call was applied."""
    return CallError(
        code=Code.OUTCOME_UNKNOWN,
        message=f"Nobody knows whether this call took effect. {cause.message}",
        hint="Do not call again: it could happen twice. A person will settle it.",
        is_authored=cause.is_authored,
    )
