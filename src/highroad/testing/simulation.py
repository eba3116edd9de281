"""Simulated time: an hour of waiting passes in the time that the work in it takes."""

import asyncio
from collections.abc import Callable, Coroutine
from selectors import DefaultSelector, SelectorKey
from typing import Any, TypeVar

from highroad.testing.clock import DAWN_MS, FakeClock

T = TypeVar("T")


def simulate(work: Callable[[FakeClock], Coroutine[Any, Any, T]], *, now_ms: int = DAWN_MS) -> T:
    """Run `work` in an event loop in which nobody waits: time jumps to whatever is due next.

    Everything that waits in the loop is in that time, the limits of attempts and calls included,
    which the clock of a `Rehearsal` alone does not move. The clock that `work` is handed tells it:
    give it to the runtime. The same work takes the same course each time.

    Work outside the loop takes no part: a thread, a process or a socket is overtaken by the next
    limit of time. Rehearse synchronous tools with `FakeClock` instead.

    Args:
        work: What is run.
        now_ms: Unix time at the start.
    """
    loop = _Loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work(_LoopClock(loop, now_ms)))


class _Selector(DefaultSelector):
    """Counts the time that it was asked to wait, and waits for nothing that has a time."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """What is ready; else the time has passed."""
        if timeout is None:  # nothing is due, ever: only a thread or a socket can go on
            return super().select()
        ready = super().select(0)
        if not ready:
            self.elapsed_s += max(0.0, timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """An event loop in the time of its selector."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._simulated.elapsed_s

    def advance(self, seconds: float) -> None:
        """Let time pass at once; what is due comes when the loop next turns."""
        self._simulated.elapsed_s += seconds


class _LoopClock(FakeClock):
    """The time of a simulated loop."""

    def __init__(self, loop: _Loop, now_ms: int) -> None:
        super().__init__(now_ms)
        self._loop = loop

    def monotonic_s(self) -> float:
        """Seconds since the loop was made."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait in simulated time."""
        await asyncio.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass at once, as a body does that keeps the loop busy."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use `set_back` for a clock that jumps")
        self._loop.advance(seconds)
