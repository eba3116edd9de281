"""Edits: a held call with other arguments, judged from `resolve` on and held anew."""

from dataclasses import replace

from highroad.domain.approval import Approval, Ruling
from highroad.domain.call import Call
from highroad.domain.error import DecisionRefused
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.order import Edit
from highroad.domain.payload import SealedPayload
from highroad.domain.verdict import Conclude, Hold, Join, Refuse
from highroad.ledger.history import CallHistory
from highroad.pipeline import doorway
from highroad.pipeline.drive import revise
from highroad.pipeline.revision import Revision
from highroad.pipeline.services import Services


class Revising:
    """Takes edited calls down the road again.

    Args:
        services: Of the runtime.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def revise(self, before: Approval, edit: Edit, reason: SealedPayload | None) -> Approval:
        """The approval of a call as it was edited; that of the call as it was is void.

        Raises:
            DecisionRefused: The call is under way or waits for something else by now, or a stage
                stands against its new arguments.
        """
        services = self._services
        history = await services.ledger.history(before.call_id)
        hold = None if history is None else history.hold
        if history is None or not isinstance(hold, Approval) or hold.id != before.id:
            raise DecisionRefused(f"{before.id} is over; look at what the call waits for by now")
        if services.inflight.is_flying(before.call_id):
            raise DecisionRefused(f"{before.id}: its call is under way; nothing changed")
        call = await services.ledger.thaw(history)
        context = await doorway.reopen(services, call, history, before)
        context.revision = Revision(instead_of=before, edit=edit, reason=reason)
        context.record.arguments = None  # those of the revision are its own
        key = services.ledger.keyring.organization(edit.organization)
        revised = replace(
            call,
            raw=key.open_profile(f"{before.id}.arguments", edit.arguments),
            revision=call.revision + 1,
            evidence=_with_answers(call, history),
        )
        return _held_anew(before, await revise(revised, context))


def _with_answers(call: Call, history: CallHistory) -> Evidence:
    """What the requester said when they were asked is as good as what they said at first."""
    known = {source.id for source in call.evidence.sources}
    answers = tuple(
        Source(word["reason"], EvidenceKind.REQUEST)
        for word in history.decisions
        if word["ruling"] == Ruling.ANSWER and word.get("reason") not in {None, *known}
    )
    return replace(call.evidence, sources=(*call.evidence.sources, *answers))


def _held_anew(before: Approval, verdict: Refuse | Hold | Join | Conclude) -> Approval:
    match verdict:
        case Hold(until=Approval() as approval) if approval.call_id == before.call_id:
            return approval
        case Refuse(error=error):
            raise DecisionRefused(
                f"{before.id}: with these arguments the call is refused as {error.code}: "
                f"{error.message} {error.hint or ''}".rstrip()
            )
        case _:
            raise DecisionRefused(f"{before.id}: a call with these arguments was made already")
