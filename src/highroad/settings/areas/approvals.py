"""How many must agree to calls, and who may."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.approval_rules import (
    CODE_LASTS_S,
    UNDO_S,
    USE_WITHIN_S,
    ApprovalRules,
    ChannelRule,
    Entitlement,
    QuorumRule,
    Reach,
)
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.tool import Tier
from highroad.settings.document import Document
from highroad.settings.kinds import ABOVE_ZERO, NUMBER, POSITIVE, TEXT, TEXTS, TRUTH, URL, some_of
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting(
        "approvals.four_eyes",
        TRUTH,
        default=False,
        doc="Nobody decides about a call of their own.",
    ),
    Setting(
        "approvals.roles",
        TEXTS,
        (),
        "Deciding needs one of these roles; without any, everybody of the organization may.",
    ),
    Setting(
        "approvals.entitled.<name>.tools",
        TEXTS,
        ("*",),
        "Patterns of tools about whose calls whoever has the role may decide. With any role here, "
        "deciding needs one that is entitled, and an identity that somebody has checked.",
    ),
    Setting(
        "approvals.entitled.<name>.tiers",
        some_of(Tier),
        tuple(Tier),
        "Tiers of these tools.",
    ),
    Setting(
        "approvals.quorum.[].people",
        POSITIVE,
        Absent.REQUIRED,
        "So many must agree wherever one person would be asked; the largest that fits counts.",
    ),
    Setting("approvals.quorum.[].tools", TEXTS, ("*",), "Patterns of tools that it is for."),
    Setting("approvals.quorum.[].tiers", some_of(Tier), tuple(Tier), "Tiers of these tools."),
    Setting(
        "approvals.escalate_after_s",
        NUMBER,
        Absent.NONE,
        "Seconds after which, where nobody has decided, others may as well, and are told.",
    ),
    Setting("approvals.escalate_to", TEXTS, (), "Roles of those others."),
    Setting(
        "approvals.use_within_s",
        ABOVE_ZERO,
        USE_WITHIN_S,
        "Seconds for which what was agreed to can be used; then its call ends as expired.",
    ),
    Setting(
        "approvals.undo_s",
        NUMBER,
        UNDO_S,
        "Seconds for which a call can be taken back whose tool says how; at most 30 days.",
    ),
    Setting(
        "approvals.code_tiers",
        some_of(Tier),
        (),
        "Whoever agrees to a call of such a tool has to have a one-time code besides, which a "
        "channel brings to them.",
    ),
    Setting("approvals.code_lasts_s", ABOVE_ZERO, CODE_LASTS_S, "Seconds for which one counts."),
    Setting(
        "approvals.channels.<name>.url",
        URL,
        Absent.REQUIRED,
        "A webhook that is told of what waits for people, and of reversible calls that took "
        "effect: ids and reasons, never values.",
    ),
    Setting(
        "approvals.channels.<name>.answers",
        URL,
        Absent.NONE,
        "Where the links in what is told lead, which approve or reject; without it there are none.",
    ),
    Setting(
        "approvals.channels.<name>.approver",
        TEXT,
        Absent.NONE,
        "Id of the person whom the channel reaches, in whose name its links decide, and to "
        "whom it brings one-time codes.",
    ),
    Setting("approvals.channels.<name>.roles", TEXTS, (), "Their roles."),
    Setting(
        "approvals.channels.<name>.organization",
        TEXT,
        DEFAULT_ORGANIZATION,
        "Their organization; the channel is told of nothing that is another's.",
    ),
)


def read(document: Document, *, is_production: bool) -> ApprovalRules:
    """What was said, and what is usual for the rest."""
    given = document.get(("approvals",), {})
    return ApprovalRules(
        four_eyes=given.get("four_eyes", False),
        roles=frozenset(given.get("roles", ())),
        entitlements=tuple(
            Entitlement(role=role, reach=_reach(table))
            for role, table in given.get("entitled", {}).items()
        ),
        quorums=tuple(
            QuorumRule(reach=_reach(table), people=table["people"])
            for table in given.get("quorum", ())
        ),
        escalate_after_s=given.get("escalate_after_s"),
        escalate_to=frozenset(given.get("escalate_to", ())),
        use_within_s=given.get("use_within_s", USE_WITHIN_S),
        undo_s=given.get("undo_s", UNDO_S),
        code_tiers=frozenset(map(Tier, given.get("code_tiers", ()))),
        code_lasts_s=given.get("code_lasts_s", CODE_LASTS_S),
        channels={
            name: ChannelRule(**{**table, "roles": frozenset(table.get("roles", ()))})
            for name, table in given.get("channels", {}).items()
        },
        is_production=is_production,
    )


def _reach(table: Mapping[str, Any]) -> Reach:
    return Reach(
        tools=tuple(table.get("tools", ("*",))),
        tiers=frozenset(map(Tier, table.get("tiers", Tier))),
    )
