"""How often in a row a run has had arguments of a tool refused.

The count stands on the end of each such call; so it outlives the process.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final

from highroad.domain.call import Call
from highroad.domain.entry import EntryKind
from highroad.domain.identity import Origin
from highroad.ledger.history import is_of_code, read_body
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body
from highroad.ledger.tables.derivation import stored

USUAL_ATTEMPTS: Final = 3
"""Refusals in a row of one tool, of which the last tells the model to stop."""

_FIRST: Final = (EntryKind.HELD, EntryKind.INTENT, EntryKind.ENDED)
"""Kinds of entries with which a call may begin: these say who made it."""


class Repairs:
    """Counts how often in a row a run has had arguments of a tool refused.

    Args:
        ledger: Which has the counts of earlier processes.
        attempts: Of which the last tells the model to stop.
        runs: Remembered at most; the one that was quiet longest is forgotten first.
    """

    def __init__(
        self, ledger: Ledger, attempts: int = USUAL_ATTEMPTS, *, runs: int = 10_000
    ) -> None:
        self.attempts: int = attempts
        self._ledger = ledger
        self._capacity = runs
        self._failed: OrderedDict[str, dict[str, int]] = OrderedDict()
        """By run and tool."""

    async def failed(self, call: Call, tool: str) -> int:
        """Count a refusal.

        Returns:
            How many there were in a row, with this one; a call of code is alone.

        Raises:
            LedgerError: What an earlier process counted cannot be read.
        """
        if call.is_direct or _is_codes_own(call):
            return 1
        if call.run_id not in self._failed:
            recorded = await self._recorded(call.run_id)
            counted = self._failed.setdefault(call.run_id, recorded)
            if len(self._failed) > self._capacity:
                self._failed.popitem(last=False)
        else:
            counted = self._failed[call.run_id]
        self._failed.move_to_end(call.run_id)
        counted[tool] = counted.get(tool, 0) + 1
        return counted[tool]

    def passed(self, call: Call, tool: str) -> None:
        """Arguments of the tool were valid: what comes next begins anew."""
        if _is_codes_own(call):
            return
        if self._failed and (counted := self._failed.get(call.run_id)) is not None:
            counted[tool] = 0

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._failed.pop(run_id, None)

    async def _recorded(self, run_id: str) -> dict[str, int]:
        """By tool, as the last call of each that ended in this run left it."""
        ledger, counted = self._ledger, dict[str, int]()
        if ledger.writer.behind:
            await ledger.writer.flush()
        of_code = {body["call"] async for body in self._bodies(run_id, *_FIRST) if is_of_code(body)}
        async for body in self._bodies(run_id, EntryKind.ENDED):
            if body["tool"] is not None and body["call"] not in of_code:
                counted[body["tool"]] = body.get("invalid", {}).get("attempt", 0)
        return counted

    async def _bodies(self, run_id: str, *kinds: EntryKind) -> AsyncIterator[Body]:
        for kind in kinds:
            async for page in stored(self._ledger.store, run_id=run_id, kind=kind):
                for entry in page:
                    yield read_body(entry)


def _is_codes_own(call: Call) -> bool:
    """Whether no model proposed a call: what code gets wrong is mended in the code."""
    return call.parent_id is not None or call.origin is Origin.CODE
