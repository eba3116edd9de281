"""Where budgets, rates, bulkheads and breakers are counted: here, or for all processes at once."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from highroad.domain.demand import (
    Amount,
    AttemptResult,
    Demand,
    RateDemand,
    Return,
    Shortage,
    Taken,
)
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState


class OwnBreaker(Protocol):
    """A breaker that one process alone keeps, and that it asks without waiting.

    Times are those of the monotonic clock, in seconds.
    """

    def wait_s(self, holder: str, now_s: float) -> float | None:
        """How long an attempt has to wait; `None` if it may come now, 0 if nobody can say."""
        ...

    def let_through(self, holder: str, now_s: float) -> None:
        """An attempt begins, which `wait_s` had nothing against."""
        ...

    def report(self, holder: str, result: AttemptResult, took_s: float, now_s: float) -> bool:
        """An attempt has ended; whether that opened or closed the breaker."""
        ...


class Counters(Protocol):
    """Counts what work demands. Contract kit: `highroad.testing.contracts.counters`.

    Every method raises `CountersError` when the counts cannot be reached; nobody may then assume
    that there is room.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes count here too."""
        ...

    async def prepare(self) -> None:
        """Make sure that counts are safe there. What cannot be reached yet is looked at later.

        Raises:
            CountersError: They are not; nothing may be counted there.
        """
        ...

    async def look(self, demands: Sequence[Demand]) -> Shortage | None:
        """Which of the demands could not be met now, taking nothing."""
        ...

    async def take(self, demands: Sequence[Demand], *, holder: str) -> Shortage | Taken:
        """Take all of them in one atomic operation, or nothing and say which one is short.

        Args:
            demands: Judged in order.
            holder: Whose it is: the id of a call or attempt. What the holder has of a key already
                is not taken again.
        """
        ...

    async def give(self, returns: Sequence[Return], *, holder: str) -> Sequence[BreakerReading]:
        """Give back, settle and report what `holder` took, in one operation. Safe to repeat.

        The work of `holder` is over: what it has of a budget, and does not settle, counts in full.

        Returns:
            The breakers that this opened or closed.
        """
        ...

    def is_held(self, holder: str) -> bool:
        """Whether what `holder` took is its own yet.

        It is not once this process may have been taken for dead, or counts were lost: before
        anything is done for which it was taken, it must be taken again.
        """
        ...

    async def renew(self, holders: Sequence[str]) -> None:
        """Hold places, and parts of budgets, longer: their holders live."""
        ...

    async def keep(self, account: str, holders: Sequence[str]) -> None:
        """Let what these have of an account count in full: the ledger has their intents.

        It is for holders that `take` named as lapsed.
        """
        ...

    async def seed(
        self,
        account: str,
        used: Amount,
        *,
        held: Mapping[str, Amount] = MappingProxyType({}),
        until_ms: int | None = None,
    ) -> None:
        """Let an account begin with what the ledger says, unless it is known already.

        Args:
            account: As demands name it.
            used: For good.
            held: By holder: in flight or of unknown outcome, to be settled yet.
            until_ms: When its window ends and it may be forgotten.
        """
        ...

    async def recall(self, turns: Sequence[tuple[RateDemand, int]]) -> None:
        """Count turns that were taken earlier, each at its Unix time in ms, whatever the limit.

        A time to come, as after a clock was set back, counts as now.
        """
        ...

    async def usage(self, account: str) -> Amount | None:
        """What an account has used and holds; `None` where it is not known."""
        ...

    def own_breaker(self, dependency: str, rule: BreakerRule) -> OwnBreaker | None:
        """The breaker of a dependency, where this process alone keeps it.

        It is the one that `take` and `give` ask and tell: a shortcut for attempts that demand
        nothing else.
        """
        ...

    async def breakers(self, rules: Mapping[str, BreakerRule]) -> Sequence[BreakerReading]:
        """How the breakers of these dependencies stand, in order."""
        ...

    async def force(self, dependency: str, state: BreakerState | None) -> None:
        """Open or close a breaker by hand until told otherwise; `None` lets it go.

        One that is let go is closed and has counted nothing.
        """
        ...

    async def close(self) -> None:
        """Give up connections. Safe to call twice."""
        ...
