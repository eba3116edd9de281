"""Caches by URL: where results are kept that may answer again."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from highroad.adapters.caches.memory import MemoryCache
from highroad.bootstrap.addresses import MEMORY, REDIS_SCHEMES, maker_for
from highroad.bootstrap.extras import REDIS
from highroad.domain.error import SettingsError
from highroad.domain.limits import Limits
from highroad.ports.cache import Cache
from highroad.ports.clock import Clock

ANSWER_S: Final = 0.25
"""A cache that takes longer than this saves nobody any time."""

Make = Callable[[str, Limits, Clock], Cache]


def cache_at(url: str, limits: Limits, clock: Clock) -> Cache:
    """The cache that `url` means; what is kept in this process has its limits.

    Raises:
        SettingsError: There is no such kind, or what it takes is not installed.
    """
    make = maker_for(url, CACHES)
    if make is None:
        raise SettingsError(
            f"cache {url.partition(':')[0]!r} is of no kind that this version has: use memory: or "
            "redis://host"
        )
    return make(url, limits, clock)


def _in_process(url: str, limits: Limits, clock: Clock) -> Cache:
    del url
    return MemoryCache(clock, entries=limits.cache_entries, most_bytes=limits.cache_bytes)


def _in_redis(url: str, limits: Limits, clock: Clock) -> Cache:
    del limits
    with REDIS.needed():
        from highroad.adapters.caches.redis import RedisCache  # noqa: PLC0415 - an extra
        from highroad.bootstrap.redis import redis_at  # noqa: PLC0415 - of the same extra
    return RedisCache(partial(redis_at, url, answer_s=ANSWER_S), clock)


CACHES: Final[Mapping[str, Make]] = {
    MEMORY: _in_process,
    **dict.fromkeys(REDIS_SCHEMES, _in_redis),
}
