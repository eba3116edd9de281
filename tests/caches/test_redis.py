"""The cache in Redis keeps the contract, and forgets rather than remember wrongly."""

from functools import partial

import pytest

from highroad.adapters.caches.redis import RedisCache
from highroad.bootstrap.redis import redis_at
from highroad.domain.error import CacheError
from highroad.testing.clock import FakeClock
from highroad.testing.contracts.cache import HERE, ORDER, SharedCacheContract, kept, leads, put


class TestRedisCache(SharedCacheContract):
    @pytest.fixture
    def open_cache(self, clock, redis_url):
        return lambda: RedisCache(partial(redis_at, redis_url), clock)


@pytest.fixture
async def cache(redis_url):
    cache = RedisCache(partial(redis_at, redis_url), FakeClock())
    yield cache
    await cache.close()


async def test_a_generation_that_is_evicted_takes_its_values_along(cache, redis):
    await put(cache)
    for name in redis.command("KEYS", "*:g:*").split():
        redis.command("DEL", name)
        assert await kept(cache) is None
        await leads(cache, holder="who asks anew")
        await cache.leave(ORDER, holder="who asks anew")
        assert await kept(cache) is None, "another generation is another one"
        await put(cache)


async def test_what_was_fetched_under_an_evicted_generation_is_not_kept(cache, redis):
    lead = await leads(cache)
    redis.command("DEL", *redis.command("KEYS", "*:g:*").split())
    assert not await cache.keep(ORDER, b"old", lead, holder="call_1", held_s=9)


async def test_nothing_stays_in_redis_for_ever(cache, redis):
    await put(cache, held_s=7)
    await leads(cache, holder="call_2")
    await cache.void(HERE, [b"order:3"])
    names = redis.command("KEYS", "*").split()
    assert len(names) == 7
    assert all(int(redis.command("PTTL", name)) > 0 for name in names)
    (entry,) = redis.command("KEYS", "*:e:*").split()
    assert int(redis.command("PTTL", entry)) <= 7_000


async def test_clearing_destroys_what_is_stored(cache, redis):
    for number in range(2_500):
        key = type(ORDER)(space=HERE, digest=b"%d" % number, tags=())
        await put(cache, key)
    await cache.clear(HERE)
    assert redis.command("KEYS", "*:e:*") == ""


async def test_it_says_that_it_cannot_be_reached_and_where_it_is_it_does_not_say(redis_programs):
    server = redis_programs.Server()
    server.start()
    cache = RedisCache(partial(redis_at, server.url()), FakeClock())
    try:
        await put(cache)
        server.kill()
        for ask in (
            lambda: cache.find(ORDER),
            lambda: cache.lead(ORDER, holder="h", fresh_s=0, lease_s=1),
            lambda: cache.leave(ORDER, holder="h"),
            lambda: cache.void(HERE, [b"t"]),
            lambda: cache.clear(HERE),
        ):
            with pytest.raises(CacheError) as told:
                await ask()
            assert str(server.folder) not in str(told.value)
            assert redis_programs.SECRET not in str(told.value)
        server.start()
        assert await kept(cache) is None
        assert await put(cache)
        assert await kept(cache) == b"paid"
    finally:
        await cache.close()
        server.remove()


async def test_a_redis_that_comes_back_with_an_older_state_brings_nothing_back(redis_programs):
    server = redis_programs.Server(dbfilename="dump.rdb")
    server.start()
    cache = RedisCache(partial(redis_at, server.url()), FakeClock())
    try:
        await put(cache)
        server.command("SAVE")
        await cache.void(HERE, ORDER.tags)
        assert await kept(cache) is None
        server.restart()
        assert server.command("KEYS", "*:e:*"), "what was kept before is there"
        assert await kept(cache) is None
        assert await put(cache)
        server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await kept(cache) == b"paid", "a cut connection voids nothing"
    finally:
        await cache.close()
        server.remove()
