"""`finish`: every ending passes here; it is the only writer of the terminal record (P3)."""

from dataclasses import replace
from typing import Any, Final

import orjson
from pydantic import ValidationError

from highroad.domain.entry import AlreadyEnded, Entry
from highroad.domain.error import BrokenPromise, CallError, Code, LedgerError
from highroad.domain.json_value import JsonValue
from highroad.domain.label import NO_LABELS, Labels
from highroad.domain.outcome import (
    AnyOutcome,
    Completed,
    Ending,
    Failed,
    Preview,
    Proof,
    Refused,
    Status,
    Unknown,
    ended_without_value,
)
from highroad.domain.part import Blob
from highroad.domain.payload import PayloadKind, PayloadRef
from highroad.domain.tool import Effect
from highroad.domain.value import value
from highroad.ledger import entries
from highroad.pipeline import late
from highroad.pipeline.context import RoadContext
from highroad.pipeline.stored import held_by, stored_outcome
from highroad.tools.compile import RegisteredTool

INVALID: Final = CallError(
    code=Code.RESULT_INVALID,
    message="The result is not what the tool promises to return.",
    hint="Do not rely on it; tell the user that the tool is broken.",
)
TOO_LARGE: Final = CallError(
    code=Code.RESULT_TOO_LARGE,
    message="The result is larger than the limit.",
    hint="Ask for less: a narrower search, fewer fields, a page.",
)


@value(kw_only=False)
class Result:
    """What a completed call brought, checked."""

    data: bytes
    json: JsonValue
    value: Any
    is_invalid: bool = False
    warnings: tuple[str, ...] = ()
    blobs: tuple[Blob, ...] = ()
    labels: Labels | None = None
    """Where they are not those of the version that was called."""


@value
class Terminal:
    """What the terminal record is made of, fixed when the call ends."""

    context: RoadContext
    ending: Ending
    result: Result | None
    at_ms: int
    latency_us: int
    cost_microusd: int

    def __call__(self) -> Entry:
        """The record, with the payloads that it refers to."""
        context, ending, result = self.context, self.ending, self.result
        call, record = context.record.call, context.record
        ledger = context.services.ledger
        if record.arguments is None:
            ledger.seal_arguments(record, context.content_of_arguments())
        stored: PayloadRef | None = None
        parts: list[PayloadRef] = []
        if result is not None and ending.source is None:
            stored = ledger.seal(record, f"{call.id}.result", PayloadKind.RESULT, result.data)
            for at, blob in enumerate(result.blobs):
                name = f"{call.id}.part.{at}"
                parts.append(ledger.seal(record, name, PayloadKind.PART, blob.data))
        message: PayloadRef | None = None
        if ending.error is not None and ending.error.is_authored:
            content = orjson.dumps([ending.error.message, ending.error.hint])
            message = ledger.seal(record, f"{call.id}.message", PayloadKind.MESSAGE, content)
        code = None if ending.error is None else ending.error.code
        return entries.ended(
            record,
            ending,
            keeps_key=_keeps_key(context, ending),
            at_ms=self.at_ms,
            latency_us=self.latency_us,
            cost_microusd=self.cost_microusd,
            code=ending.actual or code,
            result=stored,
            parts=parts,
            is_result_invalid=result is not None and result.is_invalid,
            message=message,
            approval=context.approval_after,
        )


async def finish(context: RoadContext, ending: Ending) -> AnyOutcome:
    """Check the result, settle what was reserved, write the terminal record, answer.

    The answer is ready before the record is awaited: a caller who stops waiting then changes
    nothing about it.
    """
    result: Result | None = None
    if ending.status is Status.COMPLETED:
        result, ending = _checked(context, ending)
    cost_microusd = context.settle(ending, None if result is None else result.data)
    outcome = context.outcome = _outcome(context, ending, result)
    ledger, record = context.services.ledger, context.record
    code = None if ending.error is None else ending.error.code
    record.trace.append(("finish", ending.status, code, None, 0))
    terminal = Terminal(
        context=context,
        ending=ending,
        result=result,
        at_ms=context.services.clock.now_ms(),
        latency_us=context.elapsed_us(),
        cost_microusd=cost_microusd,
    )
    try:
        if context.is_read:
            await ledger.put_end(record, terminal)
        elif isinstance(await ledger.write_drawn(record, terminal), AlreadyEnded):
            outcome = context.outcome = await _as_recorded(context)
    except LedgerError:
        outcome = context.outcome = _unrecorded(context, ending)
        if record.has_intent:
            context.count_in_full()
            context.services.unended.add(record.call.id)
            late.amend_unwritten(context, ending)
    else:
        if result is not None and record.has_intent and not result.is_invalid:
            _remember(context, result)
    return outcome


def _keeps_key(context: RoadContext, ending: Ending) -> bool:
    """Whether the next call with this call's key is answered from it.

    Of a call that an earlier process began, the class under which it did decides: the tool may be
    of another by now, or not be there (P11).
    """
    if ending.keeps_key:
        return True
    if ending.status not in {Status.COMPLETED, Status.UNKNOWN}:
        return False
    effect = context.record.effect
    if effect is None:
        effect = context.tool.definition.effect if context.is_resolved else Effect.REPEATABLE
    return effect != Effect.REPEATABLE


async def _as_recorded(context: RoadContext) -> AnyOutcome:
    """What the ledger says of a call that somebody else has ended meanwhile."""
    services, call_id = context.services, context.record.call.id
    history = await services.ledger.history(call_id)
    if history is None:
        raise BrokenPromise(f"call {call_id} has ended, and has no record")
    return await stored_outcome(services, history)


def _remember(context: RoadContext, result: Result) -> None:
    """Let the result of a cacheable read answer the next one, unless it holds images or files."""
    definition = context.tool.definition
    if result.blobs:
        return
    if definition.cache_s > 0 and not definition.has_effects:
        services = context.services
        ttl_s = min(definition.cache_s, services.limits.cache_s)
        services.results.keep(context.record, context.canonical_arguments, result.data, ttl_s)


def _checked(context: RoadContext, ending: Ending) -> tuple[Result | None, Ending]:
    """Read the result as the return type; turn what breaks its own schema into what it is."""
    if ending.is_dry_run:
        preview = ending.result
        if not isinstance(preview, Preview):
            raise BrokenPromise("a dry run ends with a preview")
        return _result_of(orjson.dumps(preview), preview), ending
    tool = context.tool
    if ending.stored is not None:
        return _stored(context, ending.stored, ending), ending
    if ending.is_result_lost:
        lost, error = "It took effect, but its result was lost.", ending.error
        warnings = (lost,) if error is None else (lost, error.message, error.hint)
        return Result(b"null", None, None, is_invalid=True, warnings=warnings), ending
    encoded = tool.result.encode(ending.result)
    size = len(encoded.data) + sum(len(blob.data) for blob in encoded.blobs)
    if size > context.services.limits.result_bytes:
        error = replace(TOO_LARGE, message=f"The result has {size} bytes, more than the limit.")
        broken = Result(b"null", None, None, is_invalid=True, warnings=(error.message,))
    elif encoded.problems:
        error = INVALID
        broken = Result(
            encoded.data, encoded.json, encoded.value, is_invalid=True, warnings=(error.message,)
        )
    else:
        return Result(encoded.data, encoded.json, encoded.value, blobs=encoded.blobs), ending
    if context.proof is Proof.REPEATABLE:
        # Nothing took effect, so nothing is lost by saying that it failed.
        return None, replace(ending, status=Status.FAILED, error=error, proof=context.proof)
    return broken, ending


def _stored(context: RoadContext, data: bytes, ending: Ending) -> Result:
    """A result of an earlier call; it may have broken its schema then, or break that of today.

    It is read and labelled by the version that made it. Where that is there no more the one of
    this call reads it, but vouches for nothing in it.
    """
    maker, blobs = _maker(context, ending.version), ending.blobs
    labels = NO_LABELS if maker is None else maker.definition.contract.labels
    json = orjson.loads(data)
    try:
        read = (maker or context.tool).result.read(data, {blob.digest: blob for blob in blobs})
    except ValidationError:
        warnings = (INVALID.message,)
        return Result(data, json, json, is_invalid=True, warnings=warnings, labels=labels)
    return Result(data, json, read, blobs=blobs, labels=labels)


def _maker(context: RoadContext, version: str | None) -> RegisteredTool[Any] | None:
    """The version of the tool that made a stored result, if it is still there."""
    tool = context.tool
    if version in {None, tool.definition.version}:
        return tool
    return context.services.registry.find(tool.name, version)


def _result_of(data: bytes, value: object) -> Result:
    return Result(data, orjson.loads(data), value)


def _outcome(context: RoadContext, ending: Ending, result: Result | None) -> AnyOutcome:
    """The ending, as the caller gets it."""
    call_id = context.record.call.id
    if result is not None:
        return Completed(
            call_id=call_id,
            value=result.value,
            json=result.json,
            is_repeated=ending.is_repeated,
            is_cached=ending.is_cached,
            dry_run=ending.is_dry_run,
            result_invalid=result.is_invalid,
            labels=context.labels if result.labels is None else result.labels,
            warnings=_warnings(context, result),
            blobs=result.blobs,
            version=_version(context, ending),
        )
    if ending.error is None:
        raise BrokenPromise(f"call {call_id} ended as {ending.status} without a reason")
    return ended_without_value(
        ending.status, call_id=call_id, error=ending.error, proof=ending.proof
    )


def _version(context: RoadContext, ending: Ending) -> str | None:
    """Of the tool, that made the result."""
    if ending.is_dry_run:
        return None
    return ending.version or context.tool.definition.version


def _warnings(context: RoadContext, result: Result) -> tuple[str, ...]:
    """What the caller should know of the result, and of the tool that it called."""
    deprecated = context.tool.definition.deprecated if context.is_resolved else None
    if deprecated is None:
        return result.warnings
    return (*result.warnings, f"This version of the tool is deprecated: {deprecated}")


def _unrecorded(context: RoadContext, ending: Ending) -> AnyOutcome:
    """The ledger cannot be written: what was not applied is refused, the rest is unknown."""
    call_id, approval = context.record.call.id, context.approval
    error = CallError(
        code=Code.LEDGER_UNAVAILABLE,
        message="The ledger cannot be written, so this call cannot be completed.",
        hint="Try again later.",
        retryable=True,
    )
    if not context.record.has_intent:
        # A call that was held still is: whoever waits for it later drives it on.
        return Refused(call_id=call_id, error=error) if approval is None else held_by(approval)
    proof = ending.proof or context.proof
    if proof is not None:
        return Failed(call_id=call_id, error=error, proof=proof)
    return Unknown(
        call_id=call_id,
        error=replace(
            error,
            message="The call may have taken effect, but the ledger cannot be written.",
            hint="Do not call again: it could happen twice.",
            retryable=False,
        ),
    )
