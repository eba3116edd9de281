"""What is kept of calls that were given up on."""

from typing import Final

from highroad.settings.kinds import COUNT, TRUTH
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        "dead_letters.reads",
        TRUTH,
        default=False,
        doc="Reads that are given up on leave dead letters too.",
    ),
    Setting(
        "dead_letters.alert",
        COUNT,
        100,
        "More open dead letters, or more within an hour, are worth a warning; 0 warns of none.",
    ),
)
