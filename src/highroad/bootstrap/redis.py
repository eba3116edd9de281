"""Clients of Redis by URL, for counters and caches: bounded, and connected again when cut."""

from collections.abc import Awaitable, Callable
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError

from highroad.domain.address import without_secrets
from highroad.domain.error import SettingsError

CONNECT_S: Final = 1.0
"""To be connected."""
ANSWER_S: Final = 1.0
"""For an answer, and for a free connection."""
_CONNECTIONS: Final = 32


def redis_at(
    url: str,
    greet: Callable[[AbstractConnection], Awaitable[None]] | None = None,
    *,
    answer_s: float = ANSWER_S,
) -> Redis:
    """A client of the Redis that `url` means; it connects when it is first asked.

    Args:
        url: With user and password.
        greet: Opens each connection in place of `on_connect`, before anything is asked on it.
        answer_s: For an answer, and for a free connection.

    A connection that was cut since it was last used is made again, once; what takes too long is
    not tried again.

    Raises:
        SettingsError: The URL names none.
    """
    try:
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=answer_s,
            socket_connect_timeout=min(CONNECT_S, answer_s),
            socket_timeout=answer_s,
            redis_connect_func=greet,
            retry=Retry(NoBackoff(), 1, supported_errors=(NoConnectionError,)),
        )
    except (ValueError, TypeError):  # whose words quote the URL
        raise SettingsError(
            f"{without_secrets(url)} is no URL of a Redis: use redis://user:password@host:6379/0, "
            "rediss://…, or unix://user:password@/path/to/redis.sock?db=0"
        ) from None
    return Redis.from_pool(pool)
