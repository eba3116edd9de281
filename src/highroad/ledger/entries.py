"""Entry bodies: how what is known of a call becomes exact bytes.

Two entries tell a call: the intent (all that was decided before the body ran) and the end. A call
that never reached an intent has only the end, which then says it all; so has a read that was over
before its intent was due, and its end says that it had one. Bodies hold ids, digests,
codes and rules; no argument, no result, no name of a person, and no word that a model made up.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import orjson

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.dead_letter import body_of as letter_body
from highroad.domain.dependency import BreakerChange
from highroad.domain.entry import (
    SCHEMA_VERSION,
    Amendment,
    Entry,
    EntryKind,
    Erasure,
    ErasureReason,
    KeyClaim,
    Row,
)
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.order import Cancellation, Decision, Order
from highroad.domain.order_form import name_of
from highroad.domain.outcome import Ending
from highroad.domain.payload import PayloadRef, SealedPayload
from highroad.domain.pin import Pin
from highroad.ledger import projections
from highroad.ledger.history import CallHistory
from highroad.ledger.projections import Body
from highroad.ledger.record import CallRecord

_NAMED: Final = 100
"""Characters that are kept of what an order says of itself."""


def intent(
    record: CallRecord,
    *,
    at_ms: int,
    claim: KeyClaim | None = None,
    spends: bool = False,
    lines: int | None = None,
) -> Entry:
    """The intent of a call: it is durable before the body of a tool with effects runs (P2).

    Args:
        record: What is known of the call.
        at_ms: Unix time.
        claim: The key that it takes.
        spends: Whether it spends the approval of `record`.
        lines: How much of the trace it has, where that has gone on since.
    """
    body = _opening(record, EntryKind.INTENT, at_ms, lines)
    spent: str | None = None
    if spends and record.approval is not None:
        spent = body["approval"] = record.approval.id
    return _entry(record, EntryKind.INTENT, body, at_ms, claim=claim, spends=spent)


def held(record: CallRecord, approval: Approval, *, at_ms: int, claim: KeyClaim | None) -> Entry:
    """A hold: the call waits for people."""
    body = _opening(record, EntryKind.HELD, at_ms)
    body["approval"] = approval_body(approval)
    body["remaining_ms"] = record.call.deadline_ms - at_ms
    return _entry(record, EntryKind.HELD, body, at_ms, claim=claim)


def ended(  # noqa: PLR0913 - the facts of an ending, each by name
    record: CallRecord,
    ending: Ending,
    *,
    keeps_key: bool,
    at_ms: int,
    latency_us: int,
    cost_microusd: int,
    code: str | None,
    result: PayloadRef | None,
    parts: Sequence[PayloadRef] = (),
    is_result_invalid: bool = False,
    message: PayloadRef | None = None,
    approval: Approval | None = None,
    claim: KeyClaim | None = None,
    successor: str | None = None,
    letter: DeadLetter | None = None,
) -> Entry:
    """The terminal record of a call (P3)."""
    if record.has_intent and not record.tells_intent:
        body: Body = {
            "v": SCHEMA_VERSION,
            "kind": EntryKind.ENDED,
            "at": at_ms,
            "org": record.call.principal.organization,
            "run": record.call.run_id,
            "call": record.call.id,
            "trace": record.call.trace_id,
            "step": record.call.step,
            "direct": record.call.is_direct,
            "principal": record.principal_id,
            "tool": record.tool_name,
            "opened": record.opened_ms,
            "stages": record.trace[record.traced :],
        }
        _place(body, record)
    else:
        body = _opening(record, EntryKind.ENDED, at_ms)
        if record.has_intent:
            body["intent"] = True
    body["status"] = ending.status
    body["code"] = code
    body["rule"] = ending.rule
    body["decided_by"] = ending.decided_by
    body["latency_us"] = latency_us
    body["cost"] = cost_microusd
    body["attempts"] = record.attempts
    if result is not None:
        body["result"] = _ref(result)
    if parts:
        body["parts"] = [_ref(part) for part in parts]
    if message is not None:
        body["message"] = _ref(message)
    if is_result_invalid:
        body["result_invalid"] = True
    _mark(body, ending)
    if approval is not None:
        body["approval"] = approval_body(approval)
    if successor is not None:
        body["fallback"] = successor
    if letter is not None:
        body["letter"] = letter_body(letter)
    return _entry(
        record,
        EntryKind.ENDED,
        body,
        at_ms,
        claim=claim,
        frees_key=not keeps_key and _may_hold_key(record),
    )


def _mark(body: Body, ending: Ending) -> None:
    """Note what is true of few endings; most say nothing here."""
    if ending.proof is not None:
        body["proof"] = ending.proof
    if ending.source is not None:
        body["source"] = ending.source
    if ending.is_repeated:
        body["repeated"] = True
    if ending.is_cached:
        body["cached"] = True
    if ending.is_dry_run:
        body["dry_run"] = True
    if ending.kind is not None:
        body["failure"] = ending.kind
    if ending.stale_s is not None:
        body["stale_s"] = int(ending.stale_s)


def decided(approval: Approval, decision: Decision, *, reason: SealedPayload | None) -> Entry:
    """A person's decision; `approval` is as it stands after it."""
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.DECIDED,
        "at": decision.at_ms,
        "org": approval.organization,
        "run": approval.run_id,
        "call": approval.call_id,
        "ruling": decision.ruling,
        "by": decision.by,
        "saw": decision.digest,
        "approval": approval_body(approval),
    }
    if reason is not None:
        body["reason"] = reason.id
    return Entry(
        kind=EntryKind.DECIDED,
        body=orjson.dumps(body),
        organization=approval.organization,
        at_ms=decision.at_ms,
        run_id=approval.run_id,
        call_id=approval.call_id,
        rows=(
            *projections.rows(body),
            *_profile(decision.by, approval.organization, decision.profile, decision.at_ms),
        ),
        payloads=() if reason is None else (reason,),
    )


def amended(  # noqa: PLR0913 - the facts of an amendment, each by name
    amendment: Amendment,
    *,
    organization: str,
    run_id: str,
    reason: SealedPayload | None = None,
    profile: bytes | None = None,
    letter: DeadLetter | None = None,
) -> Entry:
    """A later fact about an ended call, and what becomes of its dead letter by that.

    It leaves the key to the call, also where nothing was applied: the next call takes it over
    when it runs (`highroad.pipeline.keys`), and until then a correction finds all as it was.
    """
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.AMENDED,
        "at": amendment.at_ms,
        "org": organization,
        "run": run_id,
        "call": amendment.call_id,
        "id": amendment.id,
        "source": amendment.kind,
        "applied": amendment.applied,
        "by": amendment.by,
    }
    if reason is not None:
        body["reason"] = reason.id
    if letter is not None:
        body["letter"] = letter_body(letter)
    return Entry(
        kind=EntryKind.AMENDED,
        body=orjson.dumps(body),
        organization=organization,
        at_ms=amendment.at_ms,
        run_id=run_id,
        call_id=amendment.call_id,
        rows=(
            *projections.rows(body),
            *_profile(amendment.by, organization, profile, amendment.at_ms),
        ),
        payloads=() if reason is None else (reason,),
    )


def lettered(
    letter: DeadLetter, *, reason: SealedPayload | None = None, profile: bytes | None = None
) -> Entry:
    """What became of a dead letter; it stands as it does behind that."""
    by = letter.changed_by or ""
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.LETTER,
        "at": letter.changed_ms,
        "org": letter.organization,
        "run": letter.run_id,
        "call": letter.call_id,
        "by": by,
        "letter": letter_body(letter),
    }
    return Entry(
        kind=EntryKind.LETTER,
        body=orjson.dumps(body),
        organization=letter.organization,
        at_ms=letter.changed_ms,
        run_id=letter.run_id,
        call_id=letter.call_id,
        rows=(
            *projections.rows(body),
            *_profile(by, letter.organization, profile, letter.changed_ms),
        ),
        payloads=() if reason is None else (reason,),
    )


def cancelled(order: Cancellation, *, reason: SealedPayload | None) -> Entry:
    """A call or a run is called off."""
    kind = EntryKind.CALL_CANCELLED if order.call_id else EntryKind.RUN_CANCELLED
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": kind,
        "at": order.at_ms,
        "org": order.organization,
        "run": order.run_id,
        "id": order.id,
        "by": order.by,
    }
    if order.call_id:
        body["call"] = order.call_id
    if reason is not None:
        body["reason"] = reason.id
    return Entry(
        kind=kind,
        body=orjson.dumps(body),
        organization=order.organization,
        at_ms=order.at_ms,
        run_id=order.run_id,
        call_id=order.call_id or None,
        rows=_profile(order.by, order.organization, order.profile, order.at_ms),
        payloads=() if reason is None else (reason,),
    )


def revealed(
    history: CallHistory, *, by: str, profile: bytes, payloads: Sequence[str], at_ms: int
) -> Entry:
    """Somebody is about to read payloads of a call in plain."""
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.REVEALED,
        "at": at_ms,
        "org": history.organization,
        "run": history.run_id,
        "call": history.call_id,
        "by": by,
        "payloads": list(payloads),
    }
    return Entry(
        kind=EntryKind.REVEALED,
        body=orjson.dumps(body),
        organization=history.organization,
        at_ms=at_ms,
        run_id=history.run_id,
        call_id=history.call_id,
        rows=(*projections.rows(body), *_profile(by, history.organization, profile, at_ms)),
    )


def pinned(pin: Pin, *, organization: str, profile: bytes | None = None) -> Entry:
    """A definition is accepted from here on; `profile` is who `pin.by` is, encrypted."""
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.PINNED,
        "at": pin.at_ms,
        "org": organization,
        "tool": pin.tool,
        "version": pin.version,
        "definition": pin.digest,
        "change": pin.change,
        "source": pin.source,
        "by": pin.by,
        "fields": pin.fields,
    }
    return Entry(
        kind=EntryKind.PINNED,
        body=orjson.dumps(body),
        organization=organization,
        at_ms=pin.at_ms,
        rows=(
            *projections.rows(body),
            *(() if pin.by is None else _profile(pin.by, organization, profile, pin.at_ms)),
        ),
    )


def breaker_changed(
    change: BreakerChange,
    *,
    profile: bytes | None = None,
    organization: str = DEFAULT_ORGANIZATION,
) -> Entry:
    """A breaker opened or closed, or a person holds it or let it go.

    Args:
        change: What there is to tell.
        profile: Who `change.by` is, encrypted.
        organization: Theirs. What moves by its rule is that of the whole program, and belongs to
            the default one.
    """
    facts: Body = {
        "id": change.id,
        "dependency": change.dependency,
        "state": change.state,
        "forced": change.is_forced,
        "attempts": change.attempts,
        "failures": change.failures,
        "slow": change.slow,
    }
    if change.by is not None:
        facts["by"] = change.by
    entry = noted(EntryKind.BREAKER, facts, organization=organization, at_ms=change.at_ms)
    if change.by is None:
        return entry
    person = _profile(change.by, organization, profile, change.at_ms)
    return replace(entry, rows=(*entry.rows, *person))


def noted(kind: EntryKind, facts: Body, *, organization: str, at_ms: int) -> Entry:
    """An entry about no call, such as an opening."""
    body: Body = {"v": SCHEMA_VERSION, "kind": kind, "at": at_ms, "org": organization, **facts}
    return Entry(
        kind=kind,
        body=orjson.dumps(body),
        organization=organization,
        at_ms=at_ms,
        rows=projections.rows(body),
    )


def erased(  # noqa: PLR0913 - the facts of an erasure, each by name
    erases: Erasure,
    *,
    erasure_id: str,
    reason: ErasureReason,
    organization: str,
    at_ms: int,
    payloads: int,
    principal: str | None = None,
    by: str | None = None,
    profile: bytes | None = None,
    before_ms: int | None = None,
) -> Entry:
    """Payloads, keys of runs and names are destroyed as this lands.

    Args:
        erases: What goes.
        erasure_id: Of the row that tells of it.
        reason: On whose account.
        organization: The tenant.
        at_ms: Unix time.
        payloads: How many go.
        principal: Opaque id of whoever is forgotten.
        by: Opaque id of whoever asked.
        profile: Who `by` is, encrypted.
        before_ms: What was made before that goes by its age.
    """
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": EntryKind.ERASED,
        "at": at_ms,
        "org": organization,
        "id": erasure_id,
        "reason": reason,
        "payloads": payloads,
        "runs": len(erases.runs),
        "run_ids": list(erases.runs),
    }
    for name, fact in (("principal", principal), ("by", by), ("before", before_ms)):
        if fact is not None:
            body[name] = fact
    return Entry(
        kind=EntryKind.ERASED,
        body=orjson.dumps(body),
        organization=organization,
        at_ms=at_ms,
        rows=(
            *projections.rows(body),
            *(() if by is None else _profile(by, organization, profile, at_ms)),
        ),
        erases=erases,
    )


def order_refused(order: Order, *, number: int, code: str, reason: str, at_ms: int) -> Entry:
    """What another process asked for does not count.

    It may have been asked for by anybody, so what it says of itself is cut short, and it is
    no entry of the call that it names.
    """
    facts: Body = {
        "order": name_of(order),
        "number": number,
        "about": order.subject[:_NAMED],
        "by": order.by[:_NAMED],
        "code": code,
        "refusal": reason,
    }
    organization = order.organization[:_NAMED]
    return noted(EntryKind.ORDER_REFUSED, facts, organization=organization, at_ms=at_ms)


def approval_body(approval: Approval) -> Body:
    """An approval as it stands, in an entry."""
    return {
        "id": approval.id,
        "call": approval.call_id,
        "run": approval.run_id,
        "requester": approval.requester,
        "tool": approval.tool,
        "digest": approval.digest,
        "level": int(approval.level),
        "quorum": approval.quorum,
        "obligations": [[o.code, o.reason, int(o.level), o.quorum] for o in approval.obligations],
        "created": approval.created_ms,
        "expires": approval.expires_ms,
        "state": approval.state,
        "approvers": list(approval.approvers),
    }


def _opening(record: CallRecord, kind: EntryKind, at_ms: int, lines: int | None = None) -> Body:
    """What every first entry of a call says."""
    call = record.call
    body: Body = {
        "v": SCHEMA_VERSION,
        "kind": kind,
        "at": at_ms,
        "org": call.principal.organization,
        "run": call.run_id,
        "call": call.id,
        "trace": call.trace_id,
        "step": call.step,
        "direct": call.is_direct,
        "principal": record.principal_id,
        "origin": call.origin,
        "door": call.door,
        "tool": record.tool_name,
        "policy": record.policy_version,
        "rules": record.rules,
        "opened": record.opened_ms,
        "reserved": record.reserved_microusd,
        "stages": record.trace[record.traced : lines],
    }
    definition = call.definition
    if definition is not None:
        body["version"] = definition.version
        body["definition"] = definition.digest
        body["tier"] = definition.tier
        body["effect"] = definition.effect
    if record.arguments is not None:
        body["arguments"] = _ref(record.arguments)
    if record.is_new_run:
        body["new_run"] = True
    _place(body, record)
    if record.key_digest is not None:
        body["key"] = record.key_digest
    if record.coercions:
        body["coercions"] = record.coercions
    if call.delegation:
        body["delegation"] = [delegate.agent for delegate in call.delegation]
    if call.revision:
        body["revision"] = call.revision
    if call.dry_run:
        body["dry_run"] = True
    _relate(body, call)
    return body


def _relate(body: Body, call: Call) -> None:
    """Note the calls that led to this one; most were led to by none."""
    if call.parent_id is not None:
        body["parent"] = call.parent_id
    if call.stands_in_for is not None:
        body["stands_in_for"] = call.stands_in_for
    if call.redrives is not None:
        body["redrives"] = call.redrives


def _place(body: Body, record: CallRecord) -> None:
    """Note where the run of a call belongs; most belong nowhere, and say nothing here."""
    if record.parent_run_id is not None:
        body["parent_run"] = record.parent_run_id
    if record.conversation_id is not None:
        body["conversation"] = record.conversation_id


def _ref(ref: PayloadRef) -> tuple[str, str, int]:
    return (ref.id, ref.digest, ref.size)


def _profile(
    opaque_id: str, organization: str, profile: bytes | None, at_ms: int
) -> tuple[Row, ...]:
    if profile is None:
        return ()
    return (Row("app_user", (opaque_id, organization, profile, at_ms)),)


def _may_hold_key(record: CallRecord) -> bool:
    """Whether there can be a claim to free: a read claims its key only while it is held."""
    definition = record.call.definition
    return definition is None or definition.has_effects or record.approval is not None


def _entry(  # noqa: PLR0913 - the riders, each by name
    record: CallRecord,
    kind: EntryKind,
    body: Body,
    at_ms: int,
    *,
    claim: KeyClaim | None = None,
    frees_key: bool = False,
    spends: str | None = None,
) -> Entry:
    """Put the riders that wait in `record` on an entry; they wait on until it has landed."""
    rows = projections.rows(body)
    if record.profile is not None:
        rows = (*rows, record.profile)
    return Entry(
        kind=kind,
        body=orjson.dumps(body),
        organization=record.call.principal.organization,
        at_ms=at_ms,
        run_id=record.call.run_id,
        call_id=record.call.id,
        rows=rows,
        payloads=tuple(record.payloads),
        run_key=record.run_key.pending,
        claim=claim,
        frees_key=frees_key,
        spends=spends,
    )
