"""Tiles, signed heads and what anchors have, beside the entries that they prove."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import apsw

from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.adapters.stores.sqlite.ownership import OwnerLock
from highroad.adapters.stores.sqlite.writing import Writer
from highroad.domain.audit import typed
from highroad.domain.entry import Fence
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import SECTIONS, Section
from highroad.domain.proof import RawEntry, SignedHead, Tile, read_head
from highroad.ports.proofs import LogExtent

_ID: Final = "SELECT value FROM ledger WHERE name = 'id'"
_EXTENT: Final = (
    "SELECT log_id, first, max(coalesce((SELECT max(seq) + 1 FROM entry), 0), first) FROM log "
    "ORDER BY 1"
)
_RAW: Final = (
    "SELECT seq, schema, kind, organization, run_id, call_id, at_ms, body FROM entry "
    "WHERE seq >= ? AND ? IN (SELECT log_id FROM log) ORDER BY seq LIMIT ?"
)
_BODIES: Final = (
    "SELECT seq, body FROM entry "
    "WHERE seq >= ? AND ? IN (SELECT log_id FROM log) ORDER BY seq LIMIT ?"
)
_HEADS: Final = (
    "SELECT number, statement, signature FROM signed_head WHERE number > ? ORDER BY number LIMIT ?"
)
_LAST_HEAD: Final = (
    "SELECT number, statement, signature FROM signed_head ORDER BY number DESC LIMIT 1"
)
_TILES: Final = (
    "SELECT log_id, level, position, hashes FROM tile "
    "WHERE log_id = ? AND level = ? AND position >= ? ORDER BY position LIMIT ?"
)
_LOG: Final = SECTIONS[Section.LOG]
_EXTENT_OF: Final = ("log_id", "first", "size")
_FENCE: Final = "SELECT log_id, epoch FROM log WHERE log_id = ?"
_PUT_HEAD: Final = "INSERT OR IGNORE INTO signed_head VALUES (?, ?, ?)"
_PUT_TILE: Final = (
    "INSERT INTO tile VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes"
)
_ANCHORED: Final = "SELECT anchor, number FROM anchored"
_CONFIRM: Final = "INSERT OR REPLACE INTO anchored VALUES (?, ?)"

_Row: TypeAlias = tuple[Any, ...]
"""A wire edge: STRICT tables hold the types that the schema names."""


class SQLiteProofs:
    """The proof of an embedded ledger; fulfils `highroad.ports.proofs.ProofStore`."""

    def __init__(
        self, writer: Writer, reading: apsw.Connection, lock: OwnerLock, path: Path
    ) -> None:
        self._writer = writer
        self._reading = reading
        self._lock = lock
        self._errors = LedgerErrors(path)

    async def ledger_id(self) -> str:
        """Name of the ledger, made with it."""
        for (name,) in self._all(_ID):
            return str(name)
        raise LedgerError("the ledger has lost its name: somebody changed it; restore a backup")

    async def extents(self) -> Sequence[LogExtent]:
        """The one log that there is."""
        return [
            LogExtent(log_id=log_id, first=first, size=size)
            for log_id, first, size in (typed(_LOG, row, _EXTENT_OF) for row in self._all(_EXTENT))
        ]

    async def raw(self, log_id: str, *, first: int = 0, limit: int = 256) -> Sequence[RawEntry]:
        """Entries of the log by position, from `first` on."""
        with self._errors:
            return list(map(RawEntry._make, self._reading.execute(_RAW, (first, log_id, limit))))

    async def bodies(self, log_id: str, *, first: int, limit: int) -> Sequence[bytes]:
        """The exact bodies of entries from position `first` on, up to the first that is missing."""
        found: list[bytes] = []
        with self._errors:
            # Row by row: a list of rows would set the garbage collector to work on every call.
            row: _Row
            for row in self._reading.execute(_BODIES, (first, log_id, limit)):
                seq, body = row
                if seq != first + len(found):
                    break
                found.append(body)
        return found

    async def take_signing(self) -> bool:
        """Whether this process may sign: the owner does."""
        return self._lock.is_held

    async def heads(self, *, after: int = -1, limit: int = 1_000) -> Sequence[SignedHead]:
        """Signed heads by number, from behind `after`."""
        return [read_head(*row) for row in self._all(_HEADS, after, limit)]

    async def last_head(self) -> SignedHead | None:
        """The newest signed head."""
        rows = self._all(_LAST_HEAD)
        return read_head(*rows[0]) if rows else None

    async def tiles(
        self, log_id: str, level: int, *, first: int = 0, limit: int = 1_000
    ) -> Sequence[Tile]:
        """Tiles of one level by position, from `first` on."""
        return [
            Tile(log_id=log, level=at, position=position, hashes=hashes)
            for log, at, position, hashes in (
                typed(SECTIONS[Section.TILE], row)
                for row in self._all(_TILES, log_id, level, first, limit)
            )
        ]

    async def sign(self, head: SignedHead, tiles: Sequence[Tile], *, fence: Fence) -> bool:
        """Store a head with the tiles that are new or longer, in one durable transaction."""

        def put(connection: apsw.Connection) -> bool | None:
            """Whether it was stored; `None` where the fence is lost."""
            newest = connection.execute(_FENCE, (fence.log_id,)).fetchall()
            if newest != [(fence.log_id, fence.epoch)]:
                return None
            connection.execute(_PUT_HEAD, (head.number, head.statement, head.signature))
            if not connection.changes():
                return False
            connection.executemany(
                _PUT_TILE, [(tile.log_id, tile.level, tile.position, tile.hashes) for tile in tiles]
            )
            return True

        is_stored = await self._writer.transaction(put)
        if is_stored is None:
            raise FenceLost(
                f"somebody took over the ledger {self._errors.path} after epoch {fence.epoch}; "
                "stop, and open it anew"
            )
        return is_stored

    async def anchored(self) -> dict[str, int]:
        """Number of the newest head that each anchor has confirmed."""
        return dict(self._all(_ANCHORED))

    async def confirm(self, anchor: str, number: int) -> None:
        """Note that an anchor has the head of this number."""
        await self._writer.transaction(
            lambda connection: connection.execute(_CONFIRM, (anchor, number))
        )

    def _all(self, statement: str, *keys: str | int) -> list[_Row]:
        with self._errors:
            return self._reading.execute(statement, keys).fetchall()
