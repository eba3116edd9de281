"""Rates: calls a minute of one tool by one principal."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final

from highroad.limits.exceeded import RateExceeded
from highroad.ports.clock import Clock

WINDOW_S: Final = 60.0


class Rates:
    """Exact sliding windows: never more than the limit in *any* sixty seconds.

    A principal is named by its opaque id, which no two organizations share, and time is that of
    the monotonic clock. Windows that have run empty are forgotten.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        """In the order in which they were last added to."""

    def __len__(self) -> int:
        """Windows in memory."""
        return len(self._windows)

    def seed(self, admitted: Iterable[tuple[str, str, int]]) -> None:
        """Take over (principal, tool, Unix time in ms) of calls that earlier processes admitted."""
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        for principal, tool, at_ms in sorted(admitted, key=lambda call: call[2]):
            # A clock that was set back must not put calls into the future.
            at_s = now_s - max(0, now_ms - at_ms) / 1_000
            if at_s > now_s - WINDOW_S:
                self._add((principal, tool), at_s)

    def look(self, principal: str, tool: str, limit: int) -> RateExceeded | None:
        """Whether `take` would be turned down now."""
        window = self._windows.get((principal, tool))
        if window is None and limit > 0:
            return None
        now_s = self._clock.monotonic_s()
        recent = [at_s for at_s in window or () if at_s > now_s - WINDOW_S]
        if len(recent) < limit:
            return None
        # There is room again once so many have gone that one less than the limit is left.
        leaver_s = recent[len(recent) - limit] if limit else now_s
        return RateExceeded(len(recent), limit, leaver_s + WINDOW_S - now_s)

    def take(self, principal: str, tool: str, limit: int) -> "Taken | RateExceeded":
        """Count one call, if the limit has room for it."""
        exceeded = self.look(principal, tool, limit)
        if exceeded is not None:
            return exceeded
        at_s = self._clock.monotonic_s()
        self._add((principal, tool), at_s)
        return Taken(self, (principal, tool), at_s)

    def give_back(self, key: tuple[str, str], at_s: float) -> None:
        """Uncount one call; for `Taken.give_back` alone."""
        window = self._windows.get(key)
        if window is not None and at_s in window:
            window.remove(at_s)

    def _add(self, key: tuple[str, str], at_s: float) -> None:
        self._forget(self._clock.monotonic_s() - WINDOW_S)
        window = self._windows.setdefault(key, deque())
        self._windows.move_to_end(key)
        window.append(at_s)
        while window[0] <= at_s - WINDOW_S:
            window.popleft()

    def _forget(self, before_s: float) -> None:
        """Drop the windows in which every call is too old to count."""
        while self._windows:
            key, window = next(iter(self._windows.items()))
            if window and window[-1] > before_s:
                break
            del self._windows[key]


class Taken:
    """One call that was counted against a rate."""

    __slots__ = ("_at_s", "_is_counted", "_key", "_rates")

    def __init__(self, rates: Rates, key: tuple[str, str], at_s: float) -> None:
        self._rates = rates
        self._key = key
        self._at_s = at_s
        self._is_counted = True

    def give_back(self) -> None:
        """Uncount it: no intent took it over. Safe to call twice."""
        if self._is_counted:
            self._is_counted = False
            self._rates.give_back(self._key, self._at_s)
