"""Which agents go beside others, to be compared with them."""

from typing import Final

from highroad.domain.shadow import ShadowRule
from highroad.settings.document import Document
from highroad.settings.kinds import RATIO, TEXT
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting(
        "shadows.<name>.agent",
        TEXT,
        Absent.REQUIRED,
        "The agent that goes beside the runs of the one of that name, dry, to be compared with it.",
    ),
    Setting("shadows.<name>.fraction", RATIO, 1.0, "Of its runs, from 0 to 1."),
)


def read(document: Document) -> dict[str, ShadowRule]:
    """Each by the name of the agent whose runs it goes beside."""
    return {name: ShadowRule(**table) for name, table in document.get(("shadows",), {}).items()}
