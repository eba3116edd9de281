"""The desk: held calls before people, and what people decide.

Deciding only records the decision. A process that owns the ledger writes the entry at once; any
other leaves the decision in the inbox, which the owner empties.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from typing import Final, NoReturn, TypeAlias, TypedDict
from weakref import WeakValueDictionary

import orjson

from highroad.approvals.case import Case, QueuedCall, case_of, queued_call
from highroad.approvals.codes import OneTimeCodes
from highroad.approvals.edited import EditedCall, edited_calls
from highroad.approvals.endorsing import endorsed
from highroad.approvals.rules import objection, outside, unknown_identity
from highroad.approvals.tickets import Tickets
from highroad.domain.approval import Approval, ApprovalState, Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.audit import APP_USER, APPROVAL_DECISION, COMPENSATION, TOOL_CALL
from highroad.domain.entry import ApprovalSpent, CredentialsEnded, KeyDestroyed
from highroad.domain.error import BrokenPromise, DecisionRefused, LedgerError
from highroad.domain.identity import OURSELVES, Assurance, Caller, Delegate, Principal, ShownBy
from highroad.domain.json_value import JsonValue
from highroad.domain.order import Decision, Edit, Endorsement, Order
from highroad.domain.order_form import MalformedOrderError, NewerOrderError, read_order
from highroad.domain.payload import SealedPayload
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.domain.tool import Tier
from highroad.domain.value import value
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.history import CallHistory
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import record, records, selection
from highroad.ports.tables import Cell

_ENDED: Final = "what showed who you are was revoked or is over: sign in again"
_OWN_WORDS: Final = frozenset({Ruling.ANSWER, Ruling.REVOKE})
"""Words about one's own call, or one's own word: nothing is decided by them for others."""
_AGREEING: Final = frozenset({Ruling.APPROVE, Ruling.EDIT})
_DECIDING: Final = frozenset({Ruling.APPROVE, Ruling.REJECT, Ruling.REVOKE})
"""Words that use up the links of whoever says them: a question does not."""

Revise: TypeAlias = Callable[[Approval, Edit, SealedPayload | None], Awaitable[Approval]]
"""Judges a held call with other arguments, and holds it anew; it raises `DecisionRefused`."""


SeenPreview: TypeAlias = Callable[[CallHistory, Principal | None, JsonValue], JsonValue]
"""What of a preview somebody may see, of a call on record."""


class Desk:
    """Lists approvals, takes decisions, and tells who waits (`runtime.approvals`)."""

    def __init__(self, ledger: Ledger, rules: ApprovalRules, *, is_owner: bool) -> None:
        self._ledger = ledger
        self.rules: ApprovalRules = rules
        self.is_owner: bool = is_owner
        """Whether what is decided here is recorded at once, and not left in the inbox."""
        self._changed = asyncio.Event()
        self.revise: Revise = _not_wired
        """Takes an edited call down the road again."""
        self.vouches_for: Callable[[Caller], bool] = _nobody_is_vouched_for
        """Whether credentials have shown a caller here, and still do."""
        self.scope: Callable[[ShownBy, str, str], Awaitable[Delegate | None]] = _nobody_is_shown
        """How far the key goes by which somebody was shown; it raises `CredentialRefused`."""
        self.needs: Callable[[str], AbstractSet[str] | None] = _not_known
        """Permissions that calls of a tool take; `None` where the tool is not known here."""
        self._codes = OneTimeCodes(ledger)
        self.tickets: Tickets = Tickets(ledger)
        """By which a client goes on with a held call of its own."""
        self.send: Callable[[Approval, Principal, str], Awaitable[bool]] = _nobody_is_told
        """Tells somebody their one-time code; whether that got there."""
        self.seen_preview: SeenPreview = _whole
        """What somebody may see of the preview of a call."""
        self.heeders: list[Callable[[str], None]] = []
        """Are told of each call that was decided about, or that waits no more."""
        self.waits_again: Callable[[str], None] = _nothing
        """Is told of each approval that somebody took their word back from."""
        self.is_edited: Callable[[Approval], None] = _not_told
        """Is told of each approval that an edit made."""
        self.is_left: Callable[[Approval], None] = _not_told
        """Is told of each of these to which its editor was to agree at once, and did not."""
        self._setting_out: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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

    async def page(
        self,
        *,
        state: ApprovalState | str | None = ApprovalState.WAITING,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[QueuedCall]:
        """The same page, with what is known of each call beside its values."""
        return [
            await queued_call(self._ledger, approval, await self._ledger.history(approval.call_id))
            for approval in await self.list(state=state, after=after, limit=limit)
        ]

    async def get(self, approval_id: str) -> Approval:
        """One approval.

        Raises:
            DecisionRefused: There is none of that id.
        """
        approval = await self._ledger.store.approval(approval_id)
        if approval is None:
            raise _none_of(approval_id)
        return approval

    async def _theirs(self, approval_id: str, by: Principal) -> Approval:
        """One approval of the organization of `by`: what is elsewhere reads as what there is not.

        Raises:
            DecisionRefused: There is none.
        """
        approval = await self.get(approval_id)
        if by.organization != approval.organization:
            raise _none_of(approval_id)
        return approval

    async def case(self, approval_id: str, *, by: Principal | Caller | None = None) -> Case:
        """All that whoever decides should see: arguments, preview, reasons, what was said.

        Args:
            approval_id: Of the held call.
            by: Who looks. Values are shown to whoever may decide about it, and to the requester.

        Raises:
            DecisionRefused: There is no such approval, or it is another organization's.
        """
        shown = None if by is None else self._shown(by)
        approval = await self.get(approval_id)
        history = await self._ledger.history(approval.call_id)
        if history is None or (
            shown is not None and shown.principal.organization != approval.organization
        ):
            raise _none_of(approval_id)
        withheld: str | None = "say who looks"
        if shown is not None:
            withheld = await self._withheld(approval, shown)
        seen = partial(self.seen_preview, history, None if shown is None else shown.principal)
        return await case_of(self._ledger, approval, history, withheld=withheld, seen=seen)

    async def _withheld(
        self, approval: Approval, shown: "_Shown", *, may_be_own: bool = True
    ) -> str | None:
        """Why somebody may not see the values of a call, if so.

        Args:
            approval: Of the call.
            shown: Who wants to.
            may_be_own: Whether its requester may, though they do not decide about it.
        """
        by, assurance = shown.principal, shown.assurance
        opaque_id = self._ledger.keyring.opaque(by)
        out_of_scope = await self._out_of_scope(approval, shown.by, by.organization, opaque_id)
        if out_of_scope is not None:
            return out_of_scope
        if may_be_own and opaque_id == approval.requester:
            return unknown_identity(self.rules, approval, by, assurance)
        tier = await self._tier(approval)
        now_ms = self._ledger.clock.now_ms()
        return objection(
            self.rules, approval, tier, Ruling.APPROVE, by, opaque_id, now_ms, assurance
        )

    async def approve(
        self,
        approval_id: str,
        *,
        by: Principal | Caller,
        reason: str = "",
        endorse: Sequence[str] = (),
        code: str | None = None,
    ) -> Approval:
        """Record that `by` agrees. Nothing runs: whoever waits for the call drives it on.

        Args:
            approval_id: Of the call.
            by: Who agrees.
            reason: Why; kept encrypted.
            endorse: JSON pointers (RFC 6901) of values that they vouch for: for that argument of
                the tool, in this run, nobody is asked again where the value comes from.
            code: That `send_code` has sent them, where `approvals.code_tiers` asks for one.

        Raises:
            DecisionRefused: It is decided, expired or not theirs to decide, or no value stands at
                one of the pointers.
        """
        return await self._decide(
            approval_id, Ruling.APPROVE, by, reason, endorse=tuple(endorse), code=code
        )

    async def send_code(self, approval_id: str, *, by: Principal | Caller) -> None:
        """Have a one-time code sent to `by`, by every channel of which they are the approver.

        Args:
            approval_id: Of the call that they want to agree to, or to edit.
            by: Who wants to; nobody else is told, and neither is whoever asks here.

        Raises:
            DecisionRefused: It is not theirs to decide, no channel reaches them, or none took it.
        """
        shown = self._shown(by)
        approval = await self._theirs(approval_id, shown.principal)
        withheld = await self._withheld(approval, shown, may_be_own=False)
        if withheld is not None:
            raise DecisionRefused(f"{approval_id}: {withheld}")
        if not approval.is_waiting:
            raise DecisionRefused(f"{approval_id} is {approval.state}: a code is for what waits")
        code = self._codes.made(approval, self._ledger.keyring.opaque(shown.principal))
        if not await self.send(approval, shown.principal, code):
            raise DecisionRefused(
                f"{approval_id}: no code was sent: a channel in approvals.channels has to name "
                "you as its approver, and to answer"
            )

    async def reject(
        self, approval_id: str, *, by: Principal | Caller, reason: str = ""
    ) -> Approval:
        """Record that `by` objects; one rejection ends the matter.

        Raises:
            DecisionRefused: It is decided, expired or not theirs to decide.
        """
        return await self._decide(approval_id, Ruling.REJECT, by, reason)

    async def answer_link(
        self, approval_id: str, ruling: Ruling, *, by: Principal, reason: str, made_ms: int
    ) -> Approval:
        """Record what `by` says by a link, unless they have said something since it was made.

        Raises:
            DecisionRefused: They have, by this link or otherwise; or as for `approve`.
        """
        return await self._decide(approval_id, ruling, by, reason, link_ms=made_ms)

    async def counts_by_link(self, approval_id: str, ruling: Ruling, *, by: Principal) -> bool:
        """Whether what `by` says by a link would count now.

        Raises:
            DecisionRefused: There is no such approval.
            LedgerError: The ledger cannot be read.
        """
        approval = await self.get(approval_id)
        tier, opaque_id = await self._tier(approval), self._ledger.keyring.opaque(by)
        now_ms = self._ledger.clock.now_ms()
        if self._needs_code(tier, ruling):  # a link comes the way of a code, and is no second thing
            return False
        return objection(self.rules, approval, tier, ruling, by, opaque_id, now_ms) is None

    async def revoke(
        self, approval_id: str, *, by: Principal | Caller, reason: str = ""
    ) -> Approval:
        """Take an agreement of `by` back, as long as the call has not used it.

        The approval waits again, with what others agreed to.

        Raises:
            DecisionRefused: It was used, or `by` did not agree to it.
        """
        return await self._decide(approval_id, Ruling.REVOKE, by, reason)

    async def ask(self, approval_id: str, question: str, *, by: Principal | Caller) -> Approval:
        """Put a question to the requester; the approval waits on.

        Raises:
            DecisionRefused: The question is empty, or it is not theirs to decide.
        """
        return await self._decide(approval_id, Ruling.ASK, by, _said(question))

    async def answer(self, approval_id: str, text: str, *, by: Principal | Caller) -> Approval:
        """Answer what the requester was asked; it is shown with the call, and is evidence of it.

        Raises:
            DecisionRefused: The answer is empty, or `by` is not the requester.
        """
        return await self._decide(approval_id, Ruling.ANSWER, by, _said(text))

    async def edit(
        self,
        approval_id: str,
        arguments: Mapping[str, object] | str | bytes,
        *,
        by: Principal | Caller,
        reason: str = "",
        code: str | None = None,
    ) -> Approval:
        """Give a held call other arguments: what was agreed to is void, and it is asked anew.

        The call is judged again from `resolve`. `by` agrees to it with that, unless there is now
        a reason to ask that they did not see (P4).

        Args:
            approval_id: Of the call as it is.
            arguments: All of them, as a mapping or JSON.
            by: Who edits; they must be entitled to approve it.
            reason: Why; kept encrypted.
            code: As for `approve`.

        Returns:
            The approval of the edited call; where another process decides, that of the call as it
            was, void.

        Raises:
            DecisionRefused: It is decided, expired or not theirs to decide, or the edited call is
                refused. The call waits as it did.
        """
        shown = self._shown(by)
        by, approval = shown.principal, await self._theirs(approval_id, shown.principal)
        key = self._ledger.keyring.organization(by.organization)
        order = Edit(
            approval_id=approval_id,
            ruling=Ruling.EDIT,
            digest=approval.digest,
            **shown.said,
            code_ms=self._made_ms(approval, by, code),
            reason=reasons.written(self._ledger, by, subject=approval_id, reason=reason),
            arguments=key.seal_profile(f"{approval_id}.arguments", _json_of(arguments)),
            **authorship(self._ledger, by),
        )
        if self.is_owner:
            return await self.record_edit(order, by)
        voided = await self._judge(approval, order, by)
        await self._check_unused(order)
        await post(self._ledger, order)
        return voided

    async def escalate(self, approval: Approval) -> None:
        """Record that nobody answered in time, and that others were asked besides; once.

        Raises:
            DecisionRefused: It is decided meanwhile, or it is not time yet.
        """
        await self._decide(approval.id, Ruling.ESCALATE, _nobody(approval), "")

    async def is_escalated(self, approval: Approval) -> bool:
        """Whether it is on record that others were asked besides."""
        return await self._is_escalated(approval.id, self._ledger.keyring.opaque(_nobody(approval)))

    async def compensated_by(self, approval: Approval) -> str | None:
        """The call that a held call takes back, if it does."""
        row = await record(self._ledger.store.tables, COMPENSATION.name, {"id": approval.call_id})
        return None if row is None else str(row["call_id"])

    def next_change(self) -> asyncio.Event:
        """Set when the next decision is recorded; ask for it before looking at the state."""
        return self._changed

    def setting_out(self, call_id: str) -> asyncio.Lock:
        """Of words about a call and whoever drives it on the second sees what the first made of it.

        Held until the word is on record, or the call is under way.
        """
        return self._setting_out.setdefault(call_id, asyncio.Lock())

    def announce(self, call_id: str) -> None:
        """Wake whoever waits for a change: a call was decided about, or waits no more."""
        self._changed.set()
        self._changed = asyncio.Event()
        for heed in self.heeders:
            heed(call_id)

    async def _decide(  # noqa: PLR0913 - a word, whose it is, and how it came
        self,
        approval_id: str,
        ruling: Ruling,
        by: Principal | Caller,
        reason: str,
        *,
        endorse: tuple[str, ...] = (),
        link_ms: int | None = None,
        code: str | None = None,
    ) -> Approval:
        shown = self._shown(by)
        by = shown.principal
        approval = await self._theirs(approval_id, by)
        decision = Decision(
            approval_id=approval_id,
            ruling=ruling,
            digest=approval.digest,
            **shown.said,
            code_ms=self._made_ms(approval, by, code),
            link_ms=link_ms,
            reason=reasons.written(self._ledger, by, subject=approval_id, reason=reason),
            **authorship(self._ledger, by),
        )
        if endorse:
            said = {each.name: getattr(decision, each.name) for each in fields(decision)}
            decision = Endorsement(pointers=endorse, **said)
        if self.is_owner:
            return await self._record(decision, by)
        async with self.setting_out(approval.call_id):
            decided = await self._judge(approval, decision, by)
            await self._vouched(approval, decision)
            await self._check_unused(decision)
            await post(self._ledger, decision)
        return decided

    async def record(self, decision: Decision, by: Principal) -> Approval:
        """Judge a decision and write it down, from here or from the inbox.

        Raises:
            DecisionRefused: It is not theirs to decide, comes too late, twice, or is about
                something else.
        """
        return await self._record(decision, by)

    async def _record(
        self,
        decision: Decision,
        by: Principal,
        *,
        edited: Approval | None = None,
    ) -> Approval:
        """The same; who may edit a call may agree to what they made of it.

        Args:
            decision: To be recorded.
            by: Whose it is.
            edited: The approval in whose place it is.
        """
        call_id = (await self.get(decision.approval_id)).call_id
        async with self.setting_out(call_id):
            approval = await self.get(decision.approval_id)
            if await self._is_recorded(decision):
                return approval
            await self._check_unused(decision)
            decided = await self._judge(approval, decision, by, edited=edited)
            vouched = await self._vouched(approval, decision)
            reason = await self._reason(approval, decision)
            word = replace(decision, profile=await self._profile(decision, by))
            receipt = await self._ledger.writer.write(
                entries.decided(decided, word, reason=reason, endorsed=vouched)
            )
            if isinstance(receipt, KeyDestroyed):
                # As long as the call waits nothing of its run can be erased.
                raise DecisionRefused(f"{approval.id} is over: its run was erased; nothing changed")
            if isinstance(receipt, CredentialsEnded):
                raise DecisionRefused(f"{approval.id}: {_ENDED}")
            if isinstance(receipt, ApprovalSpent):
                raise DecisionRefused(
                    f"{approval.id} was used or edited meanwhile; nothing changed, look at it again"
                )
        if decision.ruling is Ruling.REVOKE:
            self.waits_again(approval.id)
        self.announce(call_id)
        return decided

    async def record_edit(self, edit: Edit, by: Principal) -> Approval:
        """Judge an edit and the call that it makes, from here or from the inbox.

        Raises:
            DecisionRefused: It is not theirs to edit, comes too late, or the call is refused.
        """
        before = await self.get(edit.approval_id)
        if await self._is_recorded(edit):
            after = await self._made_by(edit, before)
        else:
            async with self.setting_out(before.call_id):
                before = await self.get(edit.approval_id)
                await self._judge(before, edit, by)
                await self._check_unused(edit)
                after = await self.revise(before, edit, await self._reason(before, edit))
        if after is None:  # the edit is on record, and its agreement has nothing left to be for
            return before
        self.is_edited(after)
        if not set(after.obligations) <= set(before.obligations):
            self.announce(after.call_id)
            return after
        agreed = Decision(
            approval_id=after.id,
            ruling=Ruling.APPROVE,
            digest=after.digest,
            assurance=edit.assurance,
            key_id=edit.key_id,
            session_id=edit.session_id,
            code_ms=edit.code_ms,
            organization=edit.organization,
            by=edit.by,
            at_ms=edit.at_ms,
            profile=edit.profile,
            mac=edit.mac,
        )
        try:
            return await self._record(agreed, by, edited=before)
        except (DecisionRefused, LedgerError):
            if after.is_agreed_by_editing(before):
                self.is_left(after)
            raise

    async def edited(self) -> Sequence[EditedCall]:
        """Every edited call that waits for people."""
        return await edited_calls(self._ledger)

    async def _made_by(self, edit: Edit, before: Approval) -> Approval | None:
        """What a call waits for since an edit, if nobody edited it since and it waits still.

        Whoever edits agrees to their own arguments, and to those of nobody else (P4).
        """
        history = await self._ledger.history(before.call_id)
        if history is None or not isinstance(history.hold, Approval):
            return None
        edits = [word for word in history.decisions if word["ruling"] == Ruling.EDIT]
        if (edits[-1]["by"], edits[-1]["at"]) != (edit.by, edit.at_ms):
            return None
        return await self.get(history.hold.id)

    async def _vouched(self, approval: Approval, decision: Decision) -> tuple[tuple[str, str], ...]:
        """Pointer and digest of each value that a decision vouches for; mostly there are none."""
        if not isinstance(decision, Endorsement):
            return ()
        return await endorsed(self._ledger, approval, decision)

    async def _reason(self, approval: Approval, decision: Decision) -> SealedPayload | None:
        return await reasons.kept(
            self._ledger,
            decision,
            run_id=approval.run_id,
            payload_id=f"{approval.id}.{decision.ruling}.{decision.by}.{decision.at_ms}",
        )

    async def _profile(self, decision: Decision, by: Principal) -> bytes | None:
        """What the audit tables are to keep of who decides; a link knows no name of theirs."""
        if by.name is None:
            known = await record(self._ledger.store.tables, APP_USER.name, {"id": decision.by})
            if known is not None and known["sealed_profile"] is not None:
                return None
        return decision.profile

    async def _is_recorded(self, decision: Decision) -> bool:
        """Whether an order became an entry before its owner died; to escalate counts once."""
        if decision.ruling is Ruling.ESCALATE:
            return await self._is_escalated(decision.approval_id, decision.by)
        if decision.mac is None:
            return False
        word: dict[str, Cell] = {
            "approval_id": decision.approval_id,
            "decided_by": decision.by,
            "decided_ms": decision.at_ms,
            "ruling": decision.ruling,
        }
        return await record(self._ledger.store.tables, APPROVAL_DECISION.name, word) is not None

    async def _check_unused(self, decision: Decision) -> None:
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

    async def _is_escalated(self, approval_id: str, nobody: str) -> bool:
        said: dict[str, Cell] = {"approval_id": approval_id, "decided_by": nobody}
        return await record(self._ledger.store.tables, APPROVAL_DECISION.name, said) is not None

    async def _judge(
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

    def _made_ms(self, approval: Approval, by: Principal, code: str | None) -> int | None:
        """When the code was made that somebody typed."""
        if code is None:
            return None
        return self._codes.made_ms(approval, self._ledger.keyring.opaque(by), code)

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
            link = await self.scope(shown, organization, opaque_id)
        except CredentialRefused:
            return _ENDED
        if link is None or ruling in _OWN_WORDS:
            return None
        return outside(link, approval.tool, self.needs(approval.tool))

    def _shown(self, by: Principal | Caller) -> "_Shown":
        """Who decides, and how that is known; what a program made up is what it claims.

        Raises:
            DecisionRefused: An agent decides in the name of whom it acts for.
        """
        if isinstance(by, Principal):
            return _Shown(by)
        if len(by.delegation) > (by.key_id is not None):
            raise DecisionRefused("who acts for somebody does not decide for them: ask themselves")
        if self.vouches_for(by) or by.assurance is Assurance.TERMINAL:
            return _Shown(by.principal, by.assurance, by.shown_by)
        claimed = replace(by.principal, authenticated=False)
        return _Shown(claimed, Assurance.CLAIMED, by.shown_by)

    async def _tier(self, approval: Approval) -> Tier:
        """The tier of the tool, as it was when the call was held."""
        row = await record(self._ledger.store.tables, TOOL_CALL.name, {"id": approval.call_id})
        tier = None if row is None else row["tier"]
        return Tier(tier) if tier is not None else Tier.PRIVILEGED


@value(kw_only=False)
class _Shown:
    """Who says something, and how that is known."""

    principal: Principal
    assurance: Assurance | None = None
    by: ShownBy | None = None

    @property
    def said(self) -> "_Said":
        """What an order says of it."""
        by = self.by or ShownBy()
        return _Said(assurance=self.assurance, key_id=by.key_id, session_id=by.session_id)


class _Said(TypedDict):
    assurance: Assurance | None
    key_id: str | None
    session_id: str | None


def _nobody_is_vouched_for(_: Caller) -> bool:
    return False


def _nobody(approval: Approval) -> Principal:
    """In whose name others are asked."""
    return Principal(OURSELVES, approval.organization, authenticated=True)


def _said(text: str) -> str:
    if not text.strip():
        raise DecisionRefused("say something: a question, or what answers it")
    return text


def _json_of(arguments: Mapping[str, object] | str | bytes) -> bytes:
    """Arguments as an order carries them: whoever judges them reads what was given."""
    if isinstance(arguments, str):
        return arguments.encode()
    if isinstance(arguments, bytes):
        return arguments
    try:
        return orjson.dumps(arguments)
    except TypeError:
        raise DecisionRefused("the arguments are no JSON: give a mapping of JSON values") from None


def _none_of(approval_id: str) -> DecisionRefused:
    return DecisionRefused(f"there is no approval {approval_id}; list those that wait")


async def _nobody_is_told(*_: object) -> bool:
    return False


async def _nobody_is_shown(*_: object) -> NoReturn:
    raise CredentialRefused(WhyRefused.UNKNOWN, "the desk was put together without credentials")


def _not_known(_: str) -> None:
    return None


def _nothing(_: str) -> None:
    pass


def _whole(_: CallHistory, by: Principal | None, changes: JsonValue) -> JsonValue:
    del by
    return changes


def _not_told(_: Approval) -> None:
    pass


async def _not_wired(*_: object) -> NoReturn:
    raise BrokenPromise("the desk was put together without its way to the road")
