"""What is kept of results says nothing to whoever finds it, and is taken from nobody else."""

import pytest

from highroad.adapters.caches.memory import MemoryCache
from highroad.domain.identity import Principal
from highroad.ledger.keyring import Keyring
from highroad.ledger.results import CachedResult, Fetch, Results
from highroad.ports.cache import Found
from highroad.resilience.cache_access import CacheAccess

pytestmark = pytest.mark.promise("P7")

SECRET = b'{"name": "Alice Archer"}'


class Opened(MemoryCache):
    """A cache that shows what was kept there last, and gives out what a test puts there."""

    kept = planted = None

    async def keep(self, key, value, lead, **options):
        self.kept = value
        return await super().keep(key, value, lead, **options)

    async def find(self, key):
        return await super().find(key) if self.planted is None else Found(self.planted, 0.0)


@pytest.fixture
def cache(clock):
    return Opened(clock, entries=10, most_bytes=100_000)


@pytest.fixture
def process(cache, keys, clock):
    """Another process on the same cache, with the same master keys."""
    return lambda number=1: Results(
        CacheAccess(cache, clock), Keyring(keys), clock, number.to_bytes(16)
    )


def order_7():
    """What a result tells of."""
    return ("order:7",)


async def kept_by(results, record, **options):
    key = results.key(record, b'{"order":7}', order_7, is_public=False, **options)
    fetch = Fetch(key=key, call_id=record.call.id, organization=record.call.organization)
    await results.lead(fetch, fresh_s=0, lease_s=9)
    await results.keep(fetch, SECRET, held_s=60)
    return fetch


async def found_by(results, fetch):
    return await results.find(fetch.organization, fetch.key, fresh_s=9, served_s=9)


@pytest.fixture
async def record(books, ledger, tools):
    return await ledger.record(books.call(tools[0]), policy_version="none")


async def test_nothing_that_is_kept_can_be_read(process, record, cache):
    fetch = await kept_by(process(), record)
    told = b"".join([fetch.key.space, fetch.key.digest, *fetch.key.tags, cache.kept])
    for word in (b"Archer", b"order:7", b'"order"', record.call.principal.id.encode()):
        assert word not in told


async def test_another_process_with_the_same_keys_reads_it(process, record):
    first = process(1)
    fetch = await kept_by(first, record)
    assert await found_by(process(2), fetch) == CachedResult(record.call.id, SECRET)


async def test_the_same_is_never_sealed_the_same_way_twice(process, record, cache):
    seals = set()
    for number in (1, 1, 2):
        results = process(number)
        for _ in range(2):
            await kept_by(results, record)
            seals.add(cache.kept[16:])
    assert len(seals) == 4, "what a process starts anew with is another seed"


@pytest.mark.parametrize("at", [0, 20, 40, -1])
async def test_what_was_altered_is_not_there(process, record, cache, at):
    results = process()
    fetch = await kept_by(results, record)
    changed = bytearray(cache.kept)
    changed[at] ^= 1
    cache.planted = bytes(changed)
    assert await found_by(results, fetch) is None
    assert (await results.statistics()).errors == 1
    cache.planted = b"short"
    assert await found_by(results, fetch) is None


async def test_what_was_altered_is_told_of_and_not_quoted(process, record, cache, caplog):
    results = process()
    fetch = await kept_by(results, record)
    cache.planted = cache.kept[:-1] + b"?"
    await found_by(results, fetch)
    assert "altered" in caplog.text
    assert cache.planted[28:36].hex() not in caplog.text


async def test_what_is_put_there_again_is_as_old_as_it_was(process, record, cache, clock):
    results = process()
    fetch = await kept_by(results, record)
    cache.planted = cache.kept  # the cache says that it came just now
    clock.advance(5)
    assert (await found_by(results, fetch)).age_s == 5
    clock.advance(4)
    assert await found_by(results, fetch) is None


async def test_what_was_moved_from_another_key_is_not_there(process, record, cache, books, ledger):
    results = process()
    fetch = await kept_by(results, record)
    bob = Principal("bob", record.call.organization)
    other = await ledger.record(
        books.call(record.call.definition, principal=bob), policy_version="none"
    )
    key = results.key(other, b'{"order":7}', tuple, is_public=False)
    cache.planted = cache.kept
    assert await results.find(fetch.organization, key, fresh_s=9, served_s=9) is None
    assert await found_by(results, fetch) is not None


async def test_who_finds_a_result_in_this_process_asks_nobody_what_it_tells_of(process, record):
    results = process()
    await kept_by(results, record)

    def asked():
        pytest.fail("a result that is there was asked what it tells of")

    key = results.key(record, b'{"order":7}', asked, is_public=False)
    organization = record.call.organization
    assert await results.find(organization, key, fresh_s=9, served_s=9) is not None


async def test_what_a_result_tells_of_is_fixed_before_it_is_fetched(process, record):
    """The body is handed the very arguments that it is told by, and may change them."""
    results, told_of = process(), ["order:7"]
    key = results.key(record, b"{}", lambda: told_of, is_public=False)
    organization = record.call.organization
    fetch = Fetch(key=key, call_id=record.call.id, organization=organization)
    await results.lead(fetch, fresh_s=0, lease_s=9)
    told_of[:] = ["order:8"]
    await results.keep(fetch, SECRET, held_s=60)
    await results.void(organization, ["order:8"])
    assert await found_by(results, fetch) is not None
    await results.void(organization, ["order:7"])
    assert await found_by(results, fetch) is None


async def test_one_organization_has_nothing_in_common_with_another(process, books, ledger, tools):
    results, keys = process(), []
    for organization in ("acme", "other"):
        call = books.call(tools[0], principal=Principal("alice", organization))
        record = await ledger.record(call, policy_version="none")
        keys.append(results.key(record, b"{}", order_7, is_public=True))
    first, second = keys
    assert first.space != second.space
    assert first.digest != second.digest
    assert first.tags[1:] != second.tags[1:]
