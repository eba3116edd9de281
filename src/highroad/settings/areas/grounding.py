"""What becomes of values that nobody named."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.grounding import GroundingMode, GroundingRule, GroundingRules, WhenUngrounded
from highroad.settings.document import Document
from highroad.settings.kinds import one_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

_DEFAULT_GROUNDING: Final = GroundingRule()

SETTINGS: Final = (
    Setting(
        "grounding.mode",
        one_of(GroundingMode),
        _DEFAULT_GROUNDING.mode,
        "What becomes of a call by a model with a value that stands in no request and no result: "
        "stopped, run and recorded, or not looked into.",
    ),
    Setting(
        "grounding.ungrounded",
        one_of(WhenUngrounded),
        _DEFAULT_GROUNDING.ungrounded,
        "How it is stopped: the model is told what is missing, or a person is asked.",
    ),
    Setting(
        f"grounding.tools.{EACH_NAME}.mode",
        one_of(GroundingMode),
        Absent.NONE,
        "The same for one tool; that of all tools unless given.",
    ),
    Setting(
        f"grounding.tools.{EACH_NAME}.ungrounded",
        one_of(WhenUngrounded),
        Absent.NONE,
        "The same for one tool; that of all tools unless given.",
    ),
)


def read(document: Document) -> GroundingRules:
    """What a tool leaves out is as it is for all."""
    rule = _rule(document.get(("grounding",), {}), GroundingRule())
    tools = document.get(("grounding", "tools"), {})
    return GroundingRules(
        rule=rule, tools={name: _rule(table, rule) for name, table in tools.items()}
    )


def _rule(table: Mapping[str, Any], usual: GroundingRule) -> GroundingRule:
    return GroundingRule(
        mode=GroundingMode(table.get("mode", usual.mode)),
        ungrounded=WhenUngrounded(table.get("ungrounded", usual.ungrounded)),
    )
