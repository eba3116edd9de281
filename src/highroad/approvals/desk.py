"""The desk: held calls before people, and what people decide.

Deciding only records the decision. A process that owns the ledger writes the entry at once; any
other leaves the decision in the inbox, which the owner empties.
"""

import asyncio
from collections.abc import Callable, Sequence

from highroad.approvals.rules import objection
from highroad.domain.approval import Approval, ApprovalState, Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.audit import APPROVAL_DECISION, TOOL_CALL
from highroad.domain.entry import KeyDestroyed
from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Principal
from highroad.domain.order import Decision
from highroad.domain.tool import Tier
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import record
from highroad.ports.tables import Cell


class Desk:
    """Lists approvals, takes decisions, and tells who waits (`runtime.approvals`)."""

    def __init__(self, ledger: Ledger, rules: ApprovalRules, *, is_owner: bool) -> None:
        self._ledger = ledger
        self._rules = rules
        self._is_owner = is_owner
        self._changed = asyncio.Event()
        self.heeders: list[Callable[[str], None]] = []
        """Are told of each call that was decided about, or that waits no more."""
        self._turn = asyncio.Lock()
        """Of two decisions the second must see what the first one made of the approval."""

    async def list(
        self,
        *,
        state: ApprovalState | str | None = ApprovalState.WAITING,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Approval]:
        """A page of approvals, oldest first; `state=None` is all of them."""
        wanted = None if state is None else ApprovalState(state)
        return await self._ledger.store.approvals(state=wanted, after=after, limit=limit)

    async def get(self, approval_id: str) -> Approval:
        """One approval.

        Raises:
            DecisionRefused: There is none of that id.
        """
        approval = await self._ledger.store.approval(approval_id)
        if approval is None:
            raise DecisionRefused(f"there is no approval {approval_id}; list those that wait")
        return approval

    async def approve(self, approval_id: str, *, by: Principal, reason: str = "") -> Approval:
        """Record that `by` agrees. Nothing runs: whoever waits for the call drives it on.

        Raises:
            DecisionRefused: It is decided, expired or not theirs to decide.
        """
        return await self._decide(approval_id, Ruling.APPROVE, by, reason)

    async def reject(self, approval_id: str, *, by: Principal, reason: str = "") -> Approval:
        """Record that `by` objects; one rejection ends the matter.

        Raises:
            DecisionRefused: It is decided, expired or not theirs to decide.
        """
        return await self._decide(approval_id, Ruling.REJECT, by, reason)

    def next_change(self) -> asyncio.Event:
        """Set when the next decision is recorded; ask for it before looking at the state."""
        return self._changed

    def announce(self, call_id: str) -> None:
        """Wake whoever waits for a change: a call was decided about, or waits no more."""
        self._changed.set()
        self._changed = asyncio.Event()
        for heed in self.heeders:
            heed(call_id)

    async def _decide(
        self, approval_id: str, ruling: Ruling, by: Principal, reason: str
    ) -> Approval:
        approval = await self.get(approval_id)
        decision = Decision(
            approval_id=approval_id,
            ruling=ruling,
            digest=approval.digest,
            reason=reasons.written(self._ledger, by, subject=approval_id, reason=reason),
            **authorship(self._ledger, by),
        )
        if self._is_owner:
            return await self.record(decision, by)
        decided = await self._judge(approval, decision, by)
        await post(self._ledger, decision)
        return decided

    async def record(self, decision: Decision, by: Principal) -> Approval:
        """Judge a decision and write it down, from here or from the inbox.

        Raises:
            DecisionRefused: It is not theirs to decide, comes too late, twice, or is about
                something else.
        """
        async with self._turn:
            approval = await self.get(decision.approval_id)
            if await self._is_recorded(decision):
                return approval
            decided = await self._judge(approval, decision, by)
            reason = await reasons.kept(
                self._ledger,
                decision,
                run_id=approval.run_id,
                payload_id=f"{approval.id}.{decision.ruling}.{decision.by}",
            )
            entry = entries.decided(decided, decision, reason=reason)
            if isinstance(await self._ledger.writer.write(entry), KeyDestroyed):
                # As long as the call waits nothing of its run can be erased.
                raise DecisionRefused(f"{approval.id} is over: its run was erased; nothing changed")
        self.announce(approval.call_id)
        return decided

    async def _is_recorded(self, decision: Decision) -> bool:
        """Whether an order became an entry before its owner died."""
        if decision.mac is None:
            return False
        word: dict[str, Cell] = {
            "approval_id": decision.approval_id,
            "decided_by": decision.by,
            "decided_ms": decision.at_ms,
        }
        return await record(self._ledger.store.tables, APPROVAL_DECISION.name, word) is not None

    async def _judge(self, approval: Approval, decision: Decision, by: Principal) -> Approval:
        """The approval as it stands after a decision that counts now.

        Raises:
            DecisionRefused: It is not theirs to decide, comes too late, twice, or is about
                something else.
        """
        name = approval.id
        objected = objection(self._rules, approval, await self._tier(approval), by, decision.by)
        if objected is not None:
            raise DecisionRefused(f"{name}: {objected}")
        if approval.is_overdue(max(decision.at_ms, self._ledger.clock.now_ms())):
            raise DecisionRefused(f"{name} has expired; have the call made anew")
        if decision.digest != approval.digest:
            raise DecisionRefused(f"{name} is not what was decided on; look at it again")
        return approval.decided(decision.ruling, decision.by)

    async def _tier(self, approval: Approval) -> Tier:
        """The tier of the tool, as it was when the call was held."""
        row = await record(self._ledger.store.tables, TOOL_CALL.name, {"id": approval.call_id})
        tier = None if row is None else row["tier"]
        return Tier(tier) if tier is not None else Tier.PRIVILEGED
