"""Tiles, signed heads and what anchors have, beside the entries that they prove."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from highroad.adapters.stores.postgres import standing
from highroad.adapters.stores.postgres.address import Address
from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.locks import SIGNING
from highroad.adapters.stores.postgres.reading import Reader
from highroad.adapters.stores.postgres.session import Session
from highroad.domain.entry import Fence
from highroad.domain.error import FenceLost
from highroad.domain.proof import RawEntry, SignedHead, Tile, read_head
from highroad.ports.proofs import LogExtent

_RAW: Final = (
    "SELECT seq, schema, kind, organization, run_id, call_id, at_ms, body FROM entry "
    "WHERE log_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
)
_BODIES: Final = "SELECT seq, body FROM entry WHERE log_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
_HEADS: Final = (
    "SELECT number, statement, signature FROM signed_head WHERE number > $1 "
    "ORDER BY number LIMIT $2"
)
_LAST_HEAD: Final = (
    "SELECT number, statement, signature FROM signed_head ORDER BY number DESC LIMIT 1"
)
_TILES: Final = (
    "SELECT log_id, level, position, hashes FROM tile "
    "WHERE log_id = $1 AND level = $2 AND position >= $3 ORDER BY position LIMIT $4"
)
_PUT_HEAD: Final = (
    "INSERT INTO signed_head VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING number"
)
_PUT_TILES: Final = (
    "INSERT INTO tile SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) "
    "ON CONFLICT (log_id, level, position) DO UPDATE SET hashes = excluded.hashes"
)
_CONFIRM: Final = (
    "INSERT INTO anchored VALUES ($1, $2) "
    "ON CONFLICT (anchor) DO UPDATE SET number = excluded.number"
)


class PostgresProofs:
    """The proof of a shared ledger; fulfils `highroad.ports.proofs.ProofStore`."""

    def __init__(self, address: Address, session: Session, reader: Reader) -> None:
        self._address = address
        self._session = session
        self._reader = reader

    async def ledger_id(self) -> str:
        """Name of the ledger, made with it."""
        ((name,),) = await self._reader.all("SELECT value FROM ledger WHERE name = 'id'")
        return str(name)

    async def extents(self) -> Sequence[LogExtent]:
        """All logs of the ledger, by id."""
        rows = await self._reader.all("SELECT log_id, first, size FROM log ORDER BY log_id")
        return [LogExtent(log_id=log_id, first=first, size=size) for log_id, first, size in rows]

    async def raw(self, log_id: str, *, first: int = 0, limit: int = 256) -> Sequence[RawEntry]:
        """Entries of one log by position, from `first` on."""
        return [RawEntry._make(row) for row in await self._reader.all(_RAW, log_id, first, limit)]

    async def bodies(self, log_id: str, *, first: int, limit: int) -> Sequence[bytes]:
        """The exact bodies of entries from position `first` on, up to the first that is missing."""
        rows = await self._reader.all(_BODIES, log_id, first, limit)
        whole = takewhile(lambda found: found[1][0] == found[0], enumerate(rows, first))
        return [row[1] for _, row in whole]

    async def take_signing(self) -> bool:
        """Become the one process that signs, until `close` or death."""
        return await self._session.work(lambda connection: self._session.take(SIGNING, connection))

    async def heads(self, *, after: int = -1, limit: int = 1_000) -> Sequence[SignedHead]:
        """Signed heads by number, from behind `after`."""
        return [read_head(*row) for row in await self._reader.all(_HEADS, after, limit)]

    async def last_head(self) -> SignedHead | None:
        """The newest signed head."""
        row = await self._reader.one(_LAST_HEAD)
        return None if row is None else read_head(*row)

    async def tiles(
        self, log_id: str, level: int, *, first: int = 0, limit: int = 1_000
    ) -> Sequence[Tile]:
        """Tiles of one level by position, from `first` on."""
        rows = await self._reader.all(_TILES, log_id, level, first, limit)
        return [
            Tile(log_id=log, level=at, position=position, hashes=hashes)
            for log, at, position, hashes in rows
        ]

    async def sign(self, head: SignedHead, tiles: Sequence[Tile], *, fence: Fence) -> bool:
        """Store a head with the tiles that are new or longer, in one durable transaction."""

        async def put(connection: Connection) -> bool:
            """Write the head, and the tiles that are new or longer."""
            async with connection.transaction():
                found = await standing.lock_log(connection, fence.log_id)
                if found is None or found[0] != fence.epoch:
                    raise FenceLost(
                        f"somebody took over log {fence.log_id} of the ledger "
                        f"{self._address.name} after epoch {fence.epoch}; stop, and open it anew"
                    )
                return await _put(connection, head, tiles)

        return await self._session.work(put)

    async def anchored(self) -> dict[str, int]:
        """Number of the newest head that each anchor has confirmed."""
        rows = await self._reader.all("SELECT anchor, number FROM anchored")
        return {row[0]: row[1] for row in rows}

    async def confirm(self, anchor: str, number: int) -> None:
        """Note that an anchor has the head of this number."""
        await self._session.work(lambda connection: connection.execute(_CONFIRM, anchor, number))


async def _put(connection: Connection, head: SignedHead, tiles: Sequence[Tile]) -> bool:
    """Add a head and its tiles; `False` where there is another one of its number.

    The very same one is there where the answer to a commit was lost: then it is stored.
    """
    new = await connection.fetchval(_PUT_HEAD, head.number, head.statement, head.signature)
    if new is None:
        there = await connection.fetchrow(
            "SELECT statement, signature FROM signed_head WHERE number = $1", head.number
        )
        return there is not None and tuple(there) == (head.statement, head.signature)
    await connection.execute(
        _PUT_TILES,
        [tile.log_id for tile in tiles],
        [tile.level for tile in tiles],
        [tile.position for tile in tiles],
        [tile.hashes for tile in tiles],
    )
    return True
