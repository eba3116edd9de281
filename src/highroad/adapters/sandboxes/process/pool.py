"""A pool of worker processes: started when first wanted, kept warm, replaced when they are gone."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from highroad.adapters.sandboxes.process.variables import usual_variables
from highroad.adapters.sandboxes.process.worker import Confinement, Worker
from highroad.ports.sandbox import SandboxError

_log: Final = logging.getLogger("highroad.road")

_PAUSE_S: Final = 0.1
"""How long the next worker is put off: to start one takes the time in which somebody is answered
whose worker was killed."""
_LOAD_S: Final = 60.0
"""How long the module of a body may take to be imported."""


class ProcessSandbox:
    """A pool of worker processes (`highroad.ports.sandbox.Sandbox`).

    Args:
        most: Processes at once. They are started when they are first wanted.
        load: `module:function`, which in a worker makes of a body a function that runs it.
        confinement: What they are confined by; such a worker serves one body once, so that nothing
            which a body does to its process meets the next.
        variables: Says, whenever a worker is started, which variables it has, where nothing else
            confines it.
    """

    def __init__(
        self,
        most: int,
        load: str,
        confinement: Confinement | None = None,
        variables: Callable[[], Mapping[str, str]] = usual_variables,
    ) -> None:
        self._load = load
        self._variables = variables
        self._confinement = confinement
        self._room = asyncio.Semaphore(most)
        self._idle: list[Worker] = []
        self._bodies: dict[bytes, None] = {}
        """All that were loaded: a new worker that takes the place of another is as warm."""
        self._living: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def prepare(self, body: bytes) -> "_Cell":
        """Find a worker, or start one, and load a body there (`Sandbox.prepare`)."""
        await self._room.acquire()
        getting = asyncio.get_running_loop().create_task(self._ready(body))
        self._keep(getting)
        try:
            return _Cell(self, await asyncio.shield(getting))
        except asyncio.CancelledError:
            getting.add_done_callback(self._take_back)
            raise
        except BaseException:
            self._room.release()
            raise

    def put_back(self, worker: Worker) -> None:
        """Keep a worker for the next body; one that is gone, or was used up, is replaced."""
        if worker.is_alive and not self._is_closed and not worker.is_used_up:
            self._idle.append(worker)
            self._room.release()
        else:
            self.replace(worker)

    def replace(self, worker: Worker) -> None:
        """Kill a worker, and have another ready in its place."""
        worker.kill()
        self._living.discard(worker)
        self._spawn(self._bury(worker))
        self._spawn(self._refill())

    async def close(self) -> None:
        """Kill every worker, and wait until they are gone."""
        self._is_closed = True
        while self._kill_all() or self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*[worker.gone() for worker in self._living])
        self._living.clear()
        self._idle.clear()

    def _kill_all(self) -> bool:
        """Whether there was one left to kill: one may have been on its way."""
        living = [worker for worker in self._living if worker.is_alive]
        for worker in living:
            worker.kill()
        return bool(living)

    async def _ready(self, body: bytes) -> Worker:
        """A worker in which the body is loaded.

        Raises:
            SandboxError: It cannot be loaded.
        """
        worker = self._warmest(body) or await self._start()
        try:
            async with asyncio.timeout(_LOAD_S):
                await worker.load(body)
        except (SandboxError, TimeoutError) as error:
            if worker.is_alive and isinstance(error, SandboxError):
                self._idle.append(worker)
            else:
                self._living.discard(worker)
                self._spawn(self._bury(worker))
            if isinstance(error, TimeoutError):
                reason = f"a body was not loaded in {_LOAD_S:.0f} s"
                raise SandboxError(reason, has_begun=False) from None
            raise
        self._bodies[body] = None
        return worker

    def _warmest(self, body: bytes) -> Worker | None:
        """An idle worker, one that knows the body first."""
        living = [worker for worker in self._idle if worker.is_alive]
        for dead in set(self._idle) - set(living):
            self._living.discard(dead)
            self._spawn(self._bury(dead))
        found = next((w for w in reversed(living) if body in w.bodies), None)
        if found is None and living:
            found = living[-1]
        self._idle = [worker for worker in living if worker is not found]
        return found

    async def _start(self) -> Worker:
        if self._is_closed:
            raise SandboxError("the runtime was closed", has_begun=False)
        worker = await Worker.start(self._load, self._variables(), self._confinement)
        self._living.add(worker)
        return worker

    async def _refill(self) -> None:
        """Put a warm worker in the place of one that is gone."""
        try:
            await asyncio.sleep(_PAUSE_S)
            if not self._is_closed:
                worker = await self._start()
                for body in tuple(self._bodies):
                    await worker.load(body)
                self._idle.append(worker)
        except (SandboxError, OSError) as error:  # whoever needs it next will hear of it
            _log.warning("a worker process could not be replaced: %s", error)
        finally:
            self._room.release()

    async def _bury(self, worker: Worker) -> None:
        worker.kill()
        await worker.gone()

    def _take_back(self, getting: "asyncio.Task[Worker]") -> None:
        """Nobody waits for it any more: keep it."""
        if getting.cancelled() or getting.exception() is not None:
            self._room.release()
        else:
            self.put_back(getting.result())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._keep(asyncio.get_running_loop().create_task(work))

    def _keep(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Cell:
    """A worker with a body loaded, to run it once (`highroad.ports.sandbox.Cell`)."""

    def __init__(self, sandbox: ProcessSandbox, worker: Worker) -> None:
        self._sandbox = sandbox
        self._worker = worker

    async def run(self, request: bytes) -> bytes:
        """Run the body; the worker of one that is cancelled is killed (`Cell.run`)."""
        try:
            answer = await self._worker.run(request)
        except BaseException:
            # Not waited for: from here on the kernel runs nothing more of it.
            self._sandbox.replace(self._worker)
            raise
        self._sandbox.put_back(self._worker)
        return answer
