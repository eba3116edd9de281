"""Retries stay under a part of the traffic, and a few a minute besides."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.dependency import Dependency
from highroad.resilience.retry_budget import WINDOW_S, RetryBudget, Traffic

STEPS = st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=300)


def test_a_tenth_of_the_first_attempts_and_the_floor_may_be_repeated():
    traffic = Traffic(ratio=0.1, floor=2)
    for _ in range(50):
        traffic.first(0)
    assert [traffic.take(0) for _ in range(8)] == [True] * 7 + [False]


def test_what_is_a_minute_old_counts_no_more():
    traffic = Traffic(ratio=1.0, floor=0)
    traffic.first(0.5)
    assert traffic.take(59.9)
    traffic.first(59.9)
    assert not traffic.take(60)


def test_a_retry_is_remembered_as_long_as_a_first_attempt():
    traffic = Traffic(ratio=0.0, floor=1)
    assert [traffic.take(at) for at in (0, 59, 60, 119, 120)] == [True, False, True, False, True]


@given(STEPS, st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(0, 5))
def test_over_any_traffic_retries_stay_under_the_ratio_and_the_floor_a_minute(steps, ratio, floor):
    """Also of all of it, since no first attempt pays for two minutes."""
    traffic, now_s = Traffic(ratio=ratio, floor=floor), 0.0
    firsts, retries = Counter(), Counter()
    for pause_s, wants_retry in steps:
        now_s += pause_s
        second = int(now_s)
        if not wants_retry:
            traffic.first(now_s)
            firsts[second] += 1
        elif traffic.take(now_s):
            retries[second] += 1
            minute = range(second - WINDOW_S + 1, second + 1)
            bound = ratio * sum(firsts[at] for at in minute) + floor
            assert sum(retries[at] for at in minute) <= bound
    minutes = math.floor(now_s / WINDOW_S) + 1
    assert retries.total() <= ratio * firsts.total() + floor * minutes


@given(STEPS)
def test_a_minute_of_traffic_takes_a_minute_of_memory(steps):
    traffic, now_s = Traffic(ratio=0.1, floor=10), 0.0
    for pause_s, wants_retry in steps:
        now_s += pause_s
        _ = traffic.take(now_s) if wants_retry else traffic.first(now_s)
        assert traffic.seconds <= WINDOW_S


def test_dependencies_have_budgets_of_their_own_as_configured():
    budget = RetryBudget(
        {
            "payments": Dependency(name="payments", retry_floor=1),
            "*": Dependency(name="*", retry_floor=2),
        }
    )
    assert [budget.take("payments", 0) for _ in range(2)] == [True, False]
    assert [budget.take("mail", 0) for _ in range(3)] == [True, True, False]
    assert [budget.take("stock", 0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("name", ["payments", "anything"])
def test_by_default_ten_a_minute_are_allowed(name):
    budget = RetryBudget({})
    assert [budget.take(name, 0) for _ in range(11)] == [True] * 10 + [False]
