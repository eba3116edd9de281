"""Inclusion and consistency proofs, and roots of any size, read from a ledger's tiles."""

from typing import Final

from highroad.domain.error import LedgerError
from highroad.domain.proof import TILE
from highroad.ledger.proof import merkle
from highroad.ledger.proof.merkle import HASH, RightEdge
from highroad.ports.proofs import ProofStore

_LEVEL_BITS: Final = TILE.bit_length() - 1


async def read_edge(store: ProofStore, log_id: str, size: int) -> RightEdge:
    """The right edge of the first `size` leaves: one tile for each level.

    Raises:
        LedgerError: A tile is missing or too short.
    """
    tiles, levels = _Tiles(store, log_id), []
    level = 0
    while nodes := merkle.nodes_at(size, level):
        unfilled = nodes % TILE
        levels.append(await tiles.nodes(level, nodes - unfilled, unfilled) if unfilled else b"")
        level += 1
    return RightEdge(log_id, size, levels)


async def root(store: ProofStore, log_id: str, size: int) -> bytes:
    """Root of the first `size` leaves of a log.

    Raises:
        LedgerError: A tile is missing or too short.
    """
    return (await read_edge(store, log_id, size)).root()


async def inclusion(store: ProofStore, log_id: str, *, index: int, size: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree of the first `size` leaves.

    Raises:
        LedgerError: There is no such leaf, or a tile is missing or too short.
    """
    if not 0 <= index < size:
        raise LedgerError(f"log {log_id} has no entry {index} among its first {size}")
    tiles = _Tiles(store, log_id)
    return [await tiles.root(leaves) for leaves in merkle.inclusion(index, size)]


async def consistency(store: ProofStore, log_id: str, *, first: int, second: int) -> list[bytes]:
    """Proof that the first `second` leaves go on from the first `first`.

    Raises:
        LedgerError: The sizes are in the wrong order, or a tile is missing or too short.
    """
    if not 0 <= first <= second:
        raise LedgerError(f"log {log_id} cannot shrink from {first} entries to {second}")
    tiles = _Tiles(store, log_id)
    return [await tiles.root(leaves) for leaves in merkle.consistency(first, second)]


class _Tiles:
    """Tiles of one log, each read once."""

    def __init__(self, store: ProofStore, log_id: str) -> None:
        self._store = store
        self._log_id = log_id
        self._known: dict[tuple[int, int], bytes] = {}

    async def root(self, leaves: range) -> bytes:
        """Root of the subtree over a range of leaves as the plans of `merkle` give it."""
        left, right = leaves.start, None
        peaks: list[bytes] = []
        while left < leaves.stop:
            height = (leaves.stop - left).bit_length() - 1
            peaks.append(await self._peak(left, height))
            left += 1 << height
        for peak in reversed(peaks):
            right = merkle.fold(peak, right)
        return right or merkle.EMPTY

    async def _peak(self, left: int, height: int) -> bytes:
        """Root of the complete subtree of 2^height leaves that begins at `left`."""
        level, inner = divmod(height, _LEVEL_BITS)
        hashes = await self.nodes(level, merkle.nodes_at(left, level), 1 << inner)
        return merkle.fold(hashes) or merkle.EMPTY

    async def nodes(self, level: int, first: int, count: int) -> bytes:
        """Hashes of nodes that stand in one tile."""
        position, offset = divmod(first, TILE)
        tile = self._known.get((level, position))
        if tile is None:
            found = await self._store.tiles(self._log_id, level, first=position, limit=1)
            is_there = bool(found) and found[0].position == position
            tile = self._known[level, position] = found[0].hashes if is_there else b""
        hashes = tile[offset * HASH : (offset + count) * HASH]
        if len(hashes) != count * HASH:
            raise LedgerError(
                f"tile {position} of level {level} of log {self._log_id} is missing or too short: "
                "run `highroad audit verify`, and restore a backup"
            )
        return hashes
