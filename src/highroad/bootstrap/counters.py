"""Counters by URL: where budgets, rates, places and breakers are counted."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from highroad.adapters.counters.memory import MemoryCounters
from highroad.bootstrap.addresses import MEMORY, REDIS_SCHEMES, maker_for
from highroad.bootstrap.extras import REDIS
from highroad.domain.address import without_secrets
from highroad.domain.error import SettingsError
from highroad.ports.clock import Clock
from highroad.ports.counters import Counters


def counters_at(url: str, clock: Clock) -> Counters:
    """The counters that `url` means.

    Raises:
        SettingsError: There is no such kind, or what it takes is not installed.
    """
    maker = maker_for(url, COUNTERS)
    if maker is None:
        raise SettingsError(
            f"counters {url.partition(':')[0]!r} are of no kind that this version has: use "
            "memory:, or redis://user:password@host:6379/0"
        )
    return maker(url, clock)


def _in_process(url: str, clock: Clock) -> Counters:
    del url
    return MemoryCounters(clock)


def _shared(url: str, clock: Clock) -> Counters:
    """Counters of all processes that name the same Redis."""
    with REDIS.needed():
        from highroad.adapters.counters.redis import RedisCounters, Server  # noqa: PLC0415 - an extra
        from highroad.bootstrap.redis import redis_at  # noqa: PLC0415 - of the same extra
    return RedisCounters(Server(partial(redis_at, url), name=without_secrets(url)), clock)


COUNTERS: Final[Mapping[str, Callable[[str, Clock], Counters]]] = {
    MEMORY: _in_process,
    **dict.fromkeys(REDIS_SCHEMES, _shared),
}
