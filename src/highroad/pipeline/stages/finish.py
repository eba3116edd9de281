"""`finish`: every ending passes here; it is the only writer of the terminal record (P3)."""

from dataclasses import replace
from typing import Any, Final

import orjson
from pydantic import ValidationError

from highroad.domain.entry import AlreadyEnded, Entry, KeyClaim, KeyTaken
from highroad.domain.error import BrokenPromise, CallError, Code, LedgerError
from highroad.domain.json_value import JsonValue
from highroad.domain.label import NO_LABELS, Labels
from highroad.domain.outcome import (
    AnyOutcome,
    Completed,
    Ending,
    Preview,
    Proof,
    Refused,
    Status,
    ended_without_value,
)
from highroad.domain.part import Blob
from highroad.domain.payload import PayloadKind, PayloadRef
from highroad.domain.tool import Effect
from highroad.domain.value import value
from highroad.ledger import entries
from highroad.pipeline import failover, keys, late
from highroad.pipeline.context import RoadContext
from highroad.pipeline.stand_in import stood_in
from highroad.pipeline.stored import held_by, stored_outcome
from highroad.pipeline.successor import Successor
from highroad.tools.compile import RegisteredTool

_COMPLETED: Final = Status.COMPLETED

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

UNRECORDED: Final = CallError(
    code=Code.LEDGER_UNAVAILABLE,
    message="The ledger cannot be written, so this call cannot be completed.",
    hint="Try again later.",
    retryable=True,
)
MAYBE_APPLIED: Final = CallError(
    code=Code.LEDGER_UNAVAILABLE,
    message="The call may have taken effect, but the ledger cannot be written.",
    hint="Do not call again: it could happen twice.",
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


@value(kw_only=False)
class Terminal:
    """What the terminal record is made of, fixed when the call ends."""

    context: RoadContext
    ending: Ending
    result: Result | None
    at_ms: int
    latency_us: int
    cost_microusd: int
    successor: Successor | None = None
    """The call that stands in for this one."""

    def __call__(self) -> Entry:
        """The record, with the payloads that it refers to."""
        context, ending, result = self.context, self.ending, self.result
        call, record = context.record.call, context.record
        ledger = context.services.ledger
        if context.letter is not None:
            _keep(context)
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
            keeps_key=_keeps_key(context, ending) or self._leaves_key,
            claim=self._claim,
            successor=None if self.successor is None else self.successor.call_id,
            letter=context.letter,
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

    @property
    def _leaves_key(self) -> bool:
        """Whether its key is that of what stands in: both must not take effect (P11)."""
        return self.successor is not None and self.successor.may_take_effect

    @property
    def _claim(self) -> KeyClaim | None:
        """The key of a call that was refused before its intent would have claimed it."""
        context = self.context
        if not self._leaves_key or context.record.has_intent:
            return None
        return context.claim if keys.is_shared(context.record.call) else None


async def finish(context: RoadContext, ending: Ending) -> AnyOutcome:
    """Check the result, settle what was reserved, write the terminal record, answer.

    The answer is ready before the record is awaited: a caller who stops waiting then changes
    nothing about it.
    """
    result: Result | None = None
    if ending.status is _COMPLETED:
        result, ending = _checked(context, ending)
    now_ms = context.services.clock.now_ms()
    if ending.status is not _COMPLETED:
        failover.give_up(context, ending, at_ms=now_ms)
    cost_microusd = context.settle(ending, None if result is None else result.data)
    outcome = context.outcome = _outcome(context, ending, result)
    ledger, record = context.services.ledger, context.record
    code = None if ending.error is None else ending.error.code
    record.trace.append(("finish", ending.status, code, None, 0))
    terminal = Terminal(
        context, ending, result, now_ms, context.elapsed_us(), cost_microusd, context.successor
    )
    try:
        if context.is_read:
            await ledger.put_end(record, terminal)
        elif await _is_ended_already(context, terminal):
            context.successor = None
            outcome = context.outcome = await _as_recorded(context)
    except LedgerError:
        context.successor = None
        outcome = context.outcome = _unrecorded(context, ending)
        if record.has_intent:
            context.count_in_full()
            context.services.unended.add(record.call.id)
            late.amend_unwritten(context, ending)
    else:
        if result is not None and record.has_intent and not result.is_invalid:
            _remember(context, result)
    return outcome


async def _is_ended_already(context: RoadContext, terminal: Terminal) -> bool:
    """Write the terminal record, unless somebody else has; who loses the key has no successor."""
    ledger, record = context.services.ledger, context.record
    receipt = await ledger.write_drawn(record, terminal)
    if isinstance(receipt, KeyTaken):
        context.successor = None
        receipt = await ledger.write_drawn(record, replace(terminal, successor=None))
    return isinstance(receipt, AlreadyEnded)


def _keep(context: RoadContext) -> None:
    """See that the vault has what making the call again takes."""
    record = context.record
    if record.call.arguments is not None:
        context.canonical_arguments  # noqa: B018 - sealed in this form, which can be read back
    if record.can_be_kept and not record.is_call_kept:
        context.services.ledger.seal_call(record)


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
    tool = context.tool
    if result.blobs or tool.definition.has_effects:
        return
    if tool.definition.cache_s > 0 or tool.stale_s > 0:
        services = context.services
        ttl_s = min(tool.definition.cache_s, services.limits.cache_s)
        services.results.keep(
            context.record, context.canonical_arguments, result.data, ttl_s, stale_s=tool.stale_s
        )


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
    size = len(encoded.data)
    if encoded.blobs:
        size += sum(len(blob.data) for blob in encoded.blobs)
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
    proof = context.doubt.proof
    if proof is Proof.REPEATABLE:
        # Nothing took effect, so nothing is lost by saying that it failed.
        return None, replace(ending, status=Status.FAILED, error=error, proof=proof)
    return broken, ending


def _stored(context: RoadContext, data: bytes, ending: Ending) -> Result:
    """A result of an earlier call; it may have broken its schema then, or break that of today.

    It is read and labelled by the version that made it. Where that is there no more the one of
    this call reads it, but vouches for nothing in it.
    """
    maker, blobs = _maker(context, ending), ending.blobs
    labels = NO_LABELS if maker is None else maker.definition.contract.labels
    json = orjson.loads(data)
    try:
        read = (maker or context.tool).result.read(data, {blob.digest: blob for blob in blobs})
    except ValidationError:
        warnings = (INVALID.message,)
        return Result(data, json, json, is_invalid=True, warnings=warnings, labels=labels)
    return Result(data, json, read, blobs=blobs, labels=labels)


def _maker(context: RoadContext, ending: Ending) -> RegisteredTool[Any] | None:
    """The version of the tool that made a stored result, if it is still there."""
    tool, version = context.tool, ending.version
    if ending.maker not in {None, tool.name}:
        return context.services.registry.find(ending.maker or "", version)
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
            is_stale=ending.stale_s is not None,
            dry_run=ending.is_dry_run,
            result_invalid=result.is_invalid,
            labels=context.labels if result.labels is None else result.labels,
            warnings=_warnings(context, ending, result),
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


def _warnings(context: RoadContext, ending: Ending, result: Result) -> tuple[str, ...]:
    """What the caller should know of the result, and of the tool that it called."""
    warnings = (*result.warnings, *context.told())
    if not context.is_resolved:
        return warnings
    first = context.record.call.stands_in_for
    if first is not None:
        said = stood_in(context.tool.name, first, ending.rule, ending.stale_s)
        warnings = (*warnings, said)
    deprecated = context.tool.definition.deprecated
    if deprecated is not None:
        warnings = (*warnings, f"This version of the tool is deprecated: {deprecated}")
    return warnings


def _unrecorded(context: RoadContext, ending: Ending) -> AnyOutcome:
    """The ledger cannot be written: what was not applied is refused, the rest is unknown."""
    call_id, approval = context.record.call.id, context.approval
    if not context.record.has_intent:
        # A call that was held still is: whoever waits for it later drives it on.
        return Refused(call_id=call_id, error=UNRECORDED) if approval is None else held_by(approval)
    proof = ending.proof or context.doubt.proof
    error = MAYBE_APPLIED if proof is None else UNRECORDED
    return ended_without_value(Status.FAILED, call_id=call_id, error=error, proof=proof)
