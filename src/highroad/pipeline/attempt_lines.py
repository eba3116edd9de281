"""What a call's trace says of attempts that brought no result; those that did say nothing."""

from typing import Final

from highroad.domain.failure import Failure
from highroad.domain.verdict import StageLine
from highroad.pipeline.context import RoadContext
from highroad.resilience.retry import Decision, Stop

STAGE: Final = "attempt"
MOST_LINES: Final = 8
"""In one record, however often a tool may be tried: the last line stands for all from there on."""


def trace_attempt(context: RoadContext, failure: Failure, decision: Decision) -> None:
    """Note why an attempt failed, and when the next one comes or why none does."""
    number, said = context.record.attempts, failure.rule
    if failure.was_made and failure.applied is False:
        said = f"{said}, not applied"
    told = f"{number}: {said}" if failure.was_made else f"not made: {said}"
    if isinstance(decision, Stop):
        verdict, then = "end", f"retry.{decision}"
    else:
        verdict, then = "retry", f"again in {decision.delay_s:.2f} s"
    rule = f"{told}; {then}"
    _add(context, (STAGE, verdict, failure.kind, rule, context.lap_us()))


def trace_hedge(context: RoadContext, after_s: float) -> None:
    """Note that a second attempt is made beside one that is slow."""
    rule = f"{context.record.attempts}: no answer in {after_s:g} s; another beside it"
    _add(context, (STAGE, "hedge", None, rule, context.lap_us()))


def _add(context: RoadContext, line: StageLine) -> None:
    lines = context.record.trace
    if sum(each[0] == STAGE for each in lines) >= MOST_LINES:
        lines[-1] = line  # attempts follow each other: the last line is one of theirs
    else:
        lines.append(line)
