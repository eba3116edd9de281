"""The counters of many processes keep the contract, on a real Redis."""

import pytest

from highroad.adapters.counters.redis.holdings import SETTLING_S
from highroad.testing.contracts.counters import CountersContract


@pytest.mark.promise("P6")
class TestRedisCounters(CountersContract):
    @pytest.fixture
    def clock(self, redis_clock):
        return redis_clock

    @pytest.fixture
    def open_counters(self, open_redis_counters):
        return open_redis_counters

    @pytest.fixture
    async def counters(self, open_counters, clock):
        counters = open_counters()
        await counters.look([])
        clock.advance(SETTLING_S)  # a Redis that has just begun opens no account yet
        yield counters
        await counters.close()
