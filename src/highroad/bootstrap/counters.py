"""Counters by URL: where budgets, rates, places and breakers are counted."""

from collections.abc import Callable, Mapping
from typing import Final

from highroad.adapters.counters.memory import MemoryCounters
from highroad.bootstrap.addresses import MEMORY, maker_for
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
            f"counters {url.partition(':')[0]!r} are of no kind that this version has: use memory:"
        )
    return maker(url, clock)


def _in_process(url: str, clock: Clock) -> Counters:
    del url
    return MemoryCounters(clock)


COUNTERS: Final[Mapping[str, Callable[[str, Clock], Counters]]] = {MEMORY: _in_process}
