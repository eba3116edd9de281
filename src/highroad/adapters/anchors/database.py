"""An anchor in a second SQLite database, on another disk than the ledger."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import anyio.to_thread
import apsw

from highroad.domain.error import AnchorError

T = TypeVar("T")

_PATIENCE_MS: Final = 5_000
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS anchored_head (
        id INTEGER PRIMARY KEY,
        line TEXT NOT NULL UNIQUE
    ) STRICT
"""
_ADD: Final = "INSERT OR IGNORE INTO anchored_head (line) VALUES (?)"
_LINES: Final = "SELECT line FROM anchored_head ORDER BY id"


class SQLiteAnchor:
    """Keeps lines in a table of their own (`highroad.ports.anchor.Anchor`).

    Args:
        path: The database; it and its folder are made where there are none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    @property
    def name(self) -> str:
        """Its address."""
        return f"sqlite:///{self._path.as_posix()}"

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines behind those that are there.

        Raises:
            AnchorError: The database cannot be written.
        """

        def add(connection: apsw.Connection) -> None:
            """All of them or none."""
            with connection:
                connection.executemany(_ADD, [(line,) for line in lines])

        await anyio.to_thread.run_sync(self._use, add)

    async def lines(self) -> Sequence[str]:
        """All lines, in order.

        Raises:
            AnchorError: The database cannot be read.
        """

        def read(connection: apsw.Connection) -> list[str]:
            """In the order in which they came."""
            return [str(line) for (line,) in connection.execute(_LINES)]

        return await anyio.to_thread.run_sync(self._use, read)

    async def close(self) -> None:
        """Nothing is held open."""

    def _use(self, work: Callable[[apsw.Connection], T]) -> T:
        """Open the database for one piece of work: heads are rare, and files move."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = apsw.Connection(str(self._path))
            try:
                connection.set_busy_timeout(_PATIENCE_MS)
                # EXTRA: also the end of the rollback journal is on the disk before it is said.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute(_TABLE)
                return work(connection)
            finally:
                connection.close()
        except (OSError, apsw.Error) as error:
            raise AnchorError(
                f"the anchor {self.name} cannot be used ({type(error).__name__}: {error}); make "
                "the file and its folder writable for this user"
            ) from error
