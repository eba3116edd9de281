"""Goes on with runs by itself: with those whose process died, and with those whose wait is over.

It hears of decisions, results and messages that this process records, and looks for those of others
where the ledger is shared. A run is moved from its root: what waits in a run below it is found on
the way.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from highroad.agents.lease import is_moved_elsewhere, last_leg
from highroad.agents.runs import Runs
from highroad.agents.shadowing import Shadowing
from highroad.agents.waits import Waits, runs_at
from highroad.domain.approval import Approval
from highroad.domain.entry import EntryKind
from highroad.domain.error import CountersError, HighroadError, LedgerError
from highroad.domain.run import RunStatus
from highroad.ledger.history import read_body, read_run_head
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.agents")

_AT_ONCE: Final = 16
"""Runs that are moved side by side."""
_IN_VIEW: Final = 1_000
"""Runs that are known to go on, beyond which none are looked for."""
_REST: Final = 20.0
"""Times as long as a look took is paused behind it: with many runs it is looked less often."""
_STOCK_S: Final = 60.0
"""How often it is looked for what nobody told of."""
_STOCK_SHARED_S: Final = 1.0
"""The same, where other processes decide and record."""


class Working:
    """Moves runs that nobody else would.

    Args:
        services: Of the runtime.
        runs: Of its agents.
        shadowing: Moves the shadows among them, where they take no room of the others.
    """

    def __init__(self, services: Services, runs: Runs, shadowing: Shadowing | None = None) -> None:
        self._services = services
        self._runs = runs
        self._shadowing = shadowing
        self._news: asyncio.Queue[tuple[str | None, str | None]] = asyncio.Queue()
        """Runs that were sent something, and calls whose wait may be over."""
        self._going: dict[str, asyncio.Task[None]] = {}
        self._is_over = False
        self._again: set[str] = set()
        """Runs of which something more was heard while they were moved."""
        self._refused: set[str] = set()
        """Runs that this process cannot move, until something is heard of them."""
        self._put_off: set[str] = set()
        """Runs that are tried again when stock is taken: what they need could not be reached."""
        self._due: dict[str, None] = {}
        """Runs that go on once there is room, in order."""
        self._has_room = asyncio.Event()
        """It is not so many that no more need be looked for."""
        self._has_room.set()
        self._waits = Waits(services.ledger, runs.crew.is_delegation)

    def sent(self, run_id: str) -> None:
        """A run that rests has a message."""
        self._news.put_nowait((run_id, None))

    def changed(self, call_id: str) -> None:
        """A call was decided about, has its result, or has ended."""
        self._news.put_nowait((None, call_id))

    async def watch(self) -> None:
        """Go on with runs, for as long as this is awaited; then they are interrupted."""
        self._is_over, shared = False, self._services.ledger.store.is_shared
        looking = asyncio.ensure_future(self._look(_STOCK_SHARED_S if shared else _STOCK_S))
        try:
            while True:
                await self._hear(*await self._news.get())
        finally:
            self._is_over = True
            looking.cancel()
            for task in self._going.values():
                task.cancel()
            await asyncio.gather(looking, *self._going.values(), return_exceptions=True)

    async def _look(self, pause_s: float) -> None:
        """Take stock again and again; what the ledger refuses is tried at the next turn."""
        is_first, clock = True, self._services.clock
        while True:
            began_s = clock.monotonic_s()
            try:
                await self._try_again()
                async for run_id in self._at_rest(is_first=is_first):
                    if run_id not in self._refused:
                        await self._has_room.wait()
                        self._go_on(run_id)
                is_first = False
            except LedgerError as error:
                _log.warning("runs that could go on cannot be found: %s", error)
            taken_s = clock.monotonic_s() - began_s
            await clock.sleep(max(pause_s, taken_s * _REST))

    async def _try_again(self) -> None:
        """Go on with runs that were put off, wherever their leg had come to."""
        for run_id in tuple(self._put_off):
            if await self._is_left(run_id):
                self._go_on(run_id)
            self._put_off.discard(run_id)

    async def _at_rest(self, *, is_first: bool) -> AsyncIterator[str]:
        """Ids of runs at the top that could go on.

        In a ledger of one owner, a run that is running as it is opened was left by a process that
        died; later on it was left by whoever stopped waiting for it.
        """
        ledger, moving = self._services.ledger, self._runs.moving
        if is_first or ledger.store.is_shared:
            async for run in runs_at(ledger, RunStatus.RUNNING):
                if run.parent_id is None and run.id not in moving and await self._is_left(run.id):
                    yield run.id
        async for run in self._waits.over():
            top = run.id if run.parent_id is None else await self._root_of(run.id)
            if top is None or top in moving:
                continue
            if await self._is_due(top):
                yield top
            else:
                self._waits.heard(run.id)

    async def _is_left(self, run_id: str) -> bool:
        """Whether the process is gone that moved a run."""
        ledger = self._services.ledger
        if not ledger.store.is_shared:
            return True
        return not await is_moved_elsewhere(ledger, await last_leg(ledger, run_id))

    async def _is_due(self, run_id: str) -> bool:
        """Whether something has come of what a run waits for, or to it."""
        store = self._services.ledger.store
        held = await store.entries(run_id=run_id, kind=EntryKind.RUN_HELD)
        if not held:
            return True
        if await store.entries(
            run_id=run_id, kind=EntryKind.RUN_MESSAGE, after=held[-1].position, limit=1
        ):
            return True
        waits_for = read_body(held[-1])["waits_for"]
        return any([await self._is_decided(call_id) for call_id in waits_for])

    async def _is_decided(self, call_id: str) -> bool:
        history = await self._services.ledger.history(call_id)
        hold = None if history is None else history.hold
        if hold is None or hold.is_overdue(self._services.clock.now_ms()):
            return True
        return isinstance(hold, Approval) and not hold.is_waiting

    async def _hear(self, run_id: str | None, call_id: str | None) -> None:
        try:
            root = await self._root_of(run_id or await self._run_of(call_id or ""))
        except LedgerError as error:  # it is found when stock is taken
            _log.warning("a run that could go on cannot be found: %s", error)
            return
        if root is not None:
            self._refused.discard(root)
            self._go_on(root)

    async def _run_of(self, call_id: str) -> str:
        history = await self._services.ledger.history(call_id)
        return "" if history is None else history.run_id

    async def _root_of(self, run_id: str) -> str | None:
        """The agent's run above a run, or itself; `None` where no agent made it."""
        store, root = self._services.ledger.store, None
        above: str | None = run_id
        while above and (
            started := await store.entries(run_id=above, kind=EntryKind.RUN_STARTED, limit=1)
        ):
            root = above
            above = read_run_head(read_body(started[0])).parent_id
        return root

    async def _is_shadow(self, run_id: str) -> bool:
        store = self._services.ledger.store
        begun = await store.entries(run_id=run_id, kind=EntryKind.RUN_STARTED, limit=1)
        return bool(begun) and read_run_head(read_body(begun[0])).shadow_of is not None

    def _go_on(self, run_id: str) -> None:
        """Move a run, or once more where it is being moved."""
        if run_id in self._going:
            self._again.add(run_id)
            return
        self._due[run_id] = None
        self._begin()

    def _begin(self) -> None:
        """Move as many of them as may be at once."""
        while self._due and len(self._going) < _AT_ONCE and not self._is_over:
            run_id = next(iter(self._due))
            del self._due[run_id]
            going = self._going[run_id] = asyncio.ensure_future(self._move(run_id))
            going.add_done_callback(partial(self._gone, run_id))
        if len(self._due) < _IN_VIEW:
            self._has_room.set()
        else:
            self._has_room.clear()

    def _gone(self, run_id: str, going: asyncio.Task[None]) -> None:
        del self._going[run_id]
        self._begin()
        if not going.cancelled() and going.exception() is not None:
            _log.error("run %s cannot go on", run_id, exc_info=going.exception())

    async def _move(self, run_id: str) -> None:
        while True:
            self._again.discard(run_id)
            try:
                if self._shadowing is not None and await self._is_shadow(run_id):
                    self._shadowing.go_on(run_id)
                    return
                run = await self._runs.resume(run_id)
            except (LedgerError, CountersError) as error:
                self._put_off.add(run_id)
                _log.warning("run %s cannot go on now: %s", run_id, error)
            except HighroadError as error:
                self._refused.add(run_id)
                _log.warning("run %s cannot go on: %s", run_id, error)
            else:
                _log.info("run %s: %s", run_id, run.status)
            if run_id not in self._again:
                return
