"""Waiting for a held call, and driving it on once it is decided."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from highroad.approvals.desk import Desk
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.error import CallError, Code, LedgerError, NotRecorded
from highroad.domain.outcome import AnyOutcome, Ending, Proof, Status, Unknown
from highroad.ledger.history import CallHistory
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline import doorway
from highroad.pipeline.drive import cancelled, drive
from highroad.pipeline.services import Services
from highroad.pipeline.stored import held_by, stored_outcome

_log: Final = logging.getLogger("highroad.approvals")

EXPIRED: Final = CallError(
    code=Code.APPROVAL_EXPIRED,
    message="Nobody decided about this call in time.",
    hint="Make the call anew if it is still wanted.",
)

_LOOK_S: Final = 0.1
"""How often a call is looked at that another process drives, or has to decide about."""

Settle = Callable[[Services, str], Coroutine[Any, Any, AnyOutcome]]


class Waiting:
    """Brings a call that was made earlier to its end.

    Args:
        services: Of the runtime.
        desk: Tells when a decision was recorded.
        settle: Recovery: ends a call that was begun and that nobody drives.
    """

    def __init__(self, services: Services, desk: Desk, settle: Settle) -> None:
        self._services = services
        self._desk = desk
        self._settle = settle
        self._driving: dict[str, asyncio.Task[AnyOutcome]] = {}

    async def wait(self, call_id: str, *, timeout_s: float | None = None) -> AnyOutcome:
        """The outcome of a call; a held one is awaited, and driven on once it is decided.

        Args:
            call_id: As the `Held` outcome names it.
            timeout_s: How long to wait for people; 0 only looks, `None` waits until it expires.

        Returns:
            Its ending, or `Held` where the time was up first.

        Raises:
            NotRecorded: The ledger has no such call.
        """
        clock = self._services.clock
        until_s = None if timeout_s is None else clock.monotonic_s() + timeout_s
        while True:
            call_id = await self._behind(call_id)
            flying = await self._services.inflight.join(call_id)
            if flying is not None:
                return flying
            changed = self._desk.next_change()
            history = await self._services.ledger.history(call_id)
            if history is None:
                await check_not_archived(self._services.ledger.store, "call", call_id)
                raise NotRecorded(f"the ledger has no call {call_id}")
            if history.ended is not None:
                return await stored_outcome(self._services, history)
            approval = await self._approval(history)
            if approval is None or not approval.is_waiting or approval.is_overdue(clock.now_ms()):
                if not await self._let_go(call_id):
                    return _elsewhere(call_id)
                if await self._services.ledger.store.adopt(call_id):
                    return await self._once(call_id, partial(self._drive_on, call_id))
                continue  # it has ended meanwhile, or another process was faster
            left_s = (approval.expires_ms - clock.now_ms()) / 1_000
            if until_s is not None:
                left_s = min(left_s, until_s - clock.monotonic_s())
                if left_s <= 0:
                    return held_by(approval)
            await self._pause(changed, left_s)

    async def call_off(self, call_id: str, by: str) -> AnyOutcome | None:
        """End a held call as cancelled, on the word of `by`; `None` where it is not held."""
        history = await self._services.ledger.history(call_id)
        if history is None or not history.is_held:
            return None
        if not await self._services.ledger.store.adopt(call_id):
            return None
        outcome = await self._once(call_id, partial(self._end_held, call_id, by))
        self._desk.announce()  # whoever waits for a decision need not any more
        return outcome

    async def sweep(self) -> None:
        """End the calls whose approvals have expired, though nobody waits for them."""
        after = ""
        while page := await self._desk.list(state=ApprovalState.WAITING, after=after):
            for approval in page:
                if not approval.is_overdue(self._services.clock.now_ms()):
                    return  # they expire in the order in which they were made
                await self._is_ended(approval.call_id)
            after = page[-1].id

    async def sweep_abandoned(self) -> None:
        """End the calls whose process is gone, though nobody waits for them."""
        services = self._services
        for call_id in await services.ledger.store.abandoned():
            if services.inflight.is_flying(call_id) or call_id in self._driving:
                continue
            outcome = await self.wait(call_id, timeout_s=0)
            _log.warning("call %s was left by its process: %s", call_id, outcome.status)

    async def _let_go(self, call_id: str) -> bool:
        """Wait while another process drives a call, for as long as a call may take.

        Returns:
            Whether nobody drives it now.
        """
        services = self._services
        until_s = services.clock.monotonic_s() + services.limits.call_s
        while await services.ledger.store.is_driven(call_id):
            if services.clock.monotonic_s() >= until_s:
                return False
            await services.clock.sleep(_LOOK_S)
        return True

    async def end_unended(self) -> None:
        """Settle the calls whose end could not be written, as soon as one can be again.

        Not before: settling may run a body once more, and its end is to be written.
        """
        unended, writer = self._services.unended, self._services.ledger.writer
        if not unended:
            return
        await writer.flush()
        if writer.failure is not None:
            return
        for call_id in tuple(unended):
            if await self._is_ended(call_id):
                unended.discard(call_id)

    async def _is_ended(self, call_id: str) -> bool:
        """Whether a call could be brought to its end."""
        try:
            await self.wait(call_id, timeout_s=0)
        except LedgerError as error:  # its key may be lost; the others shall end all the same
            _log.warning("call %s cannot be ended: %s", call_id, error)
            return False
        return True

    async def _behind(self, call_id: str) -> str:
        """The call whose outcome answers for another: itself, or the last that stands in for it.

        One that was not made, because its process died before, answers for nobody.
        """
        services = self._services
        while not services.inflight.is_flying(call_id):
            history = await services.ledger.history(call_id)
            behind = None if history is None else history.successor
            if behind is None or not await self._is_made(behind):
                break
            call_id = behind
        return call_id

    async def _is_made(self, call_id: str) -> bool:
        if self._services.inflight.is_flying(call_id):
            return True
        return await self._services.ledger.history(call_id) is not None

    async def _approval(self, history: CallHistory) -> Approval | None:
        """The approval of a held call as the store has it: spent or not."""
        if not history.is_held or history.approval is None:
            return None
        return await self._desk.get(history.approval.id)

    async def _pause(self, changed: asyncio.Event, seconds: float) -> None:
        """Wait for a decision or the time, whichever comes first.

        In a shared ledger another process may record the decision, and nobody tells this one.
        """
        if self._services.ledger.store.is_shared:
            seconds = min(seconds, _LOOK_S)
        waits = {
            asyncio.ensure_future(changed.wait()),
            asyncio.ensure_future(self._services.clock.sleep(seconds)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _once(
        self, call_id: str, drive_on: Callable[[], Coroutine[Any, Any, AnyOutcome]]
    ) -> AnyOutcome:
        """Drive a call on; everybody who waits for it shares the one drive."""
        driving = self._driving.get(call_id)
        if driving is None:
            driving = self._driving[call_id] = asyncio.ensure_future(drive_on())
            driving.add_done_callback(partial(self._over, call_id))
            self._services.tasks.add(driving)
        return await asyncio.shield(driving)

    def _over(self, call_id: str, driving: asyncio.Task[AnyOutcome]) -> None:
        del self._driving[call_id]
        self._services.tasks.discard(driving)
        if not driving.cancelled():
            driving.exception()  # looked at, though nobody may wait any more

    async def _drive_on(self, call_id: str) -> AnyOutcome:
        """Take up a call that is this process's own now, as it stands by now."""
        history = await self._services.ledger.history(call_id)
        approval = None if history is None else await self._approval(history)
        if history is None or approval is None:
            return await self._settle(self._services, call_id)
        return await self._drive(history, approval)

    async def _end_held(self, call_id: str, by: str) -> AnyOutcome:
        """End a call that is this process's own now, unless it has ended meanwhile."""
        services = self._services
        history = await services.ledger.history(call_id)
        approval = None if history is None else await self._approval(history)
        if history is None or approval is None:
            return await self._settle(services, call_id)
        call = await services.ledger.thaw(history)
        context = await doorway.reopen(services, call, history, approval)
        context.approval_after = approval.voided()
        return await drive(call, context, ending=_called_off(by))

    async def _drive(self, history: CallHistory, approval: Approval) -> AnyOutcome:
        services = self._services
        call = await services.ledger.thaw(history)
        is_late = approval.is_overdue(services.clock.now_ms())
        context = await doorway.reopen(services, call, history, approval)
        if not is_late:
            return await drive(call, context)
        context.approval_after = approval.expired()
        return await drive(call, context, ending=_expired(approval))


def _elsewhere(call_id: str) -> Unknown:
    """The answer to whoever has waited for another process for as long as a call may take."""
    return Unknown(
        call_id=call_id,
        error=CallError(
            code=Code.OUTCOME_UNKNOWN,
            message="This call is under way in another process, and takes longer than a call may.",
            hint="Do not call again; wait for this call once more.",
        ),
    )


async def _called_off(by: str) -> Ending:
    return replace(cancelled(Proof.NOT_STARTED, by=by), decided_by="approve")


async def _expired(approval: Approval) -> Ending:
    return Ending(
        status=Status.EXPIRED,
        error=EXPIRED,
        rule=f"approval.{approval.id}",
        decided_by="approve",
    )
