"""Where results are kept that may answer again: in this process, or for all of them."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from highroad.domain.value import value

EVERYTHING: Final = b""
"""The tag that everything in a space has."""


class CacheKey:
    """Under what a value is kept.

    Args:
        space: What is emptied at once; nothing crosses from one to another.
        digest: Of whatever the value depends on, made with a secret.
        tags: What the value tells of, likewise, or what makes them when they are first asked for:
            whoever finds a value in this process asks for none. Under one space and digest they
            are the same.
    """

    __slots__ = ("_tags", "digest", "space")

    def __init__(
        self,
        *,
        space: bytes,
        digest: bytes,
        tags: tuple[bytes, ...] | Callable[[], tuple[bytes, ...]] = (),
    ) -> None:
        self.space: bytes = space
        self.digest: bytes = digest
        self._tags = tags

    @property
    def tags(self) -> tuple[bytes, ...]:
        """What the value tells of."""
        if not isinstance(self._tags, tuple):
            self._tags = self._tags()
        return self._tags


@value(kw_only=False)
class Found:
    """A value, and how long ago it was put there."""

    value: bytes
    age_s: float


@value(kw_only=False)
class Lead:
    """One holder fetches what is to be kept; the others wait for it.

    `stamp` is the cache's own: how its tags stood when the fetching began.
    """

    stamp: bytes


@value(kw_only=False)
class CacheSize:
    """How full a cache is, and what it let go to make room."""

    entries: int
    bytes_: int
    evictions: int


class Cache(Protocol):
    """Keeps opaque bytes for a while. Contract kit: `highroad.testing.contracts.cache`.

    It may lose anything at any time, but never brings back what was voided. Every method raises
    `CacheError` when the cache cannot be reached.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes look here too."""
        ...

    async def find(self, key: CacheKey) -> Found | None:
        """What is kept there and neither voided nor past the time that it is held."""
        ...

    async def lead(
        self, key: CacheKey, *, holder: str, fresh_s: float, lease_s: float
    ) -> Found | Lead | None:
        """Fetch the value of a key, unless that is done or under way.

        Args:
            key: What is wanted.
            holder: Who would fetch it.
            fresh_s: A value that is no older need not be fetched, and is found.
            lease_s: How long the others wait for a holder that is never heard of again.

        Returns:
            The lead, or `None` while another holder has it.
        """
        ...

    async def keep(
        self, key: CacheKey, value: bytes, lead: Lead, *, holder: str, held_s: float
    ) -> bool:
        """Keep what a holder fetched, for `held_s` seconds, and let the lead go.

        Returns:
            Whether its tags stand as they did when the fetching began; otherwise it is kept not.
        """
        ...

    async def leave(self, key: CacheKey, *, holder: str) -> None:
        """Let the lead go without a value. Safe to repeat, and for a holder that has it not."""
        ...

    async def void(self, space: bytes, tags: Sequence[bytes]) -> None:
        """Let go of all that tells of one of these tags, and of what is being fetched meanwhile."""
        ...

    async def clear(self, space: bytes) -> None:
        """Destroy everything in a space, and let go of what is being fetched meanwhile."""
        ...

    async def size(self) -> CacheSize | None:
        """How full it is; `None` where others look after that."""
        ...

    async def close(self) -> None:
        """Give up connections. Safe to call twice."""
        ...
