"""Bodies that run in a worker process, for N14; a worker imports them by name."""

from pathlib import Path
from time import monotonic

from highroad import tool

TIMEOUT_S = 0.2


@tool(tier="reversible", isolation="process", timeout_s=TIMEOUT_S)
def spin(begun: str) -> None:
    """Say when it begins, and never let go.

    Args:
        begun: File to write that to.
    """
    Path(begun).write_text(str(monotonic()))
    while True:
        pass


@tool(tier="read", isolation="process")
def echo(number: int) -> int:
    """Give it back.

    Args:
        number: Any.
    """
    return number
