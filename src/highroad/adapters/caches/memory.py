"""A cache in this process, bounded by number and bytes; least recently used goes first."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from highroad.ports.cache import EVERYTHING, CacheKey, CacheSize, Found, Lead
from highroad.ports.clock import Clock

_SHARE: Final = 8
"""One value may take up an eighth of the bytes; a larger one would drive out too many."""
_OVERHEAD: Final = 300
"""Bytes of an entry besides its value and tags: objects, and its place in the table."""
_TAG_OVERHEAD: Final = 42
"""Bytes of a tag besides its own, as an object and in its tuple."""
_VOIDS: Final = 10_000
"""Tags of which it is remembered by themselves when they were voided."""
_STAMP_BYTES: Final = 8


@dataclass(slots=True, kw_only=True, eq=False)
class _Entry:
    value: bytes
    space: bytes
    tags: tuple[bytes, ...]
    put_s: float
    until_s: float
    stamp: int
    """None of its tags was voided up to here."""
    size: int


class MemoryCache:
    """Keeps values as long as there is room for them.

    Time is the number of voidings so far: what was begun at one is void if one of its tags was
    voided at a later one. The oldest voidings are not remembered one by one: whatever was begun
    before them is taken for void.

    Args:
        clock: For the time that values have.
        entries: Kept at most; 0 keeps none.
        most_bytes: Taken up by them at most, what Python needs for them included.
    """

    is_shared: Final = False

    def __init__(self, clock: Clock, *, entries: int, most_bytes: int) -> None:
        self._clock = clock
        self._capacity = entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._bytes = 0
        self._evictions = 0
        self._leads: dict[bytes, tuple[str, float]] = {}
        """Holder, and until when the others wait for it."""
        self._voidings = 0
        self._voided: OrderedDict[bytes, int] = OrderedDict()
        self._floor = 0

    async def find(self, key: CacheKey) -> Found | None:
        """What is kept and still holds."""
        place = key.space + key.digest
        entry = self._entries.get(place)
        if entry is None:
            return None
        now_s = self._clock.monotonic_s()
        if now_s >= entry.until_s or self._is_void(entry):
            self._drop(place)
            return None
        self._entries.move_to_end(place)
        return Found(entry.value, now_s - entry.put_s)

    async def lead(
        self, key: CacheKey, *, holder: str, fresh_s: float, lease_s: float
    ) -> Found | Lead | None:
        """Let one holder fetch."""
        found = await self.find(key)
        if found is not None and found.age_s < fresh_s:
            return found
        place, now_s = key.space + key.digest, self._clock.monotonic_s()
        leads, until_s = self._leads.get(place, (holder, 0.0))
        if leads != holder and now_s < until_s:
            return None
        self._leads[place] = holder, now_s + lease_s
        return Lead(self._voidings.to_bytes(_STAMP_BYTES))

    async def keep(
        self, key: CacheKey, value: bytes, lead: Lead, *, holder: str, held_s: float
    ) -> bool:
        """Keep it, unless it was voided meanwhile."""
        await self.leave(key, holder=holder)
        place, now_s = key.space + key.digest, self._clock.monotonic_s()
        entry = _Entry(
            value=value,
            space=key.space,
            tags=key.tags,
            put_s=now_s,
            until_s=now_s + held_s,
            stamp=int.from_bytes(lead.stamp),
            size=_OVERHEAD
            + len(place)
            + len(value)
            + sum(len(tag) + _TAG_OVERHEAD for tag in key.tags),
        )
        if self._is_void(entry):
            return False
        self._drop(place)
        if entry.size * _SHARE <= self._most_bytes:
            self._entries[place] = entry
            self._bytes += entry.size
        while len(self._entries) > self._capacity or self._bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))
            self._evictions += 1
        return True

    async def leave(self, key: CacheKey, *, holder: str) -> None:
        """Let the next one fetch."""
        place = key.space + key.digest
        if self._leads.get(place, ("",))[0] == holder:
            del self._leads[place]

    async def void(self, space: bytes, tags: Sequence[bytes]) -> None:
        """Note when; what it concerns is dropped when it is looked for, or makes room."""
        self._voidings += 1
        for tag in tags:
            self._voided[space + tag] = self._voidings
            self._voided.move_to_end(space + tag)
        while len(self._voided) > _VOIDS:
            self._floor = self._voided.popitem(last=False)[1]

    async def clear(self, space: bytes) -> None:
        """Drop what is there, and void what is on its way."""
        await self.void(space, (EVERYTHING,))
        for place in [place for place, entry in self._entries.items() if entry.space == space]:
            self._drop(place)

    async def size(self) -> CacheSize:
        """Entries that are void or past their time count until they are let go."""
        return CacheSize(len(self._entries), self._bytes, self._evictions)

    async def close(self) -> None:
        """Forget all of it."""
        self._entries.clear()
        self._bytes = 0

    def _is_void(self, entry: _Entry) -> bool:
        if entry.stamp == self._voidings:
            return False
        if entry.stamp < self._floor:
            return True
        voided, space = self._voided, entry.space
        if any(voided.get(space + tag, 0) > entry.stamp for tag in (EVERYTHING, *entry.tags)):
            return True
        entry.stamp = self._voidings
        return False

    def _drop(self, place: bytes) -> None:
        entry = self._entries.pop(place, None)
        if entry is not None:
            self._bytes -= entry.size
