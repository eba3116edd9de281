"""What the road writes of a call.

Two entries tell a call: the intent (all that was decided before the body ran) and the end. A call
that never reached an intent has only the end, which then says it all; so has a read that was over
before its intent was due, and its end says that it had one.
"""

from collections.abc import Sequence
from dataclasses import replace

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.confidence import KeptStatement
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.dead_letter import body_of as letter_body
from highroad.domain.deferral import Deferral, deferral_body
from highroad.domain.entry import SCHEMA_VERSION, Entry, EntryKind, KeyClaim, Row
from highroad.domain.order import Edit
from highroad.domain.outcome import Ending
from highroad.domain.payload import PayloadRef, SealedPayload
from highroad.ledger import projections
from highroad.ledger.entries.form import (
    approval_body,
    integrity_body,
    sandbox_body,
    shown_body,
    sources_body,
    verification_body,
    written_plain,
)
from highroad.ledger.projections import Body
from highroad.ledger.record import CallRecord


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
    body = _held(record, approval, at_ms)
    return _entry(record, EntryKind.HELD, body, at_ms, claim=claim)


def revised(  # noqa: PLR0913 - the facts of a revision, each by name
    record: CallRecord,
    approval: Approval,
    *,
    instead_of: Approval,
    edit: Edit,
    reason: SealedPayload | None,
    at_ms: int,
    claim: KeyClaim | None,
) -> Entry:
    """A hold in place of another one: somebody gave the call other arguments.

    Args:
        record: Of the revision.
        approval: What is asked now.
        instead_of: What was asked before, void.
        edit: Who gave which arguments.
        reason: Why.
        at_ms: Unix time.
        claim: The key that the revision takes besides.
    """
    body = _held(record, approval, at_ms)
    body["edited"] = edited = {
        "ruling": edit.ruling,
        "by": edit.by,
        "at": edit.at_ms,
        "saw": edit.digest,
        "approval": approval_body(instead_of),
        **shown_body(edit),
    }
    if reason is not None:
        edited["reason"] = reason.id
        record.payloads.append(reason)
    entry = _entry(record, EntryKind.HELD, body, at_ms, claim=claim)
    rows = entry.rows
    if edit.profile is not None:
        rows = (*rows, Row("app_user", (edit.by, edit.organization, edit.profile, edit.at_ms)))
    return replace(entry, rows=rows, needs_open=instead_of.id, shown_by=edit.shown_by)


def _held(record: CallRecord, approval: Approval, at_ms: int) -> Body:
    body = _opening(record, EntryKind.HELD, at_ms)
    body["approval"] = approval_body(approval)
    body["remaining_ms"] = record.call.deadline_ms - at_ms
    body["at_most"] = record.at_most_microusd
    if record.preview is not None:
        body["preview"] = _ref(record.preview)
    return body


def deferred(  # noqa: PLR0913 - the facts of a deferral, each by name
    record: CallRecord,
    deferral: Deferral,
    *,
    at_ms: int,
    latency_us: int,
    is_in_doubt: bool,
    claim: KeyClaim | None,
) -> Entry:
    """A deferral: the body is over, and the call waits for its result.

    Args:
        record: What is known of the call.
        deferral: Until when it waits.
        at_ms: Unix time.
        latency_us: What it took so far.
        is_in_doubt: An attempt before the one that deferred may have been applied as well.
        claim: On the key of the call, to outlast the wait.
    """
    body = _body(record, EntryKind.DEFERRED, at_ms)
    body["deferral"] = deferral_body(deferral)
    body["latency_us"] = latency_us
    body["attempts"] = record.attempts
    if is_in_doubt:
        body["in_doubt"] = True
    body |= _apart(record)
    return _entry(record, EntryKind.DEFERRED, body, at_ms, claim=claim)


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
    hold: Approval | Deferral | None = None,
    claim: KeyClaim | None = None,
    successor: str | None = None,
    letter: DeadLetter | None = None,
    needs_open: str | None = None,
) -> Entry:
    """The terminal record of a call (P3)."""
    if record.has_intent and not record.tells_intent:
        body = _body(record, EntryKind.ENDED, at_ms)
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
    body |= _invalid(record) | _apart(record)
    if hold is not None:
        _release(body, hold)
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
        needs_open=needs_open,
    )


def _release(body: Body, hold: Approval | Deferral) -> None:
    """Note what the call waited for, as its end leaves that."""
    if isinstance(hold, Deferral):
        body["deferral"] = deferral_body(hold)
    else:
        body["approval"] = approval_body(hold)


def _invalid(record: CallRecord) -> Body:
    """What was wrong with its arguments, where they were refused."""
    invalid = record.invalid
    if invalid is None:
        return {}
    return {"invalid": {"attempt": invalid.attempt, "problems": invalid.problems}}


def _apart(record: CallRecord) -> Body:
    """What ran in a sandbox for it; most calls run nothing there."""
    if not record.ran_in:
        return {}
    return {"ran_in": list(map(sandbox_body, record.ran_in))}


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
        if ending.obliged:
            body["obliged"] = list(ending.obliged)
    if ending.kind is not None:
        body["failure"] = ending.kind
    if ending.stale_s is not None:
        body["stale_s"] = int(ending.stale_s)


def _opening(record: CallRecord, kind: EntryKind, at_ms: int, lines: int | None = None) -> Body:
    """What every first entry of a call says."""
    call = record.call
    body = _body(record, kind, at_ms, lines)
    body |= {
        "origin": call.origin,
        "door": call.door,
        "policy": record.policy_version,
        "rules": record.rules,
        "reserved": record.reserved_microusd,
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
    if record.key_digest is not None:
        body["key"] = record.key_digest
    if record.coercions:
        body["coercions"] = record.coercions
    if record.stated is not None:
        _state(body, record.stated)
    _judge(body, record)
    _relate(body, call)
    return body


def _body(record: CallRecord, kind: EntryKind, at_ms: int, lines: int | None = None) -> Body:
    """What every entry of a call says; one behind the first says no more of the call itself."""
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
        "tool": record.tool_name,
        "opened": record.opened_ms,
        "stages": record.trace[record.traced : lines],
    }
    # Where the run of a call belongs; most belong nowhere.
    if record.parent_run_id is not None:
        body["parent_run"] = record.parent_run_id
    if record.conversation_id is not None:
        body["conversation"] = record.conversation_id
    if call.compensates is not None:
        body["compensates"] = call.compensates
    return body


def _judge(body: Body, record: CallRecord) -> None:
    """Note where its values come from, and what somebody else thinks of it."""
    if record.sources:
        body["sources"] = sources_body(record.sources)
        integrity = integrity_body(record.sources)
        if integrity is not None:
            body["integrity"] = integrity
    if record.confidential:
        body["confidential"] = record.confidential
    if record.verification is not None:
        body["verification"] = verification_body(record.verification)


def _state(body: Body, stated: KeptStatement) -> None:
    """Note how sure its model said it was."""
    body["confidence"] = stated.confidence
    if stated.reasoning is not None:
        body["reasoning"] = _ref(stated.reasoning)


def _relate(body: Body, call: Call) -> None:
    """Note how it came to be made as it is: by whom, and after what; most were led to by none."""
    if call.delegation:
        body["delegation"] = [delegate.agent for delegate in call.delegation]
    if call.revision:
        body["revision"] = call.revision
    if call.dry_run:
        body["dry_run"] = True
    if call.parent_id is not None:
        body["parent"] = call.parent_id
    if call.parent_span_id is not None:
        body["parent_span"] = call.parent_span_id
    if call.stands_in_for is not None:
        body["stands_in_for"] = call.stands_in_for
    if call.redrives is not None:
        body["redrives"] = call.redrives
    if call.asked_by is not None:
        body["asked_by"], body["position"] = call.asked_by, call.position


def _ref(ref: PayloadRef) -> tuple[str, str, int]:
    return (ref.id, ref.digest, ref.size)


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
    needs_open: str | None = None,
) -> Entry:
    """Put the riders that wait in `record` on an entry; they wait on until it has landed."""
    body, written = written_plain(body)
    rows = projections.rows(body)
    if record.profile is not None:
        rows = (*rows, record.profile)
    return Entry(
        kind=kind,
        body=written,
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
        needs_open=needs_open,
    )
