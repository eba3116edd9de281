"""What becomes known of a call after it was given up on: an amendment, and never another end (P3).

A synchronous body cannot be stopped: after a timeout, or when its caller has gone, it runs on in
its thread, and what it says in the end is news. So is what this process knows of a call whose end
it could not write.
"""

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from highroad.domain.dead_letter import DeadLetter, settled
from highroad.domain.entry import AMENDMENT, Amendment, AmendmentKind
from highroad.domain.error import LedgerError
from highroad.domain.failure import Failure
from highroad.domain.identity import OURSELVES
from highroad.domain.outcome import AnyOutcome, Completed, Ending, Proof, Status
from highroad.ledger import entries
from highroad.pipeline import caching
from highroad.pipeline.context import RoadContext
from highroad.pipeline.judgement import raised, returned


def watch(context: RoadContext, attempt: int, body: Future[object]) -> None:
    """Listen to the body of an attempt that is given up on, until it comes back.

    Nobody asks later what a read would have said.
    """
    if not context.tool.definition.has_effects:
        return
    loop = asyncio.get_running_loop()
    context.doubt.strays |= {attempt}

    def tell(done: Future[object]) -> None:
        """Carry the news from its thread into the loop."""
        with suppress(RuntimeError):  # the loop was closed: nobody is there to write it down
            loop.call_soon_threadsafe(partial(_land, context, attempt, done))

    body.add_done_callback(tell)


def _land(context: RoadContext, attempt: int, body: Future[object]) -> None:
    """A straggler is back. What is in time for the end of its call changes that; else amend."""
    context.doubt.strays -= {attempt}
    applied, proof = _said(context, body)
    if applied is False:
        context.doubt.dispel(attempt, proof)
        if context.doubt.attempts:
            return  # another attempt may have been applied
    if applied is not None:
        tasks = context.services.tasks
        amending = asyncio.get_running_loop().create_task(_amend_ended(context, applied=applied))
        tasks.add(amending)
        amending.add_done_callback(tasks.discard)


def _said(context: RoadContext, body: Future[object]) -> tuple[bool | None, Proof]:
    """Whether it was applied, by what the body returned or raised."""
    error = body.exception()
    if error is None:
        came = returned(body.result(), context.tool)
        if not isinstance(came, Failure):
            return True, Proof.TOOL_SAID
    else:
        came = raised(error, context.tool)
    return came.applied, came.proof


async def _amend_ended(context: RoadContext, *, applied: bool) -> None:
    """Amend the call once it has ended, if that is news."""
    outcome = await context.services.inflight.join(context.record.call.id) or context.outcome
    if outcome is not None and _is_news(outcome, applied=applied):
        _amend(context, applied=applied, letter=await _letter(context))
        if applied:
            await caching.invalidate(context)
        await context.settle_late(applied=applied)


async def _letter(context: RoadContext) -> DeadLetter | None:
    """The letter that the call left, as it stands by now."""
    if context.letter is None:
        return None
    try:
        history = await context.services.ledger.history(context.record.call.id)
    except LedgerError:  # the fact itself lands whenever something can
        return None
    return None if history is None else history.letter


def _is_news(outcome: AnyOutcome, *, applied: bool) -> bool:
    if isinstance(outcome, Completed):
        return False
    return applied or outcome.status is Status.UNKNOWN


def amend_unwritten(context: RoadContext, ending: Ending) -> None:
    """Keep what is known of a call with effects whose end could not be written.

    It lands with the next commit that succeeds, also for a process that has lost its fence:
    whoever settles the call meanwhile knows less.
    """
    if not context.is_resolved or not context.tool.definition.has_effects:
        return
    if ending.status is Status.COMPLETED:
        _amend(context, applied=True)
    elif context.doubt.proof not in {None, Proof.REPEATABLE}:
        _amend(context, applied=False)


def _amend(context: RoadContext, *, applied: bool, letter: DeadLetter | None = None) -> None:
    services, call = context.services, context.record.call
    amendment = Amendment(
        id=services.ids.new(AMENDMENT),
        call_id=call.id,
        kind=AmendmentKind.LATE,
        applied=applied,
        by=OURSELVES,
        at_ms=services.clock.now_ms(),
    )
    services.ledger.writer.put(
        entries.amended(
            amendment,
            organization=call.organization,
            run_id=call.run_id,
            letter=settled(letter, applied=applied, by=amendment.by, at_ms=amendment.at_ms),
        )
    )
