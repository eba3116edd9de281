"""Who may decide about a held call."""

from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

from highroad.domain.approval import TIER_PRIVILEGED, Approval, Level, Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.identity import Assurance, Delegate, Principal
from highroad.domain.tool import Tier

_NONE = "there is no such approval"
"""As for one that does not exist."""
_NOT_ASKED = "only who requested the call is asked"


def objection(  # noqa: PLR0913, PLR0917 - who wants to say what about which approval
    rules: ApprovalRules,
    approval: Approval,
    tier: Tier,
    ruling: Ruling,
    by: Principal,
    opaque_id: str,
    at_ms: int,
    assurance: Assurance | None = None,
) -> str | None:
    """Why `by` may not say that about `approval`, if so.

    Args:
        rules: That are configured.
        approval: To be decided about.
        tier: Of its tool, as it was when the call was held.
        ruling: What they want to say.
        by: Who wants to.
        opaque_id: Of `by`.
        at_ms: Unix time.
        assurance: How it is known who they are; `None` is by what the program says.
    """
    if by.organization != approval.organization:
        return _NONE
    is_own = opaque_id == approval.requester
    match ruling:
        case Ruling.ESCALATE:
            is_due = rules.is_escalated(approval.created_ms, at_ms)
            return None if is_due else "it is not time yet to ask others besides"
        case Ruling.REVOKE:
            # Whoever agreed may take it back, whatever they are entitled to by now.
            return unknown_identity(rules, approval, by, assurance)
        case Ruling.ANSWER:
            # What they answer is evidence of the call, so whoever says to be them must be.
            return unknown_identity(rules, approval, by, assurance) if is_own else _NOT_ASKED
        case _:
            return _to_decision(rules, approval, tier, by, at_ms, assurance, is_own=is_own)


def _to_decision(  # noqa: PLR0913, PLR0917 - as above
    rules: ApprovalRules,
    approval: Approval,
    tier: Tier,
    by: Principal,
    at_ms: int,
    assurance: Assurance | None,
    *,
    is_own: bool,
) -> str | None:
    if is_own and approval.level is Level.CONFIRM:
        return unknown_identity(rules, approval, by, assurance)  # they alone are asked
    if is_own and rules.four_eyes:
        return "who requests a call does not approve it: ask somebody else"
    is_escalated = rules.is_escalated(approval.created_ms, at_ms)
    return _entitled(rules, approval, tier, by, assurance, is_escalated=is_escalated)


def _entitled(  # noqa: PLR0913 - as above
    rules: ApprovalRules,
    approval: Approval,
    tier: Tier,
    by: Principal,
    assurance: Assurance | None,
    *,
    is_escalated: bool,
) -> str | None:
    objected = unknown_identity(rules, approval, by, assurance)
    if objected is not None or (is_escalated and rules.escalate_to & by.roles):
        return objected
    return unentitled(rules, approval.tool, tier, by)


def unknown_identity(
    rules: ApprovalRules, approval: Approval, by: Principal, assurance: Assurance | None
) -> str | None:
    """Why it does not do that `by` says who they are, where it does not.

    What this program can read it can also show: in production a call of a privileged tool is
    agreed to by a token that it could not have made (`Assurance.is_out_of_reach`).
    """
    is_privileged = any(each.code == TIER_PRIVILEGED for each in approval.obligations)
    is_shown = assurance is not None and assurance.is_out_of_reach
    if is_privileged and rules.is_production and not is_shown:
        return (
            "a privileged tool asks people who show a token or an API key of their own: decide "
            "with one"
        )
    if by.authenticated:
        return None
    if is_privileged:
        return "a privileged tool asks people whose identity somebody has checked"
    if rules.needs_identity:
        return "nobody has checked who you are: decide where you are signed in"
    return None


def unentitled(rules: ApprovalRules, tool: str, tier: Tier, by: Principal) -> str | None:
    """Why the roles of `by` do not let them decide about calls of a tool, if so."""
    if rules.roles and not rules.roles & by.roles:
        return f"deciding needs one of the roles {', '.join(sorted(rules.roles))}"
    if not rules.entitlements:
        return None
    entitled = rules.entitled_to(tool, tier)
    if not entitled:
        return f"no role is entitled to decide about {tool}: see approvals.entitled"
    if not entitled & by.roles:
        named = ", ".join(sorted(entitled))
        return f"deciding about {tool} needs one of the roles {named}"
    return None


def outside(link: Delegate, tool: str, needed: AbstractSet[str] | None) -> str | None:
    """Why a key that goes only so far is not for calls of a tool, if so.

    Args:
        link: How far it goes.
        tool: Name of the tool.
        needed: Permissions that its calls take; `None` where nobody here can say.
    """
    if not any(fnmatchcase(tool, each) for each in link.tools):
        return f"this key is not for {tool}: decide with one that is"
    if link.permissions is None:
        return None
    if needed is None:
        return f"{tool} is not known here, and this key is for some permissions alone"
    missing = ", ".join(sorted(needed - link.permissions))
    return f"this key does not pass on {missing}: decide with one that does" if missing else None
