"""Limits count across restarts, whatever the end of the process (P6)."""

import asyncio

import pytest

from highroad import tool
from highroad.tools.body.cost import Cost

pytestmark = pytest.mark.promise("P6")


@pytest.fixture
def pay(effects):
    @tool(tier="reversible", cost=0.03)
    async def pay(number: int) -> int:
        effects["ran"] += 1
        if number < 0:
            await asyncio.Event().wait()
        return number

    return pay


@pytest.fixture(params=["memory", "sqlite"])
def anywhere(request, world, sqlite):
    return sqlite if request.param == "sqlite" else world


async def use(here, tool, numbers, run="r"):
    return [await here.call(tool, {"number": number}, run=run) for number in numbers]


async def test_counters_are_rebuilt(anywhere, pay, limits, effects):
    here = await anywhere(pay, limits=limits(calls=5, usd=1)).open()
    for number in range(7):
        await here.call(pay, {"number": number}, run="r")
        await here.runtime.close()
        await here.open()
    assert effects["ran"] == 5
    account = await here.account("r")
    assert (account.proposals, account.calls, account.microusd) == (7, 5, 150_000)


async def test_money_is_rebuilt_to_the_millionth(anywhere, pay, limits, effects):
    here = await anywhere(pay, limits=limits(usd=0.10)).open()
    for number in range(5):
        await here.call(pay, {"number": number}, run="r")
        await here.runtime.close()
        await here.open()
    assert effects["ran"] == 3


async def test_what_was_in_flight_counts_in_full(world, pay, limits, turns, effects):
    here = await world(pay, limits=limits(usd=0.10)).open()
    lost = [
        asyncio.ensure_future(here.call(pay, {"number": -number}, run="r")) for number in (1, 2, 3)
    ]
    await turns(40)
    await here.reopen()
    (outcome,) = await use(here, pay, [1])
    assert outcome.error.code == "budget_exceeded"
    for task in lost:
        task.cancel()
    await asyncio.gather(*lost, return_exceptions=True)
    assert effects["ran"] == 3


@pytest.mark.parametrize("tier", ["read", "reversible"])
async def test_calls_a_minute_are_rebuilt(anywhere, effects, limits, tier):
    @tool(tier=tier, per_minute=3)
    async def look(number: int) -> int:
        effects["ran"] += 1
        return number

    here = await anywhere(look).open()
    for number in range(3):
        await here.call(look, {"number": number})
        here.clock.advance(10)
    await here.runtime.close()
    await here.open()
    limited = await here.call(look, {"number": 4})
    assert limited.error.code == "rate_limited"
    assert limited.error.retryable
    assert "3 times" in limited.error.message
    assert "3 are allowed" in limited.error.message
    here.clock.advance(30.001)
    assert (await here.call(look, {"number": 5})).status == "completed"
    assert (await here.call(look, {"number": 6})).status == "refused"
    assert effects["ran"] == 4


async def test_what_is_turned_down_is_not_counted_against_the_rate(world, effects, limits):
    @tool(tier="reversible", per_minute=2)
    async def look(number: int) -> int:
        return number

    here = await world(look, limits=limits(calls=1)).open()
    await here.call(look, {"number": 1}, run="r")
    for number in (2, 3, 4):
        refused = await here.call(look, {"number": number}, run="r")
        assert refused.error.code == "budget_exceeded"
    assert (await here.call(look, {"number": 5}, run="other")).status == "completed"


async def test_who_goes_while_waiting_for_a_slot_is_not_counted_against_the_rate(
    world, limits, turns
):
    @tool(tier="reversible", per_minute=2)
    async def slow(number: int) -> int:
        await gate.wait()
        return number

    gate = asyncio.Event()
    here = await world(slow, limits=limits(parallel=1)).open()
    first = asyncio.ensure_future(here.call(slow, {"number": 1}, run="r"))
    second = asyncio.ensure_future(here.call(slow, {"number": 2}, run="r"))
    await turns()
    limited = await here.call(slow, {"number": 3}, run="s")
    assert limited.error.code == "rate_limited"
    second.cancel()
    await turns()
    gate.set()
    assert (await here.call(slow, {"number": 4}, run="s")).unwrap() == 4
    assert (await first).unwrap() == 1


async def test_money_is_settled_to_what_a_call_did_cost(anywhere, limits):
    @tool(tier="reversible", cost=Cost(0.05, actual=lambda _, result: result / 100))
    async def buy(cents: int) -> int:
        return cents

    here = await anywhere(buy, limits=limits(usd=0.10)).open()
    for cents in (1, 2, 3):
        assert (await here.call(buy, {"cents": cents}, run="r")).unwrap() == cents
    assert (await here.account("r")).microusd == 60_000
    assert (await here.call(buy, {"cents": 4}, run="r")).error.code == "budget_exceeded"
    await here.runtime.close()
    await here.open()
    assert (await here.account("r")).microusd == 60_000


async def test_wall_time_of_a_run_goes_on_over_a_restart(anywhere, pay, limits):
    here = await anywhere(pay, limits=limits(run_s=300, usd=9)).open()
    await use(here, pay, [1])
    here.clock.advance(299)
    await here.runtime.close()
    await here.open()
    assert [outcome.status for outcome in await use(here, pay, [2])] == ["completed"]
    here.clock.advance(1)
    await here.runtime.close()
    await here.open()
    (late,) = await use(here, pay, [3])
    assert late.error.code == "budget_exceeded"


async def test_what_a_repeated_call_costs_is_nothing(world, pay, limits):
    here = await world(pay, limits=limits(usd=0.05)).open()
    await use(here, pay, [1, 1, 1])
    assert (await here.account("r")).microusd == 30_000
    await here.reopen()
    account = await here.account("r")
    assert (account.microusd, account.calls, account.proposals) == (30_000, 1, 3)


async def test_proposals_are_limited_whatever_becomes_of_them(world, pay, limits):
    here = await world(pay, limits=limits(proposals=3)).open()
    for _ in range(3):
        assert (await here.call(pay, {}, run="r")).error.code == "invalid_arguments"
    assert (await here.call(pay, {"number": 1}, run="r")).error.code == "budget_exceeded"
    await here.reopen()
    assert (await here.call(pay, {"number": 1}, run="r")).error.code == "budget_exceeded"
