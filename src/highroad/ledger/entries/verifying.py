"""That a verifier is asked about a call, and that it has answered: model requests of that call."""

from highroad.domain.entry import Entry, EntryKind
from highroad.domain.run import ReplyRecord, RequestRecord
from highroad.ledger.entries.form import begun, entry_of
from highroad.ledger.projections import Body
from highroad.ledger.record import CallRecord


def verification_asked(record: CallRecord, request: RequestRecord, *, at_ms: int) -> Entry:
    """A verifier is about to be asked: what that reserved counts until it is answered.

    What it is shown is sealed in the call's own entries, behind this one.
    """
    return entry_of(
        _begun(EntryKind.MODEL_ASKED, record, at_ms)
        | {
            "id": request.id,
            "number": request.number,
            "path": request.path,
            "purpose": request.purpose,
            "model": request.model,
            "shape": request.shape,
            "tools": request.tools,
            "choice": request.choice,
            "messages": request.messages,
            "reserved_tokens": request.reserved_tokens,
            "reserved": request.reserved_microusd,
        }
    )


def verification_replied(record: CallRecord, reply: ReplyRecord, *, at_ms: int) -> Entry:
    """What came of it; the opinion itself stands in the call's own entries."""
    usage = reply.usage
    body = _begun(EntryKind.MODEL_REPLIED, record, at_ms) | {
        "id": reply.id,
        "number": reply.number,
        "path": reply.path,
        "status": reply.status,
        "code": reply.code,
        "model": reply.model,
        "finish": reply.finish,
        "tokens_in": usage.input,
        "tokens_out": usage.output,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "ungoverned": usage.ungoverned,
        "cost": reply.cost_microusd,
        "latency_us": reply.latency_us,
        "calls": reply.calls,
    }
    if reply.is_unpriced:
        body["unpriced"] = True
    return entry_of(body)


def _begun(kind: EntryKind, record: CallRecord, at_ms: int) -> Body:
    """Whose call it is about."""
    call = record.call
    about = begun(
        kind,
        at_ms=at_ms,
        organization=call.organization,
        run_id=call.run_id,
        call_id=call.id,
    )
    return {**about, "trace": call.trace_id, "principal": record.principal_id}
