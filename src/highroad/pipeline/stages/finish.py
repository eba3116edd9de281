"""`finish`: every ending passes here; it is the only writer of the terminal record (P3)."""

import asyncio
from dataclasses import replace
from typing import Final

import orjson

from highroad.domain.approval import OPEN, Approval, ApprovalState
from highroad.domain.deferral import Deferral
from highroad.domain.entry import (
    AlreadyEnded,
    ApprovalSpent,
    Entry,
    KeyClaim,
    KeyTaken,
    Receipt,
)
from highroad.domain.error import BrokenPromise, LedgerError
from highroad.domain.notice import ended
from highroad.domain.outcome import AnyOutcome, Completed, Ending, Held, Proof, Status
from highroad.domain.payload import PayloadKind, PayloadRef
from highroad.domain.tool import Effect, Tier
from highroad.domain.value import value
from highroad.ledger import entries
from highroad.ledger.results import Fetch
from highroad.pipeline import caching, failover, keys, late
from highroad.pipeline.checking import finished, withheld
from highroad.pipeline.context import RoadContext
from highroad.pipeline.hiding import hidden_ending
from highroad.pipeline.result import Result, checked
from highroad.pipeline.stored import awaited, held_by, stored_outcome
from highroad.pipeline.successor import Successor
from highroad.pipeline.telling import outcome_of, unrecorded
from highroad.pipeline.view import seen, shown_note

_COMPLETED: Final = Status.COMPLETED

_MAY_HAVE_DONE: Final = {Status.COMPLETED, Status.UNKNOWN}


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
    leans: bool = True
    """Whether it lands only while the call waits for what its end was found for."""
    standing: Approval | None = None
    """What people were asked, with all that they have said of it by now."""

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
            hold=self._hold,
            needs_open=self.leans_on,
        )

    @property
    def leans_on(self) -> str | None:
        """The approval that must be open still: who edits the call has another one asked.

        What was rejected stays so, and nobody edits it any more.
        """
        approval = self.context.approval
        if not self.leans or approval is None or self.context.record.has_intent:
            return None
        return None if approval.state is ApprovalState.REJECTED else approval.id

    @property
    def _leaves_key(self) -> bool:
        """Whether its key is that of what stands in: both must not take effect (P11)."""
        return self.successor is not None and self.successor.may_take_effect

    @property
    def _hold(self) -> Approval | Deferral | None:
        context = self.context
        hold, approval = context.hold_after, context.approval
        if not self.leans:  # others have said how it stands
            return None
        if hold is None and not context.record.has_intent and approval is not None:
            # What was asked, or agreed to, can be used by nobody any more, nor be changed.
            hold = approval.voided() if approval.state in OPEN else None
        if isinstance(hold, Approval) and self.standing is not None:
            return replace(self.standing, state=hold.state)
        return replace(hold, ended_ms=self.at_ms) if isinstance(hold, Deferral) else hold

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
    ending = hidden_ending(ending)
    if ending.status is _COMPLETED:
        result, ending = checked(context, ending)
    if result is None or context.services.checks.is_none:
        return await _end(context, ending, result)
    try:
        result, ending, kept_back = await finished(context, result, ending)
    except asyncio.CancelledError:
        # What the tool did is done. Its end is written without what nobody has judged, and the
        # cancellation goes on.
        result, ending = withheld(context, ending)
        ending_it = asyncio.ensure_future(_end(context, ending, result, "checks: cancelled"))
        context.services.tasks.add(ending_it)
        ending_it.add_done_callback(context.services.tasks.discard)
        context.outcome = await asyncio.shield(ending_it)
        raise
    return await _end(context, ending, result, kept_back)


async def _end(
    context: RoadContext, ending: Ending, result: Result | None, kept_back: str | None = None
) -> AnyOutcome:
    """Settle, record and answer; `kept_back` is what checks did to the result, for the record."""
    now_ms = context.services.clock.now_ms()
    if ending.status is not _COMPLETED:
        await failover.give_up(context, ending, at_ms=now_ms)
    cost_microusd = context.settle(ending, None if result is None else result.data)
    shown, visible, note = await seen(context, ending, result)
    outcome = context.outcome = outcome_of(context, shown, visible)
    record = context.record
    code = None if ending.error is None else ending.error.code
    note = "; ".join(filter(None, (shown_note(context, visible, note), kept_back))) or None
    record.trace.append(("finish", ending.status, code, note, 0))
    terminal = Terminal(
        context, ending, result, now_ms, context.elapsed_us(), cost_microusd, context.successor
    )
    try:
        instead = await _record(context, terminal)
        if instead is not None:
            outcome = context.outcome = instead
    except LedgerError:
        context.successor = None
        outcome = context.outcome = unrecorded(context, ending)
        if record.has_intent:
            context.count_in_full()
            context.services.unended.add(record.call.id)
            if context.deferral is None:  # else it waits on, and may be answered once more
                late.amend_unwritten(context, ending)
    else:
        if context.fetch is not None and result is not None and record.has_intent:
            await _remember(context, context.fetch, result)
    _tell(context, outcome, now_ms)
    if record.has_intent and not context.is_read and _may_be_applied(outcome):
        await caching.invalidate(context)
    return outcome


def _tell(context: RoadContext, outcome: AnyOutcome, at_ms: int) -> None:
    """Let people know how what they were asked about ended, and of effects that can be undone."""
    tell = context.services.tell
    was_asked = context.approval is not None
    if tell is None or isinstance(outcome, Held) or _is_dry(context, outcome):
        return
    if not (was_asked or _is_news(context, outcome)):
        return
    undo_ms = keys.undo_ms(context.services.approval_rules)
    tell(ended(context.record.call, outcome.status, at_ms, was_asked=was_asked, undo_ms=undo_ms))


def _is_dry(context: RoadContext, outcome: AnyOutcome) -> bool:
    """Whether nothing happened that anybody could be told of: work was handed on at most."""
    is_previewed = isinstance(outcome, Completed) and outcome.dry_run
    return is_previewed or context.record.call.in_dry_run


def _is_news(context: RoadContext, outcome: AnyOutcome) -> bool:
    """Whether a reversible call took effect, for which nobody was asked."""
    took_effect = context.record.has_intent and outcome.status is _COMPLETED
    return took_effect and context.tool.definition.tier is Tier.REVERSIBLE


def _may_be_applied(outcome: AnyOutcome) -> bool:
    """Whether a call with an intent may have taken effect, as far as its outcome says."""
    # To have run twice is as good as once: that it failed says nothing of what it did.
    is_repeatable = getattr(outcome, "proof", None) is Proof.REPEATABLE
    return is_repeatable or outcome.status in _MAY_HAVE_DONE


async def _record(context: RoadContext, terminal: Terminal) -> AnyOutcome | None:
    """Write the terminal record, or let it ride; what became of the call before, if others did."""
    ledger, record = context.services.ledger, context.record
    if context.is_read:
        await ledger.put_end(record, terminal)
        return None
    if terminal.ending.is_cached and terminal.leans_on is None:
        await ledger.put_answer(record, terminal)
        return None
    if terminal.leans_on is None:
        receipt = await _write(context, terminal)
    else:
        receipt = await _write_in_turn(context, terminal, terminal.leans_on)
    if isinstance(receipt, ApprovalSpent):
        standing = await awaited(context.services, record.call.id)
        if standing is not None:  # it was edited, and waits as edited
            context.letter = context.successor = None
            return held_by(standing)
        receipt = await _write(context, replace(terminal, leans=False))
    if isinstance(receipt, AlreadyEnded):
        context.successor = None
        return await _as_recorded(context)
    return None


async def _write_in_turn(context: RoadContext, terminal: Terminal, approval_id: str) -> Receipt:
    """Write it while nobody says anything of the approval: what was said so far stays said."""
    services = context.services
    async with services.turn(context.record.call.id):
        standing = await services.ledger.store.approval(approval_id)
        return await _write(context, replace(terminal, standing=standing))


async def _write(context: RoadContext, terminal: Terminal) -> Receipt:
    """Wait until the terminal record is durable or turned down; no key, no successor."""
    ledger, record = context.services.ledger, context.record
    receipt = await ledger.write_drawn(record, terminal)
    if isinstance(receipt, KeyTaken):
        context.successor = None
        receipt = await ledger.write_drawn(record, replace(terminal, successor=None))
    return receipt


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
    if context.record.call.compensates is not None:
        return True  # what was taken back is not taken back once more, harmless or not
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


async def _remember(context: RoadContext, fetch: Fetch, result: Result) -> None:
    """Let the result of a read answer the next one, unless it is invalid or holds files."""
    if not result.is_invalid and not result.blobs:
        await caching.keep(context, fetch, result.data)
