import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.resilience.retry import Retry, backoff_s


@pytest.mark.parametrize(
    ("attempts", "expected"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0)]
)
def test_delays_double_from_half_a_second(attempts, expected):
    assert backoff_s(attempts, 0.5) == pytest.approx(expected)


@given(st.integers(1, 20), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_a_fifth(attempts, chance):
    plain = 0.5 * 2 ** (attempts - 1)
    assert 0.8 * plain <= backoff_s(attempts, chance) <= 1.2 * plain


def test_jitter_reaches_both_ends():
    assert backoff_s(1, 0.0) == pytest.approx(0.4)
    assert backoff_s(1, 0.999_999) == pytest.approx(0.6, abs=1e-5)


def test_attempts_are_bounded():
    retry = Retry(lambda: 0.5)
    assert retry.delay_s(1, 3, 100) == pytest.approx(0.5)
    assert retry.delay_s(2, 3, 100) == pytest.approx(1.0)
    assert retry.delay_s(3, 3, 100) is None
    assert retry.delay_s(1, 1, 100) is None


def test_nobody_waits_for_an_attempt_that_the_deadline_forbids():
    retry = Retry(lambda: 0.5)
    assert retry.delay_s(1, 3, 0.51) == pytest.approx(0.5)
    assert retry.delay_s(1, 3, 0.5) is None
    assert retry.delay_s(1, 3, -1) is None
