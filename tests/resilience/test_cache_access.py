"""A cache that is out of reach is gone without, and nothing is served that it should have lost."""

import pytest

from highroad.adapters.caches.memory import MemoryCache
from highroad.domain.error import CacheError
from highroad.ports.cache import EVERYTHING, Lead
from highroad.resilience import cache_access
from highroad.resilience.cache_access import PAUSE_S, CacheAccess
from highroad.testing.clock import FakeClock
from highroad.testing.contracts.cache import ELSEWHERE, HERE, ORDER, OTHER, kept, leads, put


class Flaky:
    """A cache that can be reached while `is_up`, and counts who asks."""

    def __init__(self, cache):
        self._cache = cache
        self.is_up = True
        self.asked = 0

    def __getattr__(self, name):
        method = getattr(self._cache, name)

        async def ask(*args, **options):
            self.asked += 1
            if not self.is_up:
                raise CacheError("it is away")
            return await method(*args, **options)

        return ask


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def cache(clock):
    return Flaky(MemoryCache(clock, entries=100, most_bytes=1_000_000))


@pytest.fixture
def access(cache, clock):
    return CacheAccess(cache, clock)


async def test_who_cannot_ask_it_goes_without(access, cache):
    lead = await leads(access)
    cache.is_up = False
    assert await access.find(ORDER) is None
    assert not await access.keep(ORDER, b"paid", lead, holder="call_1", held_s=9)
    assert await access.lead(ORDER, holder="h", fresh_s=0, lease_s=1) is None
    assert await access.size() is None
    await access.leave(ORDER, holder="call_1")
    await access.void(HERE, [b"t"])
    assert access.errors == 1


async def test_it_is_left_alone_for_a_while_and_then_asked_again(access, cache, clock):
    await put(access)
    cache.is_up = False
    await access.find(ORDER)
    asked = cache.asked
    for _ in range(100):
        assert await access.find(ORDER) is None
    assert cache.asked == asked
    clock.advance(PAUSE_S)
    assert await access.find(ORDER) is None
    assert (cache.asked, access.errors) == (asked + 1, 2)
    cache.is_up = True
    assert access.is_paused
    clock.advance(PAUSE_S)
    assert await kept(access) == b"paid"
    assert not access.is_paused


@pytest.mark.parametrize("first", ["find", "lead", "keep"])
async def test_what_was_to_be_voided_meanwhile_is_so_before_anything_else(
    access, cache, clock, first
):
    await put(access)
    await put(access, OTHER)
    lead = await leads(access)
    cache.is_up = False
    await access.void(HERE, [b"order:1"])
    await access.void(HERE, [b"order:1", b"nothing"])
    cache.is_up = True
    clock.advance(PAUSE_S)
    match first:
        case "find":
            assert await access.find(ORDER) is None
        case "lead":
            found = await access.lead(ORDER, holder="call_1", fresh_s=99, lease_s=1)
            assert isinstance(found, Lead)
        case _:
            assert not await access.keep(ORDER, b"old", lead, holder="call_1", held_s=9)
    assert await kept(access) is None
    assert await kept(access, OTHER) == b"paid"


async def test_more_tags_than_can_be_remembered_take_the_whole_space(
    access, cache, clock, monkeypatch
):
    monkeypatch.setattr(cache_access, "_OWED", 3)
    await put(access)
    await put(access, ELSEWHERE)
    cache.is_up = False
    for number in range(9):
        await access.void(HERE, [b"other %d" % number])
    cache.is_up = True
    clock.advance(PAUSE_S)
    assert await kept(access) is None
    assert await kept(access, ELSEWHERE) == b"paid"


async def test_clearing_says_where_it_failed_and_is_done_before_anything_is_served(
    access, cache, clock
):
    await put(access)
    cache.is_up = False
    with pytest.raises(CacheError):
        await access.clear(HERE)
    cache.is_up = True
    assert await kept(access) is None
    await put(access)
    await access.void(HERE, [EVERYTHING])
    assert await kept(access) is None
