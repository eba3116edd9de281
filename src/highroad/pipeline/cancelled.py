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
        self._known: OrderedDict[str, bool] = OrderedDict()

    def __contains__(self, run_id: str) -> bool:
        return self._known.get(run_id, False)

    async def look(self, run_id: str) -> None:
        """Learn from the ledger whether a run was called off, if that is not known."""
        if run_id in self._known:
            self._known.move_to_end(run_id)
            return
        found = await self._store.entries(run_id=run_id, kind=EntryKind.RUN_CANCELLED, limit=1)
        self._known.setdefault(run_id, bool(found))
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def add(self, run_id: str) -> None:
        """From here on no call of the run goes on."""
        self._known[run_id] = True
