"""Time and ids that a test holds in its hand."""

from heapq import heappop, heappush
from itertools import count
from typing import Final

import anyio
import anyio.lowlevel

from highroad.domain.ids import encode

DAWN_MS: Final = 1_750_000_000_000
"""Where a fake clock starts unless told: some day in June 2025."""
_TURNS: Final = 10
"""Rounds of the event loop that other tasks get before the clock jumps."""


class FakeClock:
    """A clock that stands still until a test moves it.

    Args:
        now_ms: Unix time at the start.
        autojump: Sleepers need nobody to call `advance`: once the other tasks have had their
            turns, the clock jumps to the earliest of them. Leave it off where tasks wait for
            threads or sockets, which take no part in fake time.
    """

    def __init__(self, now_ms: int = DAWN_MS, *, autojump: bool = False) -> None:
        self._start_ms = now_ms
        self._elapsed_s = 0.0
        self._shift_ms = 0
        self._autojump = autojump
        self._moves = 0
        self._order = count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return self._start_ms + self._shift_ms + round(self.monotonic_s() * 1_000)

    def monotonic_s(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved this far."""
        due = self._elapsed_s + seconds
        awake = anyio.Event()
        sleeper = (due, next(self._order), awake)
        heappush(self._sleepers, sleeper)
        try:
            while self._autojump and not awake.is_set():
                moves = self._moves
                for _ in range(_TURNS):
                    await anyio.lowlevel.checkpoint()
                # Whoever woke by the last move must have acted before the next one.
                if moves == self._moves and self._sleepers[0] is sleeper:
                    self.advance(due - self._elapsed_s)
            await awake.wait()
        finally:
            self._sleepers = sorted(left for left in self._sleepers if left is not sleeper)

    def advance(self, seconds: float) -> None:
        """Move time on; whoever is due wakes when the test next awaits."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use `set_back` for a clock that jumps")
        self._elapsed_s += seconds
        self._moves += 1
        while self._sleepers and self._sleepers[0][0] <= self._elapsed_s:
            heappop(self._sleepers)[2].set()

    def set_back(self, seconds: float) -> None:
        """Let Unix time jump back, as machines do; `monotonic_s` goes on undisturbed."""
        self._shift_ms -= round(seconds * 1_000)


class SequentialIds:
    """Ids in the order of asking: the first ends in 1, the second in 2."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        """The next id."""
        return f"{prefix}_{encode(next(self._numbers))}"
