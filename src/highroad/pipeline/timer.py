"""A limit of time that costs nothing to whoever never waits, and that nobody outlives."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any, Final, TypeVar

T = TypeVar("T")

GRACE_S: Final = 0.025
"""For cleaning up behind the limit; half of the 50 ms in which a late call is to be answered."""


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` for at most `seconds`.

    When the time is up `work` is cancelled, and has a moment to clean up. What swallows that and
    goes on is closed (`GeneratorExit`): past its limit, nothing of it runs on.

    The timer is set when `work` first waits: nothing could ring before, and setting one takes a
    tenth of what a plain read costs.

    Raises:
        TimeoutError: The time was up; `work` has ended.
    """
    deadline_s = asyncio.get_running_loop().time() + seconds
    steps = work.__await__()
    try:
        waits_for = steps.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # of a coroutine that returns T
    async with asyncio.timeout_at(deadline_s) as limit:
        closing = _Closing(limit)
        try:
            return await _gone_on(steps, waits_for, closing)
        finally:
            closing.call_off()


class _Closing:
    """Ends what goes on although its time was up, by cancelling its task once more."""

    __slots__ = ("_limit", "_timer", "is_due")

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit
        self._timer: asyncio.TimerHandle | None = None
        self.is_due = False

    def arm(self) -> None:
        """Grant the last moment, once the limit has struck.

        Earlier a cancellation is the work's own affair: it may have called off a part of itself.
        """
        task = asyncio.current_task()
        if self._timer is None and task is not None and self._limit.expired():
            self._timer = task.get_loop().call_later(GRACE_S, self._strike, task)

    def call_off(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _strike(self, task: asyncio.Task[Any]) -> None:
        self.is_due = True
        task.cancel()


@types.coroutine
def _gone_on(
    steps: Generator[Any, Any, T], waits_for: object, closing: _Closing
) -> Generator[Any, Any, T]:
    """What `steps` returns, of which the loop has not seen yet what it waits for."""
    try:
        while True:
            try:
                answer = yield waits_for
            except asyncio.CancelledError as error:
                if closing.is_due:
                    _close(steps)
                    raise
                waits_for = steps.throw(error)
                closing.arm()
            except BaseException as error:  # noqa: BLE001 - not ours: it goes to whoever waits
                waits_for = steps.throw(error)
            else:
                waits_for = steps.send(answer)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # of a generator that returns T


def _close(steps: Generator[Any, Any, Any]) -> None:
    """Close what swallowed its cancellation, and take back the cancellation that woke us."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    with suppress(Exception):  # its last words, or that it will not go: it is never resumed
        steps.close()
