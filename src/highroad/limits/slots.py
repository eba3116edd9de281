"""Slots: how many calls of one run execute at once."""

from collections import deque
from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class _Queue:
    free: int
    waiting: deque[anyio.Event] = field(default_factory=deque)
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

    def take_at_once(self, run_id: str) -> bool:
        """Take a slot of the run if one is free: then nobody waits for it."""
        queue = self._queue(run_id)
        if not queue.free:
            return False
        queue.free -= 1
        queue.users += 1
        return True

    async def take(self, run_id: str) -> None:
        """Wait for a slot of the run; a caller who is cancelled leaves the queue."""
        if self.take_at_once(run_id):
            return
        queue, given = self._queue(run_id), anyio.Event()
        queue.waiting.append(given)
        queue.users += 1
        try:
            await given.wait()
        except BaseException:
            if given.is_set():
                self.give(run_id)
            else:
                queue.waiting.remove(given)
                self._leave(run_id, queue)
            raise

    def give(self, run_id: str) -> None:
        """Give a slot back; who waits longest has it, and it does not become free meanwhile."""
        queue = self._queues[run_id]
        if queue.waiting:
            queue.waiting.popleft().set()
        else:
            queue.free += 1
        self._leave(run_id, queue)

    def _queue(self, run_id: str) -> _Queue:
        queue = self._queues.get(run_id)
        if queue is None:
            queue = self._queues[run_id] = _Queue(self._parallel)
        return queue

    def _leave(self, run_id: str, queue: _Queue) -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[run_id]
