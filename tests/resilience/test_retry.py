import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.dependency import Dependency
from highroad.domain.error import CallError
from highroad.domain.failure import Failure, FailureKind
from highroad.domain.tool import Effect, ToolDefinition
from highroad.resilience.retry import Again, Retry, Stop, backoff_s, delay_s
from highroad.resilience.retry_budget import RetryBudget
from highroad.resilience.retry_table import BACKOFF, RETRIES, SCHEDULES, THROTTLING, Repeat

CHANCE = st.floats(0, 1, exclude_max=True)
PASSING = [FailureKind.TRANSIENT, FailureKind.THROTTLED, FailureKind.TIMEOUT]


def failing(kind, *, applied=None, retry_after_s=None):
    error = CallError(code="execution_error", message="no")
    return Failure(kind=kind, error=error, applied=applied, retry_after_s=retry_after_s)


def tool(effect=Effect.REPEATABLE):
    return ToolDefinition(name="t", description="", input_schema={}, digest="", effect=effect)


@pytest.fixture
def after():
    """What is decided after a failure, with a budget that is in nobody's way."""

    def decide(failure, effect=Effect.REPEATABLE, *, chance=0.5, attempts=1, most=None, left_s=1e9):
        wide = Dependency(name="t", retry_floor=1_000_000)
        retry = Retry(lambda: chance, RetryBudget({"t": wide}))
        return retry.after(
            failure, tool(effect), attempts=attempts, most=most, left_s=left_s, now_s=0
        )

    return decide


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [(BACKOFF, [0.5, 1.0]), (THROTTLING, [1, 2, 4, 8, 16])],
    ids=["transient", "throttled"],
)
def test_delays_double(after, schedule, expected):
    kind = next(kind for kind, each in SCHEDULES.items() if each is schedule)
    delays = [after(failing(kind), attempts=at).delay_s for at in range(1, schedule.attempts)]
    assert delays == pytest.approx(expected)
    assert after(failing(kind), attempts=schedule.attempts) is Stop.ATTEMPTS


@given(st.integers(1, 20), CHANCE, st.sampled_from([0.5, 1.0]))
def test_jitter_stays_within_a_fifth(attempts, chance, base_s):
    plain = base_s * 2 ** (attempts - 1)
    assert 0.8 * plain <= backoff_s(base_s, attempts, chance) <= 1.2 * plain


def test_jitter_reaches_both_ends():
    assert backoff_s(0.5, 1, 0.0) == pytest.approx(0.4)
    assert backoff_s(0.5, 1, 0.999_999) == pytest.approx(0.6, abs=1e-5)


@pytest.mark.parametrize("kind", PASSING)
def test_a_tools_own_number_of_attempts_takes_the_place_of_the_schedules(after, kind):
    assert after(failing(kind), attempts=1, most=1) is Stop.ATTEMPTS
    assert isinstance(after(failing(kind), attempts=7, most=8), Again)
    assert after(failing(kind), attempts=8, most=8) is Stop.ATTEMPTS


def test_nobody_waits_for_an_attempt_that_the_deadline_forbids(after):
    assert after(failing(FailureKind.TRANSIENT), left_s=0.51) == Again(0.5)
    assert after(failing(FailureKind.TRANSIENT), left_s=0.5) is Stop.DEADLINE
    assert after(failing(FailureKind.TRANSIENT), left_s=-1) is Stop.DEADLINE


@pytest.mark.promise("P11")
@pytest.mark.parametrize("applied", [None, False, True])
@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("kind", FailureKind)
def test_what_is_tried_again_is_what_the_table_says(after, kind, effect, applied):
    """Told once more in other words: effects are repeated only where nothing was applied."""
    again = kind in PASSING
    if effect in {Effect.CHECKABLE, Effect.UNPROTECTED}:
        again = again and applied is False
    elif effect is Effect.IDEMPOTENT:
        again = again and applied is not True
    assert isinstance(after(failing(kind, applied=applied), effect), Again) is again


def test_every_kind_and_class_has_a_cell_and_every_kind_that_is_repeated_a_schedule():
    assert set(RETRIES) == set(FailureKind)
    assert all(set(row) == set(Effect) for row in RETRIES.values())
    repeated = {kind for kind, row in RETRIES.items() if set(row.values()) != {Repeat.NO}}
    assert set(SCHEDULES) == repeated


@given(CHANCE, st.floats(0, 1_000), st.floats(0.1, 2_000), st.sampled_from(PASSING))
def test_a_dependency_that_names_a_time_is_never_asked_earlier(chance, asked_s, left_s, kind):
    planned_s = backoff_s(SCHEDULES[kind].base_s, 1, chance)
    wait_s = delay_s(planned_s, asked_s, chance, left_s)
    if wait_s is None:
        assert max(planned_s, asked_s) >= left_s
    else:
        assert max(planned_s, asked_s) <= wait_s < left_s
        assert wait_s <= max(planned_s, asked_s * 1.2)


def test_those_who_were_told_the_same_time_do_not_come_back_together():
    assert delay_s(1, 30, 0.0, 100) == 30
    assert delay_s(1, 30, 0.5, 100) == pytest.approx(33)
    assert delay_s(1, 30, 0.5, 32) == 30


def test_a_time_beyond_the_deadline_ends_it_at_once(after):
    late = failing(FailureKind.THROTTLED, retry_after_s=60)
    assert after(late, left_s=60) is Stop.DEADLINE
    assert isinstance(after(late, left_s=61), Again)


def test_a_retry_that_the_deadline_forbids_is_not_taken_from_the_budget():
    budget = RetryBudget({"t": Dependency(name="t", retry_floor=1)})
    retry = Retry(lambda: 0.5, budget)
    failed = failing(FailureKind.TRANSIENT)
    circumstances = {"attempts": 1, "most": None, "now_s": 0.0}
    assert retry.after(failed, tool(), left_s=0, **circumstances) is Stop.DEADLINE
    assert isinstance(retry.after(failed, tool(), left_s=9, **circumstances), Again)
    assert retry.after(failed, tool(), left_s=9, **circumstances) is Stop.BUDGET
