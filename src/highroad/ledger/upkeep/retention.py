"""Payloads are kept so long and no longer; entries stay."""

import logging
from typing import Final

from highroad.domain.entry import CallsOpen, Erasure, ErasureReason, Receipt
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.ledger import entries
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import record, records, selection
from highroad.ledger.upkeep.doubt import is_through, is_unsettled
from highroad.ports.ids import Ids
from highroad.ports.upkeep import Upkeep

_log: Final = logging.getLogger("highroad.ledger")

PAUSE_S: Final = 3_600.0
"""From one sweep to the next."""
_DAY_MS: Final = 86_400_000
_BATCH: Final = 1_000
_PER_SWEEP: Final = 100
"""Batches of one sweep; what is left waits for the next."""


class Retention:
    """Destroys payloads of ended calls by their age, once it is known what became of them.

    Args:
        ledger: Of which this process is the owner.
        upkeep: Finds what is old enough.
        ids: For the rows that tell of it.
        days: How long a payload is kept.
    """

    def __init__(self, ledger: Ledger, upkeep: Upkeep, ids: Ids, *, days: int) -> None:
        self._ledger = ledger
        self._upkeep = upkeep
        self._ids = ids
        self._days = days

    async def sweep(self) -> int:
        """Destroy what is too old, batch by batch, each with an entry; keys of runs that end empty.

        Returns:
            How many payloads were destroyed.

        Raises:
            LedgerError: It could not be recorded; what was not is still there.
        """
        before_ms = self._ledger.clock.now_ms() - self._days * _DAY_MS
        destroyed = 0
        for _ in range(_PER_SWEEP):
            found = tuple(await self._upkeep.expired_payloads(before_ms, limit=_BATCH))
            if not found:
                break
            await self._erase(found, before_ms)
            destroyed += len(found)
        if destroyed:
            _log.info("%d payloads were older than %d days", destroyed, self._days)
        return destroyed

    async def _erase(self, payloads: tuple[str, ...], before_ms: int) -> None:
        with self._ledger.vault.destroying(await self._runs_of(payloads)) as free:
            over = tuple(
                [run_id for run_id in sorted(free) if await self._is_over(run_id, before_ms)]
            )
            receipt = await self._write(Erasure(payloads=payloads, runs=over), before_ms)
        if isinstance(receipt, CallsOpen):  # another process began them: their keys stay
            await self._write(Erasure(payloads=payloads), before_ms)

    async def _write(self, erases: Erasure, before_ms: int) -> Receipt:
        ledger = self._ledger
        erased = entries.erased(
            erases,
            erasure_id=self._ids.new("erasure"),
            reason=ErasureReason.RETENTION,
            organization=DEFAULT_ORGANIZATION,
            at_ms=ledger.clock.now_ms(),
            payloads=len(erases.payloads),
            before_ms=before_ms,
        )
        return await ledger.writer.write(erased)

    async def _runs_of(self, payloads: tuple[str, ...]) -> set[str]:
        found = [await self._ledger.store.payload(payload_id) for payload_id in payloads]
        return {payload.run_id for payload in found if payload is not None}

    async def _is_over(self, run_id: str, before_ms: int) -> bool:
        """Whether all that a run carries is of before: nothing of it is left, or is about to go."""
        tables = self._ledger.store.tables
        if not await is_through(tables, run_id, before_ms=before_ms):
            return False
        async for call in records(tables, selection("tool_call", run_id=run_id)):
            result = await record(tables, "tool_result", {"call_id": call["id"]})
            if result is None or result["ended_ms"] >= before_ms:
                return False
            if await is_unsettled(tables, call["id"]):
                return False
            async for fact in records(tables, selection("amendment", call_id=call["id"])):
                if fact["amended_ms"] >= before_ms:
                    return False
        return True
