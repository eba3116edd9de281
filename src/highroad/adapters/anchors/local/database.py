"""An anchor in a second SQLite database, on another disk than the ledger."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import apsw

from highroad.adapters.anchors.local.anchor import LocalAnchor
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


class SQLiteAnchor(LocalAnchor):
    """Keeps lines in a table of their own."""

    scheme = "sqlite:///"

    def _add(self, lines: Sequence[str]) -> None:
        def add(connection: apsw.Connection) -> None:
            """All of them or none."""
            with connection:
                connection.executemany(_ADD, [(line,) for line in lines])

        self._use(add)

    def _read(self) -> list[str]:
        """In the order in which they came."""
        return self._use(lambda connection: [str(line) for (line,) in connection.execute(_LINES)])

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
