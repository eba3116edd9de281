"""A warm process that forks one child for each phase of a point: a start costs no second.

It reads one order a line from stdin and answers when its child is over. When it forks, it has
neither loop nor thread of its own, so that a child gets nothing that is halfway through something.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
import scenario
from breaking import break_rules
from ground import BYSTANDER, GROUNDS
from points import Points
from verdict import violations

from highroad.domain.error import FenceLost
from highroad.pipeline import drive
from highroad.recovery import settle


def watch(points):
    """Points at every await of `execute`, of `finish`, and of what recovery does in their place."""
    drive.ROAD = tuple(
        stage._replace(decide=points.counted("execute", stage.decide))
        if stage.name == "execute"
        else stage
        for stage in drive.ROAD
    )
    drive.finish = points.counted("finish", drive.finish)
    settle.attempt = points.counted("attempt", settle.attempt)
    settle.probe = points.counted("probe", settle.probe)


def effects_of(order):
    """What the other side saw of this point."""
    point = f"{order['point']}-"
    with Path(order["log"]).open(encoding="utf-8") as log:
        seen = [json.loads(line) for line in log if point in line]
    return [effect for effect in seen if effect["order"].startswith(point)]


async def perform(order, points):
    folder = Path(order["folder"])
    ground = GROUNDS[order["store"]](folder, points, is_lossy=order["is_lossy"])
    if order["phase"] == "stand by":
        ground.name = BYSTANDER
    ground.comes_late = order["phase"] in {"recover", "judge"}
    program = scenario.PROGRAMS[order["program"]](
        ground, folder, order["point"], order["seed"], order["base_ms"]
    )
    await program.open()
    if order["phase"] == "stand by":
        await program.stand_by()
        with suppress(FenceLost):  # told by how its call ended
            await program.close()
        return
    await program.take_over()
    await _act(program, order)
    await program.close()


async def _act(program, order):
    match order["phase"]:
        case "furnish":
            pass
        case "drive":
            await program.drive()
        case "recover":
            looks_up = (lambda: effects_of(order)) if order["settles"] else None
            await program.recover(looks_up=looks_up)
        case "judge":
            found = await violations(program, effects_of(order))
            (program.folder / "violations.json").write_text(json.dumps(found), "utf-8")


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def strike_server():
    """Have the server killed and started again, and live on."""
    say("strike")
    os.read(sys.stdin.fileno(), 1_000)


def strike_both():
    strike_server()
    os.kill(os.getpid(), signal.SIGKILL)


STRIKES = {"program": None, "server": strike_server, "both": strike_both}


def stand_by(release):
    scenario.Side.stands = True
    say(os.getpid())
    with release.open("rb") as released:
        released.read(1)


def live(order):
    """A child: one phase of one point."""
    points = scenario.Side.points = Points(order["dies_at"], STRIKES[order["strikes"]])
    scenario.Side.awaits_release = partial(stand_by, Path(order["folder"]) / "release")
    scenario.Side.port = order["port"]
    os.chdir(order["folder"])
    break_rules(order["edits"])
    watch(points)
    asyncio.run(perform(order, points))
    if order["counts"]:
        (Path(order["folder"]) / "points.json").write_text(json.dumps(points.passed), "utf-8")


async def warm():
    """Import what is imported by a first use, once for all children."""
    anyio.Lock()


def main():
    asyncio.run(warm())
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "joins" in order:
            say(_end_of(order["joins"]))
            continue
        child = os.fork()
        if child == 0:
            try:
                live(order)
            except BaseException:  # noqa: BLE001 - told by its exit code and what it prints
                traceback.print_exc()
                if order["phase"] == "stand by" and not scenario.Side.stands:
                    say(0)
                os._exit(1)
            os._exit(0)
        if order["phase"] != "stand by":  # it answers for itself, and is joined later
            say(_end_of(child))


def _end_of(child):
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
