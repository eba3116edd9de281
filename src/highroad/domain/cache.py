"""What the cache of results has done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatistics:
    """Figures of this process since it began; entries, bytes and evictions of the cache itself."""

    hits: int
    """Calls that a stored result answered within its time."""
    stale_hits: int
    """Calls that one past its time answered, while a fresh one was fetched or instead of it."""
    joined: int
    """Calls that were answered by the result of another one that was under way."""
    misses: int
    """Calls that found nothing and went on."""
    refreshes: int
    """Calls that were made to renew a result past its time."""
    invalidations: int
    """Times that tags, results or everything were let go."""
    errors: int
    """Times that the cache could not be reached; the calls ran without it."""
    entries: int | None
    """Results that are kept; `None` where Redis looks after that, as of the next two."""
    bytes: int | None
    """What they take up, with all that is needed to keep them."""
    evictions: int | None
    """Results that were let go to make room."""
