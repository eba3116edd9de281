"""A cache that may be out of reach: whoever asks it goes without, and it is left alone a while."""

import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from highroad.domain.error import CacheError
from highroad.ports.cache import Cache, CacheKey, CacheSize, Found, Lead
from highroad.ports.clock import Clock

T = TypeVar("T")

_log: Final = logging.getLogger("highroad.cache")

PAUSE_S: Final = 5.0
"""How long a cache that could not be reached is not asked again."""
_OWED: Final = 10_000
"""Tags that are voided one by one once the cache is back; beyond, their space is cleared."""


class CacheAccess:
    """Asks a cache, and takes its trouble for a miss.

    What was to be voided while it was out of reach is voided before anything else is asked of it.

    Args:
        cache: Asked.
        clock: For the pause.
    """

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._paused_until_s = 0.0
        self._owed: dict[bytes, set[bytes]] = {}
        """Tags to be voided yet, by space."""
        self._owed_spaces: set[bytes] = set()
        """Spaces to be cleared yet."""
        self.errors: int = 0

    @property
    def is_paused(self) -> bool:
        """Whether it is left alone just now."""
        return self._paused_until_s > 0 and self._clock.monotonic_s() < self._paused_until_s

    async def find(self, key: CacheKey) -> Found | None:
        """What is kept there, as far as that is known."""
        if self._paused_until_s or self._owed or self._owed_spaces:
            return await self._asked(self._cache.find(key), None)
        try:
            return await self._cache.find(key)
        except CacheError as error:
            return self._give_up(error, None)

    async def lead(
        self, key: CacheKey, *, holder: str, fresh_s: float, lease_s: float
    ) -> Found | Lead | None:
        """The lead, if the cache can give it."""
        leading = self._cache.lead(key, holder=holder, fresh_s=fresh_s, lease_s=lease_s)
        return await self._asked(leading, None)

    async def keep(
        self, key: CacheKey, value: bytes, lead: Lead, *, holder: str, held_s: float
    ) -> bool:
        """Whether it is known that nothing of it was voided meanwhile."""
        keeping = self._cache.keep(key, value, lead, holder=holder, held_s=held_s)
        return await self._asked(keeping, otherwise=False)

    async def leave(self, key: CacheKey, *, holder: str) -> None:
        """Let the lead go; where that fails its lease ends by itself."""
        await self._asked(self._cache.leave(key, holder=holder), None)

    async def void(self, space: bytes, tags: Sequence[bytes]) -> None:
        """Void tags, now or before the cache is next asked for anything."""
        owed = self._owed.setdefault(space, set())
        owed.update(tags)
        if len(owed) > _OWED:
            del self._owed[space]
            self._owed_spaces.add(space)
        if self.is_paused:
            return
        try:
            await self._pay()
        except CacheError as error:
            self._give_up(error, None)

    async def clear(self, space: bytes) -> None:
        """Destroy everything in a space.

        Raises:
            CacheError: It cannot be reached, so what is there is there still.
        """
        self._owed_spaces.add(space)
        await self._pay()

    async def size(self) -> CacheSize | None:
        """How full it is, as far as that is known."""
        return await self._asked(self._cache.size(), None)

    async def close(self) -> None:
        """Give up connections."""
        await self._cache.close()

    async def _asked(self, asking: Coroutine[Any, Any, T], otherwise: T) -> T:
        """What the cache says, unless it is left alone or cannot be reached."""
        if self.is_paused:
            asking.close()
            return otherwise
        try:
            await self._pay()
            answer = await asking
        except CacheError as error:
            asking.close()
            return self._give_up(error, otherwise)
        self._paused_until_s = 0.0
        return answer

    async def _pay(self) -> None:
        """Void and clear what is owed; what fails is owed on."""
        for space in tuple(self._owed_spaces):
            await self._cache.clear(space)
            self._owed_spaces.discard(space)
        for space, tags in tuple(self._owed.items()):
            paid = tuple(tags)
            await self._cache.void(space, paid)
            tags.difference_update(paid)
            if not tags and self._owed.get(space) is tags:
                del self._owed[space]

    def _give_up(self, error: CacheError, otherwise: T) -> T:
        self.errors += 1
        if not self.is_paused:
            _log.warning("%s; calls run without it", error)
        self._paused_until_s = self._clock.monotonic_s() + PAUSE_S
        return otherwise
