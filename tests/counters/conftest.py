"""Counters in a real Redis, whose time a test holds in its hand."""

from functools import partial

import pytest
from redis import Redis

from highroad.adapters.counters.redis import RedisCounters, Server
from highroad.adapters.counters.redis.script import SCRIPT
from highroad.bootstrap.redis import redis_at
from highroad.testing.clock import FakeClock

_TIME = "redis.call('TIME')"
_HELD_TIME = "redis.call('HMGET', 'clock', 's', 'us')"
HELD_SCRIPT = SCRIPT.replace(_TIME, _HELD_TIME)
assert SCRIPT.count(_TIME) == 1
NEVER_S = 1e9


class RedisClock(FakeClock):
    """Moves the time of a Redis along with its own."""

    def __init__(self, connection):
        super().__init__()
        self._connection = connection
        self._tell()

    def advance(self, seconds):
        super().advance(seconds)
        self._tell()

    def set_back(self, seconds):
        super().set_back(seconds)
        self._tell()

    def _tell(self):
        # To the microsecond: milliseconds would round what a test moves.
        us = round((self._start_ms + self._shift_ms) * 1_000 + self._elapsed_s * 1_000_000)
        self._connection.hset("clock", mapping={"s": us // 1_000_000, "us": us % 1_000_000})


@pytest.fixture
def redis_clock(redis_url):
    connection = Redis.from_url(redis_url)
    yield RedisClock(connection)
    connection.close()


@pytest.fixture
def open_redis_counters(redis_url, redis_clock):
    """Counters of another process, each time; one that renews nothing unless it is told to."""

    def open_redis_counters(beat_s=NEVER_S):
        server = Server(partial(redis_at, redis_url), name="redis", script=HELD_SCRIPT)
        return RedisCounters(server, redis_clock, beat_s=beat_s)

    return open_redis_counters
