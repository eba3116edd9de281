"""Runs and conversations that were called off: no call of theirs is driven any more."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from highroad.domain.entry import EntryKind
from highroad.limits.runs import LiveRun
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

        self._moving: dict[LiveRun, Callable[[], None]] = {}

    @contextmanager
    def moving(self, run: LiveRun, call_off: Callable[[], None]) -> Iterator[None]:
        """While an agent moves a run, `call_off` is called when it is called off."""
        self._moving[run] = call_off
        try:
            yield
        finally:
            del self._moving[run]

    @property
    def moved(self) -> set[str]:
        """What may be called off of the runs that agents move now."""
        return {subject for run in self._moving for subject in subjects_of(run)}

    def holds(self, run: LiveRun) -> bool:
        """Whether a run was called off, one above it, or its conversation."""
        return bool(self.runs) and not self.runs.isdisjoint(subjects_of(run))

    async def enter(self, run: LiveRun) -> LiveRun:
        """The run, once it is known whether it, or what it belongs to, was called off.

        Raises:
            LedgerError: Nobody can say; the run is left again.
        """
        try:
            for subject in subjects_of(run):
                await self.look(subject)
        except BaseException:
            run.leave()
            raise
        return run

    async def look(self, run_id: str) -> None:
        """Learn from the ledger whether a run, or a conversation, was called off."""
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
        for run, call_off in tuple(self._moving.items()):
            if run.is_within(run_id):
                call_off()

    def _note(self, run_id: str) -> None:
        """Remember the run, and forget the one that nobody asked for longest."""
        self._looked[run_id] = None
        while len(self._looked) > _MOST:
            oldest, _ = self._looked.popitem(last=False)
            self.runs.discard(oldest)


def subjects_of(run: LiveRun) -> set[str]:
    """What may have been called off: the run, those above it, its conversation."""
    subjects = {each.run_id for each in run.lineage}
    return subjects if run.conversation_id is None else {*subjects, run.conversation_id}
