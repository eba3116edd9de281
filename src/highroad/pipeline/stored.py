"""The outcome of a call that has ended, read back from the ledger."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import orjson
from pydantic import ValidationError

from highroad.domain.approval import OPEN, Approval, ApprovalState
from highroad.domain.deferral import Deferral
from highroad.domain.error import BrokenPromise, CallError, Code, VaultError
from highroad.domain.label import NO_LABELS, Labels
from highroad.domain.outcome import (
    AnyOutcome,
    Completed,
    Held,
    HoldReason,
    Proof,
    Status,
    ended_without_value,
)
from highroad.domain.verification import UNAVAILABLE, UNVERIFIED, Opinion, Verification
from highroad.ledger.history import CallHistory
from highroad.pipeline.refusal import told_again
from highroad.pipeline.result import preview_of
from highroad.pipeline.revision import EDITED
from highroad.pipeline.services import Services
from highroad.pipeline.stand_in import past_its_time, stood_in
from highroad.pipeline.view import answering, seen_again

_NOTHING: Final[Mapping[str, bytes]] = {}


def held_by(until: Approval | Deferral) -> Held:
    """The hold of a call that waits for people, or for its result."""
    if isinstance(until, Deferral):
        return Held(call_id=until.call_id, reason=HoldReason.DEFERRED, expires_ms=until.expires_ms)
    return Held(
        call_id=until.call_id,
        reason=HoldReason.APPROVAL,
        approval_id=until.id,
        expires_ms=until.expires_ms,
        reasons=tuple(obligation.reason for obligation in until.obligations),
    )


async def awaited(services: Services, call_id: str) -> Approval | None:
    """What a held call waits for by now, if that is people, or agreed to and unspent."""
    void: str | None = None
    while True:
        history = await services.ledger.history(call_id)
        hold = None if history is None else history.hold
        if not isinstance(hold, Approval) or hold.id == void:
            return None
        standing = await services.ledger.store.approval(hold.id)
        if standing is None or standing.state is not ApprovalState.VOID:
            return standing if standing is not None and standing.state in OPEN else None
        void = hold.id  # edited between the two looks, or over


async def whole(services: Services, call_id: str) -> bytes | None:
    """The JSON of the result of a call that completed, nothing of it put out of sight.

    Raises:
        VaultError: It was erased, or its key is lost.
    """
    await services.ledger.writer.flush()
    history = await services.ledger.history(call_id)
    if history is None:
        return None
    return await services.ledger.open_json(await answering(services, history), "result")


async def stored_outcome(
    services: Services, history: CallHistory, opened: Mapping[str, bytes] = _NOTHING
) -> AnyOutcome:
    """The ending of a call, with its value read as the return type, as its caller sees it.

    Args:
        services: Of the runtime.
        history: Of the call.
        opened: Payloads that are at hand, by id; the others are asked of the ledger.

    Raises:
        VaultError: The result was erased, or its key is lost.
    """
    outcome = await _stored(services, history, opened)
    return await seen_again(services, history, outcome)


async def _stored(
    services: Services, history: CallHistory, opened: Mapping[str, bytes]
) -> AnyOutcome:
    ended = history.ended
    if ended is None:
        if history.hold is None:
            raise BrokenPromise(f"call {history.call_id} neither ended nor waits for anything")
        return held_by(history.hold)
    if history.status is Status.COMPLETED:
        return await _completed(services, history, opened)
    error = CallError(
        code=ended.get("code") or Code.INTERNAL_ERROR,
        message=f"This call ended as {ended['status']}.",
    )
    tool = services.registry.find(history.opening["tool"] or "", history.opening.get("version"))
    if history.invalid is not None and tool is not None:
        error = told_again(history.invalid, tool, services.repairs.attempts)
    content: bytes | None = None
    with suppress(VaultError):  # how it ended is told also where its words were erased
        content = await services.ledger.open_json(history, "message", opened)
    if content is not None:
        message, hint = orjson.loads(content)
        error = replace(error, message=message, hint=hint, is_authored=True)
    return ended_without_value(
        history.status or Status.UNKNOWN,
        call_id=history.call_id,
        error=error,
        proof=None if "proof" not in ended else Proof(ended["proof"]),
    )


async def _completed(
    services: Services, history: CallHistory, opened: Mapping[str, bytes]
) -> AnyOutcome:
    """A repeated call stores no result of its own: that of its source answers."""
    origin = await answering(services, history)
    content = await services.ledger.open_json(origin, "result", opened)
    json = b"null" if content is None else content
    blobs = await services.ledger.open_blobs(origin, opened)
    name, version = origin.opening["tool"] or "", origin.opening.get("version")
    tool = services.registry.find(name, version) or services.registry.find(name)
    is_invalid = origin.ended is not None and "result_invalid" in origin.ended
    is_dry_run = history.ended is not None and "dry_run" in history.ended
    plain = value = orjson.loads(json)
    if is_dry_run:
        value = preview_of(plain)
    elif tool is not None and not is_invalid:
        try:
            value = tool.result.read(json, {blob.digest: blob for blob in blobs})
        except ValidationError:  # the return type is another one by now
            is_invalid = True
    return Completed(
        call_id=history.call_id,
        value=value,
        json=plain,
        is_repeated=history.ended is not None and "repeated" in history.ended,
        is_cached=history.ended is not None and "cached" in history.ended,
        is_stale=history.ended is not None and "stale_s" in history.ended,
        warnings=(*await _concerns(services, history, opened), *_warnings(history)),
        dry_run=is_dry_run,
        result_invalid=is_invalid,
        labels=NO_LABELS if is_dry_run else _labels(services, name, version),
        blobs=blobs,
        version=None if is_dry_run else version,
        showing=services.showing,
    )


def _labels(services: Services, name: str, version: str | None) -> Labels:
    """Those of the version that made a result; where it is gone, nobody vouches for any of it."""
    maker = None if version is None else services.registry.find(name, version)
    return NO_LABELS if maker is None else maker.contract.labels


async def _concerns(
    services: Services, history: CallHistory, opened: Mapping[str, bytes]
) -> tuple[str, ...]:
    """What a verifier had against it, of a call about which nobody was asked all the same."""
    verification = history.verification
    if verification is None or history.approval is not None:
        return ()
    if verification.opinion == UNAVAILABLE:
        return (UNVERIFIED,)
    if verification.opinion != Opinion.UNCERTAIN:
        return ()
    content: bytes | None = None
    with suppress(VaultError):  # the result is told also where these words were erased
        content = await services.ledger.open_json(history, "verification", opened)
    return () if content is None else Verification.of(orjson.loads(content)).warnings


def _warnings(history: CallHistory) -> tuple[str, ...]:
    """That it stood in for another call, or was past its time, as whoever made that was told."""
    first, ended = history.opening.get("stands_in_for"), history.ended or {}
    edited = (EDITED,) if history.opening.get("revision") else ()
    if first is None:
        return (*edited, past_its_time(ended["stale_s"])) if "stale_s" in ended else edited
    tool = history.opening["tool"] or ""
    return (stood_in(tool, first, ended.get("rule"), ended.get("stale_s")),)
