"""The notary: signs the heads of a ledger while calls go on.

It reads back what was committed, hashes it at the right edge of each log's tree, and signs size
and root of all logs together. No call waits for it, and none fails with it.
"""

import asyncio
from typing import Final

from highroad.domain.entry import Fence, Written
from highroad.domain.error import LedgerError
from highroad.domain.proof import SignedHead, TreeHead
from highroad.ledger import signing
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.announcing import Announcement, announce, read_announcements
from highroad.ledger.proof.merkle import RightEdge, leaf_hash
from highroad.ledger.proof.paths import read_edge
from highroad.ledger.proof.trouble import Trouble
from highroad.ports.proofs import LogExtent

_PAGE: Final = 256
"""Entries that are hashed at a stretch, in a millisecond or two, before calls have the loop."""


class Notary:
    """The one signer of a ledger, if the store lets it be.

    Args:
        ledger: What is signed.
        fence: Under which this process writes.
        anchoring: Carries heads away.
        entries: A head is due when so many are unsigned.
        seconds: A head is due when something has been unsigned for so long.
    """

    def __init__(
        self, ledger: Ledger, fence: Fence, anchoring: Anchoring, *, entries: int, seconds: float
    ) -> None:
        self._ledger = ledger
        self._proofs = ledger.store.proofs
        self.fence: Fence = fence
        self._anchoring = anchoring
        self._entries = entries
        self._seconds = seconds
        self._trouble = Trouble("the ledger is not signed")
        self._turn = asyncio.Lock()
        self._is_full = asyncio.Event()
        self._is_signed = asyncio.Event()
        self._unsigned = 0
        self._is_loaded = False
        self._ledger_id = ""
        self._last: SignedHead | None = None
        # Deriving it takes as long as signing, and a keyring has one current master key for life.
        self._key = ledger.keyring.signing_key()
        self._keys: list[Announcement] = []
        self._edges: dict[str, RightEdge] = {}

    def count(self, entries: int) -> None:
        """Take note that so many more were committed."""
        self._unsigned += entries
        if self._unsigned >= self._entries:
            self._is_full.set()

    async def watch(self) -> None:
        """Sign whenever a head is due, and anchor what was signed, until cancelled."""
        await asyncio.gather(self._keep_signing(), self._keep_anchoring())

    async def sign(self) -> SignedHead | None:
        """Sign what is unsigned, and anchor it.

        Returns:
            The head; `None` where nothing was unsigned, or another process signs.

        Raises:
            LedgerError: It could not be signed, or what was signed before does not hold.
        """
        async with self._turn:
            if not await self._is_ready():
                return None
            head = await self._sign()
        await self._anchoring.publish()
        return head

    async def close(self) -> None:
        """Sign and anchor the rest; nothing that fails is raised."""
        with self._trouble.told():
            await self.sign()
        await self._anchoring.close()

    async def _keep_signing(self) -> None:
        with self._trouble.told():
            async with self._turn:
                # A ledger without any head has nothing that an auditor could trust.
                if await self._is_ready() and self._last is None:
                    await self._sign()
        while True:
            self._is_signed.set()
            await self._due()
            with self._trouble.told():
                async with self._turn:
                    if await self._is_ready():
                        await self._sign()

    async def _keep_anchoring(self) -> None:
        """Anchors have a task of their own: a slow one must not hold up the next head."""
        while True:
            await self._is_signed.wait()
            self._is_signed.clear()
            if self._is_loaded:
                await self._anchoring.publish()

    async def _due(self) -> None:
        """Wait until a head is due; after a failure only for the time."""
        pause = asyncio.ensure_future(self._ledger.clock.sleep(self._seconds))
        full = asyncio.ensure_future(self._is_full.wait())
        try:
            await asyncio.wait(
                {pause} if self._trouble.is_on else {pause, full},
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            pause.cancel()
            full.cancel()

    async def _is_ready(self) -> bool:
        """Whether this process signs, and knows what it goes on from."""
        if not self._is_loaded and await self._proofs.take_signing():
            await self._load()
            self._is_loaded = True
        return self._is_loaded

    async def _load(self) -> None:
        """Take up the right edge of each log, and see that it is what was signed.

        Raises:
            LedgerError: It is not: a head on top of it would vouch for what nobody can prove.
        """
        self._ledger_id = await self._proofs.ledger_id()
        self._keys = await read_announcements(self._ledger.store)
        self._last = await self._proofs.last_head()
        self._edges = {}
        if self._last is None:
            return
        if not any(signing.is_signed(self._last, known.public) for known in self._keys):
            raise LedgerError(
                f"signed head {self._last.number} bears no signature of an announced key, and "
                "nothing is signed after it: run `highroad audit verify`"
            )
        for tree in self._last.trees:
            edge = self._edges[tree.log_id] = await read_edge(self._proofs, tree.log_id, tree.size)
            if edge.root() != tree.root:
                raise LedgerError(
                    f"the tiles of log {tree.log_id} do not give the root of signed head "
                    f"{self._last.number}, and nothing is signed after it: run `highroad audit "
                    "verify`"
                )

    async def _sign(self) -> SignedHead | None:
        """The next head, if there is anything new."""
        # Whatever fails or is cancelled from here on, the next try begins with what is stored.
        self._is_loaded = False
        self._is_full.clear()
        await self._announce()
        extents = await self._proofs.extents()
        grown = sum([await self._extend(extent) for extent in extents])
        if grown:
            await self._store_head()
        self._unsigned = max(0, self._unsigned - grown)
        self._is_loaded = True
        return self._last if grown else None

    async def _announce(self) -> None:
        """Announce the key that signs from now on, so that the next head covers it."""
        if self._keys and self._keys[-1].key == self._key.id:
            return
        announcement, entry = announce(
            self._ledger.keyring,
            self._keys,
            ledger=self._ledger_id,
            at_ms=self._ledger.clock.now_ms(),
        )
        if not isinstance(await self._ledger.writer.write(entry), Written):
            raise LedgerError("the signing key could not be announced")
        self._keys.append(announcement)

    async def _extend(self, extent: LogExtent) -> int:
        """Hash what is new in a log; gives how many entries that were.

        Raises:
            LedgerError: Entries are missing.
        """
        edge = self._edges.setdefault(extent.log_id, RightEdge(extent.log_id))
        before = edge.size
        if extent.size < before:
            raise _missing(extent.log_id, extent.size)
        while edge.size < extent.size:
            most = min(_PAGE, extent.size - edge.size)
            bodies = await self._proofs.bodies(extent.log_id, first=edge.size, limit=most)
            if not bodies:
                raise _missing(extent.log_id, edge.size)
            edge.extend([leaf_hash(body) for body in bodies])
            await asyncio.sleep(0)
        return edge.size - before

    async def _store_head(self) -> None:
        edges = self._edges.values()
        head = signing.sign(
            self._key,
            ledger=self._ledger_id,
            after=self._last,
            trees=[TreeHead(log_id=e.log_id, size=e.size, root=e.root()) for e in edges],
            at_ms=self._ledger.clock.now_ms(),
        )
        tiles = [tile for edge in edges for tile in edge.unstored()]
        if not await self._proofs.sign(head, tiles, fence=self.fence):
            raise LedgerError(f"another process has signed head {head.number} of this ledger")
        for edge in edges:
            edge.stored()
        self._last = head


def _missing(log_id: str, seq: int) -> LedgerError:
    return LedgerError(
        f"entry {seq} of log {log_id} is missing, and nothing is signed any more: run `highroad "
        "audit verify`"
    )
