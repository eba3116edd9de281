"""What an hour of outage comes to, in figures."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.outage.plan import SICK, SICK_TOOLS
from bench.outage.simulation import Call, Course, Side

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one course. Rates and parts are those of the outage; times are simulated seconds."""

    demand: float
    """Calls a second that callers make of `payments`."""
    load: float
    """Attempts and probes a second that `payments` sees, with the road."""
    bare_load: float
    """The same without it."""
    retries: float
    """Part of the attempts of the road that are no first ones, of all calls."""
    answered: float
    """Part of calls that got what they wanted."""
    bare_answered: float
    wait_p50_s: float
    """How long callers of `payments` waited for whatever they were told."""
    wait_p99_s: float
    bare_wait_p50_s: float
    bare_wait_p99_s: float
    others_before_p99_s: float
    """Of calls of the other tools, while all is well."""
    others_p99_s: float
    """The same during the outage."""
    letters: int
    unknown: int
    """Calls of which nobody knows whether they took effect."""
    openings: int
    twice: int
    """Orders that were carried out more than once."""
    bare_twice: int
    recovery_s: float
    """From the end of the trouble until the last call was made that it made fail."""
    redriven: Counter[str]


def figures_of(course: Course) -> Figures:
    """Sum a course up."""
    plan, record = course.plan, course.record
    sick, bare = _during(course, course.road), _during(course, course.bare)
    others = [call for call in course.road.calls if call.tool not in SICK_TOOLS]
    ids = {call.answer.call_id for call in sick}
    attempts = sum(record.attempts[call_id] for call_id in ids)
    firsts = sum(record.attempts[call_id] > 0 for call_id in ids)
    waits, bare_waits = [call.took_s for call in sick], [call.took_s for call in bare]
    failed_s = [
        call.at_s for call in course.road.calls if call.at_s >= plan.well_s and not call.is_answered
    ]
    return Figures(
        demand=len(sick) / plan.outage_s,
        load=_load(course, course.road),
        bare_load=_load(course, course.bare),
        retries=(attempts - firsts) / len(sick),
        answered=_answered(sick),
        bare_answered=_answered(bare),
        wait_p50_s=percentile(waits, 50),
        wait_p99_s=percentile(waits, 99),
        bare_wait_p50_s=percentile(bare_waits, 50),
        bare_wait_p99_s=percentile(bare_waits, 99),
        others_before_p99_s=percentile(
            [call.took_s for call in others if call.at_s < plan.before_s], 99
        ),
        others_p99_s=percentile([call.took_s for call in others if plan.is_on(call.at_s)], 99),
        letters=len(record.letters),
        unknown=sum(call.answer.status == "unknown" for call in course.road.calls),
        openings=len(record.opened_s),
        twice=_twice(course.road),
        bare_twice=_twice(course.bare),
        recovery_s=max(failed_s, default=plan.well_s) - plan.well_s,
        redriven=course.redriven,
    )


def by_minute(course: Course, times_s: Iterable[float]) -> Sequence[float]:
    """How many a second, minute by minute, until the last callers came."""
    counted = Counter(int(at_s // MINUTE_S) for at_s in times_s)
    return [counted[minute] / MINUTE_S for minute in range(_minutes(course))]


def answered_by_minute(course: Course, side: Side) -> Sequence[float]:
    """The part of the calls of `payments` that got what they wanted, by when they were made."""
    made, answered = Counter[int](), Counter[int]()
    for call in _sick(side):
        minute = int(call.at_s // MINUTE_S)
        made[minute] += 1
        answered[minute] += call.is_answered
    return [answered[minute] / made[minute] for minute in range(_minutes(course))]


def percentile(sample: Sequence[float], percent: int) -> float:
    """Of a sample, the value that so many percent do not exceed."""
    return statistics.quantiles(sample, n=100, method="inclusive")[percent - 1]


def _minutes(course: Course) -> int:
    return int(course.plan.end_s // MINUTE_S)


def _sick(side: Side) -> Sequence[Call]:
    return [call for call in side.calls if call.tool in SICK_TOOLS]


def _during(course: Course, side: Side) -> Sequence[Call]:
    return [call for call in _sick(side) if course.plan.is_on(call.at_s)]


def _answered(calls: Sequence[Call]) -> float:
    return sum(call.is_answered for call in calls) / len(calls)


def _load(course: Course, side: Side) -> float:
    plan = course.plan
    return sum(map(plan.is_on, side.logs[SICK].asked_s)) / plan.outage_s


def _twice(side: Side) -> int:
    return sum(times > 1 for log in side.logs.values() for times in log.done.values())
