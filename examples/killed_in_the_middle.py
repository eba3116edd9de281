"""Commands of the demo's shop, to be killed with signal 9 in the middle of their effect.

`python killed_in_the_middle.py after call refund ...` is the command `highroad call refund ...` in
a shop that stands still when its effect is made and not recorded; `before` when the intent is on
disk and the effect not made. It prints the line that kills it. What the next command makes of
what is left stands in docs/recovery.md.

Without arguments it does both to a refund, and asks for the refund again.

It prints:

    killed before its effect: refunds 0, asked for again: refunds 1
    killed after its effect: refunds 1, asked for again: refunds 1
"""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from highroad.cli import main
from highroad.demo.database import Shop
from highroad.demo.home import Home

MOMENTS: Final = ("before", "after")
DEEDS: Final = ("refund", "send", "cancel", "add_note", "ship_to")
REFUND: Final = ("call", "refund", '{"order_id": "ORD-000042", "cents": 500}', "--as", "alice")


def stand_still(deed: str, when: str) -> None:
    """Let a deed of the shop stop in its middle, for good."""
    does = getattr(Shop, deed)

    def dawdle(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - those of the deed
        if when == "after":
            does(*arguments, **options)
        print(f"{when} its effect: kill -9 {os.getpid()}", flush=True)
        threading.Event().wait()

    setattr(Shop, deed, dawdle)


def command(when: str, *line: str) -> None:
    """Run a command of highroad that stands still."""
    for deed in DEEDS:
        stand_still(deed, when)
    sys.argv = ["highroad", *line]
    main()


def kill(when: str) -> str:
    """Kill a refund in the middle, ask for it again, and say how many there are."""
    refund = [*REFUND, "--key", f"killed-{when}"]
    # The demo puts the shop into its first state.
    start("-m", "highroad", "demo", "--chapter", "read").communicate()
    shop = Home.under(Path.cwd()).shop
    with start(__file__, when, *refund) as process:
        if process.stdout:
            process.stdout.readline()
        process.kill()
    left = shop.count("refunds")
    start("-m", "highroad", *refund).communicate()
    return f"refunds {left}, asked for again: refunds {shop.count('refunds')}"


def start(*line: str) -> subprocess.Popen[bytes]:
    """Run a program of Python."""
    line = (sys.executable, *line)
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - ours


if len(sys.argv) > 1 and sys.argv[1] in MOMENTS:
    command(*sys.argv[1:])
else:
    for moment in MOMENTS:
        print(f"killed {moment} its effect: {kill(moment)}")
