"""Threads for synchronous bodies: bounded, and counted where they outlive their deadline.

A thread cannot be stopped. A body that nobody waits for any more is *astray*: it leaves its place
to others, so that the tools of other dependencies go on, and keeps its place among those of its
own dependency. When strays have all of these, a call is told at once that there is no room.
"""

import asyncio
import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from anyio._core._eventloop import claim_worker_thread, get_async_backend

from highroad.ports.clock import Clock

_log: Final = logging.getLogger("highroad.road")

Body: TypeAlias = Callable[[], object]
_IDLE_S: Final = 10.0
"""How long a thread waits for its next body."""


class Overloaded(Exception):  # noqa: N818 - what is the case
    """Strays have every thread that a dependency may have; nothing was begun."""


class Threads:
    """Runs synchronous bodies, so many at once, and so many of one dependency.

    Args:
        most: Bodies that somebody waits for.
        most_each: Bodies of one dependency, strays included.
        clock: Says for how long a stray was astray.
    """

    def __init__(self, most: int, most_each: int, clock: Clock) -> None:
        self._most_each = most_each
        self._clock = clock
        self._places = _Places(most)
        self._each: dict[str, _Places] = {}
        self._idle: list[_Thread] = []

    @property
    def strays(self) -> Mapping[str, int]:
        """Bodies that run on although nobody waits for them, by dependency."""
        return {name: places.astray for name, places in self._each.items() if places.astray}

    async def run(
        self,
        dependency: str,
        body: Body,
        *,
        begin: Callable[[], None],
        leave: Callable[[Future[object]], None],
    ) -> object:
        """Run a body in a thread and wait for it.

        Args:
            dependency: Whose threads it takes.
            body: To be run.
            begin: Called right before it is.
            leave: Is handed the body if it runs on astray.

        Raises:
            Overloaded: There is no thread to wait for.
            BaseException: As the body did.
        """
        own = self._each.setdefault(dependency, _Places(self._most_each))
        try:
            async with own, self._places:
                begin()
                done, landed = self._start(body)
                try:
                    await landed
                except asyncio.CancelledError:
                    self._lose(dependency, own, done)
                    leave(done)
                    raise
        finally:
            self._forget(dependency, own)
        return done.result()

    def close(self) -> None:
        """Let idle threads go."""
        while self._idle:
            self._idle.pop().jobs.put(None)

    def _start(self, body: Body) -> tuple[Future[object], asyncio.Future[None]]:
        done = Future[object]()
        landed = asyncio.get_running_loop().create_future()
        try:
            thread = self._idle.pop()
        except IndexError:
            thread = _Thread(self._idle, landed.get_loop())
        thread.jobs.put(_Job(body, done, landed))
        return done, landed

    def _lose(self, dependency: str, own: "_Places", done: Future[object]) -> None:
        """Count a stray until it is back."""
        loop, since_s = asyncio.get_running_loop(), self._clock.monotonic_s()
        own.lose()
        _log.warning("a body of %s runs on astray: %d of its threads", dependency, own.astray)

        def back() -> None:
            own.regain()
            self._forget(dependency, own)
            took_s = self._clock.monotonic_s() - since_s
            _log.warning("a body of %s is back, %.1f s after it was left", dependency, took_s)

        def tell(_: Future[object]) -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody counts any more
                loop.call_soon_threadsafe(back)

        done.add_done_callback(tell)

    def _forget(self, dependency: str, own: "_Places") -> None:
        """A dependency without a body takes no memory."""
        if own.is_free and self._each.get(dependency) is own:
            del self._each[dependency]


class _Places:
    """So many places; who waits for one gets it in turn."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._most = most
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.astray = 0

    @property
    def is_free(self) -> bool:
        """Whether nobody has a place or wants one."""
        return self._free == self._most and not self._waiting

    async def __aenter__(self) -> None:
        if self.astray >= self._most:
            raise Overloaded
        if self._free > 0:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled() and turn.exception() is None:
                self._give()  # it came as we went
            raise

    async def __aexit__(self, *_: object) -> None:
        self._give()

    def lose(self) -> None:
        """A body with a place goes astray: its place is not for others."""
        self.astray += 1
        self._free -= 1
        if self.astray >= self._most:
            while self._waiting:
                self._tell(Overloaded())

    def regain(self) -> None:
        """A stray is back."""
        self.astray -= 1
        self._give()

    def _give(self) -> None:
        self._free += 1
        while self._waiting and self._free > 0:
            self._free -= self._tell(None)

    def _tell(self, error: Exception | None) -> bool:
        """Whether the next who waits still does."""
        turn = self._waiting.popleft()
        if turn.done():
            return False
        if error is None:
            turn.set_result(None)
        else:
            turn.set_exception(error)
        return True


class _Job:
    """A body, and who waits for it."""

    __slots__ = ("_body", "_context", "_done", "_landed", "_loop")

    def __init__(self, body: Body, done: Future[object], landed: asyncio.Future[None]) -> None:
        self._body = body
        self._context = contextvars.copy_context()
        self._done = done
        self._landed = landed
        self._loop = landed.get_loop()

    def run(self) -> None:
        """Run the body, and keep what it brings."""
        try:
            result = self._context.run(self._body)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the waiter's
            self._done.set_exception(error)
        else:
            self._done.set_result(result)

    def tell(self) -> None:
        """Wake who waits for it."""
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._land)

    def _land(self) -> None:
        if not self._landed.done():
            self._landed.set_result(None)


class _Thread:
    """A thread that runs one body after the other, and ends when it was idle for a while.

    A daemon, which no thread of anyio's is: a body that hangs must not keep its program from
    ending. Its bodies may call `anyio.from_thread.run` all the same.
    """

    __slots__ = ("_idle", "_loop", "jobs")

    def __init__(self, idle: "list[_Thread]", loop: asyncio.AbstractEventLoop) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._idle = idle
        self._loop = loop
        threading.Thread(target=self._work, name="highroad body", daemon=True).start()

    def _work(self) -> None:
        with claim_worker_thread(get_async_backend("asyncio"), self._loop):
            while (job := self._next()) is not None:
                job.run()
                self._idle.append(self)  # before anybody hears of it, who may have the next body
                job.tell()
                del job  # while it waits it holds nothing of a call

    def _next(self) -> _Job | None:
        try:
            return self.jobs.get(timeout=_IDLE_S)
        except Empty:
            pass
        try:
            self._idle.remove(self)
        except ValueError:  # a job is on its way
            return self.jobs.get()
        return None
