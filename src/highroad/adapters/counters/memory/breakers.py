"""The breakers of this process, by dependency."""

from collections.abc import Mapping

from highroad.adapters.counters.memory.breaker import Breaker
from highroad.domain.demand import Lack, PassDemand, Reported, Shortage
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.ports.clock import Clock


class Breakers:
    """Breakers, made when a dependency is first asked for.

    None is ever forgotten: their names are those that authors of tools give. A rule that changes
    while the process runs holds from the next attempt on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    def __len__(self) -> int:
        """Breakers in memory."""
        return len(self._breakers)

    def look(self, demand: PassDemand, holder: str, now_s: float) -> Shortage | None:
        """Whether the breaker keeps an attempt of `holder` away, and for how long."""
        known = self._breakers.get(demand.dependency)
        if known is None:
            return None
        known.rule = demand.rule
        wait_s = known.wait_s(holder, now_s)
        if wait_s is None:
            return None
        known.refresh(now_s)  # what is told is of the window as it is now
        return Shortage(
            demand=demand,
            lack=Lack.OPEN,
            count=known.failures,
            most=demand.rule.failures,
            retry_after_s=wait_s or None,
        )

    def take(self, demand: PassDemand, holder: str, now_s: float) -> None:
        """An attempt of `holder` begins."""
        self.keep(demand.dependency, demand.rule).let_through(holder, now_s)

    def give(self, given: Reported, holder: str, now_s: float) -> tuple[BreakerReading, ...]:
        """An attempt of `holder` has ended; the breaker, where that opened or closed it."""
        name, rule = given.demand.dependency, given.demand.rule
        has_moved = self.keep(name, rule).report(holder, given.result, given.took_s, now_s)
        return (self._reading(name, rule),) if has_moved else ()

    def readings(self, rules: Mapping[str, BreakerRule]) -> tuple[BreakerReading, ...]:
        """How those of these dependencies stand."""
        return tuple(self._reading(dependency, rule) for dependency, rule in rules.items())

    def force(self, dependency: str, state: BreakerState | None) -> None:
        """Open or close one by hand; `None` lets it go."""
        self.keep(dependency).force(state, self._clock.monotonic_s())

    def keep(self, dependency: str, rule: BreakerRule | None = None) -> Breaker:
        """The breaker of a dependency, under this rule from now on if one is given."""
        known = self._breakers.get(dependency)
        if known is None:
            now_s = self._clock.monotonic_s()
            known = self._breakers[dependency] = Breaker(rule or BreakerRule(), now_s)
        elif rule is not None:
            known.rule = rule
        return known

    def _reading(self, dependency: str, rule: BreakerRule) -> BreakerReading:
        known = self._breakers.get(dependency)
        if known is None:
            return BreakerReading(dependency=dependency, state=BreakerState.CLOSED)
        now_s = self._clock.monotonic_s()
        known.rule = rule
        known.refresh(now_s)
        wait_s = known.wait_s("", now_s)
        return BreakerReading(
            dependency=dependency,
            state=known.state,
            is_forced=known.is_forced,
            attempts=known.attempts,
            failures=known.failures,
            slow=known.slow,
            changed_ms=round(self._clock.now_ms() - (now_s - known.changed_s) * 1_000),
            retry_after_s=wait_s or 0.0,
        )
