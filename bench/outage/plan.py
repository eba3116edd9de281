"""What is asked of whom, when the trouble comes, and what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highroad.domain.dependency import BreakerRule
from highroad.testing import Fault

SICK: Final = "payments"
SICK_TOOLS: Final = ("balance", "refund", "transfer", "payout")
"""Those that need it: repeatable, idempotent, checkable and unprotected."""
ATTEMPT_S: Final = 5.0
"""How long a caller of `payments` waits for one answer."""

PER_SECOND: Final[Mapping[str, float]] = {
    "balance": 2.0,
    "refund": 1.5,
    "transfer": 1.0,
    "payout": 0.5,
    "stock": 1.5,
    "mail": 0.5,
}
"""Calls of each tool; `stock` and `mail` need each their own dependency."""


class Trouble(StrEnum):
    """What is wrong with `payments`."""

    DOWN = "0 %"
    """It refuses every connection."""
    HALF = "50 %"
    """Half of the attempts fail: a third of these after they took effect."""
    SLOW = "slow"
    """It answers after 20 seconds, where callers wait for five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One simulation.

    Args:
        trouble: What is wrong.
        before_s: Seconds before it begins.
        outage_s: How long it lasts.
        after_s: Seconds behind it.
        seed: For arrivals, latency and faults.
        failure_rate: Of the breaker: it opens when so large a part of a minute's attempts failed.
    """

    trouble: Trouble
    before_s: float = 300.0
    outage_s: float = 3_600.0
    after_s: float = 300.0
    seed: int = 1
    failure_rate: float = 0.5

    @property
    def title(self) -> str:
        """What is simulated, in a few words."""
        if self.failure_rate == BreakerRule().failure_rate:
            return str(self.trouble)
        return f"{self.trouble}, breaker at {self.failure_rate:.0%}"

    @property
    def well_s(self) -> float:
        """When the dependency is well again."""
        return self.before_s + self.outage_s

    @property
    def end_s(self) -> float:
        """When the last call is made."""
        return self.well_s + self.after_s

    def is_on(self, at_s: float) -> bool:
        """Whether there is trouble at this time."""
        return self.before_s <= at_s < self.well_s

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What strikes the bodies of those who need it."""
        since_s, until_s = self.before_s, self.well_s
        match self.trouble:
            case Trouble.DOWN:
                refused = Fault(
                    on=SICK, raises=ConnectionRefusedError, since_s=since_s, until_s=until_s
                )
                return (refused,)
            case Trouble.SLOW:
                return (Fault(on=SICK, latency_s=20.0, since_s=since_s, until_s=until_s),)
            case Trouble.HALF:
                # A third fails before anything was done, and a quarter of the rest after it.
                broken = Fault(
                    on=SICK,
                    chance=1 / 3,
                    raises=ConnectionResetError,
                    since_s=since_s,
                    until_s=until_s,
                )
                lost = Fault(
                    on=SICK,
                    chance=1 / 4,
                    raises=ConnectionResetError,
                    is_late=True,
                    since_s=since_s,
                    until_s=until_s,
                )
                return broken, lost


HOURS: Final = (
    Plan(trouble=Trouble.DOWN),
    Plan(trouble=Trouble.HALF),
    Plan(trouble=Trouble.HALF, failure_rate=0.8),
    Plan(trouble=Trouble.SLOW),
)
"""What the documentation tells of."""
