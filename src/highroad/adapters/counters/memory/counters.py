"""All parts together: every demand of one piece of work at once, or none of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from highroad.adapters.counters.memory.accounts import Accounts
from highroad.adapters.counters.memory.breaker import Breaker
from highroad.adapters.counters.memory.breakers import Breakers
from highroad.adapters.counters.memory.buckets import Buckets
from highroad.adapters.counters.memory.places import Places
from highroad.adapters.counters.memory.windows import Windows
from highroad.domain.demand import (
    Amount,
    BucketDemand,
    BudgetDemand,
    Demand,
    Near,
    PassDemand,
    RateDemand,
    Reported,
    Return,
    Settled,
    Shortage,
    SlotDemand,
    Taken,
)
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.ports.clock import Clock

TAKEN: Final = Taken()


class _Part(Protocol):
    """Counts demands of one kind; which is told by their type, and so is no more to be checked."""

    def look(self, demand: Any, holder: str, now_s: float) -> Shortage | None: ...  # noqa: ANN401 - see above
    def take(self, demand: Any, holder: str, now_s: float) -> tuple[Near, ...] | None: ...  # noqa: ANN401
    def give(self, given: Any, holder: str, now_s: float) -> tuple[BreakerReading, ...] | None: ...  # noqa: ANN401


class MemoryCounters:
    """Counts in this process. Nothing in it awaits, so that every operation is atomic.

    Args:
        clock: Windows, buckets and leases run on its monotonic time.
        accounts: Accounts that are remembered though nobody holds any of them.
    """

    def __init__(self, clock: Clock, *, accounts: int = 10_000) -> None:
        self._clock = clock
        self._accounts: Accounts = Accounts(clock, capacity=accounts)
        self._windows: Windows = Windows(clock)
        self._buckets: Buckets = Buckets()
        self._places: Places = Places()
        self._breakers: Breakers = Breakers(clock)
        self._parts: Final[Mapping[type[Demand | Return], _Part]] = {
            BudgetDemand: self._accounts,
            Settled: self._accounts,
            RateDemand: self._windows,
            BucketDemand: self._buckets,
            SlotDemand: self._places,
            PassDemand: self._breakers,
            Reported: self._breakers,
        }
        """Who counts what is demanded, and what is given back."""

    @property
    def is_shared(self) -> bool:
        """Nobody else counts here."""
        return False

    def __len__(self) -> int:
        """Accounts, windows, buckets and places in memory."""
        parts = (self._accounts, self._windows, self._buckets, self._places)
        return sum(len(part) for part in parts)

    async def prepare(self) -> None:
        """There is nothing to make sure of."""

    async def look(self, demands: Sequence[Demand]) -> Shortage | None:
        """Which of the demands could not be met now."""
        return self._short(demands, "", self._clock.monotonic_s())

    async def take(self, demands: Sequence[Demand], *, holder: str) -> Shortage | Taken:
        """Take all of them, or nothing and say which one is short."""
        parts, now_s = self._parts, self._clock.monotonic_s()
        short = self._short(demands, holder, now_s)
        if short is not None:
            return short
        near: tuple[Near, ...] = ()
        for demand in demands:
            near += parts[type(demand)].take(demand, holder, now_s) or ()
        return Taken(near) if near else TAKEN

    async def give(self, returns: Sequence[Return], *, holder: str) -> Sequence[BreakerReading]:
        """Give back, settle and report what `holder` took."""
        parts, now_s = self._parts, self._clock.monotonic_s()
        moved: tuple[BreakerReading, ...] = ()
        for given in returns:
            moved += parts[type(given)].give(given, holder, now_s) or ()
        return moved

    def is_held(self, holder: str) -> bool:
        """Nobody takes this process for dead as long as it counts."""
        del holder
        return True

    async def renew(self, holders: Sequence[str]) -> None:
        """Hold places longer."""
        self._places.renew(holders, self._clock.monotonic_s())

    async def keep(self, account: str, holders: Sequence[str]) -> None:
        """What is held is held until it is settled."""
        del account, holders

    async def seed(
        self,
        account: str,
        used: Amount,
        *,
        held: Mapping[str, Amount] = MappingProxyType({}),
        until_ms: int | None = None,
    ) -> None:
        """Let an account begin with what the ledger says."""
        self._accounts.seed(account, used, held, until_ms)

    async def recall(self, turns: Sequence[tuple[RateDemand, int]]) -> None:
        """Count turns of earlier processes."""
        for demand, at_ms in sorted(turns, key=lambda turn: turn[1]):
            self._windows.recall(demand, at_ms)

    async def usage(self, account: str) -> Amount | None:
        """What an account has used and holds."""
        return self._accounts.usage(account)

    def own_breaker(self, dependency: str, rule: BreakerRule) -> Breaker:
        """The breaker of a dependency."""
        return self._breakers.keep(dependency, rule)

    async def breakers(self, rules: Mapping[str, BreakerRule]) -> Sequence[BreakerReading]:
        """How the breakers of these dependencies stand."""
        return self._breakers.readings(rules)

    async def force(self, dependency: str, state: BreakerState | None) -> None:
        """Open or close a breaker by hand; `None` lets it go."""
        self._breakers.force(dependency, state)

    async def close(self) -> None:
        """There is nothing to give up."""

    def _short(self, demands: Sequence[Demand], holder: str, now_s: float) -> Shortage | None:
        for demand in demands:
            short = self._parts[type(demand)].look(demand, holder, now_s)
            if short is not None:
                return short
        return None
