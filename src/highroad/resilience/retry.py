"""Whether and when to try again: one policy for every tool."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

from highroad.domain.failure import Failure
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.resilience.retry_budget import RetryBudget
from highroad.resilience.retry_table import SCHEDULES, may_repeat

JITTER: Final = 0.2
"""Delays are spread over ±20 %, so that callers who failed together do not come back together."""


class Stop(StrEnum):
    """Why nothing is tried again."""

    KIND = "kind"
    """It would go wrong again."""
    EFFECT = "effect"
    """It could happen twice."""
    ATTEMPTS = "attempts"
    """There were as many as there may be."""
    DEADLINE = "deadline"
    """The call's time would be over before."""
    KEPT_AWAY = "kept_away"
    """The dependency takes no attempts now."""
    BUDGET = "budget"
    """Too much of what the dependency gets are retries already."""


@value(kw_only=False)
class Again:
    """Try once more, so many seconds from now."""

    delay_s: float


Decision: TypeAlias = Again | Stop


def backoff_s(base_s: float, attempts: int, chance: float) -> float:
    """Delay behind the attempt of this number, from 1; `chance` lies in [0, 1)."""
    spread = 1 - JITTER + 2 * JITTER * chance
    return base_s * 2.0 ** (attempts - 1) * spread


def delay_s(planned_s: float, asked_s: float | None, chance: float, left_s: float) -> float | None:
    """How long to wait, or `None` if the time is not enough.

    What a dependency asks for is never cut short, and is spread beyond that: all who were told
    the same would come at once.

    Args:
        planned_s: By the schedule.
        asked_s: By the dependency (`Retry-After`).
        chance: In [0, 1).
        left_s: Until the call's deadline; nobody waits for an attempt that cannot begin.
    """
    if asked_s is None:
        return planned_s if planned_s < left_s else None
    for wait_s in (max(planned_s, asked_s * (1 + JITTER * chance)), max(planned_s, asked_s)):
        if wait_s < left_s:
            return wait_s
    return None


class Retry:
    """Decides after each failure; what may be repeated stands in `retry_table` alone.

    Args:
        random: A number in [0, 1), such as `random.random`.
        budget: Of retries, by dependency.
    """

    def __init__(self, random: Callable[[], float], budget: RetryBudget) -> None:
        self._random = random
        self.budget: RetryBudget = budget

    def after(  # noqa: PLR0913 - the circumstances of a failure, each by name
        self,
        failure: Failure,
        definition: ToolDefinition,
        *,
        attempts: int,
        most: int | None,
        left_s: float,
        now_s: float,
    ) -> Decision:
        """Whether to try again; a retry that is allowed is counted in the budget.

        Args:
            failure: Of the last attempt.
            definition: Of the tool.
            attempts: Made so far.
            most: That the tool's author allows; `None` leaves it to the schedule.
            left_s: Until the call's deadline.
            now_s: On the monotonic clock.
        """
        schedule = SCHEDULES.get(failure.kind)
        if schedule is None:
            return Stop.KIND
        if not may_repeat(failure.kind, definition.effect, applied=failure.applied):
            return Stop.EFFECT
        if attempts >= (schedule.attempts if most is None else most):
            return Stop.ATTEMPTS
        chance = self._random()
        planned_s = backoff_s(schedule.base_s, attempts, chance)
        wait_s = delay_s(planned_s, failure.retry_after_s, chance, left_s)
        if wait_s is None:
            return Stop.DEADLINE
        if not self.budget.take(definition.needs, now_s):
            return Stop.BUDGET
        return Again(wait_s)
