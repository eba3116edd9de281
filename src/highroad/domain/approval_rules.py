"""What a configuration says about approvals: how many must agree, and who may."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from highroad.domain.tool import Tier


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
class ApprovalRules:
    """Every line of `[approvals]`.

    Args:
        four_eyes: Nobody decides about a call of their own, but where they alone are asked.
        roles: One of them is needed to decide; empty asks for none.
        entitlements: With any, deciding needs a role that is entitled to that tool and tier, and
            an identity that somebody has checked.
        quorums: Of several that cover a tool the largest counts.
        is_production: Deciding needs an identity that somebody has checked.
    """

    four_eyes: bool = False
    roles: frozenset[str] = frozenset()
    entitlements: tuple[Entitlement, ...] = ()
    quorums: tuple[QuorumRule, ...] = ()
    is_production: bool = False

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
