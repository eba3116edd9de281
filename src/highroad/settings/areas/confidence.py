"""How sure a model has to be of a call."""

from typing import Final

from highroad.domain.confidence import USUAL_THRESHOLD, ConfidenceRules
from highroad.settings.document import Document
from highroad.settings.kinds import RATIO, SHARE, TRUTH
from highroad.settings.setting import EACH_NAME, Absent, Setting

SETTINGS: Final = (
    Setting(
        "confidence.enabled",
        TRUTH,
        Absent.NONE,
        "Whether a model is asked how sure it is of each call that changes something: `true` asks "
        "for 0.8 where no threshold is given, `false` for nothing, whatever else is given here.",
    ),
    Setting(
        "confidence.threshold",
        SHARE,
        Absent.NONE,
        "How sure it has to be; below that, or where it says nothing, a person is asked. Giving it "
        "switches this on.",
    ),
    Setting(
        f"confidence.tools.{EACH_NAME}",
        RATIO,
        Absent.NONE,
        "The same for one tool; 0 asks for nothing.",
    ),
)


def read(document: Document) -> ConfidenceRules:
    """A threshold switches it on, unless something says that it is off."""
    table = document.get(("confidence",), {})
    usual = USUAL_THRESHOLD if table.get("enabled") else None
    if table.get("enabled") is False:
        return ConfidenceRules()
    return ConfidenceRules(
        threshold=table.get("threshold", usual), tools=dict(table.get("tools", {}))
    )
