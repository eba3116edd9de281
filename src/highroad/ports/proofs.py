"""Where the proof of a ledger lives, beside its entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from highroad.domain.entry import Fence
from highroad.domain.proof import RawEntry, SignedHead, Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExtent:
    """What a store holds of one log."""

    log_id: str
    first: int
    """The first position whose entry is here; earlier ones were archived."""
    size: int
    """Entries that were ever written; the next one has this position."""


class ProofStore(Protocol):
    """The part of a store that holds tiles, signed heads and what anchors have.

    Contract kit: `highroad.testing.contracts.store`. Every method raises `LedgerError` with what
    to do next when the storage cannot be used.
    """

    async def ledger_id(self) -> str:
        """Name of the ledger, made with it; a copy that goes on in its place keeps it."""
        ...

    async def extents(self) -> Sequence[LogExtent]:
        """All logs of the ledger, by id."""
        ...

    async def raw(self, log_id: str, *, first: int = 0, limit: int = 256) -> Sequence[RawEntry]:
        """Entries of one log by position, from `first` on, as they lie in the store."""
        ...

    async def take_signing(self) -> bool:
        """Become the one process that signs, until `close` or death; `False` while another is.

        Only who has acquired the ledger may.
        """
        ...

    async def heads(self, *, after: int = -1, limit: int = 1_000) -> Sequence[SignedHead]:
        """Signed heads by number, from behind `after`."""
        ...

    async def last_head(self) -> SignedHead | None:
        """The newest signed head."""
        ...

    async def tiles(
        self, log_id: str, level: int, *, first: int = 0, limit: int = 1_000
    ) -> Sequence[Tile]:
        """Tiles of one level by position, from `first` on."""
        ...

    async def sign(self, head: SignedHead, tiles: Sequence[Tile], *, fence: Fence) -> bool:
        """Store a head with the tiles that are new or longer, in one durable transaction.

        Returns:
            Whether it was stored; `False` where a head of its number is there.

        Raises:
            FenceLost: The fence is older than its log's.
        """
        ...

    async def anchored(self) -> dict[str, int]:
        """Number of the newest head that each anchor has confirmed, by the anchor's name."""
        ...

    async def confirm(self, anchor: str, number: int) -> None:
        """Note that an anchor has the head of this number, and those before it."""
        ...
