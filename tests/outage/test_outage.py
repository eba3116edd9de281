"""An outage in simulated time: who bears it, and what is left of it."""

from dataclasses import replace

import pytest
from bench.outage.figures import figures_of
from bench.outage.plan import ATTEMPT_S, HOURS, SICK, SICK_TOOLS, Trouble
from bench.outage.report import CURVES, PAGE, simulated, written
from bench.outage.simulation import course_of

from highroad.domain.dependency import BreakerRule, Dependency

pytestmark = pytest.mark.timeout(300)

RULE, SPARED = BreakerRule(), Dependency(name=SICK)
SHORT = tuple(replace(plan, before_s=30.0, outage_s=60.0, after_s=90.0) for plan in HOURS)
QUICK = {Trouble.DOWN, Trouble.HALF}


def hours():
    for plan in SHORT:
        is_quick = plan.trouble in QUICK and plan.failure_rate == RULE.failure_rate
        marks = () if is_quick else pytest.mark.nightly
        yield pytest.param(plan, id=f"a minute of {plan.title}", marks=marks)
    for plan in HOURS:
        marks = [pytest.mark.nightly, pytest.mark.timeout(1_800)]
        yield pytest.param(plan, id=f"an hour of {plan.title}", marks=marks)


@pytest.fixture(scope="module", params=hours())
def course(request):
    return course_of(request.param)


@pytest.fixture(scope="module")
def figures(course):
    return figures_of(course)


def opens(course):
    return course.plan.failure_rate == RULE.failure_rate


@pytest.mark.promise("P3")
def test_every_call_has_one_end(course):
    made = [call.answer.call_id for call in course.road.calls]
    assert len(made) == len(set(made)) > 500
    assert set(course.record.ends) == set(made)
    assert set(course.record.ends.values()) == {1}


@pytest.mark.promise("P11")
def test_no_order_is_carried_out_twice_also_not_by_redriving(course, figures):
    assert figures.twice == 0
    carried_out = sum(len(each.done) for each in course.road.logs.values())
    assert carried_out > 100
    if course.plan.trouble is Trouble.HALF:
        assert figures.bare_twice > 0  # without the road, some are


def test_what_was_given_up_on_and_changes_something_has_a_letter_and_nothing_else(course):
    given_up = {
        call.answer.call_id
        for call in course.road.calls
        if call.tool in course.effects and not call.is_answered
    }
    assert course.record.letters == given_up
    assert given_up


def test_letters_are_redriven_but_those_whose_outcome_nobody_knows(course):
    status_of = {call.answer.call_id: call.answer.status for call in course.road.calls}
    first = sorted(course.record.letters)[:100]
    known = sum(status_of[call_id] != "unknown" for call_id in first)
    assert course.redriven == ({"completed": known} if known else {})


def test_an_open_breaker_lets_nothing_through_but_trials(course):
    if not opens(course):
        assert not course.record.opened_s
        return
    since_s = course.record.opened_s[0]
    came = [at_s for at_s in course.road.logs[SICK].came_s if since_s < at_s < course.plan.well_s]
    assert len(came) <= RULE.successes * len(course.record.opened_s)
    minutes = (course.plan.end_s - since_s) / RULE.recovery_s
    assert len(course.record.opened_s) <= minutes + 1


def test_a_breaker_opens_when_half_of_what_it_counted_has_failed(course):
    if opens(course):
        behind_s = course.record.opened_s[0] - course.plan.before_s
        assert 0 < behind_s <= RULE.window_s + ATTEMPT_S


def test_retries_stay_under_a_tenth_besides_a_floor(course, figures):
    minutes = course.plan.outage_s / 60 + 1
    allowed = SPARED.retry_ratio * figures.demand + SPARED.retry_floor * minutes / (
        course.plan.outage_s
    )
    assert 0 < figures.retries * figures.demand <= allowed


def test_the_load_is_a_fraction_of_what_a_client_without_the_road_makes(course, figures):
    assert figures.load < figures.bare_load
    assert figures.bare_load > 1.5 * figures.demand
    if course.plan.trouble is not Trouble.HALF:
        window_s = RULE.failure_rate * RULE.window_s  # until it opens
        before = figures.demand * 1.5 * window_s / course.plan.outage_s
        trials = 2 * RULE.successes / RULE.recovery_s  # each with a probe, where it is checkable
        assert figures.load < before + trials


def test_callers_are_answered_sooner(course, figures):
    assert figures.wait_p50_s < 0.1
    assert figures.wait_p99_s <= figures.bare_wait_p99_s
    if course.plan.trouble is not Trouble.HALF:
        assert figures.wait_p50_s == 0


def test_the_tools_that_need_something_else_do_not_notice(course, figures):
    others = [call for call in course.road.calls if call.tool not in SICK_TOOLS]
    assert all(call.is_answered for call in others)
    assert figures.others_p99_s <= 1.1 * figures.others_before_p99_s
    assert max(call.took_s for call in others) <= 0.0801  # all of it is the service's own


def test_it_recovers_within_the_recovery_time_and_the_time_of_trials(course, figures):
    assert figures.recovery_s <= RULE.recovery_s + ATTEMPT_S + 1
    late_s = course.plan.well_s + RULE.recovery_s + 2 * ATTEMPT_S
    assert all(call.is_answered for call in course.road.calls if call.at_s > late_s)


def test_before_it_began_every_call_was_answered(course):
    early_s = course.plan.before_s - 2 * ATTEMPT_S
    assert all(call.is_answered for call in course.road.calls if call.at_s < early_s)


def test_the_same_plan_takes_the_same_course():
    plan = replace(HOURS[1], before_s=5.0, outage_s=20.0, after_s=5.0)
    one, other = course_of(plan), course_of(plan)
    assert one.road.calls == other.road.calls
    assert one.bare.calls == other.bare.calls
    assert figures_of(one) == figures_of(other)
    assert figures_of(course_of(replace(plan, seed=2))) != figures_of(one)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_the_page_tells_what_the_simulation_comes_to():
    report = simulated()
    page = PAGE.read_text("utf-8")
    assert written(page, report) == page
    assert CURVES.read_text("utf-8") == report.svg()
