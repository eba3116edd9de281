"""What tools need and Highroad does not run, and how it is spared (`docs/failures.md`).

A tool names the dependency that it needs; one that names none is a dependency of its own. What is
kept for a dependency (breaker, bulkhead, rate, retry budget) is shared by all tools that name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When a breaker opens, how long it stays open, and what closes it again.

    Only failures that speak against the dependency count (`FailureKind.is_of_dependency`).
    """

    failures: int = 5
    """So many within the window open it, if they are at least `failure_rate` of its attempts."""
    failure_rate: float = 0.5
    window_s: float = 60.0
    """The sliding window that failures and slow attempts are counted in."""
    recovery_s: float = 60.0
    """How long it stays open before attempts are let through to try."""
    successes: int = 3
    """So many in a row, while half-open, close it; it lets as many through at once. One failure
    opens it again."""
    slow_s: float | None = None
    """An attempt that takes longer is slow; `None` counts none."""
    slow_rate: float = 0.5
    """So large a part of slow attempts opens it, once there were `slow_attempts` in the window."""
    slow_attempts: int = 10

    def __post_init__(self) -> None:
        """Refuse a rule under which a breaker could never open, or never close."""
        least = {"failures": 1, "successes": 1, "slow_attempts": 1, "window_s": 1, "recovery_s": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                message = f"{name} is {getattr(self, name)}; it must be at least {lowest}"
                raise ValueError(message)
        for name in ("failure_rate", "slow_rate"):
            if not 0 < getattr(self, name) <= 1:
                message = f"{name} is {getattr(self, name)}; it is a part of all: above 0, up to 1"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """How one dependency is spared; a setting under `[dependencies.<name>]`."""

    name: str
    breaker: BreakerRule = field(default_factory=BreakerRule)
    parallel: int | None = None
    """Attempts at once (bulkhead); `None` bounds none."""
    wait_s: float = 5.0
    """How long an attempt waits for room in the bulkhead, if its deadline leaves so much."""
    per_minute: int | None = None
    """Attempts a minute, evenly: a bucket that holds `burst` and refills at this rate."""
    burst: int | None = None
    """`None` is what a second brings, at least one."""
    retry_ratio: float = 0.1
    """Retries are at most so large a part of first attempts, besides `retry_floor`."""
    retry_floor: int = 10
    """Retries a minute that are allowed however little traffic there is."""
    check_s: float = 30.0
    """How often the health checks of tools that need it are run."""


ANY_OTHER: Final = "*"
"""The name under which stands how dependencies are spared that have no entry of their own."""


def dependency_named(name: str, among: Mapping[str, Dependency]) -> Dependency:
    """How a dependency is spared: as configured, as all others are, or by default."""
    known = among.get(name)
    if known is not None:
        return known
    others = among.get(ANY_OTHER)
    return Dependency(name=name) if others is None else replace(others, name=name)


class BreakerState(StrEnum):
    """Whether attempts may come."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """A few are let through, to see whether the dependency is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReading:
    """How a breaker stands, for people and programs to read."""

    dependency: str
    state: BreakerState
    is_forced: bool = False
    """A person opened or closed it; it stays so until a person lets it go."""
    attempts: int = 0
    """Ended within the window."""
    failures: int = 0
    slow: int = 0
    changed_ms: int = 0
    """When it came into this state."""
    retry_after_s: float = 0.0
    """Until attempts are let through again; 0 where they are now."""


BREAKER_CHANGE: Final = "brk"
"""Prefix of the ids of changes of breakers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChange:
    """A breaker that opened or closed, as the ledger tells it."""

    id: str
    """Its own: processes may each tell of theirs in one millisecond."""
    dependency: str
    state: BreakerState
    is_forced: bool = False
    attempts: int = 0
    """That it had counted within its window."""
    failures: int = 0
    slow: int = 0
    by: str | None = None
    """Opaque id of the person who opened or closed it, or let it go; `None` is its rule."""
    at_ms: int

    @classmethod
    def of(cls, reading: BreakerReading, *, change_id: str) -> "BreakerChange":
        """What a reading of a breaker tells that has just moved by its rule."""
        return cls(
            id=change_id,
            dependency=reading.dependency,
            state=reading.state,
            is_forced=reading.is_forced,
            attempts=reading.attempts,
            failures=reading.failures,
            slow=reading.slow,
            at_ms=reading.changed_ms,
        )
