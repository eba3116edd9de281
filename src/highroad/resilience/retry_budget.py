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

    __slots__ = ("_firsts", "_floor", "_ratio", "_retries", "_seconds")

    def __init__(self, *, ratio: float, floor: int) -> None:
        self._ratio = ratio
        self._floor = floor
        self._firsts = 0
        self._retries = 0
        self._seconds: deque[list[int]] = deque()

    @property
    def seconds(self) -> int:
        """Seconds in memory."""
        return len(self._seconds)

    def first(self, now_s: float) -> None:
        """Count a first attempt."""
        seconds, now = self._seconds, int(now_s)
        second = seconds[-1] if seconds and seconds[-1][0] == now else self._second(now)
        second[1] += 1
        self._firsts += 1

    def take(self, now_s: float) -> bool:
        """Count a retry, if there is room for one more."""
        second = self._second(int(now_s))
        if self._retries + 1 > self._ratio * self._firsts + self._floor:
            return False
        second[2] += 1
        self._retries += 1
        return True

    def _second(self, now: int) -> list[int]:
        """Counts of this second; what is a minute old is forgotten."""
        seconds = self._seconds
        if seconds and seconds[-1][0] == now:
            return seconds[-1]
        while seconds and seconds[0][0] <= now - WINDOW_S:
            _, firsts, retries = seconds.popleft()
            self._firsts -= firsts
            self._retries -= retries
        seconds.append([now, 0, 0])
        return seconds[-1]


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
        traffic = self._traffic.get(dependency) or self._of(dependency)
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
