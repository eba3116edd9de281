"""Slots: how many calls of one run execute at once."""

from dataclasses import dataclass

import anyio


@dataclass(slots=True)
class _Queue:
    semaphore: anyio.Semaphore
    users: int = 0
    """Holders and waiters; a run without any is forgotten."""


class Slots:
    """First come, first served, run by run.

    A call made inside a tool's body rides on the slot of the call around it and takes none: if
    it did, as many bodies as there are slots would wait for each other for ever.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._queues: dict[str, _Queue] = {}

    def __len__(self) -> int:
        """Runs that hold or wait for a slot."""
        return len(self._queues)

    async def take(self, run_id: str) -> None:
        """Wait for a slot of the run; a caller who is cancelled leaves the queue."""
        queue = self._queues.get(run_id)
        if queue is None:
            semaphore = anyio.Semaphore(self._parallel, fast_acquire=True)
            queue = self._queues[run_id] = _Queue(semaphore)
        queue.users += 1
        if queue.semaphore.value:
            # Nobody waits: a slot that is given back goes to a waiter without becoming free.
            queue.semaphore.acquire_nowait()
            return
        try:
            await queue.semaphore.acquire()
        except BaseException:
            self._leave(run_id, queue)
            raise

    def give(self, run_id: str) -> None:
        """Give a slot back; who waits longest has it."""
        queue = self._queues[run_id]
        queue.semaphore.release()
        self._leave(run_id, queue)

    def _leave(self, run_id: str, queue: _Queue) -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[run_id]
