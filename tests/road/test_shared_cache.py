"""Processes that share a cache in Redis fetch once, let go together, and do without it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from highroad import tool
from highroad.adapters.system import SystemClock
from highroad.bootstrap import caches
from highroad.resilience.cache_access import PAUSE_S
from highroad.settings import load


@pytest.fixture
async def process(world, redis_url, monkeypatch):
    """Start a process that shares its cache with others, in Redis."""
    worlds = []
    monkeypatch.setattr(caches, "ANSWER_S", 20.0)  # the machine that tests run on may be busy

    async def start(*tools, url=redis_url, clock=None):
        settings = replace(load(Path.cwd(), {}), cache=url)
        made = await world(*tools, settings=settings, clock=clock).open()
        for _ in range(1_000 * len(worlds)):  # no two processes give the same id
            made.ids.new("call")
        worlds.append(made)
        return made

    yield start
    for each in worlds:
        await each.services.results.access.close()


def configure(text):
    Path("highroad.toml").write_text(text)


def priced(effects, **options):
    @tool(**{"tier": "read", "cache_s": 60, "cache_tags": {"price:{article}"}, **options})
    async def price(article: str) -> int:
        effects["read"] += 1
        return effects["cents"]

    return price


async def until(holds, rounds=10_000):
    """Redis has no fake clock: look until it holds."""
    for _ in range(rounds):
        if holds():
            return
        await asyncio.sleep(0.001)
    pytest.fail("it never came true")


async def test_a_result_is_of_the_policy_that_allowed_it(process, effects):
    """Also where the rules that allowed it read the same in both."""
    read = priced(effects, name="read")
    configure('[policy]\nowner = "principal"\n')
    first = await process(read)
    await first.call(read, {"article": "a"})
    configure('[policy]\nowner = "organization"\n')
    second = await process(read)
    assert not (await second.call(read, {"article": "a"})).is_cached
    assert (await first.call(read, {"article": "a"})).is_cached


async def test_what_one_process_fetched_answers_calls_of_another(process, effects):
    price = priced(effects)
    one, other = await process(price), await process(price)
    first = await one.call(price, {"article": "a"})
    second = await other.call(price, {"article": "a"})
    assert second.is_cached
    assert (await other.end_of(second))["source"] == first.call_id
    assert effects["read"] == 1


async def test_many_processes_that_want_the_same_at_once_fetch_it_once(process, effects):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        await gate.wait()
        return number

    # A clock that runs: what one process waits for, another fetches in real time.
    processes = [await process(slow, clock=SystemClock()) for _ in range(3)]
    calls = [
        asyncio.create_task(each.call(slow, {"number": 5})) for each in processes for _ in range(5)
    ]
    await until(lambda: effects["ran"])
    for _ in range(200):
        await asyncio.sleep(0)
    gate.set()
    assert {outcome.value for outcome in await asyncio.gather(*calls)} == {5}
    assert effects["ran"] == 1


async def test_a_holder_that_died_holds_nobody_up_for_longer_than_an_attempt(process, effects):
    price = priced(effects, timeout_s=3)
    dead, alive = await process(price), await process(price)
    gate = asyncio.Event()

    async def hang(article):
        effects["hung"] += 1
        await gate.wait()

    dead.runtime.replace(price, hang)
    lost = asyncio.create_task(dead.call(price, {"article": "a"}))
    await until(lambda: effects["hung"])
    call = asyncio.create_task(alive.call(price, {"article": "a"}))
    began_s = alive.clock.monotonic_s()
    while not call.done():
        alive.clock.advance(0.05)
        await asyncio.sleep(0.005)  # Redis answers in real time, of which an attempt needs some
    assert not call.result().is_cached
    assert effects["read"] == 1
    assert alive.clock.monotonic_s() - began_s > 2
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)


async def test_a_write_lets_go_in_every_process(process, effects):
    price = priced(effects)

    @tool(tier="reversible", invalidates={"price:{article}"})
    async def set_price(article: str, cents: int) -> None:
        effects["cents"] = cents

    reader, writer = await process(price), await process(price, set_price)
    await reader.call(price, {"article": "a"})
    await writer.call(set_price, {"article": "a", "cents": 9})
    outcome = await reader.call(price, {"article": "a"})
    assert (outcome.value, outcome.is_cached) == (9, False)


async def test_a_write_that_was_lost_with_its_process_lets_go_once_it_is_settled(process, effects):
    """Its end is written by recovery, in another process than that which has cached the read."""
    price = priced(effects)
    gate = asyncio.Event()

    @tool(tier="reversible", invalidates={"price:{article}"})
    async def change(article: str) -> None:
        effects["changing"] += 1
        await gate.wait()

    reader, writer = await process(price), await process(change)
    await reader.call(price, {"article": "a"})
    dying = asyncio.create_task(writer.call(change, {"article": "a"}))
    await until(lambda: effects["changing"])
    gone = writer.services.results.access
    await writer.reopen()
    assert [outcome.status for outcome in writer.settled] == ["unknown"]
    assert not (await reader.call(price, {"article": "a"})).is_cached
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await gone.close()


@pytest.mark.promise("P7")
async def test_redis_holds_nothing_that_can_be_read(process, effects, request):
    @tool(tier="read", cache_s=60, cache_tags={"customer:{name}"})
    async def look_up(name: str) -> str:
        return f"the secret of {name}"

    here = await process(look_up)
    await here.call(look_up, {"name": "Archer"})
    assert (await here.call(look_up, {"name": "Archer"})).is_cached
    server = request.getfixturevalue("redis")
    names = server.command("KEYS", "*").split()
    assert any(":e:" in name for name in names)
    for name in names:
        assert "Archer" not in name
        if ":e:" in name:
            assert b"Archer" not in bytes.fromhex(name.rpartition(":")[2])
        assert "Archer" not in server.command("--no-raw", "GET", name)


async def test_without_redis_calls_run_and_what_was_written_meanwhile_is_let_go(
    process, effects, redis_programs
):
    """The server comes back with all it had: what a write voided while it was away included."""
    server = redis_programs.Server()
    server.start()
    try:
        price = priced(effects)

        @tool(tier="reversible", invalidates={"price:{article}"})
        async def set_price(article: str, cents: int) -> None:
            effects["cents"] = cents

        here = await process(price, set_price, url=server.url())
        await here.call(price, {"article": "a"})
        await here.call(price, {"article": "b"})
        server.freeze()
        for _ in range(20):
            assert not (await here.call(price, {"article": "a"})).is_cached
        await here.call(set_price, {"article": "a", "cents": 9})
        figures = await here.runtime.cache.statistics()
        assert (figures.errors, figures.misses) == (1, 22)
        server.thaw()
        here.clock.advance(PAUSE_S)
        outcome = await here.call(price, {"article": "a"})
        assert (outcome.value, outcome.is_cached) == (9, False)
        assert (await here.call(price, {"article": "a"})).is_cached
        assert (await here.call(price, {"article": "b"})).is_cached
    finally:
        server.remove()


async def test_many_reads_at_once_do_not_wait_for_each_other_without_redis(
    process, effects, redis_programs
):
    server = redis_programs.Server()
    server.start()
    here = await process(priced(effects), url=server.url())
    server.remove()
    outcomes = await asyncio.gather(*[here.call("price", {"article": "a"}) for _ in range(10)])
    assert all(outcome.status == "completed" for outcome in outcomes)
    assert (await here.runtime.cache.statistics()).errors <= 10
