"""Breakers, bulkheads and rates of dependencies, on the road."""

import asyncio
from dataclasses import replace

import pytest

from highroad import Completed, Failed, Refused, Unknown, tool
from highroad.domain.dependency import BreakerRule, BreakerState, Dependency
from highroad.domain.error import CountersError
from highroad.resilience.passage import Ways
from highroad.settings import load
from highroad.testing import FakeClock

pytestmark = pytest.mark.anyio


async def is_down():
    raise ConnectionRefusedError


async def is_slow():
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.promise("P3")
async def test_a_dependency_that_fails_is_left_alone_by_all_tools_that_need_it(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    refused = await runtime.call("pay", {"cents": 99})
    assert isinstance(refused, Refused)
    assert refused.error.code == "dependency_unavailable"
    kept_away = await runtime.call("balance", {"account": "a"})
    assert isinstance(kept_away, Failed)
    assert kept_away.error.code == "dependency_unavailable"
    assert kept_away.error.retryable
    assert bank.asked == 5
    assert isinstance(await runtime.call("weather", {"town": "Rome"}), Completed)


async def test_it_is_tried_again_after_the_recovery_time_and_comes_back(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    runtime.clock.advance(60)
    bank.does = None
    for cents in range(100, 103):
        assert isinstance(await runtime.call("pay", {"cents": cents}), Completed)
    (reading,) = await runtime.services.ways.readings(["bank"])
    assert reading.state is BreakerState.CLOSED


async def test_one_failed_trial_keeps_it_open(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    bank.does = is_down
    runtime.clock.advance(60)
    assert isinstance(await runtime.call("pay", {"cents": 200}), Failed)
    assert isinstance(await runtime.call("pay", {"cents": 201}), Refused)


async def test_a_breaker_that_opens_between_two_attempts_ends_the_retrying(world, bank):
    @tool(tier="read", dependency="bank", attempts=10)
    async def balance(account: str) -> int:
        """Read a balance."""
        await bank.answer()
        return 7

    bank.does = is_down
    runtime = await world(balance, clock=FakeClock(autojump=True)).open()
    outcome = await runtime.call("balance", {"account": "a"})
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "dependency_unavailable"
    assert bank.asked == 5


async def test_what_the_dependency_answers_is_no_word_against_it(world, bank):
    """Wrong arguments and bugs open no breaker."""

    @tool(tier="read", dependency="bank", attempts=1)
    async def balance(account: str) -> int:
        """Read a balance."""
        await bank.answer()
        raise KeyError(account)

    runtime = await world(balance).open()
    for number in range(20):
        outcome = await runtime.call("balance", {"account": str(number)})
        assert outcome.error.code == "execution_error"
    assert bank.asked == 20


@pytest.mark.promise("P3")
async def test_what_an_earlier_attempt_left_in_doubt_stays_so_when_no_other_may_come(world, bank):
    """Nothing was proved by the attempt that was not made."""

    async def is_lost():
        raise ConnectionResetError

    @tool(tier="reversible", effect="idempotent", dependency="bank", attempts=10)
    async def pay(cents: int) -> int:
        """Pay somebody."""
        await bank.answer()
        return cents

    bank.does = is_lost
    runtime = await world(pay, clock=FakeClock(autojump=True)).open()
    outcome = await runtime.call("pay", {"cents": 1})
    assert isinstance(outcome, Unknown)
    assert bank.asked == 5


async def test_no_more_attempts_at_once_than_the_bulkhead_has_places(banking, bank):
    runtime = await banking(parallel=2)
    bank.does = is_slow
    outcomes = await asyncio.gather(
        *(runtime.call("balance", {"account": str(number)}) for number in range(9))
    )
    assert all(isinstance(each, Completed) for each in outcomes)
    assert bank.most_inside == 2


async def test_a_call_that_waits_to_try_again_holds_no_place(world, bank, tmp_path, turns):
    @tool(tier="read", dependency="bank", attempts=2)
    async def balance(account: str) -> int:
        """Read a balance."""
        await bank.answer()
        return 7

    clock, spared = FakeClock(), {"bank": Dependency(name="bank", parallel=1, wait_s=0.0)}
    settings = replace(load(tmp_path, {}), dependencies=spared)
    runtime = await world(balance, clock=clock, settings=settings).open()
    bank.does = is_down
    backing_off = asyncio.create_task(runtime.call("balance", {"account": "a"}))
    await turns(60)
    assert bank.asked == 1
    bank.does = None
    assert isinstance(await runtime.call("balance", {"account": "b"}), Completed)
    clock.advance(10)
    assert isinstance(await backing_off, Completed)


async def test_a_slow_dependency_opens_its_breaker(banking, bank):
    runtime = await banking(breaker=BreakerRule(slow_s=1.0, slow_attempts=2))

    async def takes_long():
        runtime.clock.advance(2.0)

    bank.does = takes_long
    for number in range(2):
        assert isinstance(await runtime.call("balance", {"account": str(number)}), Completed)
    assert (await runtime.call("balance", {"account": "c"})).error.code == "dependency_unavailable"


@pytest.mark.promise("P5")
async def test_a_cancelled_call_gives_its_place_back_and_says_nothing(banking, bank, turns):
    runtime = await banking(parallel=1)
    hanging = asyncio.Event()
    bank.does = hanging.wait
    call = asyncio.create_task(runtime.call("balance", {"account": "a"}))
    await turns()
    call.cancel()
    await turns()
    bank.does = None
    assert isinstance(await runtime.call("balance", {"account": "b"}), Completed)
    (reading,) = await runtime.services.ways.readings(["bank"])
    assert (reading.attempts, reading.failures) == (1, 0)


async def test_retries_and_the_end_of_them_stand_in_the_record(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    outcome = await runtime.call("balance", {"account": "a"})
    lines = [line for body in await runtime.bodies(outcome.call_id) for line in body["stages"]]
    assert ["attempt", "end", "transient"] in [line[:3] for line in lines]
    assert "not made: dependency_unavailable; retry.kept_away" in [line[3] for line in lines]


class Unreachable:
    """Counters whose server is gone, for attempts alone."""

    is_shared = False

    def own_breaker(self, dependency, rule):
        return None

    async def take(self, demands, *, holder):
        raise CountersError("the server is gone")

    async def look(self, demands):
        return None


@pytest.mark.promise("P6")
async def test_without_counters_nobody_uses_a_dependency(banking, bank):
    runtime = await banking()
    runtime.services.ways = Ways({}, Unreachable(), runtime.clock)
    for name, arguments in (("pay", {"cents": 1}), ("balance", {"account": "a"})):
        outcome = await runtime.call(name, arguments)
        assert isinstance(outcome, Failed)
        assert outcome.error.code == "limits_unavailable"
    assert bank.asked == 0
