"""The one place where asyncpg is met: it ships no types, so what is used of it is written here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias, cast

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from highroad.adapters.stores.postgres.address import Address
from highroad.domain.error import SettingsError

Value: TypeAlias = str | int | bytes | Sequence[str | int | float | bytes | None] | None


class Record(Protocol):
    """A row, by position and by name. A wire edge: columns have the types that the schema names."""

    def __getitem__(self, key: int | str) -> Any: ...  # noqa: ANN401 - see above
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A session with the server."""

    async def execute(self, query: str, *values: Value) -> str:
        """Run statements; without values there may be several."""
        ...

    async def fetch(self, query: str, *values: Value) -> list[Record]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *values: Value) -> Record | None:
        """The first row."""
        ...

    async def fetchval(self, query: str, *values: Value) -> Any:  # noqa: ANN401 - as in `Record`
        """The first column of the first row."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Commit at its end, roll back on an error."""
        ...

    def is_closed(self) -> bool:
        """Whether it is of no use any more."""
        ...

    def terminate(self) -> None:
        """Let go of it at once."""
        ...

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's
        """Say goodbye."""
        ...


class Pool(Protocol):
    """Sessions that are used in turn."""

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """One of them, for a while."""
        ...

    def terminate(self) -> None:
        """Let go of all at once."""
        ...

    async def close(self) -> None:
        """Wait until all are back, and let go of them."""
        ...


COMMAND_S: Final = 60.0
"""How long the server may take over one statement before its session is given up."""

_SETTINGS: Final[Mapping[str, str]] = {
    "application_name": "highroad",
    "search_path": "highroad",
    "jit": "off",
    # A server that waits two hours for a peer that is gone would keep its locks as long.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

PostgresError: Final[type[Exception]] = asyncpg.PostgresError
InterfaceError: Final[type[Exception]] = asyncpg.InterfaceError
ClientError: Final[type[Exception]] = asyncpg.exceptions.InternalClientError
NoPrimaryError: Final[type[Exception]] = asyncpg.exceptions.TargetServerAttributeNotMatched


async def connect(address: Address) -> Connection:
    """Open a session.

    Raises:
        SettingsError: The URL cannot be read.
    """
    try:
        opened = await asyncpg.connect(
            address.url, server_settings=dict(_SETTINGS), command_timeout=COMMAND_S, timeout=10
        )
    except (ValueError, asyncpg.exceptions.ClientConfigurationError):
        raise _unreadable(address) from None
    return cast("Connection", opened)


async def pool(address: Address, *, size: int) -> Pool:
    """Open a pool; its sessions are opened when they are needed."""
    try:
        opened = await asyncpg.create_pool(
            address.url,
            min_size=0,
            max_size=size,
            server_settings=dict(_SETTINGS),
            command_timeout=COMMAND_S,
            timeout=10,
        )
    except (ValueError, asyncpg.exceptions.ClientConfigurationError):
        raise _unreadable(address) from None
    return cast("Pool", opened)


def _unreadable(address: Address) -> SettingsError:
    # What asyncpg says of it may quote a part of it, and so the password (P7).
    return SettingsError(
        f"the URL of the ledger {address.name} cannot be read: use "
        "postgresql://user:password@host:port/database, with %40 for an @ in the password"
    )
