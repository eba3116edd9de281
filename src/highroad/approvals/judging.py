"""Whether what somebody says about a held call counts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from highroad.approvals.rules import objection, outside, unknown_identity
from highroad.approvals.speaker import Speaker
from highroad.approvals.wiring import Wiring
from highroad.domain.approval import Approval, Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.audit import APPROVAL_DECISION, TOOL_CALL
from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Assurance, Caller, Principal, ShownBy
from highroad.domain.order import Decision, Order
from highroad.domain.order_form import MalformedOrderError, NewerOrderError, read_order
from highroad.domain.refusal import CredentialRefused
from highroad.domain.tool import Tier
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import record, records, selection

ENDED: Final = "what showed who you are was revoked or is over: sign in again"
_OWN_WORDS: Final = frozenset({Ruling.ANSWER, Ruling.REVOKE})
"""Words about one's own call, or one's own word: nothing is decided by them for others."""
_AGREEING: Final = frozenset({Ruling.APPROVE, Ruling.EDIT})
_DECIDING: Final = frozenset({Ruling.APPROVE, Ruling.REJECT, Ruling.REVOKE})
"""Words that use up the links of whoever says them: a question does not."""


class Judging:
    """Knows who speaks, what they may see, and which of their words count.

    Args:
        ledger: What has been said is read there.
        rules: Who may decide.
        wiring: Says what credentials show, and what tools need.
    """

    def __init__(self, ledger: Ledger, rules: ApprovalRules, wiring: Wiring) -> None:
        self._ledger = ledger
        self.rules: ApprovalRules = rules
        self._wiring = wiring

    def speaker(self, by: Principal | Caller) -> Speaker:
        """Who decides, and how that is known; what a program made up is what it claims.

        Raises:
            DecisionRefused: An agent decides in the name of whom it acts for.
        """
        if isinstance(by, Principal):
            return Speaker(by)
        if len(by.delegation) > (by.key_id is not None):
            raise DecisionRefused("who acts for somebody does not decide for them: ask themselves")
        if self._wiring.vouches_for(by) or by.assurance is Assurance.TERMINAL:
            return Speaker(by.principal, by.assurance, by.shown_by)
        claimed = replace(by.principal, authenticated=False)
        return Speaker(claimed, Assurance.CLAIMED, by.shown_by)

    async def withheld(
        self, approval: Approval, speaker: Speaker, *, may_be_own: bool = True
    ) -> str | None:
        """Why somebody may not see the values of a call, if so.

        Args:
            approval: Of the call.
            speaker: Who wants to.
            may_be_own: Whether its requester may, though they do not decide about it.
        """
        by, assurance = speaker.principal, speaker.assurance
        opaque_id = self._ledger.keyring.opaque(by)
        out_of_scope = await self._out_of_scope(
            approval, speaker.shown_by, by.organization, opaque_id
        )
        if out_of_scope is not None:
            return out_of_scope
        if may_be_own and opaque_id == approval.requester:
            return unknown_identity(self.rules, approval, by, assurance)
        tier = await self._tier(approval)
        now_ms = self._ledger.clock.now_ms()
        return objection(
            self.rules, approval, tier, Ruling.APPROVE, by, opaque_id, now_ms, assurance
        )

    async def counts_by_link(self, approval: Approval, ruling: Ruling, by: Principal) -> bool:
        """Whether what `by` says by a link would count now.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        tier, opaque_id = await self._tier(approval), self._ledger.keyring.opaque(by)
        now_ms = self._ledger.clock.now_ms()
        if self._needs_code(tier, ruling):  # a link comes the way of a code, and is no second thing
            return False
        return objection(self.rules, approval, tier, ruling, by, opaque_id, now_ms) is None

    async def decided(
        self,
        approval: Approval,
        decision: Decision,
        by: Principal,
        *,
        edited: Approval | None = None,
    ) -> Approval:
        """The approval as it stands after a decision that counts now.

        Args:
            approval: To be decided about.
            decision: About it.
            by: Whose it is.
            edited: In whose place it is by this very decision, if so: whom others are asked besides
                is told by since when that one waited.

        Raises:
            DecisionRefused: It is not theirs to decide, comes too late, twice, or is about
                something else.
        """
        name = approval.id
        out_of_scope = await self._out_of_scope(
            approval, decision.shown_by, by.organization, decision.by, decision.ruling
        )
        if out_of_scope is not None:
            raise DecisionRefused(f"{name}: {out_of_scope}")
        tier = await self._tier(approval)
        objected = objection(
            self.rules,
            edited or approval,
            tier,
            decision.ruling,
            by,
            decision.by,
            decision.at_ms,
            decision.assurance,
        )
        if objected is not None:
            raise DecisionRefused(f"{name}: {objected}")
        lacking = self._lacks_code(tier, decision)
        if lacking is not None:
            raise DecisionRefused(f"{name}: {lacking}")
        now_ms = self._ledger.clock.now_ms()
        if approval.is_overdue(max(decision.at_ms, now_ms)):
            raise DecisionRefused(f"{name} has expired; have the call made anew")
        if decision.digest != approval.digest:
            raise DecisionRefused(f"{name} is not what was decided on; look at it again")
        # From when it is recorded: in the inbox nobody can use it.
        use_by_ms = now_ms + int(self.rules.use_within_s * 1_000)
        return approval.decided(decision.ruling, decision.by, at_ms=now_ms, use_by_ms=use_by_ms)

    async def check_unused(self, decision: Decision) -> None:
        """See that the author of a decision has said nothing since their link or code was made.

        The process that decides asks again: of words that two others leave at one moment, each of
        which sees nothing of the other, the first that is taken out of the inbox counts.

        Raises:
            DecisionRefused: They have, though it may lie in the inbox still.
        """
        since_ms = decision.answered_ms
        if since_ms is None:
            return
        said = [word async for word in self._said_by(decision)]
        if decision.mac is None:  # else it lies there itself, and what came before it is recorded
            said += [(each.ruling, each.at_ms) for each in await self._posted_by(decision)]
        if any(ruling in _DECIDING and at_ms >= since_ms for ruling, at_ms in said):
            word = "link" if decision.code_ms is None else "code"
            raise DecisionRefused(f"{decision.approval_id}: this {word} was used; nothing changed")

    async def _said_by(self, decision: Decision) -> AsyncIterator[tuple[Ruling, int]]:
        """What its author has said about an approval, and when."""
        wanted = selection(
            APPROVAL_DECISION.name, approval_id=decision.approval_id, decided_by=decision.by
        )
        async for word in records(self._ledger.store.tables, wanted):
            yield Ruling(word["ruling"]), word["decided_ms"]

    async def _posted_by(self, decision: Decision) -> Sequence[Decision]:
        """What of that waits in the inbox."""
        orders: list[Order] = []
        for each in await self._ledger.store.inbox():
            with suppress(MalformedOrderError, NewerOrderError):  # whoever empties it says so
                orders.append(read_order(each))
        return [
            order
            for order in orders
            if isinstance(order, Decision)
            and (order.approval_id, order.by) == (decision.approval_id, decision.by)
        ]

    def _needs_code(self, tier: Tier, ruling: Ruling) -> bool:
        """Whether somebody has to have a code: for a word by which a call may run."""
        return ruling in _AGREEING and tier in self.rules.code_tiers

    def _lacks_code(self, tier: Tier, decision: Decision) -> str | None:
        """Why a decision that needs a code has none that counts."""
        if not self._needs_code(tier, decision.ruling):
            return None
        if decision.code_ms is None:
            return "it takes a one-time code: `highroad approvals code` has one sent to you"
        lasts_ms = int(self.rules.code_lasts_s * 1_000)
        is_good = decision.code_ms <= decision.at_ms < decision.code_ms + lasts_ms
        return None if is_good else "that code is over: have another one sent"

    async def _out_of_scope(
        self,
        approval: Approval,
        shown: ShownBy | None,
        organization: str,
        opaque_id: str,
        ruling: Ruling = Ruling.APPROVE,
    ) -> str | None:
        """Why what showed somebody does not let them decide, whatever they may do themselves.

        A key bounds deciding as it bounds calling. The store is asked each time, and the entry
        lands only while the key stands: what was ended anywhere says nothing from then on.
        """
        if shown is None:
            return None
        try:
            link = await self._wiring.scope(shown, organization, opaque_id)
        except CredentialRefused:
            return ENDED
        if link is None or ruling in _OWN_WORDS:
            return None
        return outside(link, approval.tool, self._wiring.needs(approval.tool))

    async def _tier(self, approval: Approval) -> Tier:
        """The tier of the tool, as it was when the call was held."""
        row = await record(self._ledger.store.tables, TOOL_CALL.name, {"id": approval.call_id})
        tier = None if row is None else row["tier"]
        return Tier(tier) if tier is not None else Tier.PRIVILEGED
