"""Each rule of approvals is broken on purpose, and the races show it."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.promise("P4")

APPROVAL = "highroad.domain.approval"
JUDGING = "highroad.approvals.judging"
RULES = "highroad.approvals.rules"
APPROVE = "highroad.pipeline.stages.approve"
BINDING = "highroad.pipeline.binding"
WAITING = "highroad.approvals.waiting"
EXECUTE = "highroad.pipeline.stages.execute"
PEOPLE = "highroad.ledger.entries.people"
SAMPLE = 100
"""As many histories as every run of the tests plays."""


@dataclass(frozen=True)
class Break:
    """A rule, the words that state it, and others in their place."""

    rule: str
    edits: tuple[tuple[str, str, str], ...]
    shows: str
    """What is said of it."""


BREAKS = (
    Break(
        "the intent spends the approval",
        ((EXECUTE, "spends=context.approval is not None,", "spends=False,"),),
        "set out without an approval",
    ),
    Break(
        "an approval expires",
        (
            (
                JUDGING,
                "if approval.is_overdue(max(decision.at_ms, now_ms)):",
                "if False:",
            ),
        ),
        "when it was over",
    ),
    Break(
        "what was agreed to is used in time",
        ((APPROVAL, "return self.use_by_ms", "return None"),),
        "was spent when its time was over",
    ),
    Break(
        "nobody decides about a call of their own",
        ((RULES, "if is_own and rules.four_eyes:", "if False:"),),
        "alice said approve, and may not",
    ),
    Break(
        "a role decides",
        ((RULES, "if not entitled & by.roles:", "if False:"),),
        "and may not",
    ),
    Break(
        "somebody has looked who decides",
        ((RULES, "if rules.needs_identity:", "if False:"),),
        "and may not",
    ),
    Break(
        "others decide once nobody has answered",
        (
            (
                RULES,
                "is_escalated = rules.is_escalated(approval.created_ms, at_ms)",
                "is_escalated = True",
            ),
        ),
        "and may not",
    ),
    Break(
        "a word is about what was seen",
        ((JUDGING, "if decision.digest != approval.digest:", "if False:"),),
        "of something else",
    ),
    Break(
        "what changed is not what was agreed to",
        (
            (
                APPROVE,
                "case ApprovalState.APPROVED if approval.digest == digest:",
                "case ApprovalState.APPROVED:",
            ),
        ),
        "was for another definition",
    ),
    Break(
        "the definition is part of what is agreed to",
        ((BINDING, "call.known_definition.digest,", "None,"),),
        "was for another definition",
    ),
    Break(
        "the rules are part of what is agreed to",
        (
            (BINDING, "        rules,\n", ""),
            (BINDING, "[[o.code, o.reason, int(o.level), o.quorum] for o in obligations],", ""),
            (BINDING, "yield from services.policy.written_for(tool.definition)", "yield from ()"),
        ),
        "was done under",
    ),
    Break(
        "a quorum is of several people",
        ((APPROVAL, "if by in self.approvers:", "if False:"),),
        "its words make no one row",
    ),
    Break(
        "a quorum is of as many as are wanted",
        ((APPROVAL, "len(approvers) >= self.quorum", "len(approvers) >= 1"),),
        "was spent with 1 of",
    ),
    Break(
        "what was taken back does not count",
        ((APPROVAL, "is_late = self.expires_ms <= at_ms", "return self"),),
        "was spent, and is waiting",
    ),
    Break(
        "a word comes before the approval is spent",
        ((PEOPLE, "needs_open=approval.id, ", ""),),
        "somebody said something of it then",
    ),
    Break(
        "one rejection ends the matter",
        (
            (
                APPROVAL,
                "return replace(self, state=ApprovalState.REJECTED)",
                "return self",
            ),
        ),
        "was spent, and is rejected",
    ),
    Break(
        "an edit voids what was agreed to",
        ((APPROVE, "instead_of=revision.instead_of.voided(),", "instead_of=revision.instead_of,"),),
        "its words make no one row",
    ),
)


@pytest.mark.parametrize("broken", BREAKS, ids=[each.rule.replace(" ", "-") for each in BREAKS])
def test_the_races_see_that_a_rule_is_broken(simulated, broken):
    """And they see what it was for, not that something else went to pieces."""
    _, amiss = simulated(0, SAMPLE, edits=broken.edits, until=broken.shows)
    assert any(broken.shows in sentence for _, sentence in amiss), amiss[:5]
