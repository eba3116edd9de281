"""Completing calls whose result comes later: whoever shows the token of one hands its result in.

What is handed in ends the call once. Of several that come, in this process or another, the first
whose terminal record lands counts (P3). It is durable before it is acknowledged: in that record, or
sealed in the inbox, while the body still runs or another process drives the call. What comes
behind the end of a call is an amendment.
"""

import asyncio
from functools import partial
from typing import Any, Final, Protocol

from highroad.approvals.waiting import Waiting
from highroad.domain.approval import Approval
from highroad.domain.dead_letter import settled
from highroad.domain.deferral import Deferral
from highroad.domain.entry import AMENDMENT, Amendment, AmendmentKind
from highroad.domain.error import LedgerError, NotRecorded, NotYet, ResultRefused, ToolError
from highroad.domain.identity import OURSELVES, Principal
from highroad.domain.ids import with_prefix
from highroad.domain.order import Completion
from highroad.domain.outcome import AnyOutcome, Held, HoldReason, Status
from highroad.ledger import entries
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import CallHistory
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.pipeline.answer import Answer
from highroad.pipeline.completion import (
    answer_of,
    answer_of_failure,
    checked,
    ending_by,
    opened,
    rule_of,
    sealed,
)
from highroad.pipeline.services import Services
from highroad.pipeline.stored import stored_outcome
from highroad.tools.compile import RegisteredTool

COMPLETION: Final = "cmp"
"""Prefix of ids."""
ENDED: Final = "call_ended"
"""The code of what comes when nothing counts any more."""


class Heed(Protocol):
    """Does what follows from a late result."""

    async def __call__(self, history: CallHistory, *, applied: bool) -> None:
        """Hear whether a call was applied that had ended otherwise, or as unknown."""
        ...


class Completions:
    """Takes results from whoever shows the token of a call.

    Args:
        services: Of the runtime.
        waiting: Ends calls that are held.
        principal: Of this process; it stands for whoever hands in, in orders to another process.
        drives: Whether this process may end calls; another one leaves orders in the inbox.
        decides: Whether this process writes down what is said of ended calls.
        heed: Is told what each call turned out to be that had ended before its result came.
    """

    def __init__(  # noqa: PLR0913 - what they are made of, each by name
        self,
        services: Services,
        waiting: Waiting,
        principal: Principal,
        *,
        drives: bool,
        decides: bool,
        heed: Heed,
    ) -> None:
        self._services = services
        self._ledger = services.ledger
        self._waiting = waiting
        self._principal = principal
        self._drives = drives
        self._decides = decides
        self._heed = heed
        self._turn = asyncio.Lock()
        """Of two that come late the second sees what became of the first."""

    async def complete(self, call_id: str, token: str, result: object) -> AnyOutcome:
        """Hand in the result of a call; see `highroad.Runtime.complete`."""
        history = await self._shown(call_id, token)
        answer = answer_of(result, self._tool_of(history), self._services.limits)
        return await self._take(history, answer)

    async def fail(self, call_id: str, token: str, error: ToolError) -> AnyOutcome:
        """Hand in that there is no result; see `highroad.Runtime.fail`."""
        history = await self._shown(call_id, token)
        return await self._take(history, answer_of_failure(error))

    async def record(self, order: Completion, by: Principal) -> None:
        """Do what was handed in to another process, or too early here.

        Raises:
            NotRecorded: The ledger has no such call.
            NotYet: Its body still runs, or the end that this makes is not written yet.
            ResultRefused: It does not count.
            LedgerError: It could not be recorded.
        """
        del by  # who shows the token may be anybody
        history = await self._history(order.call_id)
        answer = opened(order, self._ledger.keyring)
        if history.ended is not None:
            if not _is_recorded(history, order.id):
                await self._amend(history.call_id, order.id, answer)
            return
        tool = self._tool_of(history)
        if tool is not None and isinstance(history.hold, Deferral):
            ending = partial(ending_by, checked(answer, tool, self._services.limits), order.id)
            await self._waiting.end_deferred(order.call_id, ending)
        raise NotYet(f"what was handed in for call {order.call_id} waits until that can be ended")

    async def _take(self, history: CallHistory, answer: Answer) -> AnyOutcome:
        """End the call by an answer, or keep it for whoever can; it is durable when this returns.

        Raises:
            ResultRefused: It has ended, and this says nothing new.
            LedgerError: It could not be written.
        """
        completion_id = self._services.ids.new(COMPLETION)
        is_here = self._drives and self._tool_of(history) is not None
        while history.ended is None:
            if not is_here or not isinstance(history.hold, Deferral):
                return await self._keep(history, completion_id, answer)
            outcome = await self._end(history.call_id, completion_id, answer)
            if outcome is not None:
                return outcome
            history = await self._history(history.call_id)
        if self._decides:
            await self._amend(history.call_id, completion_id, answer)
        else:
            _judge(history, answer)
            await self._post(history.call_id, completion_id, answer)
        return await stored_outcome(self._services, history)

    async def _end(self, call_id: str, completion_id: str, answer: Answer) -> AnyOutcome | None:
        """How the call ended by this answer; `None` where somebody else was faster."""
        ending = partial(ending_by, answer, completion_id)
        driving = await self._waiting.end_deferred(call_id, ending)
        if driving is None:
            await self._waiting.let_go(call_id)
            return None
        outcome = await asyncio.shield(driving)
        history = await self._history(call_id)
        if history.ended is None:
            raise LedgerError(
                f"the ledger cannot be written, and call {call_id} waits on: hand its result in "
                "again"
            )
        return outcome if _is_recorded(history, completion_id) else None

    async def _keep(self, history: CallHistory, completion_id: str, answer: Answer) -> Held:
        """Leave an answer in the inbox, sealed, until the call can be ended by it."""
        hold = history.hold
        if isinstance(hold, Approval):
            raise ResultRefused(
                f"call {history.call_id} waits for people and has not begun: there is nothing to "
                "hand in",
                code="call_not_begun",
            )
        await self._post(history.call_id, completion_id, answer)
        return Held(
            call_id=history.call_id,
            reason=HoldReason.DEFERRED,
            expires_ms=0 if hold is None else hold.expires_ms,
        )

    async def _post(self, call_id: str, completion_id: str, answer: Answer) -> None:
        said, keyring = authorship(self._ledger, self._principal), self._ledger.keyring
        kept = sealed(answer, completion_id, self._principal.organization, keyring)
        order = Completion(**said, id=completion_id, call_id=call_id, answer=kept)
        await post(self._ledger, order)

    async def _amend(self, call_id: str, completion_id: str, answer: Answer) -> None:
        """Record what came after the end of its call.

        Raises:
            ResultRefused: It says nothing new.
            LedgerError: It could not be recorded.
        """
        async with self._turn:
            history = await self._history(call_id)
            applied, at_ms = _judge(history, answer), self._services.clock.now_ms()
            amendment = Amendment(
                id=with_prefix(completion_id, AMENDMENT),
                call_id=call_id,
                kind=AmendmentKind.LATE,
                applied=applied,
                by=OURSELVES,
                at_ms=at_ms,
            )
            await self._ledger.writer.write(
                entries.amended(
                    amendment,
                    organization=history.organization,
                    run_id=history.run_id,
                    letter=settled(history.letter, applied=applied, by=OURSELVES, at_ms=at_ms),
                )
            )
        await self._heed(history, applied=applied)

    async def _shown(self, call_id: str, token: str) -> CallHistory:
        """The call whose token was shown.

        A wrong token and a call that is not there are told alike, and as fast: the token is judged
        before the ledger is asked.

        Raises:
            NotRecorded: There is no such call, or the token is not its own.
        """
        if not self._ledger.keyring.is_completion_token(call_id, token):
            raise _nothing_of(call_id)
        return await self._history(call_id)

    async def _history(self, call_id: str) -> CallHistory:
        history = await self._ledger.history(call_id)
        if history is None:
            await check_not_archived(self._ledger.store, "call", call_id)
            raise _nothing_of(call_id)
        return history

    def _tool_of(self, history: CallHistory) -> RegisteredTool[Any] | None:
        opening = history.opening
        return self._services.registry.find(opening["tool"] or "", opening.get("version"))


def _nothing_of(call_id: str) -> NotRecorded:
    return NotRecorded(f"the ledger has no call {call_id} that this token completes")


def _is_recorded(history: CallHistory, completion_id: str) -> bool:
    """Whether the end of a call, or an amendment, came of this completion."""
    ended, amendment_id = history.ended or {}, with_prefix(completion_id, AMENDMENT)
    return ended.get("rule") == rule_of(completion_id) or any(
        each.id == amendment_id for each in history.amendments
    )


def _judge(history: CallHistory, answer: Answer) -> bool:
    """Whether a call was applied, where an answer says what is not known behind its end.

    Raises:
        ResultRefused: It says nothing new.
    """
    applied = True if answer.failure is None else answer.failure.applied
    known = history.settled
    if known is None and history.status is not Status.UNKNOWN:
        known = False
    is_over = history.status is Status.COMPLETED or any(
        amendment.kind is AmendmentKind.LATE for amendment in history.amendments
    )
    if is_over or applied is None or applied is known:
        raise ResultRefused(
            f"call {history.call_id} has ended as {history.status}, and this says nothing new of "
            "it: nothing changed",
            code=ENDED,
        )
    return applied
