"""Holds, and what people decide about them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """Who must agree; of several obligations the highest counts."""

    CONFIRM = 1
    """The requester."""
    HUMAN = 2
    """One entitled approver."""
    QUORUM = 3
    """Several of them."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """A reason why a person must agree before a call runs."""

    code: str
    """Stable, for example `tier_irreversible`, `ask_rule`, `ungrounded`."""
    reason: str
    """For people; free of values."""
    level: Level = Level.HUMAN
    quorum: int = 1


class ApprovalState(StrEnum):
    """Where an approval stands. Only `waiting` can change by a decision."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    VOID = "void"
    """The tool's definition, the arguments or a rule that applied changed."""
    CONSUMED = "consumed"
    """Spent by the intent of its call."""


class Ruling(StrEnum):
    """What a person said."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A held call before people: who may agree to what, until when.

    `digest` binds principal, tool definition, canonical arguments and the rules that applied;
    whoever approves approves this digest and nothing else (P4).
    """

    id: str
    call_id: str
    run_id: str
    organization: str
    requester: str
    """Opaque id."""
    tool: str
    digest: str
    level: Level
    quorum: int
    obligations: tuple[Obligation, ...]
    created_ms: int
    expires_ms: int
    state: ApprovalState = ApprovalState.WAITING
    approvers: tuple[str, ...] = ()
    """Opaque ids of those who agreed so far."""
