"""Holds, and what people decide about them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from highroad.domain.identity import DEFAULT_ORGANIZATION


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One person's word on one approval, to be recorded by the ledger's owner."""

    approval_id: str
    organization: str = DEFAULT_ORGANIZATION
    ruling: Ruling
    by: str
    """Opaque id."""
    digest: str
    """What they saw."""
    at_ms: int
    reason: bytes | None = None
    """What they wrote, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest, where it goes through the inbox; see `highroad.ledger.authorship`."""
