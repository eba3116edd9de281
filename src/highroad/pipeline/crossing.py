"""From another event loop, or a thread without one, into the loop that a runtime lives in.

The work has the context variables of whoever waits for it. Who is cancelled while waiting has the
work cancelled, and goes on being told of that only when the work has ended: as inside one loop.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from highroad.domain.error import HighroadError

R = TypeVar("R")
PATIENCE_S: Final = 5.0
"""How long a loop may take to begin what a thread waits for, before a person is told of it."""
_log: Final = logging.getLogger("highroad.runtime")


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether that loop runs what asks."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


async def in_loop(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, R]) -> R:
    """Do some work in a loop, which may be the own one, and wait for it.

    Raises:
        HighroadError: That loop does not run.
    """
    if is_running_here(loop):
        return await work
    crossing = _Crossing(loop, work)
    done = asyncio.wrap_future(crossing.ended)
    is_cancelled = False
    while not done.done():
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError:
            is_cancelled = True
            crossing.cancel()
    if is_cancelled:
        raise asyncio.CancelledError
    return crossing.result()


def wait_for(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, R]) -> R:
    """Do some work in a loop and wait in this thread; an interrupt cancels it.

    Raises:
        HighroadError: That loop does not run, or is the caller's own, which would wait for itself.
    """
    if is_running_here(loop):
        work.close()
        raise HighroadError(
            "a synchronous caller cannot wait in the event loop of its runtime, which would wait "
            "for itself: use the async way, or open the runtime from highroad.sync"
        )
    crossing = _Crossing(loop, work)
    try:
        _wait_patiently(crossing)
    except BaseException:
        crossing.cancel()
        crossing.ended.result()
        raise
    return crossing.result()


def done_in(loop: asyncio.AbstractEventLoop, work: Callable[[], R]) -> R:
    """Do what awaits nothing where a loop is, in one step: nothing else of that loop comes between.

    Raises:
        HighroadError: That loop does not run.
    """
    if is_running_here(loop):
        return work()

    async def step() -> R:
        """Done, where it began."""
        return work()

    return wait_for(loop, step())


def _wait_patiently(crossing: "_Crossing[Any]") -> None:
    """Wait for its end; a loop that does not begin it may itself wait for this thread.

    Nobody can tell that from a loop that is merely busy, so it is no error.
    """
    try:
        return crossing.ended.result(PATIENCE_S)
    except TimeoutError:
        if not crossing.has_begun:
            _log.warning(
                "the event loop of the runtime has not begun a call for %g s: if its thread waits "
                "for this one, as where `agent.invoke` runs in a notebook, it never will; "
                "interrupt it, and use the async way (`await agent.ainvoke`), or open the runtime "
                "from highroad.sync",
                PATIENCE_S,
            )
    return crossing.ended.result()


class _Crossing(Generic[R]):
    """Work under way in another loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, R]) -> None:
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[R] | None = None
        self.ended: Future[None] = Future()
        """Done when the work is, however it ended."""
        if not loop.is_running():
            work.close()
            raise HighroadError(
                "the event loop of this runtime does not run: open the runtime in a loop that "
                "outlives its calls, or from highroad.sync"
            )
        loop.call_soon_threadsafe(self._begin)

    @property
    def has_begun(self) -> bool:
        """Whether the loop has come to it."""
        return self._task is not None

    def cancel(self) -> None:
        """Cancel the work; it ends as it does where it is."""
        with suppress(RuntimeError):  # the loop was closed, and nothing is under way any more
            self._loop.call_soon_threadsafe(self._cancel)

    def result(self) -> R:
        """What the ended work brought; whoever waits was not cancelled.

        Raises:
            HighroadError: The work was, with its loop.
            BaseException: As the work did.
        """
        if self._task is None or self._task.cancelled():
            raise HighroadError("the event loop of this runtime has ended: open it anew")
        return self._task.result()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(lambda _: self.ended.set_result(None))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
