from hypothesis import given
from hypothesis import strategies as st

from highroad.resilience.cache import Cache
from highroad.testing.clock import FakeClock


def test_a_value_is_served_until_its_time_has_run_out():
    clock = FakeClock()
    cache = Cache(10, clock)
    cache.put(b"k", b"v", ttl_s=300)
    clock.advance(299.9)
    assert cache.get(b"k") == b"v"
    clock.advance(0.1)
    assert cache.get(b"k") is None
    assert len(cache) == 0
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_new_value_takes_the_place_and_the_time_of_the_old_one():
    clock = FakeClock()
    cache = Cache(10, clock)
    cache.put(b"k", b"old", ttl_s=10)
    clock.advance(9)
    cache.put(b"k", b"new", ttl_s=10)
    clock.advance(9)
    assert cache.get(b"k") == b"new"


def test_the_least_recently_used_goes_first():
    cache = Cache(2, FakeClock())
    cache.put(b"a", b"1", ttl_s=10)
    cache.put(b"b", b"2", ttl_s=10)
    cache.get(b"a")
    cache.put(b"c", b"3", ttl_s=10)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [b"1", None, b"3"]


def test_what_is_forgotten_is_gone():
    cache = Cache(2, FakeClock())
    cache.put(b"a", b"1", ttl_s=10)
    cache.forget(b"a")
    cache.forget(b"a")
    assert cache.get(b"a") is None


@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.floats(0, 5), st.booleans())),
)
def test_it_serves_only_what_was_put_last_and_in_time(entries, steps):
    clock, put = FakeClock(), {}
    cache = Cache(entries, clock)
    for number, (key, seconds, is_put) in enumerate(steps):
        clock.advance(seconds)
        if is_put:
            put[key] = (clock.monotonic_s() + 6, str(number).encode())
            cache.put(key, put[key][1], ttl_s=6)
        else:
            value = cache.get(key)
            assert value is None or (put[key][1] == value and clock.monotonic_s() < put[key][0])
        assert len(cache) <= entries


def test_a_value_past_its_time_is_held_for_whoever_takes_it_so():
    clock = FakeClock()
    cache = Cache(10, clock)
    cache.put(b"k", b"v", ttl_s=10, stale_s=60)
    clock.advance(30)
    assert cache.get(b"k") is None
    held = cache.last(b"k")
    assert (held.value, held.age_s) == (b"v", 30)
    clock.advance(30)
    assert cache.last(b"k") is None
    assert cache.get(b"k") is None
    assert len(cache) == 0


def test_a_value_that_is_not_held_longer_is_there_while_it_is_served():
    clock = FakeClock()
    cache = Cache(10, clock)
    cache.put(b"k", b"v", ttl_s=10)
    clock.advance(9)
    assert cache.last(b"k").age_s == 9
    clock.advance(1)
    assert cache.last(b"k") is None
