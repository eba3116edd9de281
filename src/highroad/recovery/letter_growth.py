"""How many dead letters there are, and a warning when there are too many."""

import logging
from dataclasses import dataclass
from typing import Final

from highroad.domain.audit import DEAD_LETTER
from highroad.domain.dead_letter import LetterState, letter_of
from highroad.ports.clock import Clock
from highroad.ports.store import Store
from highroad.ports.tables import Selection

_log: Final = logging.getLogger("highroad.dead_letters")

_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Dead letters that wait for a person."""

    open: int
    came: int
    """Within the last hour, whatever became of them since."""
    oldest_ms: int | None = None
    """When the call of the oldest open one ended."""


class LetterGrowth:
    """Warns once when open letters, or those of an hour, become more than is usual.

    Args:
        store: Counts them.
        clock: Tells the hour.
        alert: More than so many are worth a warning; 0 warns of none.
    """

    def __init__(self, store: Store, clock: Clock, *, alert: int) -> None:
        self._store = store
        self._clock = clock
        self._alert = alert
        self._is_told = False

    async def backlog(self) -> Backlog:
        """How many there are now, as far as they are durable."""
        waiting = Selection(table=DEAD_LETTER.name, equals={"state": LetterState.OPEN})
        since_ms = self._clock.now_ms() - _HOUR_MS
        recent = Selection(table=DEAD_LETTER.name, within="created_ms", since_ms=since_ms)
        oldest = await self._store.tables.rows(waiting, limit=1)
        return Backlog(
            open=await self._count(waiting),
            came=await self._count(recent),
            oldest_ms=letter_of(oldest[0]).created_ms if oldest else None,
        )

    async def sweep(self) -> None:
        """Warn where there are more than is usual, once until there are fewer again."""
        if not self._alert:
            return
        found = await self.backlog()
        is_above = max(found.open, found.came) > self._alert
        if is_above and not self._is_told:
            _log.warning(
                "%d dead letters are open, and %d came within an hour: more than %d. "
                "`highroad dead-letters list` shows them",
                found.open,
                found.came,
                self._alert,
            )
        self._is_told = is_above

    async def _count(self, wanted: Selection) -> int:
        groups = await self._store.tables.totals(wanted, by=())
        return int(groups[0][0] or 0) if groups else 0
