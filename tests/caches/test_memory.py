"""The cache of one process keeps the contract, its bounds, and nothing past its time."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.adapters.caches import memory
from highroad.adapters.caches.memory import MemoryCache
from highroad.ports.cache import CacheKey, Lead
from highroad.testing.clock import FakeClock
from highroad.testing.contracts.cache import CacheContract, kept, put

PLENTY = 1_000_000


class TestMemoryCache(CacheContract):
    @pytest.fixture
    def open_cache(self, clock):
        return lambda: MemoryCache(clock, entries=100, most_bytes=PLENTY)


def cache_of(entries=100, most_bytes=PLENTY):
    return MemoryCache(FakeClock(), entries=entries, most_bytes=most_bytes)


def key_of(name, *tags):
    return CacheKey(space=b"s", digest=str(name).encode(), tags=tags)


async def test_the_least_recently_used_goes_first():
    cache = cache_of(entries=2)
    for name in "ab":
        await put(cache, key_of(name))
    await kept(cache, key_of("a"))
    await put(cache, key_of("c"))
    assert [await kept(cache, key_of(name)) is None for name in "abc"] == [False, True, False]
    assert (await cache.size()).evictions == 1


async def test_bytes_are_bounded_whatever_the_number():
    cache = cache_of(most_bytes=100_000)
    for number in range(100):
        await put(cache, key_of(number), b"x" * 9_000)
        size = await cache.size()
        assert size.bytes_ <= 100_000
    assert size.entries == 10
    assert size.evictions == 90


async def test_what_is_larger_than_a_share_is_not_kept_and_drives_nothing_out():
    cache = cache_of(most_bytes=80_000)
    await put(cache, key_of("small"))
    assert await put(cache, key_of("large"), b"x" * 10_001), "nothing of it was voided"
    assert await kept(cache, key_of("large")) is None
    assert await kept(cache, key_of("small")) == b"paid"


async def test_a_large_value_takes_the_small_one_of_before_away():
    cache = cache_of(most_bytes=80_000)
    await put(cache, key_of("it"), b"before")
    await put(cache, key_of("it"), b"x" * 10_001)
    assert await kept(cache, key_of("it")) is None
    assert (await cache.size()).bytes_ == 0


async def test_none_are_kept_where_there_is_room_for_none():
    cache = cache_of(entries=0)
    assert await put(cache)
    assert await kept(cache) is None


@pytest.mark.parametrize("length", [0, 200, 5_000])
async def test_bytes_are_counted_as_python_takes_them(length):
    cache = cache_of(entries=10_000, most_bytes=1 << 30)
    tracemalloc.start()
    try:
        for number in range(2_000):
            tags = (b"tool get_order", bytes(32), b"%064d" % number)
            key = CacheKey(space=bytes(32), digest=b"%064d" % number, tags=tags)
            lead = await cache.lead(key, holder="call", fresh_s=0, lease_s=1)
            await cache.keep(key, bytes(bytearray(length)), lead, holder="call", held_s=9.5)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.85 < (await cache.size()).bytes_ / taken < 1.3


async def test_bytes_of_all_that_goes_are_given_back():
    clock = FakeClock()
    cache = MemoryCache(clock, entries=100, most_bytes=PLENTY)
    await put(cache, key_of("old"), held_s=1)
    await put(cache, key_of("void", b"t"))
    await put(cache, key_of("twice"))
    await put(cache, key_of("twice"), b"again")
    clock.advance(2)
    await cache.void(b"s", [b"t"])
    await kept(cache, key_of("old"))
    await kept(cache, key_of("void"))
    assert (await cache.size()).entries == 1
    await cache.clear(b"s")
    assert (await cache.size()).bytes_ == 0


async def test_the_lead_of_a_holder_that_is_never_heard_of_again_ends():
    clock = FakeClock()
    cache = MemoryCache(clock, entries=1, most_bytes=PLENTY)
    key = key_of("k")
    assert isinstance(await cache.lead(key, holder="dead", fresh_s=0, lease_s=30), Lead)
    clock.advance(29.9)
    assert await cache.lead(key, holder="next", fresh_s=0, lease_s=30) is None
    clock.advance(0.1)
    assert isinstance(await cache.lead(key, holder="next", fresh_s=0, lease_s=30), Lead)


async def test_voidings_take_bounded_memory_and_none_is_lost_by_it(monkeypatch):
    monkeypatch.setattr(memory, "_VOIDS", 3)
    cache = cache_of()
    await put(cache, key_of("before", b"t"))
    lead = await cache.lead(key_of("under way", b"t"), holder="c", fresh_s=0, lease_s=9)
    await cache.void(b"s", [b"t"])
    for number in range(10):
        await cache.void(b"s", [b"%d" % number])
    assert len(cache._voided) == 3  # noqa: SLF001 - the bound itself
    assert await kept(cache, key_of("before", b"t")) is None
    assert not await cache.keep(key_of("under way", b"t"), b"", lead, holder="c", held_s=9)
    assert await put(cache, key_of("after", b"t"))
    assert await kept(cache, key_of("after", b"t")) == b"paid"


@given(
    st.integers(0, 3),
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.floats(0, 5),
            st.sampled_from(["put", "find", "void", "begin", "end"]),
        ),
        max_size=40,
    ),
)
async def test_it_finds_only_what_was_put_last_and_in_time_and_not_voided(entries, steps):
    clock, model, under_way = FakeClock(), {}, {}
    cache = MemoryCache(clock, entries=entries, most_bytes=PLENTY)

    async def begin(name):
        return await cache.lead(key_of(name, name.encode()), holder="h", fresh_s=0, lease_s=1)

    async def keep(name, value, lead):
        key = key_of(name, name.encode())
        return await cache.keep(key, value, lead, holder="h", held_s=6)

    for number, (name, seconds, step) in enumerate(steps):
        clock.advance(seconds)
        value = str(number).encode()
        match step:
            case "put":
                assert await keep(name, value, await begin(name))
                model[name] = (clock.monotonic_s() + 6, value)
            case "begin":
                under_way[name] = (value, await begin(name), True)
            case "end" if name in under_way:
                value, lead, is_current = under_way.pop(name)
                assert await keep(name, value, lead) is is_current
                if is_current:
                    model[name] = (clock.monotonic_s() + 6, value)
            case "void":
                await cache.void(b"s", [name.encode()])
                model.pop(name, None)
                if name in under_way:
                    under_way[name] = (*under_way[name][:2], False)
            case _:
                found = await kept(cache, key_of(name, name.encode()))
                until_s, value = model.get(name, (0, None))
                assert found is None or (found == value and clock.monotonic_s() < until_s)
        assert (await cache.size()).entries <= entries
