"""A bounded cache of opaque bytes, in this process."""

from collections import OrderedDict
from dataclasses import dataclass

from highroad.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Aged:
    """A value, and how long ago it was put there."""

    value: bytes
    age_s: float


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    put_s: float
    fresh_s: float
    """On the monotonic clock, until when it may be served."""
    held_s: float
    """Until when it may be asked for although it is past its time."""


class Cache:
    """Least recently used goes first; nothing is served past its time unless that is asked for.

    It never awaits, and so needs no lock. Keys carry whatever authorization depends on, and
    values are encrypted, both by the caller (P7).

    Args:
        entries: Kept at most; 0 keeps none.
        clock: For the time that entries have.
    """

    def __init__(self, entries: int, clock: Clock) -> None:
        self._capacity = entries
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self.hits: int = 0
        self.misses: int = 0

    def __len__(self) -> int:
        """Entries in memory, those that have run out included."""
        return len(self._entries)

    def get(self, key: bytes) -> bytes | None:
        """The value while it may be served."""
        entry, now_s = self._entries.get(key), self._clock.monotonic_s()
        if entry is not None and now_s < entry.fresh_s:
            self._entries.move_to_end(key)
            self.hits += 1
            return entry.value
        if entry is not None and now_s >= entry.held_s:
            del self._entries[key]
        self.misses += 1
        return None

    def last(self, key: bytes) -> Aged | None:
        """The value while it is held, served or past its time."""
        entry, now_s = self._entries.get(key), self._clock.monotonic_s()
        if entry is None or now_s >= max(entry.fresh_s, entry.held_s):
            return None
        return Aged(entry.value, now_s - entry.put_s)

    def put(self, key: bytes, value: bytes, *, ttl_s: float, stale_s: float = 0.0) -> None:
        """Serve `value` for `ttl_s` seconds from now, in place of what was there.

        It is held for `stale_s` seconds for whoever takes it past its time.
        """
        now_s = self._clock.monotonic_s()
        self._entries[key] = _Entry(value, now_s, now_s + ttl_s, now_s + stale_s)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget(self, key: bytes) -> None:
        """Serve it no longer."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Serve nothing of it any more."""
        self._entries.clear()
