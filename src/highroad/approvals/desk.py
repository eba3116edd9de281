"""The desk: held calls before people, and what people decide.

Deciding only records the decision. A process that owns the ledger writes the entry at once; any
other leaves the decision in the inbox, which the owner empties.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from weakref import WeakValueDictionary

import orjson

from highroad.approvals.case import Case, QueuedCall, case_of, queued_call
from highroad.approvals.codes import OneTimeCodes
from highroad.approvals.edited import EditedCall, edited_calls
from highroad.approvals.endorsing import endorsed
from highroad.approvals.judging import ENDED, Judging
from highroad.approvals.tickets import Tickets
from highroad.approvals.wiring import Wiring
from highroad.domain.approval import Approval, ApprovalState, Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.audit import APP_USER, APPROVAL_DECISION, COMPENSATION
from highroad.domain.entry import ApprovalSpent, CredentialsEnded, KeyDestroyed
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.identity import OURSELVES, Caller, Principal
from highroad.domain.order import Decision, Edit, Endorsement
from highroad.domain.payload import SealedPayload
from highroad.ledger import entries, reasons
from highroad.ledger.authorship import authorship, post
from highroad.ledger.ledger import Ledger
from highroad.ledger.tables.rows import record
from highroad.ports.tables import Cell


class Desk:
    """Lists approvals, takes decisions, and tells who waits (`runtime.approvals`)."""

    def __init__(self, ledger: Ledger, rules: ApprovalRules, *, is_owner: bool) -> None:
        self._ledger = ledger
        self.wiring: Wiring = Wiring()
        self.judging: Judging = Judging(ledger, rules, self.wiring)
        self.is_owner: bool = is_owner
        """Whether what is decided here is recorded at once, and not left in the inbox."""
        self._changed = asyncio.Event()
        self._codes = OneTimeCodes(ledger)
        self.tickets: Tickets = Tickets(ledger)
        """By which a client goes on with a held call of its own."""
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
        shown = None if by is None else self.judging.speaker(by)
        approval = await self.get(approval_id)
        history = await self._ledger.history(approval.call_id)
        if history is None or (
            shown is not None and shown.principal.organization != approval.organization
        ):
            raise _none_of(approval_id)
        withheld: str | None = "say who looks"
        if shown is not None:
            withheld = await self.judging.withheld(approval, shown)
        seen = partial(
            self.wiring.seen_preview, history, None if shown is None else shown.principal
        )
        return await case_of(self._ledger, approval, history, withheld=withheld, seen=seen)

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
        shown = self.judging.speaker(by)
        approval = await self._theirs(approval_id, shown.principal)
        withheld = await self.judging.withheld(approval, shown, may_be_own=False)
        if withheld is not None:
            raise DecisionRefused(f"{approval_id}: {withheld}")
        if not approval.is_waiting:
            raise DecisionRefused(f"{approval_id} is {approval.state}: a code is for what waits")
        code = self._codes.made(approval, self._ledger.keyring.opaque(shown.principal))
        if not await self.wiring.send(approval, shown.principal, code):
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
        return await self.judging.counts_by_link(await self.get(approval_id), ruling, by)

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
        shown = self.judging.speaker(by)
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
        voided = await self.judging.decided(approval, order, by)
        await self.judging.check_unused(order)
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
        for heed in self.wiring.heeders:
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
        shown = self.judging.speaker(by)
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
            decided = await self.judging.decided(approval, decision, by)
            await self._vouched(approval, decision)
            await self.judging.check_unused(decision)
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
            await self.judging.check_unused(decision)
            decided = await self.judging.decided(approval, decision, by, edited=edited)
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
                raise DecisionRefused(f"{approval.id}: {ENDED}")
            if isinstance(receipt, ApprovalSpent):
                raise DecisionRefused(
                    f"{approval.id} was used or edited meanwhile; nothing changed, look at it again"
                )
        if decision.ruling is Ruling.REVOKE:
            self.wiring.waits_again(approval.id)
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
                await self.judging.decided(before, edit, by)
                await self.judging.check_unused(edit)
                after = await self.wiring.revise(before, edit, await self._reason(before, edit))
        if after is None:  # the edit is on record, and its agreement has nothing left to be for
            return before
        self.wiring.is_edited(after)
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
                self.wiring.is_left(after)
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

    async def _is_escalated(self, approval_id: str, nobody: str) -> bool:
        said: dict[str, Cell] = {"approval_id": approval_id, "decided_by": nobody}
        return await record(self._ledger.store.tables, APPROVAL_DECISION.name, said) is not None

    def _made_ms(self, approval: Approval, by: Principal, code: str | None) -> int | None:
        """When the code was made that somebody typed."""
        if code is None:
            return None
        return self._codes.made_ms(approval, self._ledger.keyring.opaque(by), code)


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
