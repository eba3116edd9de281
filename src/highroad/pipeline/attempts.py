"""The attempts of one call: try, judge what went wrong, try again where that is safe (P11)."""

from dataclasses import dataclass
from typing import Any

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code, ToolError
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.tool import Effect
from highroad.pipeline.body import run_body, tool_context
from highroad.pipeline.context import RoadContext
from highroad.tools.compile import RegisteredTool


@dataclass(frozen=True, slots=True)
class Failure:
    """What one attempt ended with."""

    error: CallError
    applied: bool | None
    """`False` proves that nothing was; `None` is not known."""
    is_transient: bool
    proof: Proof = Proof.TOOL_SAID
    """What kind of proof a `False` is."""


async def attempt(call: Call, context: RoadContext) -> Ending:
    """Try until the body returns, or until trying again is unsafe, pointless or too late."""
    services, record, definition = context.services, context.record, call.known_definition
    attempt_s = definition.timeout_s or services.limits.attempt_s
    while True:
        remaining_s = context.remaining_s()
        if remaining_s <= 0:
            return _end(context, _late(), Code.TIMEOUT)
        record.attempts += 1
        try:
            result = await run_body(call, context, min(attempt_s, remaining_s))
        except TimeoutError:
            failure = _late()
        except ToolError as error:
            failure = _said_by_tool(error)
        # The second of the two boundaries of the road: a tool may raise what it likes, and the
        # call is answered all the same.
        except Exception as error:  # noqa: BLE001 - see above
            failure = _raised(error, context.tool)
        else:
            return Ending(status=Status.COMPLETED, result=result, decided_by="execute")
        delay_s = services.retry.delay_s(record.attempts, definition.attempts)
        if not failure.is_transient or not _is_safe_to_repeat(call, failure):
            return await _settle(call, context, failure)
        if delay_s is None or delay_s >= context.remaining_s():
            return _end(context, failure, Code.MAX_RETRIES_EXCEEDED)
        await services.clock.sleep(delay_s)


def _late() -> Failure:
    return Failure(
        CallError(
            code=Code.TIMEOUT,
            message="The tool did not answer in time.",
            hint="Try again later, or ask for less at once.",
            retryable=True,
        ),
        applied=None,
        is_transient=True,
    )


def _said_by_tool(error: ToolError) -> Failure:
    return Failure(
        CallError(
            code=error.code,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
            is_authored=True,
        ),
        applied=error.applied,
        is_transient=error.retryable,
    )


def _raised(error: Exception, tool: RegisteredTool[Any]) -> Failure:
    """The name of the exception's class and nothing that it says, which may be anything (P7)."""
    is_transient = isinstance(error, tool.transient)
    return Failure(
        CallError(
            code=Code.EXECUTION_ERROR,
            message=f"The tool failed ({type(error).__name__}).",
            hint="Do not repeat the call unchanged; tell the user that the tool failed.",
            retryable=is_transient,
        ),
        applied=False if isinstance(error, tool.not_applied) else None,
        is_transient=is_transient,
        proof=Proof.MAPPED,
    )


def _is_safe_to_repeat(call: Call, failure: Failure) -> bool:
    """By class: repeatable and idempotent always, the others only if nothing was applied."""
    return failure.applied is False or call.known_definition.effect in {
        Effect.REPEATABLE,
        Effect.IDEMPOTENT,
    }


async def _settle(call: Call, context: RoadContext, failure: Failure) -> Ending:
    """End after an attempt that is not repeated; a checkable tool is asked what happened."""
    definition = call.known_definition
    if failure.applied is None and definition.effect is Effect.CHECKABLE:
        return await probe(call, context, failure.error)
    return _end(context, failure, failure.error.code)


async def probe(call: Call, context: RoadContext, cause: CallError) -> Ending:
    """Ask a checkable tool whether the key happened; too early, it would not know.

    A probe that fails knows nothing either.
    """
    asked, settle_after_s = context.tool.probe, call.known_definition.settle_after_s
    happened: bool | None = None
    if asked is not None and settle_after_s < context.remaining_s():
        await context.services.clock.sleep(settle_after_s)
        seen = await tool_context(call, context)
        if seen.idempotency_key is not None:
            try:
                happened = await asked(seen.idempotency_key, seen)
            except Exception:  # noqa: BLE001 - what a probe raises is "not known", whatever it is
                happened = None
    if happened is True:
        return Ending(
            status=Status.COMPLETED,
            rule="probe.applied",
            decided_by="execute",
            is_result_lost=True,
        )
    if happened is False:
        context.proof = Proof.PROBE
    return _end(context, Failure(cause, applied=None, is_transient=False), cause.code)


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
    proof = failure.proof if failure.applied is False else context.proof
    if proof is not None:
        return Ending(status=Status.FAILED, error=error, proof=proof, decided_by="execute")
    return Ending(
        status=Status.UNKNOWN,
        error=unknown(error),
        decided_by="execute",
    )


def unknown(cause: CallError) -> CallError:
    """What a caller is told when nobody knows whether the call was applied."""
    return CallError(
        code=Code.OUTCOME_UNKNOWN,
        message=f"Nobody knows whether this call took effect. {cause.message}",
        hint="Do not call again: it could happen twice. A person will settle it.",
        is_authored=cause.is_authored,
    )
