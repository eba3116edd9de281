"""The contract kit of `highroad.ports.cache.Cache`.

Derive a test class from `CacheContract` and give it the fixture `open_cache`:

    class TestMyCache(CacheContract):
        @pytest.fixture
        def open_cache(self, clock):
            return lambda: MyCache(clock)
"""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import pytest

from highroad.ports.cache import EVERYTHING, Cache, CacheKey, Lead
from highroad.testing.clock import FakeClock

OpenCache: TypeAlias = Callable[[], Cache]

HERE: Final = b"here"
ORDER: Final = CacheKey(space=HERE, digest=b"order 1", tags=(b"orders", b"order:1"))
OTHER: Final = CacheKey(space=HERE, digest=b"order 2", tags=(b"orders", b"order:2"))
ELSEWHERE: Final = CacheKey(space=b"elsewhere", digest=b"order 1", tags=ORDER.tags)
LONG_S: Final = 1_000.0
LARGE: Final = b"x" * 1_000


async def leads(
    cache: Cache, key: CacheKey = ORDER, holder: str = "call_1", *, lease_s: float = LONG_S
) -> Lead | None:
    """The lead of a holder, if it has it; a value that is there must not be taken for fresh."""
    lead = await cache.lead(key, holder=holder, fresh_s=0.0, lease_s=lease_s)
    assert lead is None or isinstance(lead, Lead)
    return lead


async def put(
    cache: Cache, key: CacheKey = ORDER, value: bytes = b"paid", *, held_s: float = LONG_S
) -> bool:
    """Fetch and keep a value at once."""
    lead = await leads(cache, key)
    assert lead is not None
    return await cache.keep(key, value, lead, holder="call_1", held_s=held_s)


async def kept(cache: Cache, key: CacheKey = ORDER) -> bytes | None:
    """The value that is found there."""
    found = await cache.find(key)
    return None if found is None else found.value


@pytest.mark.anyio
class CacheContract:
    """Every sentence of the port."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Highroad runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def clock(self) -> FakeClock:
        """The time that the cache lives in."""
        return FakeClock()

    @pytest.fixture
    def open_cache(self) -> OpenCache:
        """A function that opens a cache; a shared one the same, empty at first."""
        raise NotImplementedError("give your test class a fixture `open_cache`")

    @pytest.fixture
    async def cache(self, open_cache: OpenCache) -> AsyncIterator[Cache]:
        """A cache with nothing in it."""
        cache = open_cache()
        yield cache
        await cache.close()

    # -- keeping -----------------------------------------------------------------------------

    async def test_what_was_kept_is_found_as_it_was(self, cache: Cache) -> None:
        """Byte for byte."""
        assert await kept(cache) is None
        assert await put(cache, value=bytes(range(256)))
        assert await kept(cache) == bytes(range(256))

    async def test_a_value_is_as_old_as_the_time_since_it_was_kept(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        """To a thousandth."""
        await put(cache)
        clock.advance(12.5)
        found = await cache.find(ORDER)
        assert found is not None
        assert found.age_s == pytest.approx(12.5, abs=0.001)

    async def test_it_is_gone_when_its_time_is_over(self, cache: Cache, clock: FakeClock) -> None:
        """And not before."""
        await put(cache, held_s=10)
        clock.advance(9.99)
        assert await kept(cache) == b"paid"
        clock.advance(0.01)
        assert await kept(cache) is None

    async def test_a_new_value_takes_the_place_and_the_time_of_the_old_one(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        """It begins anew."""
        await put(cache, held_s=10)
        clock.advance(9)
        await put(cache, value=b"sent", held_s=10)
        clock.advance(9)
        assert await kept(cache) == b"sent"

    async def test_spaces_and_keys_share_nothing(self, cache: Cache) -> None:
        """The same key in another space is another key."""
        await put(cache)
        assert await kept(cache, OTHER) is None
        assert await kept(cache, ELSEWHERE) is None

    # -- fetching once -----------------------------------------------------------------------

    async def test_one_holder_leads_and_the_next_one_after_it(self, cache: Cache) -> None:
        """Asked again, the holder has it still."""
        assert await leads(cache)
        assert await leads(cache)
        assert await leads(cache, holder="call_2") is None
        await cache.leave(ORDER, holder="call_2")
        assert await leads(cache, holder="call_2") is None
        await cache.leave(ORDER, holder="call_1")
        assert await leads(cache, holder="call_2")

    async def test_keeping_lets_the_lead_go(self, cache: Cache) -> None:
        """Nobody waits for what is there."""
        await put(cache)
        assert await leads(cache, holder="call_2")

    async def test_a_lead_is_of_its_key(self, cache: Cache) -> None:
        """Other things are fetched meanwhile."""
        assert await leads(cache)
        assert await leads(cache, OTHER, holder="call_2")
        assert await leads(cache, ELSEWHERE, holder="call_3")

    async def test_who_wants_the_lead_is_given_what_is_fresh(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        """It was brought between looking and asking; then nobody leads."""
        await put(cache)
        clock.advance(5)
        found = await cache.lead(ORDER, holder="call_2", fresh_s=5.1, lease_s=LONG_S)
        assert found is not None
        assert not isinstance(found, Lead)
        assert found.value == b"paid"
        assert isinstance(
            await cache.lead(ORDER, holder="call_3", fresh_s=5.0, lease_s=LONG_S), Lead
        )

    # -- letting go --------------------------------------------------------------------------

    @pytest.mark.parametrize("tag", [b"orders", b"order:1", EVERYTHING])
    async def test_what_tells_of_a_tag_is_gone_once_that_is_voided(
        self, cache: Cache, tag: bytes
    ) -> None:
        """Whichever of its tags it is; all of them are in the tag of everything."""
        await put(cache)
        await cache.void(HERE, [b"nothing", tag])
        assert await kept(cache) is None
        assert await put(cache, value=b"sent")
        assert await kept(cache) == b"sent"

    async def test_what_tells_of_other_tags_stays(self, cache: Cache) -> None:
        """As do other spaces."""
        await put(cache, OTHER)
        await put(cache, ELSEWHERE)
        await cache.void(HERE, [b"order:1", b"order"])
        assert await kept(cache, OTHER) == b"paid"
        assert await kept(cache, ELSEWHERE) == b"paid"

    async def test_what_was_being_fetched_is_not_kept(self, cache: Cache) -> None:
        """It was read before the change, and would bring the old state back."""
        lead = await leads(cache)
        assert lead is not None
        await cache.void(HERE, [b"order:1"])
        assert not await cache.keep(ORDER, b"old", lead, holder="call_1", held_s=LONG_S)
        assert await kept(cache) is None
        assert await leads(cache, holder="call_2"), "the lead is free again"

    async def test_fetching_goes_on_beside_other_changes(self, cache: Cache) -> None:
        """Only what it tells of counts."""
        lead = await leads(cache)
        assert lead is not None
        await cache.void(HERE, [b"order:2"])
        await cache.void(b"elsewhere", [b"order:1"])
        assert await cache.keep(ORDER, b"paid", lead, holder="call_1", held_s=LONG_S)
        assert await kept(cache) == b"paid"

    async def test_an_old_value_does_not_come_back(self, cache: Cache, clock: FakeClock) -> None:
        """Whatever happens afterwards."""
        await put(cache)
        await cache.void(HERE, [b"order:1"])
        for number in range(50):
            await cache.void(HERE, [b"other %d" % number])
        clock.advance(1)
        assert await kept(cache) is None

    async def test_clearing_a_space_takes_all_of_it_and_nothing_else(self, cache: Cache) -> None:
        """Also what is being fetched."""
        lead = await leads(cache)
        assert lead is not None
        await put(cache, OTHER)
        await put(cache, ELSEWHERE)
        await cache.clear(HERE)
        assert await kept(cache, OTHER) is None
        assert not await cache.keep(ORDER, b"old", lead, holder="call_1", held_s=LONG_S)
        assert await kept(cache) is None
        assert await kept(cache, ELSEWHERE) == b"paid"

    async def test_its_size_is_told_or_others_look_after_it(self, cache: Cache) -> None:
        """A value takes up at least its own bytes."""
        await put(cache, value=LARGE)
        size = await cache.size()
        assert size is None or (size.entries == 1 and size.bytes_ > len(LARGE))

    async def test_closing_twice_is_safe(self, cache: Cache) -> None:
        """As everywhere."""
        await cache.close()
        await cache.close()


class SharedCacheContract(CacheContract):
    """What holds besides for a cache that several processes look into."""

    @pytest.fixture
    async def elsewhere(self, open_cache: OpenCache) -> AsyncIterator[Cache]:
        """The same cache, as another process has it."""
        cache = open_cache()
        yield cache
        await cache.close()

    async def test_all_processes_see_the_same(self, cache: Cache, elsewhere: Cache) -> None:
        """Values, leads and what was voided."""
        assert cache.is_shared
        assert await leads(cache)
        assert await leads(elsewhere, holder="call_2") is None
        await put(cache)
        assert await kept(elsewhere) == b"paid"
        await elsewhere.void(HERE, [b"order:1"])
        assert await kept(cache) is None

    async def test_a_change_elsewhere_counts_for_what_is_fetched_here(
        self, cache: Cache, elsewhere: Cache
    ) -> None:
        """The write was another process's."""
        lead = await leads(cache)
        assert lead is not None
        await elsewhere.void(HERE, [b"orders"])
        assert not await cache.keep(ORDER, b"old", lead, holder="call_1", held_s=LONG_S)
