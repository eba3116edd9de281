"""Several runtimes on one PostgreSQL ledger and one Redis: limits and breakers are everybody's."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from highroad import Completed, Failed, Limits, Refused, Runtime
from highroad.domain.error import CountersError
from highroad.domain.identity import Principal
from highroad.domain.limits import WithoutCounters
from highroad.settings import load

pytestmark = [pytest.mark.promise("P6"), pytest.mark.anyio]
BOB = Principal("bob")
SHOP = '''
import os, time
from pathlib import Path
from highroad import tool, ToolError

BANK = {"is_up": True}

@tool(tier="read", dependency="bank")
async def balance(account: str) -> int:
    """Read a balance."""
    if not BANK["is_up"]:
        raise ToolError("the bank is away", retryable=True)
    return 7

@tool(tier="reversible", dependency="bank")
def pay(cents: int) -> int:
    """Pay a bill."""
    return cents

@tool(tier="reversible")
def brood(minutes: int) -> int:
    """Think about it."""
    Path("begun").touch()
    time.sleep(60 * minutes)
    return minutes
'''
BROOD = """
import asyncio, shop
from highroad import Runtime
async def brood():
    async with Runtime.open() as runtime:
        await runtime.call(shop.brood, {"minutes": 1}, run="r")
asyncio.run(brood())
"""


@pytest.fixture
def servers(redis_programs):
    """A Redis of the test's own, which forgets everything when it is killed."""
    server = redis_programs.Server()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def begun_long_ago(redis, redis_url):
    """A shared Redis that opens accounts at once."""
    redis.seem_old()
    return redis_url


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Tools that other processes can import too."""
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    sys.modules.pop("shop", None)
    yield __import__("shop")
    sys.modules.pop("shop", None)


@pytest.fixture
def opened(tmp_path, postgres_url, shop):
    """Opens as many runtimes as wanted on one ledger and one Redis."""

    def opened(counters, more="", **options):
        (tmp_path / "highroad.toml").write_text(
            f'ledger = "{postgres_url}"\ncounters = "{counters}"\ntools = ["shop"]\n{more}'
        )
        return Runtime.open(settings=load(tmp_path, {}), principal=BOB, **options)

    return opened


async def state_of(runtime):
    found = {each.dependency: each for each in await runtime.dependencies.health()}
    return found["bank"].state, found["bank"].is_forced


async def is_forced(runtime, wanted):
    """Wait until an order is done: whoever records for all takes it out of the inbox."""
    for _ in range(1_000):
        if (await state_of(runtime))[1] is wanted:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"nobody took the order: is_forced is not {wanted}")


async def test_a_breaker_that_opened_here_keeps_others_away(opened, begun_long_ago, shop):
    async with opened(begun_long_ago) as here, opened(begun_long_ago) as there:
        assert isinstance(await there.call(shop.balance, {"account": "a"}), Completed)
        shop.BANK["is_up"] = False
        for number in range(5):
            assert isinstance(await here.call(shop.balance, {"account": str(number)}), Failed)
        shop.BANK["is_up"] = True
        outcome = await there.call(shop.pay, {"cents": 1})
        assert outcome.error.code == "dependency_unavailable"
        assert await state_of(there) == await state_of(here) == ("open", False)


async def test_a_person_at_another_door_opens_and_releases_it(opened, begun_long_ago, shop):
    def highroad(*words):
        command = [sys.executable, "-m", "highroad", "tools", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)

    async with opened(begun_long_ago) as runtime:
        done = await asyncio.to_thread(highroad, "open", "bank")
        assert done.returncode == 0, done.stderr
        outcome = await runtime.call(shop.pay, {"cents": 1})
        assert isinstance(outcome, Refused)
        assert await state_of(runtime) == ("open", True)
        done = await asyncio.to_thread(highroad, "release", "bank")
        assert done.returncode == 0, done.stderr
        assert isinstance(await runtime.call(shop.pay, {"cents": 2}), Completed)


async def test_what_a_person_holds_is_held_again_once_redis_has_forgotten_it(opened, servers):
    async with opened(servers.url()) as here, opened(servers.url()) as there:
        await here.dependencies.open("bank", by=BOB)
        await asyncio.sleep(2)  # the table that it follows is written behind the entries
        servers.restart()
        for _ in range(400):
            await there.dependencies.follow()
            if await state_of(here) == ("open", True):
                break
            await asyncio.sleep(0.02)
        assert await state_of(here) == ("open", True)


async def test_a_breaker_that_was_released_then_moves_by_its_rule_alone(
    opened, begun_long_ago, shop
):
    async with opened(begun_long_ago) as here, opened(begun_long_ago) as there:
        await here.dependencies.open("bank", by=BOB)
        await is_forced(here, True)
        await there.dependencies.follow()
        await here.dependencies.release("bank", by=BOB)
        await is_forced(here, False)
        shop.BANK["is_up"] = False
        for number in range(5):
            await here.call(shop.balance, {"account": str(number)})
        shop.BANK["is_up"] = True
        for runtime in (there, here):
            await runtime.dependencies.follow()
            assert await state_of(runtime) == ("open", False)


@pytest.mark.parametrize("limit", [10])
async def test_calls_of_all_processes_draw_on_one_budget(opened, begun_long_ago, shop, limit):
    async with AsyncExitStack() as runtimes:
        limits = Limits(calls=limit)
        there = [
            await runtimes.enter_async_context(opened(begun_long_ago, limits=limits))
            for _ in range(3)
        ]
        outcomes = await asyncio.gather(
            *(there[n % 3].call(shop.balance, {"account": str(n)}, run="r") for n in range(20))
        )
    assert Counter(type(each) for each in outcomes) == {Completed: limit, Refused: 20 - limit}


async def test_a_redis_that_is_gone_refuses_what_has_effects_and_comes_back(opened, servers, shop):
    few = Limits(calls=4)
    allow = replace(few, reads_without_counters=WithoutCounters.ALLOW)
    async with (
        opened(servers.url(), limits=few) as strict,
        opened(servers.url(), limits=allow) as lenient,
    ):
        assert isinstance(await strict.call(shop.pay, {"cents": 1}, run="r"), Completed)
        servers.kill()
        for runtime in (strict, lenient):
            outcome = await runtime.call(shop.pay, {"cents": 2}, run="r")
            assert outcome.error.code == "limits_unavailable"
        outcome = await strict.call(shop.balance, {"account": "a"}, run="r")
        assert outcome.error.code == "limits_unavailable"
        assert isinstance(await lenient.call(shop.balance, {"account": "b"}, run="r"), Completed)
        servers.start()
        for cents, runtime in ((3, strict), (4, lenient)):
            outcome = await runtime.call(shop.pay, {"cents": cents}, run="r")
            assert isinstance(outcome, Completed), outcome
        # Three that were paid, one read while nobody counted: the ledger remembers them all.
        for runtime in (strict, lenient):
            assert isinstance(await runtime.call(shop.pay, {"cents": 5}, run="r"), Refused)


async def test_what_a_killed_process_had_in_flight_counts_in_full(
    opened, begun_long_ago, shop, tmp_path
):
    more = '[[budgets]]\nscope = "organization"\nwindow = "month"\ncalls = 1\n'
    async with opened(begun_long_ago, more) as runtime:
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", BROOD)
        for _ in range(1_000):
            if (tmp_path / "begun").exists():
                break
            await asyncio.sleep(0.02)
        other.kill()
        await other.wait()
        await asyncio.sleep(2.2)  # its lease lapses
        outcome = await runtime.call(shop.pay, {"cents": 1})
        assert isinstance(outcome, Refused)
        assert outcome.error.code == "budget_exceeded"


async def test_one_that_would_forget_is_refused_when_a_runtime_opens(opened, redis_programs):
    server = redis_programs.Server(maxmemory_policy="allkeys-lru")
    try:
        server.start()
        with pytest.raises(CountersError, match="maxmemory-policy allkeys-lru"):
            await opened(server.url())
    finally:
        server.remove()


async def test_round_trips_of_a_call(opened, begun_long_ago, shop, redis):
    """What docs/redis.md tells of."""
    more = "[dependencies.bank]\nparallel = 5\nper_minute = 6000\n"

    def trips():
        lines = redis.command("INFO", "commandstats").splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        return sum(
            int(found[name].split(",")[0].removeprefix("calls="))
            for name in ("cmdstat_evalsha", "cmdstat_eval")
            if name in found
        )

    async with opened(begun_long_ago, more) as runtime:
        runs = {"alone": {}, "of a run": {"run": "r"}}
        counted = {}
        for circumstances in runs.values():  # accounts are opened, words of people are followed
            await runtime.call(shop.balance, {"account": "first"}, **circumstances)
        await asyncio.sleep(0.3)  # the last one is settled behind its answer
        for name, circumstances in runs.items():
            before = trips()
            await runtime.call(shop.balance, {"account": name}, **circumstances)
            await asyncio.sleep(0.3)
            counted[name] = trips() - before
    assert counted == {"alone": 2, "of a run": 6}
