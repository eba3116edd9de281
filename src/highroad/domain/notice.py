"""What people are told of calls, where they are: ids and the words of the policy, and no value."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import Status
from highroad.domain.value import value


class NoticeKind(StrEnum):
    """What somebody is told."""

    ASKED = "asked"
    """A call waits for people."""
    ESCALATED = "escalated"
    """Nobody answered; others are asked besides."""
    DONE = "done"
    """A reversible call took effect, and nobody was asked about it."""
    CODE = "code"
    """Somebody wants to agree to a call, and this is their one-time code."""
    ENDED = "ended"
    """A call is over about which people were asked."""


@value
class Notice:
    """One thing that people are told (P7: a channel is out of the house)."""

    kind: NoticeKind
    organization: str
    call_id: str
    run_id: str
    tool: str
    thread: str
    """The same for all that is told of one call, and of taking it back: what a chat answers in."""
    status: str | None = None
    """How the call ended, where it has."""
    approval_id: str | None = None
    digest: str | None = None
    level: str | None = None
    quorum: int | None = None
    reasons: tuple[str, ...] = ()
    created_ms: int
    expires_ms: int | None = None
    undo: str | None = None
    """The tool that takes the effect back, where one is declared."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where whoever is told may answer, by what they say: signed, for them alone, for one use."""
    code: str | None = field(default=None, repr=False)
    """One-time code of whoever is told, for this approval."""

    def json(self) -> JsonObject:
        """The same as JSON, as it goes over a wire."""
        return {
            "kind": self.kind.value,
            "organization": self.organization,
            "call": self.call_id,
            "run": self.run_id,
            "tool": self.tool,
            "thread": self.thread,
            "status": self.status,
            "approval": self.approval_id,
            "level": self.level,
            "quorum": self.quorum,
            "reasons": list(self.reasons),
            "created_ms": self.created_ms,
            "expires_ms": self.expires_ms,
            "undo": self.undo,
            "links": dict(self.links),
            **({} if self.code is None else {"code": self.code}),
        }


def asking(
    approval: Approval, kind: NoticeKind = NoticeKind.ASKED, *, compensates: str | None = None
) -> Notice:
    """That a call waits for people, which may take another one back."""
    return Notice(
        kind=kind,
        organization=approval.organization,
        call_id=approval.call_id,
        run_id=approval.run_id,
        tool=approval.tool,
        thread=compensates or approval.call_id,
        approval_id=approval.id,
        digest=approval.digest,
        level=approval.level.name.lower(),
        quorum=approval.quorum,
        reasons=tuple(each.reason for each in approval.obligations),
        created_ms=approval.created_ms,
        expires_ms=approval.expires_ms,
    )


def ended(call: Call, status: str, at_ms: int, *, was_asked: bool, undo_ms: int) -> Notice:
    """How a call ended, and how long it can be taken back, if it can."""
    definition = call.definition
    compensation = None if definition is None else definition.compensation
    is_done = status == Status.COMPLETED and undo_ms > 0
    can_be_undone = compensation is not None and is_done
    return Notice(
        kind=NoticeKind.ENDED if was_asked else NoticeKind.DONE,
        organization=call.organization,
        call_id=call.id,
        run_id=call.run_id,
        tool=call.tool if definition is None else definition.name,
        thread=call.compensates or call.id,
        status=status,
        created_ms=at_ms,
        expires_ms=at_ms + undo_ms if can_be_undone else None,
        undo=compensation.tool if compensation is not None and can_be_undone else None,
    )
