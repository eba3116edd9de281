"""The clock and the ids of this machine."""

import os
import time
from threading import Lock
from typing import Final

import anyio

from highroad.domain.ids import ALPHABET

_PAIRS: Final = tuple(high + low for high in ALPHABET for low in ALPHABET)
"""Ten bits at a time: half as many lookups as with single characters."""
_COUNTER_LIMIT: Final = 1 << 12
_SEED_MASK: Final = (1 << 11) - 1
_RANDOM_BYTES: Final = 10
_BATCH: Final = 400


class SystemClock:
    """Time as the operating system tells it."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    monotonic_s: "Final[staticmethod[[], float]]" = staticmethod(time.monotonic)
    """Seconds that never go back. Every call asks a dozen times: each frame would count."""

    async def sleep(self, seconds: float) -> None:
        """Wait without holding up other tasks."""
        await anyio.sleep(seconds)


class TypeIds:
    """TypeIDs over UUIDv7: unique, and in order also within one millisecond.

    Order comes from a counter in `rand_a`, seeded at random each millisecond with its highest bit
    clear (RFC 9562 section 6.2, method 1). The time in an id never goes back: it stands while the
    clock is behind it, and runs a millisecond ahead when the counter is full.

    Safe to share between threads, and over a fork.
    """

    def __init__(self) -> None:
        self._ms = 0
        self._time = ""
        self._counter = 0
        self._lock = Lock()
        self._random = b""
        self._next = 0
        # A child that went on with its parent's bytes would repeat the parent's ids.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._start_anew)

    def new(self, prefix: str) -> str:
        """A fresh id, for example `call_01jd…`."""
        with self._lock:
            if self._next == len(self._random):
                self._random = os.urandom(_RANDOM_BYTES * _BATCH)
                self._next = 0
            at = self._next
            self._next = at + _RANDOM_BYTES
            chance = int.from_bytes(self._random[at : at + _RANDOM_BYTES], "big")
            now = time.time_ns() // 1_000_000
            if now > self._ms:
                self._begin(now, chance >> 64)
            else:
                self._counter += 1
                if self._counter == _COUNTER_LIMIT:
                    self._begin(self._ms + 1, chance >> 64)
            # Of the 80 bits behind the time: version 7, the counter, variant 0b10, 62 of chance.
            low = (0x7000 | self._counter) << 64 | 0x8 << 60 | chance & 0x3FFFFFFFFFFFFFFF
            time_part = self._time
        pairs = _PAIRS
        return (
            f"{prefix}_{time_part}{pairs[low >> 70]}{pairs[low >> 60 & 1023]}"
            f"{pairs[low >> 50 & 1023]}{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}"
            f"{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
        )

    def _begin(self, ms: int, seed: int) -> None:
        """Start a millisecond; its ten characters are written once for all ids in it."""
        self._ms = ms
        self._counter = seed & _SEED_MASK
        pairs = _PAIRS
        self._time = (
            f"{pairs[ms >> 40 & 1023]}{pairs[ms >> 30 & 1023]}{pairs[ms >> 20 & 1023]}"
            f"{pairs[ms >> 10 & 1023]}{pairs[ms & 1023]}"
        )

    def _start_anew(self) -> None:
        """Forget the lock and the random bytes of whoever had them before."""
        self._lock = Lock()
        self._random = b""
        self._next = 0
