"""Holds that nobody renews, and a Redis that forgets: whoever is unsure asks the ledger."""

import pytest

from highroad.adapters.counters.redis.counters import BEAT_S
from highroad.adapters.counters.redis.holdings import LEASE_S, SETTLING_S, Holdings
from highroad.domain.demand import (
    NOTHING,
    UNLIMITED,
    Amount,
    BudgetDemand,
    Lack,
    Settled,
    Shortage,
    SlotDemand,
    Taken,
)

pytestmark = [pytest.mark.promise("P6"), pytest.mark.anyio]
ONE = Amount(calls=1)
PART = BudgetDemand(account="run/r", amount=ONE, most=UNLIMITED._replace(calls=2))
PLACE = SlotDemand(key="dependency/bank", most=1, lease_s=10)
UNUSED = Settled(demand=PART, used=NOTHING)


@pytest.fixture
async def here(open_redis_counters, redis_clock):
    """Counters of this process, in a Redis that opens accounts; one of two calls is used."""
    counters = open_redis_counters()
    await counters.look([])
    redis_clock.advance(SETTLING_S)
    await counters.seed("run/r", ONE)
    yield counters
    await counters.close()


@pytest.fixture
async def there(open_redis_counters):
    """Counters of another process."""
    counters = open_redis_counters()
    yield counters
    await counters.close()


async def lapsed(counters):
    short = await counters.take([PART], holder="call_9")
    assert isinstance(short, Shortage)
    return short.lapsed


async def test_a_reservation_that_nobody_renews_lapses_and_still_counts(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    assert here.is_held("call_1")
    redis_clock.advance(LEASE_S - 0.1)
    assert await lapsed(there) == ()
    redis_clock.advance(0.1)
    assert await lapsed(there) == ("call_1",)
    assert not here.is_held("call_1")
    assert await there.usage("run/r") == Amount(calls=2)


async def test_one_that_is_renewed_does_not(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    for _ in range(4):
        redis_clock.advance(LEASE_S / 2)
        await here.renew(["call_1"])
    assert await lapsed(there) == ()
    assert here.is_held("call_1")


async def test_a_process_renews_of_itself_what_it_has(
    here, there, open_redis_counters, redis_clock
):
    living = open_redis_counters(beat_s=BEAT_S)
    await living.take([PART, PLACE], holder="call_1")
    for _ in range(24):
        redis_clock.advance(BEAT_S)
        for _ in range(10):  # a beat is a round trip, which takes no longer than some of ours
            await there.look([])
    assert living.is_held("call_1")
    assert await lapsed(there) == ()
    assert (await there.look([PLACE])).lack is Lack.FULL
    await living.close()


async def test_what_is_given_back_for_the_dead_is_lost_to_one_that_wakes(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    redis_clock.advance(LEASE_S)
    await there.give([UNUSED], holder="call_1")
    assert isinstance(await there.take([PART], holder="call_2"), Taken)
    await here.renew(["call_1"])
    assert not here.is_held("call_1")
    assert isinstance(await here.take([PART], holder="call_1"), Shortage)


async def test_one_that_wakes_in_time_takes_its_own_again(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    redis_clock.advance(LEASE_S)
    assert isinstance(await here.take([PART], holder="call_1"), Taken)
    assert here.is_held("call_1")
    assert await lapsed(there) == ()
    assert await there.usage("run/r") == Amount(calls=2)


async def test_what_the_ledger_has_an_intent_of_is_not_asked_after_again(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    redis_clock.advance(LEASE_S)
    await there.keep("run/r", ["call_1", "stranger"])
    assert await lapsed(there) == ()
    redis_clock.advance(30)
    assert await lapsed(there) == ()
    redis_clock.advance(60)
    assert await lapsed(there) == ("call_1",)


async def test_work_that_is_over_is_not_renewed_and_counts_in_full(here, there, redis_clock):
    await here.take([PART], holder="call_1")
    await here.give((), holder="call_1")
    assert not here.is_held("call_1")
    redis_clock.advance(LEASE_S)
    await here.renew(["call_1"])
    assert await lapsed(there) == ("call_1",)


async def test_a_redis_that_forgot_everything_opens_no_account_at_once(
    here, there, redis_clock, redis
):
    await here.take([PART], holder="call_1")
    redis.command("DEL", "{highroad}:meta", "{highroad}:account:run/r")
    short = await there.take([PART], holder="call_2")
    assert (short.lack, short.retry_after_s) == (Lack.UNSEEDED, SETTLING_S)
    await there.seed("run/r", ONE)
    assert await there.usage("run/r") is None
    assert here.is_held("call_1")  # it has not heard of it
    redis_clock.advance(LEASE_S)
    assert not here.is_held("call_1")
    redis_clock.advance(SETTLING_S - LEASE_S)
    short = await there.take([PART], holder="call_2")
    assert (short.lack, short.retry_after_s) == (Lack.UNSEEDED, None)
    await there.seed("run/r", ONE)
    assert isinstance(await there.take([PART], holder="call_2"), Taken)
    assert LEASE_S < SETTLING_S


async def test_whoever_hears_of_a_new_life_is_sure_of_nothing(here, redis):
    await here.take([PART], holder="call_1")
    redis.command("DEL", "{highroad}:meta", "{highroad}:account:run/r")
    await here.look([])
    assert not here.is_held("call_1")


async def test_what_was_read_in_another_life_opens_nothing(here, there, redis_clock, redis):
    other = BudgetDemand(account="run/other", amount=ONE, most=UNLIMITED)
    short = await there.take([other], holder="call_1")
    assert (short.lack, short.retry_after_s) == (Lack.UNSEEDED, None)
    redis.command("DEL", "{highroad}:meta")
    await here.look([])
    redis_clock.advance(SETTLING_S)
    await there.seed("run/other", NOTHING)
    assert await there.usage("run/other") is None
    await there.take([other], holder="call_1")
    await there.seed("run/other", NOTHING)
    assert await there.usage("run/other") == NOTHING


async def test_what_a_seed_says_is_held_is_asked_after_too(here, there, redis_clock):
    await here.seed("run/s", NOTHING, held={"call_7": Amount(calls=2)})
    redis_clock.advance(LEASE_S)
    part = BudgetDemand(account="run/s", amount=ONE, most=UNLIMITED._replace(calls=2))
    short = await there.look([part])
    assert short.lapsed == ("call_7",)


async def test_an_answer_that_was_long_on_its_way_tells_of_no_life():
    holdings = Holdings()
    holdings.hear("old", holdings.ask())
    late = holdings.ask()
    holdings.hear("new", holdings.ask())
    holdings.note("call_1", [PART], life="new", asked_s=0.0)
    holdings.hear("old", late)
    assert holdings.is_sure("call_1", LEASE_S / 2)
    holdings.hear("newest", holdings.ask())
    assert not holdings.is_sure("call_1", LEASE_S / 2)
