"""What is switched on, and for whom."""

from typing import Final

from highroad.domain.flags import FlagRules
from highroad.settings.document import Document
from highroad.settings.kinds import TEXTS
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting("flags.on", TEXTS, (), "Feature flags that are on for everybody."),
    Setting(
        "flags.roles.<name>.on",
        TEXTS,
        (),
        "Feature flags that are on for whoever has the role. One that is named nowhere is off.",
    ),
)


def read(document: Document) -> FlagRules:
    """What was said; all others are off."""
    by_role = document.get(("flags", "roles"), {})
    return FlagRules(
        everybody=frozenset(document.get(("flags", "on"), ())),
        roles={name: frozenset(table.get("on", ())) for name, table in by_role.items()},
    )
