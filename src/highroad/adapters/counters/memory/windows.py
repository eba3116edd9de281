"""Sliding windows: never more than so many in *any* stretch of so many seconds."""

from collections import OrderedDict
from itertools import islice
from typing import TypeAlias

from highroad.domain.demand import Lack, RateDemand, Shortage
from highroad.ports.clock import Clock

_Turns: TypeAlias = "dict[object, float]"
"""When each holder had its turn, oldest first."""


class Windows:
    """Turns by key, on the monotonic clock. Windows that have run empty are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, tuple[_Turns, float]] = OrderedDict()
        """Turns, and when the last of them is too old to count; in the order of additions."""

    def __len__(self) -> int:
        """Windows in memory."""
        return len(self._windows)

    def look(self, demand: RateDemand, holder: str, now_s: float) -> Shortage | None:
        """Why another turn would be too many, and when one may come."""
        turns = self._recent(demand, now_s)
        if len(turns) < demand.most or holder in turns:
            return None
        # There is room again once so many have gone that one less than the limit is left.
        leavers = islice(turns.values(), len(turns) - demand.most, None)
        leaver_s = next(leavers) if demand.most else now_s
        return Shortage(
            demand=demand,
            lack=Lack.RATE,
            count=len(turns),
            most=demand.most,
            retry_after_s=leaver_s + demand.window_s - now_s,
        )

    def take(self, demand: RateDemand, holder: str, now_s: float) -> None:
        """Count a turn."""
        turns, _ = self._windows.get(demand.key) or ({}, 0.0)
        if holder not in turns:
            self._add(demand, turns, now_s, holder)

    def give(self, given: RateDemand, holder: str, now_s: float) -> None:
        """Uncount a turn that was not used after all."""
        del now_s
        turns, _ = self._windows.get(given.key, ({}, 0.0))
        turns.pop(holder, None)

    def recall(self, demand: RateDemand, at_ms: int) -> None:
        """Count a turn of an earlier process."""
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        # A clock that was set back must not put turns into the future.
        at_s = now_s - max(0, now_ms - at_ms) / 1_000
        if at_s > now_s - demand.window_s:
            self._add(demand, self._recent(demand, now_s), at_s, object())

    def _recent(self, demand: RateDemand, now_s: float) -> _Turns:
        """The turns that count, after those that are too old are dropped."""
        turns, _ = self._windows.get(demand.key) or ({}, 0.0)
        while turns:
            oldest = next(iter(turns))
            if turns[oldest] > now_s - demand.window_s:
                break
            del turns[oldest]
        return turns

    def _add(self, demand: RateDemand, turns: _Turns, at_s: float, holder: object) -> None:
        if not turns:
            self._forget()
        turns[holder] = at_s
        self._windows[demand.key] = (turns, at_s + demand.window_s)
        self._windows.move_to_end(demand.key)

    def _forget(self) -> None:
        """Drop windows in which every turn is too old to count."""
        now_s = self._clock.monotonic_s()
        while self._windows:
            key, (_, until_s) = next(iter(self._windows.items()))
            if until_s > now_s:
                break
            del self._windows[key]
