"""Calls that nobody knows the outcome of, before people; and what people say of them.

A settlement is an amendment: the terminal record stays what it is. The last word counts, so one
that contradicts an earlier one corrects it, and one that repeats it is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, Protocol, TypeAlias

from highroad.domain.approval import Approval
from highroad.domain.dead_letter import settled
from highroad.domain.deferral import Deferral
from highroad.domain.entry import AMENDMENT, Amendment, AmendmentKind, KeyDestroyed, Receipt
from highroad.domain.error import DecisionRefused, NotRecorded
from highroad.domain.identity import Principal
from highroad.domain.order import Settlement
from highroad.domain.outcome import Status
from highroad.domain.payload import SealedPayload
from highroad.domain.permission import Permissions, require
from highroad.domain.unsettled import Standing, Unsettled
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import CallHistory
from highroad.ledger.ledger import Ledger
from highroad.ledger.upkeep.archive import check_not_archived
from highroad.ports.ids import Ids

SETTLE: Final = "calls:settle"
"""The permission to say what became of a call."""
_PAGE: Final = 100


GiveUp: TypeAlias = Callable[[str], Awaitable[None]]
"""Ends a call that waits for its tool."""


class Heed(Protocol):
    """Does what follows from a settlement."""

    async def __call__(self, history: CallHistory, *, applied: bool) -> None:
        """Hear whether a call was applied that was unknown until now."""
        ...


async def nothing_follows(history: CallHistory, *, applied: bool) -> None:
    """Heed no settlement: where nothing is reserved, nothing is to be settled."""


async def nobody_waits(call_id: str) -> None:
    """Give up on no call: where none waits for its tool, none is to be ended."""


class Settlements:
    """Lists what needs a person, and takes their word for it.

    Args:
        ledger: Knows the calls, and records what was said.
        ids: Names amendments.
        permissions: What a principal holds, by the policy; `None` where no policy is in force.
        is_owner: Whether this process writes entries; another one leaves orders in the inbox.
        heed: Is told what each call that was settled turned out to be.
        abandoned: Ids of open calls that wait here for their tool.
        give_up: Ends one of those as unknown, whatever tool may come.
    """

    def __init__(  # noqa: PLR0913 - what they are made of, each by name
        self,
        ledger: Ledger,
        ids: Ids,
        *,
        permissions: Permissions | None,
        is_owner: bool,
        heed: Heed = nothing_follows,
        abandoned: Collection[str] = (),
        give_up: GiveUp = nobody_waits,
    ) -> None:
        self._heed = heed
        self._abandoned = abandoned
        self._give_up = give_up
        self._ledger = ledger
        self._ids = ids
        self._permissions = permissions
        self._is_owner = is_owner
        self._turn = asyncio.Lock()
        """Of two who settle the same call the second sees what the first one said."""

    async def unknown(self) -> tuple[Unsettled, ...]:
        """Calls of which nobody knows the outcome, nor has said more since, oldest first.

        They have ended so, or wait for their tool.
        """
        found: list[Unsettled] = []
        after = ""
        while page := await self._ledger.store.unknown_calls(after=after, limit=_PAGE):
            found += [self._line(await self._history(call_id)) for call_id in page]
            after = page[-1]
        waiting = [await self._history(call_id) for call_id in tuple(self._abandoned)]
        found += [self._line(history) for history in waiting if history.ended is None]
        return tuple(found)

    async def open(self) -> tuple[Unsettled, ...]:
        """Other calls without an end, oldest first: held, or in flight."""
        calls = await self._ledger.store.open_calls()
        found = [await self._history(each) for each in calls if each not in self._abandoned]
        # One that was in flight may have ended since it was listed.
        return tuple(self._line(history) for history in found if history.ended is None)

    async def settle(self, call_id: str, *, applied: bool, by: Principal, reason: str) -> Amendment:
        """Record that `by` found out whether a call took effect.

        Returns:
            The amendment, as the ledger has it or will have it once the owner has read its inbox.

        Raises:
            NotRecorded: The ledger has no such call, or none that `by` may know of.
            DecisionRefused: Its outcome is not unknown, was settled so before, no reason is
                given, or `by` lacks the permission.
            LedgerError: It could not be recorded.
        """
        if not reason.strip():
            raise DecisionRefused(f"call {call_id} is settled with a reason: say how you know")
        history = await self._ended(call_id, by)
        settlement = Settlement(
            id=self._ids.new(AMENDMENT),
            call_id=call_id,
            applied=applied,
            reason=reasons.written(self._ledger, by, subject=call_id, reason=reason),
            **authorship(self._ledger, by),
        )
        if self._is_owner:
            return await self.record(settlement, by)
        self._judge(history, settlement, by)
        await post(self._ledger, settlement)
        return _amendment(settlement, None)

    async def record(self, settlement: Settlement, by: Principal) -> Amendment:
        """Judge a settlement and write it down, from here or from the inbox.

        Raises:
            NotRecorded: The ledger has no such call, or none that `by` may know of.
            DecisionRefused: Its outcome is not unknown, was settled so before, or `by` lacks the
                permission.
            LedgerError: It could not be recorded.
        """
        async with self._turn:
            history = await self._history(settlement.call_id)
            for known in history.amendments:
                if known.id == settlement.id:  # an order that was recorded before its owner died
                    return known
            self._judge(history, settlement, by)
            reason = await reasons.kept(
                self._ledger,
                settlement,
                run_id=history.run_id,
                payload_id=f"{settlement.call_id}.{settlement.id}",
            )
            amendment = _amendment(settlement, reason)
            receipt = await self._amend(history, settlement, amendment, reason)
            if isinstance(receipt, KeyDestroyed):  # the word counts without its reason
                amendment = _amendment(settlement, None)
                await self._amend(history, settlement, amendment, None)
            await self._heed(history, applied=settlement.applied)
        return amendment

    def _judge(self, history: CallHistory, settlement: Settlement, by: Principal) -> None:
        """Object to what does not count.

        Raises:
            NotRecorded: `by` may not know of the call.
            DecisionRefused: With the reason.
        """
        self._require(by, history)
        _judge(history, settlement)

    def _require(self, by: Principal, history: CallHistory) -> None:
        """See that `by` may settle the call.

        Raises:
            NotRecorded: `by` may not know of it.
            DecisionRefused: `by` lacks the permission.
        """
        if by.organization != history.organization:
            raise _no_such_call(history.call_id)
        require(SETTLE, self._permissions, by, what="settling a call")

    async def _ended(self, call_id: str, by: Principal) -> CallHistory:
        """The call; where it waits for its tool, its end comes first."""
        history = await self._history(call_id)
        if history.ended is not None or call_id not in self._abandoned:
            return history
        self._require(by, history)
        await self._give_up(call_id)
        return await self._history(call_id)

    async def _amend(
        self,
        history: CallHistory,
        settlement: Settlement,
        amendment: Amendment,
        reason: SealedPayload | None,
    ) -> Receipt:
        return await self._ledger.writer.write(
            entries.amended(
                amendment,
                organization=history.organization,
                run_id=history.run_id,
                reason=reason,
                profile=settlement.profile,
                letter=settled(
                    history.letter,
                    applied=settlement.applied,
                    by=settlement.by,
                    at_ms=settlement.at_ms,
                ),
            )
        )

    def _line(self, history: CallHistory) -> Unsettled:
        return _line_of(history, _standing_of(history, self._abandoned))

    async def _history(self, call_id: str) -> CallHistory:
        history = await self._ledger.history(call_id)
        if history is None:
            await check_not_archived(self._ledger.store, "call", call_id)
            raise _no_such_call(call_id)
        return history


def _no_such_call(call_id: str) -> NotRecorded:
    return NotRecorded(f"the ledger has no call {call_id}")


def _judge(history: CallHistory, settlement: Settlement) -> None:
    """Object to what does not count.

    Raises:
        DecisionRefused: With the reason.
    """
    name = f"call {history.call_id}"
    if isinstance(history.hold, Deferral):
        raise DecisionRefused(f"{name} waits for its result: hand that in, or call it off")
    if history.is_held:
        raise DecisionRefused(f"{name} waits for a decision: approve or reject it")
    if history.ended is None:
        raise DecisionRefused(f"{name} is in flight; it is settled once it has ended as unknown")
    if history.status is not Status.UNKNOWN:
        raise DecisionRefused(f"{name} ended as {history.status}, and its outcome is known")
    if "source" in history.ended:
        source = history.ended["source"]
        raise DecisionRefused(f"{name} only repeats the answer of {source}: settle that one")
    if history.settled is settlement.applied:
        word = "applied" if settlement.applied else "not applied"
        raise DecisionRefused(f"{name} is settled as {word} already; nothing changed")


def _amendment(settlement: Settlement, reason: SealedPayload | None) -> Amendment:
    return Amendment(
        id=settlement.id,
        call_id=settlement.call_id,
        kind=AmendmentKind.SETTLED,
        applied=settlement.applied,
        by=settlement.by,
        at_ms=settlement.at_ms,
        reason=None if reason is None else reason.id,
    )


def _standing_of(history: CallHistory, abandoned: Collection[str]) -> Standing:
    if history.ended is not None:
        return Standing.UNKNOWN
    match history.hold:
        case Approval():
            return Standing.HELD
        case Deferral():
            return Standing.DEFERRED
        case None:
            return Standing.ABANDONED if history.call_id in abandoned else Standing.RUNNING


def _line_of(history: CallHistory, standing: Standing) -> Unsettled:
    opening, hold = history.opening, history.hold
    return Unsettled(
        call_id=history.call_id,
        run_id=history.run_id,
        tool=opening["tool"],
        effect=opening.get("effect"),
        principal=opening["principal"],
        door=opening["door"],
        standing=standing,
        created_ms=opening["opened"],
        ended_ms=None if history.ended is None else history.ended["at"],
        approval_id=hold.id if isinstance(hold, Approval) else None,
        expires_ms=None if hold is None else hold.expires_ms,
    )
