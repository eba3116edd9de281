"""How what tools need is doing, for people, programs and models to be told."""

from dataclasses import dataclass
from typing import Final

from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.domain.failure_kind import FailureKind

_FEW: Final = 2
"""One failure among few attempts says nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """How the health check of a tool came out last."""

    tool: str
    at_ms: int
    kind: FailureKind | None = None
    """Of its failure; `None` is well."""

    @property
    def is_well(self) -> bool:
        """Whether nothing speaks against what the tool needs."""
        return self.kind is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyHealth:
    """How one dependency is doing."""

    dependency: str
    tools: tuple[str, ...]
    """Names of those that need it."""
    state: BreakerState
    is_forced: bool = False
    """A person holds its breaker in this state."""
    attempts: int = 0
    """Ended within the window."""
    failures: int = 0
    slow: int = 0
    changed_ms: int | None = None
    """When its breaker came into this state; `None` where it has counted nothing yet."""
    until_ms: int | None = None
    """When attempts may come again; `None` where they may now, or nobody can say."""
    checkup: Checkup | None = None
    """The one that was made last, or the last that failed."""
    trouble: str | None = None
    """What is wrong; `None` is well."""
    is_degraded: bool = False
    """It is in trouble."""
    is_of_ledger: bool = False
    """Another process runs the calls: this is the last change that the ledger tells of."""


def trouble_of(
    reading: BreakerReading, rule: BreakerRule, checkup: Checkup | None = None
) -> str | None:
    """What is wrong with a dependency, in a clause; `None` is well.

    Half of the failures that open its breaker are trouble, and so is a health check that failed.
    """
    if reading.state is BreakerState.OPEN:
        return "a person opened its breaker" if reading.is_forced else "its breaker is open"
    if reading.state is BreakerState.HALF_OPEN:
        return "it was down, and a few attempts try whether it is back"
    failures, attempts = reading.failures, reading.attempts
    if failures >= _FEW and failures >= rule.failure_rate / 2 * attempts:
        return f"{failures} of its last {attempts} attempts failed"
    if checkup is not None and not checkup.is_well:
        return "its last health check failed"
    return None
