"""An anchor in a second PostgreSQL database, on another server than the ledger."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from highroad.domain.address import without_secrets
from highroad.domain.error import AnchorError

_TIMEOUT_S: Final = 10.0
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS anchored_head (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        digest bytea NOT NULL UNIQUE,
        line text NOT NULL
    )
"""
# A head of many logs is longer than what an index takes.
_ADD: Final = "INSERT INTO anchored_head (digest, line) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_LINES: Final = "SELECT line FROM anchored_head ORDER BY id"
_FAILURES: Final = (
    OSError,
    TimeoutError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.ClientConfigurationError,
    asyncpg.exceptions.InternalClientError,
)


class PostgresAnchor:
    """Keeps lines in a table of their own (`highroad.ports.anchor.Anchor`).

    Its user needs to insert and to read, and no more, once the table is there: so whoever writes
    the ledger cannot take back what was anchored.

    Args:
        url: `postgresql://user:password@host/database`.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """Its address without user, password and parameters."""
        return without_secrets(self._url)

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines behind those that are there.

        Raises:
            AnchorError: The database cannot be reached or written.
        """
        await self._use(_ADD, [(sha256(line.encode()).digest(), line) for line in lines])

    async def lines(self) -> Sequence[str]:
        """All lines, in order.

        Raises:
            AnchorError: The database cannot be reached or read.
        """
        return [str(row[0]) for row in await self._use(_LINES, None)]

    async def close(self) -> None:
        """Nothing is held open."""

    async def _use(self, statement: str, rows: list[tuple[bytes, str]] | None) -> list[Any]:
        """Connect for one piece of work: heads are rare, and servers come and go."""
        try:
            connection = await asyncpg.connect(
                self._url, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S
            )
            try:
                if await connection.fetchval("SELECT to_regclass('anchored_head')") is None:
                    await connection.execute(_TABLE)
                # Whatever the user's own default is: a line that is confirmed is on the disk.
                await connection.execute("SET synchronous_commit = on")
                if rows is None:
                    return list(await connection.fetch(statement))
                await connection.executemany(statement, rows)
                return []
            finally:
                await connection.close(timeout=_TIMEOUT_S)
        except _FAILURES as error:
            # Its own words are left out: they may quote what stands in the URL (P7).
            raise AnchorError(
                f"the anchor {self.name} cannot be used ({type(error).__name__}); look after its "
                "server, user and password"
            ) from None
