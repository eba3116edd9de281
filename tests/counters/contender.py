"""One of several processes that reserve of one budget: a program, started by a test.

Its ledger is a file for each process, of a line for each intent, as every process reads all of
them. What it did and when stands in another, so that the history can be checked.
"""

import asyncio
import json
import os
import random
import sys
from functools import partial
from pathlib import Path
from time import monotonic_ns

from highroad.adapters.counters.redis import RedisCounters, Server
from highroad.adapters.system import SystemClock
from highroad.bootstrap.redis import redis_at
from highroad.domain.demand import NOTHING, Amount
from highroad.domain.error import CountersError
from highroad.domain.limits import BudgetRule, Limits, Scope, Window
from highroad.domain.run import Spent, Usage
from highroad.limits.budgets import Budgets
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRuns
from highroad.limits.share import Spender

ONE = Amount(calls=1)


class FileLedger:
    """Intents, one a line: what is written is read by all, also after a kill."""

    def __init__(self, folder, name):
        self.folder = folder
        self._file = os.open(folder / f"{name}.intents", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def intend(self, call_id):
        os.write(self._file, f"{call_id}\n".encode())

    def intents(self):
        return [line for path in self.folder.glob("*.intents") for line in path.read_text().split()]

    async def usage(self, run_id):
        return Usage()

    async def spent(self, scope, whose, *, since_ms, until_ms):
        return Spent(used=Amount(calls=len(self.intents())))

    async def taken(self, call_id):
        return ONE if call_id in self.intents() else NOTHING


def budgets_of(url, limit, ledger):
    clock = SystemClock()
    counters = RedisCounters(Server(partial(redis_at, url), name="redis"), clock)
    rule = BudgetRule(scope=Scope.ORGANIZATION, window=Window.MONTH, calls=limit)
    return Budgets(counters, Limits(), ledger, clock, rules=[rule])


def spending_of(budgets, run, call_id):
    """One call of an organization's month."""
    spender = Spender(
        holder=call_id,
        run=run,
        principal_id="usr_1",
        organization="acme",
        at_ms=SystemClock().now_ms(),
        is_alone=True,
    )
    return budgets.spending(spender, ONE)


class Contender:
    """Tasks of one process.

    Args:
        told: `url`, `folder`, `name`, `limit`, `tasks`, `seconds`, `seed`, `spends` (intents
            that stay, or places that are given back), `pause_s` between reserving and acting.
    """

    def __init__(self, told):
        self.told = told
        self.random = random.Random(told["seed"])  # noqa: S311 - how long it waits is no secret
        self.ledger = FileLedger(Path(told["folder"]), told["name"])
        self.budgets = budgets_of(told["url"], told["limit"], self.ledger)
        path = Path(told["folder"]) / f"{told['name']}.history"
        self.history = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def tell(self, *facts):
        os.write(self.history, f"{json.dumps(facts)}\n".encode())

    async def run(self):
        self.live = await LiveRuns(self.ledger.usage, SystemClock()).enter("run", is_direct=True)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        until = monotonic_ns() + int(self.told["seconds"] * 1e9)
        await asyncio.gather(*(self.contend(task, until) for task in range(self.told["tasks"])))
        await self.budgets.counters.close()

    async def contend(self, task, until):
        number = 0
        while monotonic_ns() < until:
            number += 1
            await self.once(f"{self.told['name']}.{task}.{number}")

    async def once(self, call_id):
        spending = spending_of(self.budgets, self.live, call_id)
        asked = monotonic_ns()
        try:
            got = await self.budgets.reserve(spending)
        except CountersError:
            self.tell("down", call_id, asked, monotonic_ns())
            await self.pause(0.1)
            return
        if not isinstance(got, Reservation):
            self.tell("refused", call_id, asked, monotonic_ns())
            await self.pause(0.2)
            return
        self.tell("taken", call_id, asked, monotonic_ns())
        await self.pause(self.told["pause_s"])
        await (
            self.spend(got, spending, call_id) if self.told["spends"] else self.back(got, call_id)
        )

    async def spend(self, reservation, spending, call_id):
        try:
            if reservation.has_lapsed:
                reservation = await self.budgets.reserve(spending)
            if not isinstance(reservation, Reservation):
                self.tell("lapsed", call_id, monotonic_ns(), monotonic_ns())
                return
            self.ledger.intend(call_id)
            reservation.commit()
            await reservation.settle(ONE)
        except CountersError:
            self.tell("down", call_id, monotonic_ns(), monotonic_ns())

    async def back(self, reservation, call_id):
        self.tell("giving", call_id, monotonic_ns(), 0)
        try:
            await reservation.release()
        except CountersError:
            return
        self.tell("given", call_id, 0, monotonic_ns())

    async def pause(self, most_s):
        await asyncio.sleep(self.random.random() * most_s)


if __name__ == "__main__":
    asyncio.run(Contender(json.loads(sys.argv[1])).run())
