"""The breaker against a plain model of its rules, in simulated time."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from highroad.adapters.counters.memory.breaker import PARTS, Breaker
from highroad.domain.demand import AttemptResult
from highroad.domain.dependency import BreakerRule, BreakerState

SUCCESS, FAILURE, ABANDONED = AttemptResult
RULE = BreakerRule()


def passed(breaker: Breaker, holder: str, now_s: float) -> bool:
    if breaker.wait_s(holder, now_s) is not None:
        return False
    breaker.let_through(holder, now_s)
    return True


def end(
    breaker: Breaker, result: AttemptResult, now_s: float = 0.0, *, took_s: float = 0.1
) -> bool:
    """An attempt that began before, and that ends now."""
    breaker.let_through("attempt", now_s)
    return breaker.report("attempt", result, took_s, now_s)


def fail(breaker: Breaker, times: int, now_s: float = 0.0) -> None:
    for _ in range(times):
        end(breaker, FAILURE, now_s)


def opened(rule: BreakerRule = RULE) -> Breaker:
    breaker = Breaker(rule, 0.0)
    fail(breaker, rule.failures)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_it_opens_at_the_threshold_and_not_before():
    breaker = Breaker(RULE, 0.0)
    fail(breaker, RULE.failures - 1)
    assert passed(breaker, "call", 0.0)
    fail(breaker, 1)
    assert breaker.wait_s("call", 0.0) == RULE.recovery_s


def test_it_stays_closed_while_most_attempts_succeed():
    breaker = Breaker(RULE, 0.0)
    for at in range(100):
        end(breaker, FAILURE if at % 3 == 0 else SUCCESS)
    assert breaker.state is BreakerState.CLOSED


def test_failures_that_have_left_the_window_do_not_count():
    breaker = Breaker(RULE, 0.0)
    fail(breaker, RULE.failures - 1)
    fail(breaker, 1, now_s=RULE.window_s)
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 1)


def test_counts_leave_the_window_part_by_part():
    breaker = Breaker(RULE, 0.0)
    for part in range(4):
        end(breaker, FAILURE, part * RULE.window_s / PARTS)
    breaker.refresh(RULE.window_s + RULE.window_s / PARTS)
    assert breaker.failures == 2


def test_what_goes_wrong_for_reasons_of_its_own_says_nothing():
    breaker = Breaker(RULE, 0.0)
    for _ in range(50):
        end(breaker, ABANDONED)
    assert (breaker.state, breaker.attempts) == (BreakerState.CLOSED, 0)


def test_slow_attempts_open_it_though_they_succeed():
    breaker = Breaker(BreakerRule(slow_s=1.0), 0.0)
    for _ in range(9):
        end(breaker, SUCCESS, took_s=1.1)
    assert breaker.state is BreakerState.CLOSED
    end(breaker, SUCCESS, took_s=1.1)
    assert breaker.state is BreakerState.OPEN


def test_after_the_recovery_time_it_lets_as_many_through_as_it_needs():
    breaker = opened()
    assert not passed(breaker, "early", RULE.recovery_s - 0.001)
    assert [passed(breaker, f"trial {at}", RULE.recovery_s) for at in range(5)] == [
        *[True] * RULE.successes,
        *[False] * (5 - RULE.successes),
    ]


def test_successes_in_a_row_close_it():
    breaker, now_s = opened(), RULE.recovery_s
    for at in range(RULE.successes):
        assert breaker.state is not BreakerState.CLOSED
        assert passed(breaker, f"trial {at}", now_s)
        breaker.report(f"trial {at}", SUCCESS, 0.1, now_s)
    assert breaker.state is BreakerState.CLOSED
    assert passed(breaker, "call", now_s)


@pytest.mark.parametrize("took_s", [0.1, 2.0], ids=["failed", "slow"])
def test_one_bad_trial_opens_it_again(took_s):
    rule, now_s = BreakerRule(slow_s=1.0), RULE.recovery_s
    breaker = opened(rule)
    for at in range(2):
        assert passed(breaker, f"trial {at}", now_s)
    breaker.report("trial 0", SUCCESS, 0.1, now_s)
    breaker.report("trial 1", SUCCESS if took_s > 1 else FAILURE, took_s, now_s + 1)
    assert breaker.wait_s("call", now_s + 1) == rule.recovery_s


def test_what_began_before_it_opened_neither_closes_nor_opens_it():
    breaker, now_s = Breaker(RULE, 0.0), RULE.recovery_s
    for at in range(20):
        assert passed(breaker, f"old {at}", 0.0)
    fail(breaker, RULE.failures)
    assert passed(breaker, "trial", now_s)
    for at in range(20):
        breaker.report(f"old {at}", SUCCESS if at % 2 else FAILURE, 59.0, now_s)
    assert breaker.state is BreakerState.HALF_OPEN


def test_a_trial_that_is_called_off_gives_its_place_to_another():
    breaker, now_s = opened(BreakerRule(successes=1)), RULE.recovery_s
    assert passed(breaker, "first", now_s)
    assert not passed(breaker, "second", now_s)
    breaker.report("first", ABANDONED, 0.1, now_s)
    assert passed(breaker, "second", now_s)


def test_a_trial_whose_process_died_gives_its_place_up_in_the_end():
    breaker, now_s = opened(BreakerRule(successes=1)), RULE.recovery_s
    assert passed(breaker, "dead", now_s)
    assert not passed(breaker, "second", now_s + RULE.recovery_s - 1)
    assert passed(breaker, "second", now_s + RULE.recovery_s)


def test_one_that_a_person_opened_stays_open():
    breaker = Breaker(RULE, 0.0)
    breaker.force(BreakerState.OPEN, 0.0)
    assert breaker.wait_s("call", 10 * RULE.recovery_s) == 0.0
    breaker.force(None, 700.0)
    assert passed(breaker, "call", 700.0)


def test_one_that_a_person_closed_stays_closed():
    breaker = opened()
    breaker.force(BreakerState.CLOSED, 0.0)
    fail(breaker, 100)
    assert passed(breaker, "call", 0.0)
    breaker.force(None, 0.0)
    fail(breaker, RULE.failures)
    assert not passed(breaker, "call", 0.0)


def test_it_opens_where_failures_are_just_the_part_that_the_rule_names():
    breaker = Breaker(RULE, 0.0)
    for at in range(2 * RULE.failures):
        assert breaker.state is BreakerState.CLOSED
        end(breaker, SUCCESS if at < RULE.failures else FAILURE)
    assert breaker.state is BreakerState.OPEN


def test_an_attempt_of_just_the_time_that_is_allowed_is_not_slow():
    breaker = Breaker(BreakerRule(slow_s=1.0, slow_attempts=1), 0.0)
    end(breaker, SUCCESS, took_s=1.0)
    assert breaker.state is BreakerState.CLOSED


def test_what_was_counted_before_it_opened_is_forgotten_once_it_closes():
    rule = BreakerRule(recovery_s=1.0, successes=1)
    breaker = opened(rule)
    assert passed(breaker, "trial", 1.0)
    breaker.report("trial", SUCCESS, 0.1, 1.0)
    assert (breaker.state, breaker.attempts, breaker.failures) == (BreakerState.CLOSED, 0, 0)
    fail(breaker, rule.failures - 1, now_s=2 * rule.window_s / PARTS)
    breaker.refresh(rule.window_s + 1)
    assert (breaker.attempts, breaker.failures) == (rule.failures - 1, rule.failures - 1)


def test_a_trial_of_an_earlier_recovery_says_nothing_in_the_next():
    breaker, now_s = opened(BreakerRule(recovery_s=1.0, successes=2)), 1.0
    assert passed(breaker, "slow to end", now_s)
    assert passed(breaker, "failing", now_s)
    breaker.report("failing", FAILURE, 0.1, now_s)
    assert breaker.wait_s("slow to end", now_s) is not None
    assert passed(breaker, "trial", now_s + 1)
    breaker.report("slow to end", SUCCESS, 0.1, now_s + 1)
    breaker.report("trial", SUCCESS, 0.1, now_s + 1)
    assert breaker.state is BreakerState.HALF_OPEN


def test_asking_twice_for_one_trial_takes_one_place_and_keeps_its_time():
    breaker = opened(BreakerRule(successes=2, recovery_s=10.0))
    assert passed(breaker, "trial", 10.0)
    assert passed(breaker, "trial", 15.0)
    assert passed(breaker, "other", 15.0)
    assert not passed(breaker, "third", 15.0)
    assert passed(breaker, "third", 20.0)


def test_a_full_half_open_breaker_lets_a_trial_that_it_knows_through_again():
    breaker = opened(BreakerRule(successes=1))
    assert passed(breaker, "trial", RULE.recovery_s)
    assert passed(breaker, "trial", RULE.recovery_s)


def test_a_trial_that_reports_after_its_place_was_given_up_says_nothing():
    breaker = opened(BreakerRule(successes=1, recovery_s=10.0))
    assert passed(breaker, "late", 10.0)
    breaker.report("late", SUCCESS, 10.0, 20.0)
    assert breaker.state is BreakerState.HALF_OPEN


def test_what_is_reported_twice_counts_once():
    breaker = Breaker(RULE, 0.0)
    assert passed(breaker, "call", 0.0)
    breaker.report("call", FAILURE, 0.1, 0.0)
    breaker.report("call", FAILURE, 0.1, 0.0)
    assert breaker.failures == 1


@dataclass
class Model:
    """The rules, said as plainly as they can be, over the whole history."""

    rule: BreakerRule
    state: BreakerState = BreakerState.CLOSED
    since_s: float = 0.0
    ended: list[tuple[float, bool, bool]] = field(default_factory=list)
    trials: dict[str, float] = field(default_factory=dict)
    good: int = 0

    def part(self, at_s: float) -> int:
        return int(at_s * PARTS / self.rule.window_s)

    def recent(self, now_s: float) -> list[tuple[float, bool, bool]]:
        first = self.part(now_s) - PARTS
        return [each for each in self.ended if self.part(each[0]) > first]

    def become(self, state: BreakerState, now_s: float) -> None:
        self.state, self.since_s, self.good = state, now_s, 0
        self.ended, self.trials = [], {}

    def tick(self, now_s: float) -> None:
        recovery_s = self.rule.recovery_s
        if self.state is BreakerState.OPEN and now_s >= self.since_s + recovery_s:
            self.become(BreakerState.HALF_OPEN, now_s)
        self.trials = {who: at for who, at in self.trials.items() if now_s < at + recovery_s}

    def admits(self, now_s: float) -> bool:
        self.tick(now_s)
        if self.state is BreakerState.HALF_OPEN:
            return len(self.trials) < self.rule.successes - self.good
        return self.state is BreakerState.CLOSED

    def report(self, who: str, result: AttemptResult, took_s: float, now_s: float) -> None:
        rule, is_trial = self.rule, self.trials.pop(who, None) is not None
        if result is ABANDONED:
            return
        failed, slow = result is FAILURE, rule.slow_s is not None and took_s > rule.slow_s
        if self.state is BreakerState.CLOSED:
            self.ended.append((now_s, failed, slow))
            seen = self.recent(now_s)
            failures = sum(each[1] for each in seen)
            slows = sum(each[2] for each in seen)
            if (failures >= rule.failures and failures / len(seen) >= rule.failure_rate) or (
                len(seen) >= rule.slow_attempts and slows / len(seen) >= rule.slow_rate
            ):
                self.become(BreakerState.OPEN, now_s)
        elif is_trial and (failed or slow):
            self.become(BreakerState.OPEN, now_s)
        elif is_trial:
            self.good += 1
            if self.good >= rule.successes:
                self.become(BreakerState.CLOSED, now_s)


class BreakerMachine(RuleBasedStateMachine):
    """Attempts come and end, time passes; breaker and model are always of one mind."""

    def __init__(self) -> None:
        super().__init__()
        rule_ = BreakerRule(
            failures=3, window_s=10.0, recovery_s=7.0, successes=2, slow_s=1.0, slow_attempts=4
        )
        self.breaker, self.model = Breaker(rule_, 0.0), Model(rule_)
        self.now_s, self.born = 0.0, 0
        self.under_way: list[str] = []

    @rule()
    def attempt(self) -> None:
        self.born += 1
        holder = f"call {self.born}"
        admits = self.model.admits(self.now_s)
        assert passed(self.breaker, holder, self.now_s) == admits
        if admits:
            self.under_way.append(holder)
            if self.model.state is BreakerState.HALF_OPEN:
                self.model.trials[holder] = self.now_s

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        result=st.sampled_from([SUCCESS, FAILURE, FAILURE, ABANDONED]),
        took_s=st.sampled_from([0.1, 2.0]),
    )
    def end(self, data: st.DataObject, result: AttemptResult, took_s: float) -> None:
        holder = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.model.tick(self.now_s)
        self.breaker.report(holder, result, took_s, self.now_s)
        self.model.report(holder, result, took_s, self.now_s)

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0, 7.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @invariant()
    def they_agree(self) -> None:
        self.model.tick(self.now_s)
        self.breaker.refresh(self.now_s)
        assert self.breaker.state is self.model.state
        if self.model.state is BreakerState.CLOSED:
            seen = self.model.recent(self.now_s)
            assert self.breaker.attempts == len(seen)
            assert self.breaker.failures == sum(each[1] for each in seen)


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
