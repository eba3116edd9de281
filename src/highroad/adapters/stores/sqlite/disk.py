"""The thread that waits for the disk, so that the event loop does not."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue


class _Order:
    """A job, and who waits for it."""

    __slots__ = ("done", "is_over", "job", "loop")

    def __init__(self, job: Callable[[], object]) -> None:
        self.job = job
        self.is_over = False
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()

    def answer(self, failure: Exception | None) -> None:
        """Tell the loop, on its own thread."""
        self.is_over = True
        if self.done.done():  # cancelled with its waiter, which looks at `is_over` next
            return
        if failure is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(failure)


class DiskThread:
    """Runs one blocking function after the other on a thread of its own.

    It starts with the first one. `asyncio.to_thread` would do the same for about twice the time,
    which every durable commit pays.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Order | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, job: Callable[[], object]) -> None:
        """Wait until `job` has run; its error is raised here.

        Being cancelled does not stop a job that waits for the disk, and what it uses is in use
        until it is done: the cancellation goes on after that.
        """
        if self._thread is None:
            # A daemon: a forgotten `close` must not keep the interpreter from ending.
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        order = _Order(job)
        self._jobs.put(order)
        try:
            await order.done
        except asyncio.CancelledError:
            # `done` was cancelled with its waiter. A failure is nobody's any more: the caller who
            # would have raised it is gone.
            while not order.is_over:
                order.done = order.loop.create_future()
                with suppress(Exception, asyncio.CancelledError):
                    await order.done
            raise

    def stop(self) -> None:
        """Let the thread end after what it has to do, and wait for that."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while (order := self._jobs.get()) is not None:
            failure: Exception | None = None
            try:
                order.job()
            except Exception as error:  # noqa: BLE001 - carried over to whoever waits for it
                failure = error
            with suppress(RuntimeError):  # the loop was closed: nobody waits
                order.loop.call_soon_threadsafe(order.answer, failure)
