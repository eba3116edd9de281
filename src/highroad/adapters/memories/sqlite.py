"""Memories in a SQLite file of their own, searched by sqlite-vec.

Vectors stand in an ordinary table, and distances are taken over one space alone: a space is small,
no index holds copies of what is destroyed, and no search can return another's.
"""

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

import anyio.to_thread
import apsw

from highroad.domain.memory import MemoriesError, Near, SealedMemory

T = TypeVar("T")

_PATIENCE_MS: Final = 5_000
_SCHEMA: Final = 1
_APPLICATION_ID: Final = 0x48524D45
"""`HRME`: a file of another program is left alone."""

_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS memory (
        number INTEGER PRIMARY KEY,
        space TEXT NOT NULL,
        id TEXT NOT NULL,
        sealed BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        embedder TEXT NOT NULL,
        vector BLOB NOT NULL,
        UNIQUE (space, id)
    ) STRICT
"""
_PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA trusted_schema = OFF",
    # What is forgotten is overwritten (P7).
    "PRAGMA secure_delete = ON",
)
_PUT: Final = """
    INSERT OR REPLACE INTO memory (id, space, sealed, created_ms, embedder, vector)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_GET: Final = """
    SELECT id, space, sealed, created_ms, embedder, vector FROM memory WHERE space = ? AND id = ?
"""
_PAGE: Final = """
    SELECT id, space, sealed, created_ms, embedder, vector FROM memory
    WHERE space = ? AND id > ? ORDER BY id LIMIT ?
"""
_NEAREST: Final = """
    SELECT id, vec_distance_L2(vector, ?1) AS distance FROM memory
    WHERE space = ?2 AND embedder = ?3 AND length(vector) = length(?1)
    ORDER BY distance, id LIMIT ?4
"""
_COUNT: Final = "SELECT count(*) FROM memory WHERE space = ?"
_FORGET: Final = "DELETE FROM memory WHERE space = ? AND id = ?"
_CLEAR: Final = "DELETE FROM memory WHERE space = ?"
# The write-ahead log has what was destroyed until it is emptied.
_SHED: Final = "PRAGMA wal_checkpoint(TRUNCATE)"


class SQLiteMemories:
    """Keeps memories in a file (`highroad.ports.memory.Memories`).

    Args:
        path: It and its folder are made where there are none.
    """

    def __init__(self, path: Path) -> None:
        self._path: Path = path.absolute()
        self._lock = Lock()
        self._connection: apsw.Connection | None = None
        self._has_vectors = False

    async def put(self, memory: SealedMemory) -> None:
        """Keep a memory, durably."""
        row = (
            memory.id,
            memory.space,
            memory.sealed,
            memory.created_ms,
            memory.embedder,
            _bytes_of(memory.vector),
        )
        await self._change(_PUT, row)

    async def get(self, space: str, memory_id: str) -> SealedMemory | None:
        """A memory by its id."""
        rows = await self._use(lambda found: found.execute(_GET, (space, memory_id)).fetchall())
        return _memory_of(*rows[0]) if rows else None

    async def page(
        self, space: str, *, after: str = "", limit: int = 1_000
    ) -> Sequence[SealedMemory]:
        """A page of memories in order of id."""
        given = (space, after, limit)
        rows = await self._use(lambda connection: connection.execute(_PAGE, given).fetchall())
        return [_memory_of(*row) for row in rows]

    async def nearest(
        self, space: str, vector: Sequence[float], *, embedder: str, most: int
    ) -> Sequence[Near]:
        """The memories whose vectors are nearest."""
        given = (_bytes_of(vector), space, embedder, most)

        def search(connection: apsw.Connection) -> list[tuple[str, float]]:
            """Measure every vector of the space."""
            self._load_vectors(connection)
            return [*connection.execute(_NEAREST, given)]

        return [Near(id=found, distance=distance) for found, distance in await self._use(search)]

    async def count(self, space: str) -> int:
        """How many there are."""
        return int(await self._use(lambda connection: connection.execute(_COUNT, (space,)).get))

    async def forget(self, space: str, memory_id: str) -> bool:
        """Destroy a memory."""
        return await self._change(_FORGET, (space, memory_id)) > 0

    async def clear(self, space: str) -> int:
        """Destroy all memories of a space."""
        return await self._change(_CLEAR, (space,))

    async def close(self) -> None:
        """Close the file."""
        await anyio.to_thread.run_sync(self._close)

    async def _change(self, statement: str, given: tuple[str | int | bytes, ...]) -> int:
        def change(connection: apsw.Connection) -> int:
            """Change it, and empty the log of what was replaced or destroyed."""
            connection.execute(statement, given)
            number = connection.changes()
            connection.execute(_SHED)
            return number

        return await self._use(change)

    async def _use(self, work: Callable[[apsw.Connection], T]) -> T:
        return await anyio.to_thread.run_sync(self._working, work)

    def _working(self, work: Callable[[apsw.Connection], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                return work(self._connection)
            except (OSError, apsw.Error) as error:
                raise MemoriesError(
                    f"the memories {self._path} cannot be used ({type(error).__name__}: {error}); "
                    "make the file and its folder writable for this user, and its disk large enough"
                ) from error

    def _open(self) -> apsw.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(_PATIENCE_MS)
            self._claim(connection)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _claim(self, connection: apsw.Connection) -> None:
        """Make the table in a new file; leave one of another program, or a newer one, alone."""
        known = connection.pragma("application_id")
        if known == _APPLICATION_ID and connection.pragma("user_version") > _SCHEMA:
            raise MemoriesError(f"the memories {self._path} are of a newer Highroad: install that")
        if (
            known != _APPLICATION_ID
            and connection.execute("SELECT count(*) FROM sqlite_schema").get
        ):
            raise MemoriesError(
                f"{self._path} is a database of another program; name a file of its own for the "
                "memories"
            )
        connection.pragma("journal_mode", "wal")
        with connection:
            connection.execute(_TABLE)
            connection.pragma("application_id", _APPLICATION_ID)
            connection.pragma("user_version", _SCHEMA)

    def _load_vectors(self, connection: apsw.Connection) -> None:
        if self._has_vectors:
            return
        try:
            import sqlite_vec  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, without types
        except ImportError:
            raise MemoriesError(
                "memories are searched by meaning with a library that is not installed: "
                'pip install "highroad[vectors]"'
            ) from None
        connection.enable_load_extension(True)  # noqa: FBT003 - the library's own signature
        try:
            connection.load_extension(sqlite_vec.loadable_path())
        finally:
            connection.enable_load_extension(False)  # noqa: FBT003 - the library's own signature
        self._has_vectors = True

    def _close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._has_vectors = None, False


def _bytes_of(vector: Sequence[float]) -> bytes:
    """A vector as sqlite-vec takes it: 32-bit floats of this machine's order."""
    return array("f", vector).tobytes()


def _memory_of(*row: Any) -> SealedMemory:  # noqa: ANN401 - a wire edge, in the order of the columns
    memory_id, space, sealed, created_ms, embedder, vector = row
    return SealedMemory(
        id=memory_id,
        space=space,
        sealed=sealed,
        created_ms=created_ms,
        embedder=embedder,
        vector=tuple(array("f", vector)),
    )
