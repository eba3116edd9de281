"""What happens to a call whose process dies in the middle: it depends on its effect class.

The program starts itself once more, as a child that dies while two tools run, and then opens the
ledger that the child left behind.

It prints:

    the child died in the middle of 2 calls
    send_letter: unknown, the body ran 1 time
    set_address: completed, the body ran 2 times
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from highroad import Runtime, tool

IS_CHILD = "child" in sys.argv
BEGUN: list[str] = []


def run(name: str) -> None:
    """Count the run; in the child, die as soon as both bodies have begun."""
    with Path(f"{name}.log").open("a", encoding="utf-8") as log:
        log.write("begun\n")
    BEGUN.append(name)
    while IS_CHILD:
        if len(BEGUN) == len(TOOLS):
            os._exit(1)


@tool(tier="reversible", effect="repeatable")
def set_address(address: str) -> str:
    """Set an address; to set it twice does no harm."""
    run("set_address")
    return address


@tool(tier="reversible", effect="unprotected")
def send_letter(address: str) -> str:
    """Send a letter; a second one would be one too many."""
    run("send_letter")
    return address


TOOLS = (set_address, send_letter)


def report(ledger: str) -> None:
    """Read the ledger as an auditor would."""
    query = "SELECT tool, status FROM tool_result ORDER BY tool"
    for name, status in sqlite3.connect(ledger).execute(query):
        times = Path(f"{name}.log").read_text("utf-8").count("begun")
        print(f"{name}: {status}, the body ran {times} time{'s' if times > 1 else ''}")


async def main() -> None:
    """Run both tools in the child; in the parent, look at what became of them."""
    if IS_CHILD:
        async with Runtime.open(tools=TOOLS) as runtime:
            address = {"address": "1 Mill Lane, Exampleton"}
            await asyncio.gather(*(runtime.call(each, address) for each in TOOLS))
        return
    await asyncio.to_thread(subprocess.run, [sys.executable, __file__, "child"], check=False)
    print(f"the child died in the middle of {len(TOOLS)} calls")
    async with Runtime.open(tools=TOOLS) as runtime:  # opening settles what was in flight
        report(str(runtime.ledger_path))


asyncio.run(main())
