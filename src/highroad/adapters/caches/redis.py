"""A cache in Redis, which all processes look into.

Every tag has a generation there: random bytes, which voiding replaces. A value is stored with the
generations that its tags had when its fetching began, and holds as long as they are the same. A
generation that is lost, evicted or restarted away is replaced by another one, so that whatever
was kept under it is void: what Redis forgets is never taken for what nobody voided. The run of the
server is a generation of everything: a Redis that was restarted may know what was voided since as
it was before.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, cast

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from highroad.domain.error import CacheError
from highroad.domain.value import value
from highroad.ports.cache import EVERYTHING, CacheKey, Found, Lead
from highroad.ports.clock import Clock

_GENERATION_BYTES: Final = 16
_MOMENT_BYTES: Final = 8
_GENERATION_MS: Final = 30 * 86_400_000
"""A generation that nobody looked for so long is dropped, and what was kept under it with it."""
_PAGE: Final = 1_000
_RUN: Final = b"highroad:cache:run"

_Greet: TypeAlias = Callable[[AbstractConnection], Awaitable[None]]

_GREETING: Final = """
-- KEYS: the generation of everything. ARGV: its bytes, and ms that it is held.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local generation = string.sub(run, 1, tonumber(ARGV[1]))
if redis.call('GET', KEYS[1]) ~= generation then
  redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
end
"""
_KEEP: Final = """
-- KEYS: the entry, its lead, generations. ARGV: holder, stamp, entry, ms that it and they are held.
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
local generations = redis.call('MGET', unpack(KEYS, 3))
for at, generation in ipairs(generations) do
  if not generation then return 0 end
end
if table.concat(generations) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
for at = 3, #KEYS do redis.call('PEXPIRE', KEYS[at], ARGV[5]) end
return 1
"""
_LEAVE: Final = """
-- KEYS: the lead. ARGV: holder.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


@value(kw_only=False)
class _Names:
    """Names in Redis."""

    entry: bytes
    lead: bytes
    generations: tuple[bytes, ...]
    """Of everything, of the space, then of each tag."""


class RedisCache:
    """Keeps values until Redis lets them go; how many there is room for, Redis is told itself.

    Args:
        connect: Makes a client, each of whose connections begins with what it is given.
        clock: For the age of values; those of all processes should agree.
    """

    is_shared: Final = True

    def __init__(self, connect: Callable[[_Greet], Redis], clock: Clock) -> None:
        self._clock = clock
        self._redis = connect(_greet)
        self._keep = self._redis.register_script(_KEEP)
        self._leave = self._redis.register_script(_LEAVE)

    async def find(self, key: CacheKey) -> Found | None:
        """One round trip."""
        names = _names(key)
        with _reaching():
            entry, *generations = cast(
                "list[bytes | None]", await self._redis.mget(names.entry, *names.generations)
            )
        return self._found(entry, generations)

    async def lead(
        self, key: CacheKey, *, holder: str, fresh_s: float, lease_s: float
    ) -> Found | Lead | None:
        """One round trip; another to let the lead of what is there go."""
        names = _names(key)
        asking: Any = self._redis.pipeline(transaction=True)
        asking.set(names.lead, holder, nx=True, px=max(1, int(lease_s * 1_000)))
        for name in names.generations:
            asking.set(name, _generation(), nx=True, px=_GENERATION_MS)
        asking.get(names.lead)
        asking.mget(names.entry, *names.generations)
        with _reaching():
            *_, leads, (entry, *generations) = await asking.execute()
        found = self._found(entry, generations)
        is_ours = leads == holder.encode()
        if found is not None and found.age_s < fresh_s:
            if is_ours:
                await self.leave(key, holder=holder)
            return found
        return Lead(b"".join(generations)) if is_ours else None

    async def keep(
        self, key: CacheKey, value: bytes, lead: Lead, *, holder: str, held_s: float
    ) -> bool:
        """One round trip."""
        names, now_ms, held_ms = _names(key), self._clock.now_ms(), int(held_s * 1_000)
        moments = (now_ms, now_ms + held_ms)
        entry = lead.stamp + b"".join(each.to_bytes(_MOMENT_BYTES) for each in moments) + value
        with _reaching():
            kept = await cast(
                "Awaitable[int]",
                self._keep(
                    keys=[names.entry, names.lead, *names.generations],
                    args=[holder, lead.stamp, entry, max(1, held_ms), _GENERATION_MS],
                ),
            )
        return kept == 1

    async def leave(self, key: CacheKey, *, holder: str) -> None:
        """Let the next one fetch."""
        with _reaching():
            await cast("Awaitable[Any]", self._leave(keys=[_names(key).lead], args=[holder]))

    async def void(self, space: bytes, tags: Sequence[bytes]) -> None:
        """Give each tag another generation."""
        renewing: Any = self._redis.pipeline(transaction=True)
        for tag in tags:
            renewing.set(_generation_name(space, tag), _generation(), px=_GENERATION_MS)
        with _reaching():
            await renewing.execute()

    async def clear(self, space: bytes) -> None:
        """Void the space, then destroy what is stored there, page by page."""
        await self.void(space, (EVERYTHING,))
        with _reaching():
            cursor = -1
            while cursor != 0:
                cursor, names = await self._redis.scan(
                    max(cursor, 0), match=_prefix(space) + b"e:*", count=_PAGE
                )
                if names:
                    await self._redis.unlink(*names)

    async def size(self) -> None:
        """Redis counts for itself: `INFO memory`, `INFO stats`."""

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    def _found(self, entry: bytes | None, generations: Sequence[bytes | None]) -> Found | None:
        """What an entry holds, if each generation is that under which it was fetched."""
        if entry is None or None in generations:
            return None
        stamp = b"".join(cast("Sequence[bytes]", generations))
        if not entry.startswith(stamp):
            return None
        at, now_ms = len(stamp), self._clock.now_ms()
        put_ms = int.from_bytes(entry[at : at + _MOMENT_BYTES])
        until_ms = int.from_bytes(entry[at + _MOMENT_BYTES : at + 2 * _MOMENT_BYTES])
        if now_ms >= until_ms:
            return None
        return Found(entry[at + 2 * _MOMENT_BYTES :], max(0, now_ms - put_ms) / 1_000)


async def _greet(connection: AbstractConnection) -> None:
    """Void, before anything is asked, what an earlier run of the server has left."""
    await connection.on_connect()
    told = (_GREETING, 1, _RUN, _GENERATION_BYTES, _GENERATION_MS)
    await connection.send_command("EVAL", *told)
    await connection.read_response()


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn what goes wrong into `CacheError`, and say no more of it than its kind (P7)."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise CacheError(f"the cache cannot be reached: {type(error).__name__}") from None


def _generation() -> bytes:
    return os.urandom(_GENERATION_BYTES)


def _prefix(space: bytes) -> bytes:
    return b"highroad:cache:{" + space.hex().encode() + b"}:"


def _generation_name(space: bytes, tag: bytes) -> bytes:
    return _prefix(space) + b"g:" + tag.hex().encode()


def _names(key: CacheKey) -> _Names:
    prefix, digest = _prefix(key.space), key.digest.hex().encode()
    return _Names(
        prefix + b"e:" + digest,
        prefix + b"l:" + digest,
        (_RUN, *[_generation_name(key.space, tag) for tag in (EVERYTHING, *key.tags)]),
    )
