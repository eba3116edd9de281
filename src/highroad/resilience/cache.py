"""A bounded cache of opaque bytes, in this process."""

from collections import OrderedDict

from highroad.ports.clock import Clock


class Cache:
    """Least recently used goes first; nothing is served past its time.

    It never awaits, and so needs no lock. Keys carry whatever authorization depends on, and
    values are encrypted, both by the caller (P7).

    Args:
        entries: Kept at most; 0 keeps none.
        clock: For the time that entries have.
    """

    def __init__(self, entries: int, clock: Clock) -> None:
        self._capacity = entries
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self.hits: int = 0
        self.misses: int = 0

    def __len__(self) -> int:
        """Entries in memory, those that have run out included."""
        return len(self._entries)

    def get(self, key: bytes) -> bytes | None:
        """The value while it may be served."""
        entry = self._entries.get(key)
        if entry is not None and self._clock.monotonic_s() < entry[0]:
            self._entries.move_to_end(key)
            self.hits += 1
            return entry[1]
        self._entries.pop(key, None)
        self.misses += 1
        return None

    def put(self, key: bytes, value: bytes, *, ttl_s: float) -> None:
        """Serve `value` for `ttl_s` seconds from now, in place of what was there."""
        self._entries[key] = (self._clock.monotonic_s() + ttl_s, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget(self, key: bytes) -> None:
        """Serve it no longer."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Serve nothing of it any more."""
        self._entries.clear()
