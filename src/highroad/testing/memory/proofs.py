"""The proof of a ledger in memory: the rules of `highroad.ports.proofs`, in plain Python."""

from collections.abc import Callable, Sequence

from highroad.domain.entry import Fence
from highroad.domain.error import FenceLost
from highroad.domain.moving import Fact
from highroad.domain.proof import RawEntry, SignedHead, Tile
from highroad.ports.proofs import LogExtent
from highroad.testing.memory.ledger import MemoryLedger


class MemoryProofs:
    """Tiles, heads and anchors in memory; fulfils `highroad.ports.proofs.ProofStore`.

    Args:
        ledger: Gives the ledger, or raises where it was closed.
        is_owner: Whether the store that this belongs to has acquired it.
    """

    def __init__(self, ledger: Callable[[], MemoryLedger], is_owner: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._is_owner = is_owner

    async def ledger_id(self) -> str:
        """Name of the ledger."""
        return self._ledger().facts[Fact.ID]

    async def extents(self) -> Sequence[LogExtent]:
        """The one log that there is."""
        ledger = self._ledger()
        return [LogExtent(log_id=ledger.log_id, first=ledger.first, size=ledger.size)]

    async def raw(self, log_id: str, *, first: int = 0, limit: int = 256) -> Sequence[RawEntry]:
        """Entries of the log by position, from `first` on."""
        ledger = self._ledger()
        found = [
            entry
            for entry in ledger.entries
            if log_id == ledger.log_id and entry.position.seq >= first
        ][:limit]
        return [
            RawEntry(
                seq=entry.position.seq,
                schema=entry.schema,
                kind=entry.kind,
                organization=entry.organization,
                run_id=entry.run_id,
                call_id=entry.call_id,
                at_ms=entry.at_ms,
                body=entry.body,
            )
            for entry in found
        ]

    async def bodies(self, log_id: str, *, first: int, limit: int) -> Sequence[bytes]:
        """The exact bodies of entries from position `first` on, up to the first that is missing."""
        page = await self.raw(log_id, first=first, limit=limit)
        return [entry.body for seq, entry in enumerate(page, first) if entry.seq == seq]

    async def take_signing(self) -> bool:
        """Whether this store may sign: the owner does."""
        self._ledger()
        return self._is_owner()

    async def heads(self, *, after: int = -1, limit: int = 1_000) -> Sequence[SignedHead]:
        """Signed heads by number, from behind `after`."""
        return [head for head in self._ledger().heads if head.number > after][:limit]

    async def last_head(self) -> SignedHead | None:
        """The newest signed head."""
        heads = self._ledger().heads
        return heads[-1] if heads else None

    async def tiles(
        self, log_id: str, level: int, *, first: int = 0, limit: int = 1_000
    ) -> Sequence[Tile]:
        """Tiles of one level by position, from `first` on."""
        found = [
            tile
            for (log, at, position), tile in sorted(self._ledger().tiles.items())
            if (log, at) == (log_id, level) and position >= first
        ]
        return found[:limit]

    async def sign(self, head: SignedHead, tiles: Sequence[Tile], *, fence: Fence) -> bool:
        """Keep a head with its tiles, unless there is one of its number."""
        ledger = self._ledger()
        if fence != Fence(ledger.log_id, ledger.epoch):
            raise FenceLost(f"somebody took over the ledger after epoch {fence.epoch}")
        if any(head.number == known.number for known in ledger.heads):
            return False
        ledger.heads.append(head)
        for tile in tiles:
            ledger.tiles[tile.log_id, tile.level, tile.position] = tile
        return True

    async def anchored(self) -> dict[str, int]:
        """Number of the newest head that each anchor has."""
        return dict(self._ledger().anchored)

    async def confirm(self, anchor: str, number: int) -> None:
        """Note that an anchor has the head of this number."""
        self._ledger().anchored[anchor] = number
