"""How the door for MCP clients behaves."""

from typing import Final

from highroad.settings.kinds import NUMBER
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        "gateway.hold_wait_s",
        NUMBER,
        25,
        "Seconds for which an MCP client that cannot ask its user is kept waiting for a decision; "
        "then it is told what waits.",
    ),
)
