"""How each attempt comes to its dependency and goes: the breaker is asked, and told."""

import logging
from collections.abc import Sequence
from typing import Final

from highroad.domain.call import Call
from highroad.domain.demand import AttemptResult
from highroad.domain.dependency import BreakerReading
from highroad.domain.error import CallError, CountersError
from highroad.domain.failure import Failure
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Ending, Proof
from highroad.domain.verdict import Refuse
from highroad.pipeline.context import RoadContext
from highroad.pipeline.spending import without_counters
from highroad.resilience.passage import Passage

_log: Final = logging.getLogger("highroad.dependencies")

_ANSWERED: Final = frozenset(
    {FailureKind.INVALID_ARGUMENTS, FailureKind.DENIED, FailureKind.PERMANENT}
)
"""Failures with which a dependency shows that it is there."""


async def enter(call: Call, context: RoadContext) -> Passage | Failure | None:
    """Leave for the next attempt, or why there is none.

    Returns:
        `None` for a read that may go on without: nobody can be asked.
    """
    way = context.services.ways.to(call.known_definition.needs)
    holder = f"{call.id}/{context.record.attempts + 1}"
    try:
        entered = await way.enter(holder, left_s=context.remaining_s())
    except CountersError:
        verdict = without_counters(call, context.services)
        return _kept_away(verdict.error, "counters") if isinstance(verdict, Refuse) else None
    return entered if isinstance(entered, Passage) else _kept_away(entered, entered.code)


async def leave(passage: Passage | None, context: RoadContext, came: Ending | Failure) -> None:
    """Tell the breaker how an attempt went, and give its place back."""
    await _leave(passage, context, _result_of(came))


async def abandon(passage: Passage | None, context: RoadContext) -> None:
    """Give the place of an attempt back that says nothing: it was called off."""
    await _leave(passage, context, AttemptResult.ABANDONED)


async def _leave(passage: Passage | None, context: RoadContext, result: AttemptResult) -> None:
    if passage is None:
        return
    try:
        moved = await passage.leave(result)
    except CountersError as error:  # what was done is done, and its place has a lease
        _log.warning("call %s could not tell its breaker: %s", context.record.call.id, error)
        return
    if moved:
        _tell(moved)


def _tell(moved: Sequence[BreakerReading]) -> None:
    for reading in moved:
        _log.warning(
            "the breaker of %s is %s: %d of %d attempts failed, %d were slow",
            reading.dependency,
            reading.state,
            reading.failures,
            reading.attempts,
            reading.slow,
        )


def _result_of(came: Ending | Failure) -> AttemptResult:
    if isinstance(came, Ending):
        return AttemptResult.SUCCESS
    if not came.was_made:
        return AttemptResult.ABANDONED
    if came.kind in _ANSWERED:
        return AttemptResult.SUCCESS
    return AttemptResult.FAILURE if came.kind.is_of_dependency else AttemptResult.ABANDONED


def _kept_away(error: CallError, rule: str) -> Failure:
    return Failure(
        kind=FailureKind.TRANSIENT,
        error=error,
        applied=False,
        proof=Proof.NOT_STARTED,
        rule=rule,
        was_made=False,
    )
