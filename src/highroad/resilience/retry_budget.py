"""What retries may add to the load of a dependency that is in trouble already.

Within any minute the retries of one dependency stay under a part of its first attempts
(`retry_ratio`), besides a few that are always allowed (`retry_floor`): a dependency that fails
altogether then gets a tenth more, and not three or six times as much.

It is kept per process, and bounds the whole all the same: each process's retries are under the same
part of its own first attempts, and so is the sum of them under the sum. Only the floor is there
once for each process.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from highroad.domain.dependency import Dependency, dependency_named

WINDOW_S: Final = 60


class Traffic:
    """First attempts and retries of the last minute, by the second.

    Args:
        ratio: Retries are at most so large a part of first attempts,
        floor: besides so many a minute.
    """

    __slots__ = ("_floor", "_now", "_ratio", "_seconds")

    def __init__(self, *, ratio: float, floor: int) -> None:
        self._ratio = ratio
        self._floor = floor
        # Second, first attempts, retries. Every call counts, and few ask: sums are made then.
        self._now: list[int] = [-WINDOW_S, 0, 0]
        self._seconds: deque[list[int]] = deque()

    @property
    def seconds(self) -> int:
        """Seconds in memory."""
        return len(self._seconds)

    def first(self, now_s: float) -> None:
        """Count a first attempt."""
        now = int(now_s)
        if self._now[0] < now:
            self._begin(now)
        self._now[1] += 1

    def take(self, now_s: float) -> bool:
        """Count a retry, if there is room for one more."""
        self._begin(int(now_s))
        firsts = sum(second[1] for second in self._seconds)
        retries = sum(second[2] for second in self._seconds)
        if retries + 1 > self._ratio * firsts + self._floor:
            return False
        self._now[2] += 1
        return True

    def _begin(self, now: int) -> None:
        """Count in this second, or a later one that has begun; forget what is a minute old."""
        seconds = self._seconds
        while seconds and seconds[0][0] <= now - WINDOW_S:
            seconds.popleft()
        if not seconds or seconds[-1][0] < now:
            seconds.append([now, 0, 0])
        self._now = seconds[-1]


class RetryBudget:
    """The traffic of each dependency, and what its retries may add to that.

    It never awaits, and so needs no lock.

    Args:
        dependencies: As configured, by name; `*` is all others.
    """

    def __init__(self, dependencies: Mapping[str, Dependency]) -> None:
        self._dependencies = dependencies
        self._traffic: dict[str, Traffic] = {}

    def first(self, dependency: str, now_s: float) -> None:
        """Count a first attempt.

        Args:
            dependency: Its name.
            now_s: On the monotonic clock.
        """
        traffic = self._traffic.get(dependency)
        if traffic is None:
            traffic = self._of(dependency)
        traffic.first(now_s)

    def take(self, dependency: str, now_s: float) -> bool:
        """Count a retry, if there is room for one more."""
        return self._of(dependency).take(now_s)

    def _of(self, name: str) -> Traffic:
        traffic = self._traffic.get(name)
        if traffic is None:
            spared = dependency_named(name, self._dependencies)
            traffic = Traffic(ratio=spared.retry_ratio, floor=spared.retry_floor)
            self._traffic[name] = traffic
        return traffic
