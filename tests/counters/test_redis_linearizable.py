"""Processes contend for one budget in one Redis: as if one after the other, whoever dies."""

import asyncio
import json
import random
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from highroad.adapters.counters.redis.holdings import LEASE_S
from highroad.adapters.system import SystemClock
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRuns

PROGRAM = Path(__file__).with_name("contender.py")
SECOND = 10**9
NIGHTLY = pytest.mark.nightly


class Held(NamedTuple):
    """One reservation, by moments of the clock that all processes have."""

    asked: int
    taken: int
    """Known to be had."""
    giving: int
    """About to be given back."""
    given: int


@pytest.fixture(scope="module")
def contender():
    spec = spec_from_file_location("contender", PROGRAM)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Contest:
    """Four processes of 64 tasks each, and what came of it."""

    def __init__(self, folder, url, *, limit, seed, **told):
        self.folder, self.url, self.limit = folder, url, limit
        common = {"url": url, "folder": str(folder), "limit": limit, "tasks": 64, **told}
        self.told = [{**common, "name": f"p{n}", "seed": seed * 10 + n} for n in range(4)]

    def __enter__(self):
        self.exits = ExitStack().__enter__()
        self.processes = [
            self.exits.enter_context(
                subprocess.Popen(
                    [sys.executable, PROGRAM, json.dumps(told)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )
            for told in self.told
        ]  # fmt: skip
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"
        for process in self.processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
        self.exits.__exit__(*error)

    def wait_until_busy(self, taken):
        """Wait until the first process has taken so many times."""
        path, until = self.folder / "p0.history", time.monotonic() + 30
        while time.monotonic() < until:
            if path.exists() and path.read_text().count('"taken"') >= taken:
                return
            time.sleep(0.01)
        raise TimeoutError("the first process takes nothing")

    def wait(self):
        """Let those that live come to their end."""
        return [process.wait(timeout=50) for process in self.processes]

    def history(self):
        """Lines of all processes; the last of one that was killed may be cut off."""
        for path in self.folder.glob("*.history"):
            for line in path.read_text().splitlines():
                yield json.loads(line)

    def holds(self, until):
        """All that was had, from when it was asked for; what was never given back, `until`."""
        taken, giving, given = {}, {}, {}
        for kind, call_id, asked, answered in self.history():
            if kind == "taken":
                taken[call_id] = (asked, answered)
            elif kind == "giving":
                giving[call_id] = asked
            elif kind == "given":
                given[call_id] = answered
        return [
            Held(asked, answered, giving.get(call_id, until), given.get(call_id, until))
            for call_id, (asked, answered) in taken.items()
        ]


def most_at_once(holds, begin, end):
    """The greatest number of holds that overlap, from one of their moments to another."""
    moments = [(getattr(each, begin), 1) for each in holds]
    moments += [(getattr(each, end), -1) for each in holds]
    now = most = 0
    # What ends at a moment ends before what begins at it: that blames nobody wrongly.
    for _, change in sorted(moments):
        now += change
        most = max(most, now)
    return most


def have_room(holds, refusals, limit):
    """Refusals in whose whole time there was room for certain."""
    begun, over = sorted(each.asked for each in holds), sorted(each.given for each in holds)
    return [
        (asked, answered)
        for asked, answered in refusals
        # Had at some moment of it: all that were asked for before its end, and not over before.
        if bisect_left(begun, answered) - bisect_right(over, asked) < limit
    ]


@pytest.mark.promise("P6")
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=NIGHTLY) for n in range(2, 21))])
def test_reservations_of_many_processes_are_as_if_one_came_after_the_other(
    redis, redis_url, tmp_path, contender, seed
):
    redis.seem_old()
    told = {"seconds": 5.0, "spends": False, "pause_s": 0.05}
    with Contest(tmp_path, redis_url, limit=40, seed=seed, **told) as contest:
        contest.wait_until_busy(10 + 10 * seed)
        contest.processes[0].kill()
        killed = time.monotonic_ns()
        assert contest.wait()[1:] == [0, 0, 0]
    holds = contest.holds(until=killed)
    assert len(holds) > 200
    assert most_at_once(holds, "taken", "giving") <= 40
    refusals = [line[2:] for line in contest.history() if line[0] == "refused"]
    assert refusals
    # What the dead one held was somebody's until others could know better.
    dead = [each for each in holds if each.given == killed]
    alive = [each for each in holds if each.given != killed]
    lapsed = [each._replace(given=killed + 8 * SECOND) for each in dead]
    unknown = [Held(killed - SECOND, 0, 0, killed + 8 * SECOND)] * (64 - len(dead))
    assert dead
    assert have_room([*alive, *lapsed, *unknown], refusals, 40) == []
    time.sleep(LEASE_S)
    assert count_room(contender, redis_url, tmp_path, limit=40) == 40


def count_room(contender, url, folder, *, limit):
    """How many reservations there is room for now."""

    async def reserve_all():
        ledger = contender.FileLedger(folder, "after")
        budgets = contender.budgets_of(url, limit, ledger)
        run = await LiveRuns(ledger.usage, SystemClock()).enter("run", is_direct=True)
        try:
            for number in count():
                spending = contender.spending_of(budgets, run, f"after.{number}")
                if not isinstance(await budgets.reserve(spending), Reservation):
                    return number
        finally:
            await budgets.counters.close()

    return asyncio.run(reserve_all())


@pytest.mark.promise("P6")
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=NIGHTLY) for n in range(2, 21))])
def test_a_redis_that_lost_its_memory_gives_no_budget_anew(
    redis_programs, tmp_path, contender, seed
):
    chance = random.Random(seed)  # noqa: S311 - when to kill is no secret
    server = redis_programs.Server()
    try:
        server.start()
        told = {"seconds": 16.0, "spends": True, "pause_s": 0.5, "limit": 600}
        with Contest(tmp_path, server.url(), seed=seed, **told) as contest:
            contest.wait_until_busy(1)  # accounts open after three seconds
            time.sleep(chance.random() * 0.4)
            server.restart()
            contest.processes[0].kill()
            time.sleep(3.3 + chance.random() * 0.4)
            server.restart()
            assert contest.wait()[1:] == [0, 0, 0]
        kinds = {line[0] for line in contest.history()}
        assert {"taken", "down", "refused", "lapsed"} <= kinds | {"lapsed"}
        intents = contender.FileLedger(tmp_path, "after").intents()
        assert len(intents) == len(set(intents)) == 600
    finally:
        server.remove()
