"""A warm process that forks one child for each order: a start costs no second.

It reads one order a line from stdin. A child leaves what it has to say in a file; that it is over,
and how, is answered when somebody asks for it by its number.
"""

import asyncio
import gc
import json
import logging
import os
import sys
import traceback
from pathlib import Path

import anyio

sys.path.append(str(Path(__file__).parent.parent / "crash"))

import process
import simulated
from breaking import break_rules
from people import houses


def simulate(order):
    """Play so many histories, or until something is said; how they ended, and what was wrong."""
    settings = houses(Path(order["folder"]))
    ends, found = [], []
    for seed in range(*order["seeds"]):
        try:
            statuses, amiss = simulated.raced(seed, settings, is_proved=seed % 10 == 0)
        except TimeoutError:
            statuses, amiss = [], ["it hangs"]
        ends += statuses
        found += [(seed, sentence) for sentence in amiss]
        if any(order["until"] in sentence for sentence in amiss):
            break
    return {"ends": ends, "amiss": found}


PARTS = {"simulate": simulate, "compete": process.compete, "judge": process.judge}


def live(order):
    """A child: its part, and a file of what came of it."""
    logging.disable(logging.CRITICAL)  # most of what is said may not count, and that is logged
    os.chdir(order["folder"])
    break_rules(order["edits"])
    told = PARTS[order["part"]](order)
    if told is not None:
        Path(order["tells"]).write_text(json.dumps(told), "utf-8")


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def forked(order):
    """The number of a child that lives by an order."""
    child = os.fork()
    if child:
        return child
    try:
        live(order)
    except BaseException:  # noqa: BLE001 - told by its exit code and what it prints
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


async def warm():
    """Import what is imported by a first use, once for all children."""
    anyio.Lock()


def main():
    asyncio.run(warm())
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "joins" in order:
            _, status = os.waitpid(order["joins"], 0)
            say(os.waitstatus_to_exitcode(status))
        else:
            say(forked(order))


if __name__ == "__main__":
    main()
