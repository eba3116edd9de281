"""Breakers that people open and close; nothing that attempts tell moves them."""

from collections.abc import Mapping

from highroad.domain.demand import Lack, PassDemand, Reported, Shortage
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.ports.clock import Clock


class Breakers:
    """Closed, unless somebody opened them by hand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._forced: dict[str, tuple[BreakerState, int]] = {}
        """State, and since when in Unix milliseconds, by dependency."""

    def look(self, demand: PassDemand, holder: str) -> Shortage | None:
        """Why the attempt may not come."""
        del holder
        state, _ = self._forced.get(demand.dependency, (BreakerState.CLOSED, 0))
        if state is not BreakerState.OPEN:
            return None
        return Shortage(demand=demand, lack=Lack.OPEN)

    def take(self, demand: PassDemand, holder: str) -> None:
        """Nothing is counted of an attempt that is let through."""

    def give(self, given: Reported, holder: str) -> None:
        """Nor of how it ended."""

    def force(self, dependency: str, state: BreakerState | None) -> None:
        """Open or close one by hand; `None` lets it go."""
        if state is None:
            self._forced.pop(dependency, None)
        else:
            self._forced[dependency] = (state, self._clock.now_ms())

    def readings(self, rules: Mapping[str, BreakerRule]) -> list[BreakerReading]:
        """How they stand, in order."""
        return [self._reading(name) for name in rules]

    def _reading(self, name: str) -> BreakerReading:
        forced = self._forced.get(name)
        if forced is None:
            return BreakerReading(dependency=name, state=BreakerState.CLOSED)
        state, since_ms = forced
        return BreakerReading(dependency=name, state=state, is_forced=True, changed_ms=since_ms)
