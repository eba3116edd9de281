"""What a configuration says about approvals: how many must agree, and who may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.tool import Tier

USE_WITHIN_S: Final = 86_400
"""How long what was agreed to can be used, where nobody says how long."""
UNDO_S: Final = 86_400
"""How long a call can be taken back, where nobody says how long."""

CODE_LASTS_S: Final = 600
"""How long a one-time code counts, where nobody says how long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Tools that a rule is for: by patterns of their names, and by tier; both must fit."""

    tools: tuple[str, ...] = ("*",)
    tiers: frozenset[Tier] = frozenset(Tier)

    def covers(self, tool: str, tier: Tier) -> bool:
        """Whether a tool of that name and tier is among them."""
        return tier in self.tiers and any(fnmatchcase(tool, each) for each in self.tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumRule:
    """So many people must agree wherever one would be asked."""

    reach: Reach
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """Whoever has the role may decide about calls of these tools."""

    role: str
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """Where somebody is told of what waits, and who that is.

    Args:
        url: A webhook.
        answers: Where links in what is told lead; without it there are none.
        approver: Id of whoever is told, in whose name the links decide.
        roles: Theirs.
        organization: Theirs; they are told of nothing that is another's.
    """

    url: str
    answers: str | None = None
    approver: str | None = None
    roles: frozenset[str] = frozenset()
    organization: str = DEFAULT_ORGANIZATION


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """Every line of `[approvals]`.

    Args:
        four_eyes: Nobody decides about a call of their own, but where they alone are asked.
        roles: One of them is needed to decide; empty asks for none.
        entitlements: With any, deciding needs a role that is entitled to that tool and tier, and
            an identity that somebody has checked.
        quorums: Of several that cover a tool the largest counts.
        escalate_after_s: So long nobody answers before others are asked besides; `None` is never.
        escalate_to: Roles of those others.
        use_within_s: So long what was agreed to can be used; then it is void.
        undo_s: So long a call can be taken back.
        channels: Who is told of what waits, by name.
        code_tiers: Whoever agrees to calls of these has to have a one-time code besides.
        code_lasts_s: So long a code counts.
        is_production: Deciding needs an identity that somebody has checked.
    """

    four_eyes: bool = False
    roles: frozenset[str] = frozenset()
    entitlements: tuple[Entitlement, ...] = ()
    quorums: tuple[QuorumRule, ...] = ()
    escalate_after_s: float | None = None
    escalate_to: frozenset[str] = frozenset()
    use_within_s: float = USE_WITHIN_S
    undo_s: float = UNDO_S
    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    code_tiers: frozenset[Tier] = frozenset()
    code_lasts_s: float = CODE_LASTS_S
    is_production: bool = False

    def is_escalated(self, created_ms: int, at_ms: int) -> bool:
        """Whether what was asked at `created_ms` and waits still is others' to decide as well."""
        after_s = self.escalate_after_s
        return after_s is not None and at_ms >= created_ms + int(after_s * 1_000)

    @property
    def needs_identity(self) -> bool:
        """Whether somebody must have checked who decides: a role that anybody may claim is none."""
        return self.is_production or bool(self.entitlements)

    def quorum_of(self, tool: str, tier: Tier) -> int:
        """How many must agree to a call of that tool, wherever one would be asked."""
        asked = (rule.people for rule in self.quorums if rule.reach.covers(tool, tier))
        return max(asked, default=1)

    def entitled_to(self, tool: str, tier: Tier) -> frozenset[str]:
        """Roles that are entitled to decide about calls of that tool."""
        return frozenset(each.role for each in self.entitlements if each.reach.covers(tool, tier))
