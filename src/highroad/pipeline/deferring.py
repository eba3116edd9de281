"""Deferring: a body has handed its work on, and the call is put down until its result comes.

The deferral is on disk before anybody is told of it. From then on the process may forget the call:
whatever ends it, a result that is handed in or the time, enters the road at `finish`.
"""

from dataclasses import replace

from highroad.domain.call import Call
from highroad.domain.deferral import Deferral, DeferralState
from highroad.domain.entry import Entry, KeyClaim, Written
from highroad.domain.error import BrokenPromise, LedgerError
from highroad.domain.outcome import DEFERRED
from highroad.ledger import entries
from highroad.pipeline import keys
from highroad.pipeline.context import RoadContext


async def put_down(deferral: Deferral, call: Call, context: RoadContext) -> Deferral:
    """Write down that a call waits for its result.

    Returns:
        The deferral as it stands; it is durable.

    Raises:
        LedgerError: It could not be written: nobody will be told that the call waits.
    """
    ledger, record = context.services.ledger, context.record
    waiting = replace(deferral, state=DeferralState.WAITING)
    record.trace.append(("execute", "hold", DEFERRED, None, context.lap_us()))

    def draw() -> Entry:
        """The entry, with what driving the call on takes."""
        if record.can_be_kept and not record.is_call_kept:
            ledger.seal_call(record)
        return entries.deferred(
            record,
            waiting,
            at_ms=waiting.deferred_ms,
            latency_us=context.elapsed_us(),
            is_in_doubt=bool(context.doubt.attempts - {record.attempts}),
            claim=_claim(call, context, waiting),
        )

    try:
        if record.waiting is not None:  # the intent of a read, which would else ride behind it
            await ledger.writer.flush()
        receipt = await ledger.write_drawn(record, draw)
    except LedgerError:
        context.hold_after = None
        raise
    if not isinstance(receipt, Written):
        raise BrokenPromise(f"call {call.id} lost its key while it ran")
    return waiting


def _claim(call: Call, context: RoadContext, deferral: Deferral) -> KeyClaim | None:
    """The claim that the intent took, until long behind the last moment of the wait."""
    is_claimed = call.known_definition.has_effects or context.approval is not None
    if context.claim is None or not is_claimed or not keys.is_shared(call):
        return None
    return replace(context.claim, expires_ms=deferral.expires_ms + keys.REMEMBER_MS)
