"""The thread that waits for the disk, so that the event loop does not."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

_Job = tuple[Callable[[], object], asyncio.Future[None]]


class DiskThread:
    """Runs one blocking function after the other on a thread of its own.

    It starts with the first one. `asyncio.to_thread` would do the same for about twice the time,
    which every durable commit pays.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
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
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, done))
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            while not done.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((done,))
            done.exception()  # looked at: the caller who would have raised it is gone
            raise

    def stop(self) -> None:
        """Let the thread end after what it has to do, and wait for that."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while (order := self._jobs.get()) is not None:
            job, done = order
            failure: Exception | None = None
            try:
                job()
            except Exception as error:  # noqa: BLE001 - carried over to whoever waits for it
                failure = error
            with suppress(RuntimeError):  # the loop was closed: nobody waits
                done.get_loop().call_soon_threadsafe(_answer, done, failure)


def _answer(done: asyncio.Future[None], failure: Exception | None) -> None:
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
