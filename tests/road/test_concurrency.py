"""Many calls at once: one effect per key, and not one more than a limit permits."""

import asyncio

import pytest

from highroad import Limits, ToolContext, tool


@pytest.fixture(params=["memory", "sqlite"])
def anywhere(request, world, sqlite):
    return sqlite if request.param == "sqlite" else world


@pytest.mark.promise("P11")
@pytest.mark.parametrize("scope", ["key", "run"])
async def test_of_a_thousand_calls_each_key_has_one_effect(anywhere, limits, effects, turns, scope):
    @tool(tier="reversible")
    async def pay(to: str) -> int:
        await turns(1)
        effects[to] += 1
        return effects[to]

    here = await anywhere(pay, limits=limits()).open()

    def call(number):
        name = "shared" if number % 10 == 0 else f"own {number}"
        scoped = {"key": name} if scope == "key" else {"run": "r"}
        return here.call(pay, {"to": name}, **scoped)

    outcomes = await asyncio.gather(*map(call, range(1_000)))
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert len(effects) == 901
    assert set(effects.values()) == {1}
    assert sum(outcome.is_repeated for outcome in outcomes) == 99
    if scope == "run":
        account = await here.account("r")
        assert (account.proposals, account.calls) == (1_000, 901)
    assert len(here.services.runs) == (scope == "run")
    assert not await here.check()


@pytest.mark.promise("P6")
@pytest.mark.parametrize("limit", ["calls", "calls_per_tool", "usd"])
async def test_twenty_at_once_against_a_limit_of_ten_run_exactly_ten(
    anywhere, limits, effects, turns, limit
):
    @tool(tier="reversible", cost=0.01)
    async def pay(number: int) -> int:
        await turns(3)
        effects["ran"] += 1
        return number

    allowed = {"usd": 0.10} if limit == "usd" else {limit: 10, "usd": 1}
    here = await anywhere(pay, limits=limits(**allowed)).open()
    calls = (here.call(pay, {"number": number}, run="r") for number in range(20))
    outcomes = await asyncio.gather(*calls)
    assert effects["ran"] == 10
    refused = [outcome for outcome in outcomes if outcome.status == "refused"]
    assert {outcome.error.code for outcome in refused} == {"budget_exceeded"}
    assert len(refused) == 10
    account = await here.account("r")
    assert (account.proposals, account.calls, account.microusd) == (20, 10, 100_000)
    assert not await here.check()


@pytest.mark.promise("P6")
async def test_calls_from_inside_bodies_share_the_limits_of_the_run(world, limits, effects):
    @tool(tier="reversible")
    async def pay(number: int) -> int:
        effects["ran"] += 1
        return number

    @tool(tier="read")
    async def agent(first: int, context: ToolContext[None]) -> int:
        calls = (context.call(pay, {"number": first + more}) for more in range(10))
        return sum(outcome.status == "completed" for outcome in await asyncio.gather(*calls))

    here = await world(pay, agent, limits=limits(calls_per_tool=10, parallel=2)).open()
    agents = (here.call(agent, {"first": first}, run="r") for first in (0, 100))
    outcomes = await asyncio.gather(*agents)
    assert sum(outcome.unwrap() for outcome in outcomes) == effects["ran"] == 10
    assert (await here.account("r")).calls == 12
    assert not await here.check()


async def test_no_more_of_a_run_execute_at_once_than_there_are_slots(world, effects, turns):
    @tool(tier="read")
    async def look(number: int) -> int:
        effects["now"] += 1
        effects["most"] = max(effects["most"], effects["now"])
        await turns(3)
        effects["now"] -= 1
        return number

    here = await world(look, limits=Limits(parallel=3)).open()
    calls = (here.call(look, {"number": number}, run="r") for number in range(20))
    assert all(outcome.unwrap() is not None for outcome in await asyncio.gather(*calls))
    assert effects["most"] == 3
    assert not await here.check()


async def test_a_thousand_reads_leave_nothing_behind_in_memory(world, limits):
    @tool(tier="read")
    async def look(number: int) -> int:
        return number

    here = await world(look, limits=limits()).open()
    await asyncio.gather(*(here.call(look, {"number": number}) for number in range(1_000)))
    assert len(here.services.runs) == 0
    assert not await here.check()
    assert len(await here.bodies()) == 1_000
