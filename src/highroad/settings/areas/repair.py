"""How often a model may try arguments that are not valid."""

from typing import Final

from highroad.settings.kinds import POSITIVE
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        "repair.attempts",
        POSITIVE,
        3,
        "Calls of one tool in a row with arguments that are not valid, of which the last tells the "
        "model to stop and ask.",
    ),
)
