"""What the owner of a ledger does again and again, for as long as it lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

from highroad.bootstrap.assembly import Assembly
from highroad.domain.error import LedgerError
from highroad.ledger.upkeep.retention import PAUSE_S

_log: Final = logging.getLogger("highroad.runtime")

_SWEEP_S: Final = 1.0
_GROWTH_S: Final = 60.0
_HEED_S: Final = 0.5
"""How often a process of a shared ledger looks what others have called off."""
_ABANDONED_S: Final = 5.0
"""How often a shared ledger is searched for calls whose process is gone."""

_Watch: TypeAlias = Coroutine[Any, Any, None]


class Watches:
    """Tasks in the background of a runtime that owns its ledger."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._tasks: set[asyncio.Task[None]] = set()
        self._checked: set[str] = set()
        """Dependencies whose health checks are run."""

    def start(self) -> None:
        """Begin all that this ledger asks of its owner."""
        for watch in (*self._of_every_owner(), *self._beside_others()):
            self._begin(watch)
        self._check_health()

    def look_again(self) -> None:
        """See to tools that have come since: calls that waited for them, and their health checks.

        Before `start` there is nothing to see to.
        """
        if self._tasks:
            taking_up = asyncio.get_running_loop().create_task(self._assembly.waiting.take_up())
            self._tasks.add(taking_up)
            taking_up.add_done_callback(self._tasks.discard)
            self._check_health()

    def _check_health(self) -> None:
        due = self._assembly.checks.due
        for name in due.keys() - self._checked:
            self._checked.add(name)
            check = partial(self._assembly.checks.run, name)
            self._begin(self._again(due[name], check, f"{name} cannot be checked"))

    async def stop(self) -> None:
        """End them. Safe to call twice, and where none was begun."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _begin(self, watch: _Watch) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(watch))

    def _of_every_owner(self) -> Iterator[_Watch]:
        parts = self._assembly
        yield parts.inbox.watch()
        yield self._again(_SWEEP_S, parts.waiting.sweep, "overdue approvals cannot be ended")
        yield self._again(_SWEEP_S, parts.announcing.sweep, "nobody else can be asked")
        yield self._again(
            _SWEEP_S, parts.waiting.end_unended, "calls without an end wait for theirs"
        )
        yield self._again(
            _SWEEP_S, parts.waiting.take_up, "calls that waited for their tools cannot be ended"
        )
        yield self._again(_GROWTH_S, parts.letters.growth.sweep, "dead letters cannot be counted")
        yield self._retain()
        if parts.notary is not None:
            yield parts.notary.watch()
        if parts.working is not None:
            yield parts.working.watch()

    def _beside_others(self) -> Iterator[_Watch]:
        """What there is to hear of from processes that share the ledger, or the counters."""
        parts = self._assembly
        if parts.store.is_shared:
            yield self._again(
                _ABANDONED_S, parts.waiting.sweep_abandoned, "calls left alone cannot be ended"
            )
            yield self._again(_HEED_S, parts.cancellations.heed, "what was called off is not known")
        if parts.store.is_shared or parts.services.budgets.counters.is_shared:
            yield self._again(
                _SWEEP_S, parts.dependencies.follow, "breakers held by people are not known"
            )

    async def _again(
        self, pause_s: float, work: Callable[[], Awaitable[None]], otherwise: str
    ) -> None:
        """Do it again and again; what the ledger refuses is logged and tried at the next turn."""
        while True:
            await self._assembly.services.clock.sleep(pause_s)
            try:
                await work()
            except LedgerError as error:
                _log.warning("%s: %s", otherwise, error)

    async def _retain(self) -> None:
        """Let payloads go by their age: at once, since a program may never live for a pause."""
        while True:
            try:
                await self._assembly.retention.sweep()
            except LedgerError as error:  # the next look may find it well again
                _log.warning("payloads that are too old cannot be erased: %s", error)
            await self._assembly.services.clock.sleep(PAUSE_S)
