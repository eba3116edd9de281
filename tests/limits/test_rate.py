import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.limits.exceeded import RateExceeded
from highroad.limits.rate import Rates
from highroad.testing.clock import FakeClock


@pytest.mark.promise("P6")
def test_the_limit_holds_within_any_sixty_seconds():
    clock = FakeClock()
    rates = Rates(clock)
    assert not isinstance(rates.take("usr_a", "refund", 2), RateExceeded)
    clock.advance(59)
    assert not isinstance(rates.take("usr_a", "refund", 2), RateExceeded)
    assert rates.take("usr_a", "refund", 2) == RateExceeded(2, 2, 1.0)
    clock.advance(1)
    assert not isinstance(rates.take("usr_a", "refund", 2), RateExceeded)
    assert rates.take("usr_a", "refund", 2) == RateExceeded(2, 2, 59.0)


def test_principals_and_tools_do_not_share_a_rate():
    rates = Rates(FakeClock())
    rates.take("usr_a", "refund", 1)
    assert rates.look("usr_a", "refund", 1) is not None
    assert rates.look("usr_b", "refund", 1) is None
    assert rates.look("usr_a", "get_order", 1) is None


def test_looking_takes_nothing():
    rates = Rates(FakeClock())
    assert rates.look("usr_a", "refund", 1) is None
    assert rates.look("usr_a", "refund", 1) is None
    assert not isinstance(rates.take("usr_a", "refund", 1), RateExceeded)


def test_what_no_intent_took_over_is_given_back_once():
    clock = FakeClock()
    rates = Rates(clock)
    first = rates.take("usr_a", "refund", 2)
    rates.take("usr_a", "refund", 2)
    first.give_back()
    first.give_back()
    assert not isinstance(rates.take("usr_a", "refund", 2), RateExceeded)
    assert isinstance(rates.take("usr_a", "refund", 2), RateExceeded)


@pytest.mark.promise("P6")
def test_a_restart_does_not_reset_the_rate():
    clock = FakeClock()
    now = clock.now_ms()
    rates = Rates(clock)
    rates.seed([("usr_a", "refund", now - 10_000), ("usr_a", "refund", now - 50_000)])
    rates.seed([("usr_b", "refund", now - 61_000)])
    assert rates.look("usr_a", "refund", 2) == RateExceeded(2, 2, 10.0)
    assert rates.look("usr_b", "refund", 1) is None


@pytest.mark.promise("P6")
def test_calls_from_before_the_clock_was_set_back_count_as_just_made():
    clock = FakeClock()
    rates = Rates(clock)
    rates.seed([("usr_a", "refund", clock.now_ms() + 3_600_000)])
    assert rates.look("usr_a", "refund", 1) == RateExceeded(1, 1, 60.0)


def test_a_limit_of_none_at_all_lets_nobody_through():
    assert Rates(FakeClock()).look("usr_a", "refund", 0) == RateExceeded(0, 0, 60.0)


def test_a_lowered_limit_waits_until_enough_have_gone():
    clock = FakeClock()
    rates = Rates(clock)
    for _ in range(3):
        rates.take("usr_a", "refund", 3)
        clock.advance(10)
    assert rates.look("usr_a", "refund", 1) == RateExceeded(3, 1, 50.0)


def test_the_refusal_names_count_limit_and_when_to_come_again():
    error = RateExceeded(5, 5, 12.34).error
    assert error.code == "rate_limited"
    assert "5 times within a minute; 5 are allowed" in error.message
    assert "12.3 s" in error.message
    assert "try again in 12.3 s" in error.hint
    assert error.retryable


def test_windows_that_ran_empty_are_forgotten():
    clock = FakeClock()
    rates = Rates(clock)
    for number in range(1_000):
        rates.take(f"usr_{number}", "refund", 1)
        clock.advance(1)
    assert len(rates) <= 60


@pytest.mark.promise("P6")
@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60),
)
def test_no_window_ever_holds_more_than_the_limit(limit, steps):
    clock = FakeClock()
    rates, taken = Rates(clock), []
    for seconds, is_given_back in steps:
        clock.advance(seconds)
        ticket = rates.take("usr_a", "refund", limit)
        now = clock.monotonic_s()
        recent = [at for at in taken if at > now - 60]
        if isinstance(ticket, RateExceeded):
            assert len(recent) == limit
            assert 0 < ticket.retry_after_s <= 60
        elif is_given_back:
            ticket.give_back()
        else:
            taken.append(now)
            assert len(recent) < limit
