"""What was used of budgets, with what still waits to be written."""

from highroad.domain.limits import Scope
from highroad.domain.run import Spent, Usage
from highroad.ledger.ledger import Ledger


class LedgerUsage:
    """Reads from the store, behind all that this process has answered.

    Args:
        ledger: Whose writer is waited for.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def usage(self, run_id: str) -> Usage:
        """What a run, and all runs below it, have used."""
        await self._catch_up()
        return await self._ledger.store.usage(run_id, at_ms=self._ledger.clock.now_ms())

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What calls took that were received between two moments."""
        await self._catch_up()
        return await self._ledger.store.spent(scope, whose, since_ms=since_ms, until_ms=until_ms)

    async def _catch_up(self) -> None:
        # The store knows only what was committed; what waits must count as well.
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
