"""Runs that were called off: no call of theirs is driven any more."""

from collections import OrderedDict
from typing import Final

from highroad.domain.entry import EntryKind
from highroad.ports.store import Store

_MOST: Final = 10_000


class CancelledRuns:
    """Knows of the runs that this process has seen whether they were called off.

    Args:
        store: Tells of a run that is seen for the first time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked: OrderedDict[str, None] = OrderedDict()
        self.runs: set[str] = set()
        """Those that were called off, among the runs that were looked at."""
        self.recent: set[str] = set()
        """Runs with a call since somebody cleared it; of a shared ledger, where others may call
        them off."""

    async def look(self, run_id: str) -> None:
        """Learn from the ledger whether a run was called off, if that is not known."""
        if self._store.is_shared:
            self.recent.add(run_id)
        if run_id in self._looked:
            self._looked.move_to_end(run_id)
            return
        if await self._store.entries(run_id=run_id, kind=EntryKind.RUN_CANCELLED, limit=1):
            self.add(run_id)
        self._note(run_id)

    def add(self, run_id: str) -> None:
        """From here on no call of the run goes on."""
        self.runs.add(run_id)
        self._note(run_id)

    def _note(self, run_id: str) -> None:
        """Remember the run, and forget the one that nobody asked for longest."""
        self._looked[run_id] = None
        while len(self._looked) > _MOST:
            oldest, _ = self._looked.popitem(last=False)
            self.runs.discard(oldest)
