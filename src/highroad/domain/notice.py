"""What people are told of calls, where they are: ids and the words of the policy, and no value."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from highroad.domain.approval import Approval
from highroad.domain.call import Call
from highroad.domain.json_value import JsonObject
from highroad.domain.value import value


class NoticeKind(StrEnum):
    """What somebody is told."""

    ASKED = "asked"
    """A call waits for people."""
    ESCALATED = "escalated"
    """Nobody answered; others are asked besides."""
    DONE = "done"
    """A reversible call took effect."""


@value
class Notice:
    """One thing that people are told (P7: a channel is out of the house)."""

    kind: NoticeKind
    organization: str
    call_id: str
    run_id: str
    tool: str
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

    def json(self) -> JsonObject:
        """The same as JSON, as it goes over a wire."""
        return {
            "kind": self.kind.value,
            "organization": self.organization,
            "call": self.call_id,
            "run": self.run_id,
            "tool": self.tool,
            "approval": self.approval_id,
            "level": self.level,
            "quorum": self.quorum,
            "reasons": list(self.reasons),
            "created_ms": self.created_ms,
            "expires_ms": self.expires_ms,
            "undo": self.undo,
            "links": dict(self.links),
        }


def asking(approval: Approval, kind: NoticeKind = NoticeKind.ASKED) -> Notice:
    """That a call waits for people."""
    return Notice(
        kind=kind,
        organization=approval.organization,
        call_id=approval.call_id,
        run_id=approval.run_id,
        tool=approval.tool,
        approval_id=approval.id,
        digest=approval.digest,
        level=approval.level.name.lower(),
        quorum=approval.quorum,
        reasons=tuple(each.reason for each in approval.obligations),
        created_ms=approval.created_ms,
        expires_ms=approval.expires_ms,
    )


def done(call: Call, at_ms: int, *, undo_s: float) -> Notice:
    """That a reversible call took effect, and how long it can be taken back, if it can."""
    compensation = call.known_definition.compensation
    return Notice(
        kind=NoticeKind.DONE,
        organization=call.organization,
        call_id=call.id,
        run_id=call.run_id,
        tool=call.known_definition.name,
        created_ms=at_ms,
        expires_ms=None if compensation is None else at_ms + int(undo_s * 1_000),
        undo=None if compensation is None else compensation.tool,
    )
