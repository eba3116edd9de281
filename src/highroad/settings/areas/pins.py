"""Where accepted tool definitions stand."""

from typing import Final

from highroad.settings.kinds import TEXT
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting("pins.file", TEXT, "highroad.pins", "Accepted tool definitions, to be committed."),
)
