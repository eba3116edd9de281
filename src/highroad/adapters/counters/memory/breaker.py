"""The breaker of one dependency: closed, open, half-open, and what moves it between them.

It is told the time by whoever asks, so that an hour of outage passes in a test at once. Adapters
that keep breakers for several processes follow the same rules; the contract kit compares them.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from highroad.domain.demand import AttemptResult
from highroad.domain.dependency import BreakerRule, BreakerState

# By names of our own: an enumeration looks its members up in its metaclass, which takes longer than
# all else that a healthy attempt asks.
_CLOSED: Final = BreakerState.CLOSED
_OPEN: Final = BreakerState.OPEN
_HALF_OPEN: Final = BreakerState.HALF_OPEN
_FAILURE: Final = AttemptResult.FAILURE
_ABANDONED: Final = AttemptResult.ABANDONED

PARTS: Final = 10
"""Parts of the sliding window, which counts leave one by one."""


@dataclass(slots=True)
class _Part:
    number: int
    """Which part of time it is, counted from the clock's start."""
    attempts: int = 0
    failures: int = 0
    slow: int = 0


class Breaker:
    """How a dependency has done lately, and whether attempts may come.

    What reports to a half-open breaker counts only if the breaker let it through as a trial: an
    attempt that began before it opened says nothing about now.
    """

    __slots__ = (
        "_inside",
        "_parts",
        "_successes",
        "_trials",
        "attempts",
        "changed_s",
        "failures",
        "is_forced",
        "rule",
        "slow",
        "state",
    )

    def __init__(self, rule: BreakerRule, now_s: float) -> None:
        self.rule: BreakerRule = rule
        self.state: BreakerState = _CLOSED
        self.is_forced: bool = False
        """A person opened or closed it; nothing else moves it then."""
        self.changed_s: float = now_s
        """When it came into this state."""
        self.attempts: int = 0
        """Ended within the window."""
        self.failures: int = 0
        self.slow: int = 0
        self._parts: deque[_Part] = deque()
        self._inside: set[str] = set()
        """Holders of attempts under way: what is reported twice counts once."""
        self._successes = 0
        """In a row, of trials."""
        self._trials: dict[str, float] = {}
        """Trials under way, by holder, with the time at which each began."""

    def wait_s(self, holder: str, now_s: float) -> float | None:
        """How long an attempt of `holder` has to wait; `None` if it may come now.

        0 is "not yet, and nobody can say when": a person opened it, or trials are under way.
        """
        if self.state is _CLOSED:
            return None
        self._recover(now_s)
        if holder in self._trials:
            return None
        if self.state is _OPEN:
            left_s = self.changed_s + self.rule.recovery_s - now_s
            return 0.0 if self.is_forced else left_s
        wanted = self.rule.successes - self._successes
        return None if len(self._trials) < wanted else 0.0

    def let_through(self, holder: str, now_s: float) -> None:
        """An attempt of `holder` begins, which `wait_s` had nothing against."""
        self._inside.add(holder)
        if self.state is _HALF_OPEN:
            self._trials.setdefault(holder, now_s)

    def report(self, holder: str, result: AttemptResult, took_s: float, now_s: float) -> bool:
        """An attempt has ended after `took_s` seconds; whether that opened or closed it."""
        if self.state is not _CLOSED:
            self._recover(now_s)
        is_trial = self._trials.pop(holder, None) is not None
        is_inside = holder in self._inside
        self._inside.discard(holder)
        if self.is_forced or not is_inside or result is _ABANDONED:
            return False
        is_slow = self.rule.slow_s is not None and took_s > self.rule.slow_s
        before = self.state
        has_failed = result is _FAILURE
        if self.state is _CLOSED:
            self._count(now_s, has_failed=has_failed, is_slow=is_slow)
            if (self.failures or self.slow) and self._is_too_bad():
                self._become(_OPEN, now_s)
        elif is_trial and (has_failed or is_slow):
            self._become(_OPEN, now_s)
        elif is_trial:
            self._successes += 1
            if self._successes >= self.rule.successes:
                self._become(_CLOSED, now_s)
        return self.state is not before

    def force(self, state: BreakerState | None, now_s: float) -> None:
        """Open or close it until told otherwise; `None` lets it go, closed and without counts."""
        self._become(state or _CLOSED, now_s)
        self.is_forced = state is not None

    def refresh(self, now_s: float) -> None:
        """Let time act: counts that are too old go, and an open breaker tries again."""
        if self.state is not _CLOSED:
            self._recover(now_s)
        self._slide(self._number(now_s))

    def _recover(self, now_s: float) -> None:
        """Let trials in once the time is up, and give up those that were never heard of again."""
        if self.is_forced:
            return
        recovery_s = self.rule.recovery_s
        if self.state is _OPEN and now_s >= self.changed_s + recovery_s:
            self._become(_HALF_OPEN, now_s)
        for holder in [each for each, at_s in self._trials.items() if at_s + recovery_s <= now_s]:
            del self._trials[holder]

    def _become(self, state: BreakerState, now_s: float) -> None:
        self.state, self.changed_s, self._successes = state, now_s, 0
        self._trials.clear()
        if state is not _OPEN:  # what opened it is told as long as it is open
            self.attempts = self.failures = self.slow = 0
            self._parts.clear()

    def _count(self, now_s: float, *, has_failed: bool, is_slow: bool) -> None:
        number = self._number(now_s)
        if not self._parts or self._parts[-1].number != number:
            self._slide(number)
            self._parts.append(_Part(number))
        part = self._parts[-1]
        self.attempts += 1
        part.attempts += 1
        if has_failed:
            self.failures += 1
            part.failures += 1
        if is_slow:
            self.slow += 1
            part.slow += 1

    def _slide(self, number: int) -> None:
        """Let go of the parts that have left the window by the time of this one."""
        while self._parts and self._parts[0].number <= number - PARTS:
            gone = self._parts.popleft()
            self.attempts -= gone.attempts
            self.failures -= gone.failures
            self.slow -= gone.slow

    def _number(self, now_s: float) -> int:
        return int(now_s * PARTS / self.rule.window_s)

    def _is_too_bad(self) -> bool:
        rule = self.rule
        return (
            self.failures >= rule.failures and self.failures >= rule.failure_rate * self.attempts
        ) or (self.attempts >= rule.slow_attempts and self.slow >= rule.slow_rate * self.attempts)
