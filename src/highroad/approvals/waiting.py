"""Waiting for a held call, and driving it on once it is decided, or its result is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from highroad.approvals.desk import Desk
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.audit import APPROVAL, DEFERRAL
from highroad.domain.deferral import Deferral, DeferralState
from highroad.domain.error import CallError, Code, LedgerError, NotRecorded, VaultError
from highroad.domain.identity import Principal
from highroad.domain.outcome import AnyOutcome, Ending, Held, Proof, Status, Unknown
from highroad.ledger.history import CallHistory
from highroad.ledger.tables.rows import records
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline import doorway
from highroad.pipeline.completion import overdue
from highroad.pipeline.context import RoadContext
from highroad.pipeline.drive import cancelled, drive
from highroad.pipeline.services import Services
from highroad.pipeline.stages.execute import UNUSED
from highroad.pipeline.stored import held_by, stored_outcome
from highroad.ports.tables import Selection

_log: Final = logging.getLogger("highroad.approvals")

EXPIRED: Final = CallError(
    code=Code.APPROVAL_EXPIRED,
    message="Nobody decided about this call in time.",
    hint="Make the call anew if it is still wanted.",
)

_LOOK_S: Final = 0.1
"""How often a call is looked at that another process drives, or has to decide about."""

_WAITS: Final = (
    (APPROVAL.name, ApprovalState.WAITING, "expires_ms"),
    (APPROVAL.name, ApprovalState.APPROVED, "use_by_ms"),
    (DEFERRAL.name, DeferralState.WAITING, "expires_ms"),
)
"""What is over at some time if nobody comes before: table, state, and the column with that time."""

Settle = Callable[[Services, str], Coroutine[Any, Any, AnyOutcome]]
_GoOn = Callable[[], Coroutine[Any, Any, AnyOutcome]]


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
            timeout_s: How long to wait; 0 only looks, `None` waits until it expires.

        Returns:
            Its ending; where the time was up first, `Held`, or an `Unknown` that is not on record
            where it waits for its tool.

        Raises:
            NotRecorded: The ledger has no such call.
        """
        clock = self._services.clock
        until_s = None if timeout_s is None else clock.monotonic_s() + timeout_s
        so_far: AnyOutcome
        while True:
            call_id = await self._behind(call_id)
            flying = await self._services.inflight.join(call_id)
            if flying is not None and not isinstance(flying, Held):
                return flying
            changed = self._desk.next_change()
            history = await self._known(call_id)
            if history.ended is not None:
                return await stored_outcome(self._services, history)
            hold = await self._hold(history)
            if hold is None or not hold.is_waiting or hold.is_overdue(clock.now_ms()):
                if not await self.let_go(call_id):
                    return _elsewhere(call_id)
                left_s, so_far = await self._lacking_s(history), _without_its_tool(call_id)
                if left_s <= 0:
                    if await self._services.ledger.store.adopt(call_id):
                        return await self._once(call_id, partial(self._drive_on, call_id))
                    continue  # it has ended meanwhile, or another process was faster
            else:
                left_s, so_far = (hold.expires_ms - clock.now_ms()) / 1_000, held_by(hold)
            if until_s is not None:
                left_s = min(left_s, until_s - clock.monotonic_s())
                if left_s <= 0:
                    return so_far
            await self._pause(changed, left_s)

    async def require(
        self, call_id: str, *, principal: Principal | None = None, tool: str | None = None
    ) -> None:
        """Answer for a call of somebody else, or of another tool, as for one that there is not.

        Raises:
            NotRecorded: It is none for `principal`, or none of `tool`.
        """
        if principal is None and tool is None:
            return
        ledger = self._services.ledger
        history = await ledger.history(call_id)
        if history is None:
            return  # there is none, which whoever goes on is told
        made = history.opening
        is_theirs = principal is None or made["principal"] == ledger.keyring.opaque(principal)
        if not is_theirs or tool not in {None, made["tool"]}:
            raise NotRecorded(f"the ledger has no call {call_id}")

    async def call_off(self, call_id: str, by: str) -> AnyOutcome | None:
        """End a held call as cancelled, on the word of `by`; `None` where it is not held."""
        history = await self._services.ledger.history(call_id)
        if history is None or not history.is_held:
            return None
        if not await self._services.ledger.store.adopt(call_id):
            return None
        outcome = await self._once(call_id, partial(self._end_held, call_id, by))
        if _is_edited(history, outcome):
            return await self.call_off(call_id, by)
        self._desk.announce(call_id)  # whoever waits for a decision need not any more
        return outcome

    async def end_deferred(
        self, call_id: str, ending: Callable[[RoadContext], Awaitable[Ending]]
    ) -> asyncio.Task[AnyOutcome] | None:
        """End a call that waits for its result with what was handed in.

        Returns:
            What drives it; `None` where it does not wait, or another process was faster. Whoever
            awaits it looks whether it was this ending that came first.
        """
        history = await self._services.ledger.history(call_id)
        if history is None or history.intent is None or not history.is_held:
            return None
        if not await self._services.ledger.store.adopt(call_id):
            return None
        driving = self._begin(call_id, partial(self._complete, call_id, ending))
        driving.add_done_callback(lambda _: self._desk.announce(call_id))
        return driving

    async def sweep(self) -> None:
        """End the calls whose wait is over, though nobody else waits for them."""
        now_ms = self._services.clock.now_ms()
        for table, state, column in _WAITS:
            overdue = Selection(
                table=table, equals={"state": state}, within=column, until_ms=now_ms + 1
            )
            async for row in records(self._services.ledger.store.tables, overdue):
                await self._is_ended(row["call_id"])

    async def sweep_abandoned(self) -> None:
        """End the calls whose process is gone, though nobody waits for them."""
        services = self._services
        for call_id in await services.ledger.store.abandoned():
            if services.inflight.is_flying(call_id) or call_id in self._driving:
                continue
            if call_id in services.abandoned.calls:  # `take_up` looks after it
                continue
            history = await services.ledger.history(call_id)
            if history is None or services.abandoned.left_s(history) > 0:
                continue
            outcome = await self.wait(call_id, timeout_s=0)
            if not isinstance(outcome, Held):
                _log.warning("call %s was left by its process: %s", call_id, outcome.status)

    async def take_up(self) -> None:
        """Settle the calls whose tool has come, or has not for too long; all at once.

        One may wait for its probe, and one may have been made by the body of another.
        """
        await asyncio.gather(*map(self._take_up, self._services.abandoned.due))

    async def give_up(self, call_id: str) -> None:
        """End a call now that waits for its tool, as if there were none."""
        self._services.abandoned.give_up(call_id)
        await self._take_up(call_id)

    async def let_go(self, call_id: str) -> bool:
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
            outcome = await self.wait(call_id, timeout_s=0)
        except LedgerError as error:  # its key may be lost; the others shall end all the same
            _log.warning("call %s cannot be ended: %s", call_id, error)
            return False
        if not isinstance(outcome, Held):
            self._desk.announce(call_id)
        return True

    async def _known(self, call_id: str) -> CallHistory:
        """What is on record of a call.

        Raises:
            NotRecorded: The ledger has no such call.
        """
        history = await self._services.ledger.history(call_id)
        if history is None:
            await check_not_archived(self._services.ledger.store, "call", call_id)
            raise NotRecorded(f"the ledger has no call {call_id}")
        return history

    async def _take_up(self, call_id: str) -> None:
        if await self._is_ended(call_id):
            self._services.abandoned.forget(call_id)

    async def _lacking_s(self, history: CallHistory) -> float:
        """For how long a call that nobody drives waits on for its tool, as it stands by now."""
        if not self._services.abandoned.lacks_tool(history):
            return 0.0
        return self._services.abandoned.left_s(await self._known(history.call_id))

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

    async def _hold(self, history: CallHistory) -> Approval | Deferral | None:
        """What a held call waits for; an approval as the store has it, spent or not."""
        hold = history.hold
        return await self._desk.get(hold.id) if isinstance(hold, Approval) else hold

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
        return await asyncio.shield(self._begin(call_id, drive_on))

    def _begin(
        self, call_id: str, drive_on: Callable[[], Coroutine[Any, Any, AnyOutcome]]
    ) -> asyncio.Task[AnyOutcome]:
        driving = self._driving.get(call_id)
        if driving is None:
            driving = asyncio.get_running_loop().create_task(drive_on())
            self._driving[call_id] = driving
            driving.add_done_callback(partial(self._over, call_id))
            self._services.tasks.add(driving)
        return driving

    def _over(self, call_id: str, driving: asyncio.Task[AnyOutcome]) -> None:
        del self._driving[call_id]
        self._services.tasks.discard(driving)
        if not driving.cancelled():
            driving.exception()  # looked at, though nobody may wait any more

    async def _drive_on(self, call_id: str) -> AnyOutcome:
        """Take up a call that is this process's own now, as it stands by now."""
        async with self._desk.setting_out(call_id):
            history, hold = await self._standing(call_id)
            if hold is not None and hold.state is ApprovalState.VOID:
                # An edit in another process may have come between the two looks.
                history, hold = await self._standing(call_id)
            go_on = await self._begun(history, hold, call_id)
        return await go_on()

    async def _begun(
        self, history: CallHistory | None, hold: Approval | Deferral | None, call_id: str
    ) -> _GoOn:
        """What takes a call on from how it stands."""
        if history is None or hold is None:
            return partial(self._settle, self._services, call_id)
        if isinstance(hold, Deferral):
            expired = partial(overdue, hold)
            return partial(self._end, history, hold, DeferralState.EXPIRED, expired)
        return await self._set_out(history, hold)

    async def _standing(
        self, call_id: str
    ) -> tuple[CallHistory | None, Approval | Deferral | None]:
        """What is on record of a call, and what it waits for."""
        history = await self._services.ledger.history(call_id)
        return history, None if history is None else await self._hold(history)

    async def _complete(
        self, call_id: str, ending: Callable[[RoadContext], Awaitable[Ending]]
    ) -> AnyOutcome:
        """End a call that is this process's own now, unless it has ended meanwhile."""
        history = await self._services.ledger.history(call_id)
        hold = None if history is None else history.hold
        if history is None or not isinstance(hold, Deferral):
            return await self._settle(self._services, call_id)
        return await self._end(history, hold, DeferralState.ANSWERED, ending)

    async def _end(
        self,
        history: CallHistory,
        deferral: Deferral,
        state: DeferralState,
        ending: Callable[[RoadContext], Awaitable[Ending]],
    ) -> AnyOutcome:
        """Take a call that waited for its result to `finish`, within a deadline of its own."""
        services, is_bare = self._services, False
        try:
            call = await services.ledger.thaw(history)
        except VaultError as error:
            _log.warning("call %s ends without what it was made of: %s", history.call_id, error)
            call, is_bare = doorway.bare(services, history), True
        deadline_ms = services.limits.deadline_ms(services.clock.now_ms())
        call = replace(call, deadline_ms=deadline_ms)
        context = await doorway.reopen(services, call, history, is_bare=is_bare)
        context.hold_after = replace(deferral, state=state)
        return await drive(call, context, ending=ending(context))

    async def _end_held(self, call_id: str, by: str) -> AnyOutcome:
        """End a call that is this process's own now, unless it has ended meanwhile."""
        async with self._desk.setting_out(call_id):
            history, hold = await self._standing(call_id)
            go_on = await self._begun_to_end(history, hold, call_id, by)
        return await go_on()

    async def _begun_to_end(
        self, history: CallHistory | None, hold: Approval | Deferral | None, call_id: str, by: str
    ) -> _GoOn:
        """What ends a call that was called off, from how it stands."""
        services = self._services
        if history is None or hold is None:
            return partial(self._settle, services, call_id)
        if isinstance(hold, Deferral):
            called_off = partial(_called_off_under_way, by)
            return partial(self._end, history, hold, DeferralState.CANCELLED, called_off)
        call = await services.ledger.thaw(history)
        context = await doorway.reopen(services, call, history, hold)
        context.hold_after = hold.voided()
        return partial(drive, call, context, ending=_called_off(by))

    async def _set_out(self, history: CallHistory, approval: Approval) -> _GoOn:
        """What drives a call on that is under way from here on, and so is edited by nobody."""
        services = self._services
        call = await services.ledger.thaw(history)
        is_late = approval.is_overdue(services.clock.now_ms())
        context = await doorway.reopen(services, call, history, approval)
        if not is_late:
            return partial(drive, call, context)
        context.hold_after = approval.expired()
        return partial(drive, call, context, ending=_expired(approval))


def _is_edited(before: CallHistory, outcome: AnyOutcome) -> bool:
    """Whether a call waits for other people, or other words, than it did."""
    if not isinstance(outcome, Held) or not isinstance(before.hold, Approval):
        return False
    return outcome.approval_id != before.hold.id


def _without_its_tool(call_id: str) -> Unknown:
    """The answer to whoever asks for a call that waits for its tool."""
    return _not_yet_known(
        call_id,
        "The process that ran this call ended before it did, and its tool is not here.",
        "Do not call again; wait for this call where its tool is.",
    )


def _elsewhere(call_id: str) -> Unknown:
    """The answer to whoever has waited for another process for as long as a call may take."""
    return _not_yet_known(
        call_id,
        "This call is under way in another process, and takes longer than a call may.",
        "Do not call again; wait for this call once more.",
    )


def _not_yet_known(call_id: str, message: str, hint: str) -> Unknown:
    """An answer about a call that has no end by that."""
    error = CallError(code=Code.OUTCOME_UNKNOWN, message=message, hint=hint)
    return Unknown(call_id=call_id, error=error)


async def _called_off(by: str) -> Ending:
    return replace(cancelled(Proof.NOT_STARTED, by=by), decided_by="approve")


async def _called_off_under_way(by: str, context: RoadContext) -> Ending:
    return cancelled(context.doubt.proof, by=by)


async def _expired(approval: Approval) -> Ending:
    return Ending(
        status=Status.EXPIRED,
        error=EXPIRED if approval.is_waiting else UNUSED,
        rule=f"approval.{approval.id}",
        decided_by="approve",
    )
