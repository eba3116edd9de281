"""What is said of calls by people, by recovery, and by those who read of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from highroad.domain.approval import Approval
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.dead_letter import body_of as letter_body
from highroad.domain.entry import Amendment, Entry, EntryKind
from highroad.domain.order import Cancellation, Decision, Order
from highroad.domain.order_form import name_of
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.trial import TrialChange
from highroad.ledger.entries.form import approval_body, begun, entry_of, shown_body
from highroad.ledger.entries.house import noted
from highroad.ledger.history import CallHistory
from highroad.ledger.projections import Body

_NAMED: Final = 100
"""Characters that are kept of what an order says of itself."""


def decided(
    approval: Approval,
    decision: Decision,
    *,
    reason: SealedPayload | None,
    endorsed: Sequence[tuple[str, str]] = (),
) -> Entry:
    """A person's decision; `approval` is as it stands after it.

    Args:
        approval: As it stands now.
        decision: About it.
        reason: Why.
        endorsed: Pointer and digest of each value that they vouch for.
    """
    body: Body = {
        **begun(
            EntryKind.DECIDED,
            at_ms=decision.at_ms,
            organization=approval.organization,
            run_id=approval.run_id,
            call_id=approval.call_id,
        ),
        "ruling": decision.ruling,
        "by": decision.by,
        "saw": decision.digest,
        "approval": approval_body(approval),
    }
    if decision.assurance is not None:
        body["assurance"] = decision.assurance
    body.update(shown_body(decision))
    if endorsed:
        body["endorsed"] = [[pointer, digest] for pointer, digest in endorsed]
    entry = entry_of(body, reason=reason, profile=decision.profile)
    return replace(entry, needs_open=approval.id, shown_by=decision.shown_by)


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
    when it runs (`highroad.pipeline.repetition`), and until then a correction finds all as it was.
    """
    body: Body = {
        **begun(
            EntryKind.AMENDED,
            at_ms=amendment.at_ms,
            organization=organization,
            run_id=run_id,
            call_id=amendment.call_id,
        ),
        "id": amendment.id,
        "source": amendment.kind,
        "applied": amendment.applied,
        "by": amendment.by,
    }
    if letter is not None:
        body["letter"] = letter_body(letter)
    return entry_of(body, reason=reason, profile=profile)


def lettered(
    letter: DeadLetter, *, reason: SealedPayload | None = None, profile: bytes | None = None
) -> Entry:
    """What became of a dead letter; it stands as it does behind that."""
    body: Body = {
        **begun(
            EntryKind.LETTER,
            at_ms=letter.changed_ms,
            organization=letter.organization,
            run_id=letter.run_id,
            call_id=letter.call_id,
        ),
        "by": letter.changed_by or "",
        "letter": letter_body(letter),
    }
    return entry_of(body, reason=reason, profile=profile)


def cancelled(order: Cancellation, *, reason: SealedPayload | None) -> Entry:
    """A call or a run is called off."""
    body: Body = {
        **begun(
            EntryKind.CALL_CANCELLED if order.call_id else EntryKind.RUN_CANCELLED,
            at_ms=order.at_ms,
            organization=order.organization,
            run_id=order.run_id,
            call_id=order.call_id or None,
        ),
        "id": order.id,
        "by": order.by,
    }
    return entry_of(body, reason=reason, profile=order.profile)


def revealed(
    history: CallHistory, *, by: str, profile: bytes, payloads: Sequence[str], at_ms: int
) -> Entry:
    """Somebody is about to read payloads of a call in plain."""
    body: Body = {
        **begun(
            EntryKind.REVEALED,
            at_ms=at_ms,
            organization=history.organization,
            run_id=history.run_id,
            call_id=history.call_id,
        ),
        "by": by,
        "payloads": list(payloads),
    }
    return entry_of(body, profile=profile)


def trial_changed(
    change: TrialChange,
    *,
    profile: bytes | None = None,
    reason: SealedPayload | None = None,
    run_id: str | None = None,
    run_key: SealedKey | None = None,
) -> Entry:
    """Somebody promoted an agent, or put it on trial again.

    Args:
        change: What they said.
        profile: Who they are, encrypted.
        reason: Why, where they said so.
        run_id: Under whose key the reason is sealed; it is no run of an agent.
        run_key: That key, where it is new.
    """
    body: Body = {
        **begun(
            EntryKind.TRIAL,
            at_ms=change.at_ms,
            organization=change.organization,
            run_id=run_id,
        ),
        "id": change.id,
        "agent": change.agent,
        "state": change.state,
        "definition": change.definition,
        "by": change.by,
        "early": change.is_early,
    }
    return replace(entry_of(body, reason=reason, profile=profile), run_key=run_key)


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
