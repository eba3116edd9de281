"""Ends what waits and is not wanted any more: a call, or a run that nobody moves, with all below.

A run that is moved hears of it where it is (`RunInProgress.call_off`), and ends itself.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from highroad.agents.lease import is_moved_elsewhere
from highroad.agents.moving import Moving
from highroad.agents.progress import LEG
from highroad.agents.record import RunRecord, Turn, read_messages, read_run
from highroad.agents.writing import RunWriter
from highroad.domain.audit import AGENT_RUN
from highroad.domain.deferral import Deferral
from highroad.domain.error import NotRecorded, ResultRefused, ToolError, VaultError
from highroad.domain.ids import with_prefix
from highroad.domain.outcome import AnyOutcome, Status
from highroad.domain.run import RunStatus, is_open
from highroad.ledger.tables.rows import records, selection
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.agents")

RUN: Final = "run"
"""Prefix of ids."""
WITHDRAWN: Final = ToolError(
    "The agent that was asked did not finish: its run was called off.", applied=False
)

CallOff = Callable[[str, str], Awaitable[AnyOutcome | None]]
"""Ends a call that waits on the word of somebody, by opaque id; `None` where it does not wait."""
Fail = Callable[[str, ToolError], Awaitable[AnyOutcome]]
"""Hands in that a call whose result comes later has none."""


class CallingOff:
    """Ends calls and runs.

    Args:
        services: Of the runtime.
        moving: Knows the runs that have a leg.
        call_off: Ends a call that waits.
        fail: Ends a delegation.
    """

    def __init__(
        self, services: Services, moving: Moving, *, call_off: CallOff, fail: Fail
    ) -> None:
        self._services = services
        self._moving = moving
        self._call_off = call_off
        self._fail = fail

    async def end(self, run_id: str, by: str) -> None:
        """End a run of an agent as cancelled, with its calls, unless it is moved or has ended.

        Raises:
            LedgerError: It could not be recorded.
        """
        if run_id in self._moving:
            return
        async with self._moving.alone(run_id):
            record = await self._record(run_id)
            if record is None or record.ended is not None:
                return
            if not await is_moved_elsewhere(self._services.ledger, record.leg_began):
                await self._end(record, by)

    async def withdraw(self, call_id: str, by: str) -> bool:
        """End a call that waits, and the run below that it stands for.

        Returns:
            Whether nothing comes of it any more; `False` where its work is under way elsewhere, or
            was done.
        """
        ledger = self._services.ledger
        history = await ledger.history(call_id)
        if history is None:
            return True
        if history.hold is None:
            return history.status is Status.CANCELLED
        if await self._is_delegation(call_id, history.run_id):
            await self._end_delegation(call_id, by)
            return True
        if isinstance(history.hold, Deferral):
            return False
        outcome = await self._call_off(call_id, by)
        return outcome is not None and outcome.status is Status.CANCELLED

    async def end_below(self, run_id: str, by: str) -> None:
        """End the runs below one that is ending.

        Most have ended by then. One is open where the call that it stands for ended without it: by
        its deadline, or by a result from elsewhere.

        Raises:
            LedgerError: It could not be recorded.
        """
        below = selection(AGENT_RUN.name, parent_id=run_id)
        async for row in records(self._services.ledger.store.tables, below):
            if is_open(row["status"]):
                await self.end(row["id"], by)

    async def _record(self, run_id: str) -> RunRecord | None:
        """A run of an agent; `None` of calls that no agent made, and of what was erased."""
        try:
            return await read_run(self._services.ledger, run_id)
        except (NotRecorded, VaultError) as error:
            _log.debug("run %s is not ended: %s", run_id, error)
            return None

    async def _end(self, record: RunRecord, by: str) -> None:
        """Its calls first, so that a process that dies meanwhile leaves a run that goes on."""
        for history in record.calls.values():
            if history.is_held and not await self._is_delegation(history.call_id, history.run_id):
                await self._call_off(history.call_id, by)
            elif history.is_held:
                await self._end_delegation(history.call_id, by)
        ledger, run_id = self._services.ledger, record.head.run_id
        await self.end_below(run_id, by)
        writer = RunWriter(ledger, record.head, await ledger.vault.key_of_run(run_id))
        if ledger.store.is_shared:  # another process may be about to go on with it
            leg_id = self._services.ids.new(LEG)
            await writer.resumed(Turn(), leg_id=leg_id, number=record.legs + 1)
        while not await writer.ended(
            RunStatus.CANCELLED,
            code="cancelled",
            result=None,
            steps=record.steps,
            usage=record.usage,
            cost_microusd=record.cost_microusd,
            messages=len(record.heard),
        ):
            await read_messages(ledger, record)
        self._services.loops.forget(run_id)
        self._services.repairs.forget(run_id)

    async def _is_delegation(self, call_id: str, run_id: str) -> bool:
        """Whether a run below stands behind the call; that of a lone call has its id too."""
        below = with_prefix(call_id, RUN)
        return below != run_id and bool(
            await self._services.ledger.store.entries(run_id=below, limit=1)
        )

    async def _end_delegation(self, call_id: str, by: str) -> None:
        await self.end(with_prefix(call_id, RUN), by)
        try:
            await self._fail(call_id, WITHDRAWN)
        except ResultRefused as late:
            _log.debug("call %s has ended before: %s", call_id, late)
