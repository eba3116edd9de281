"""Verifies a ledger where it lies: the store, streamed through the stand-alone auditor's engine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from highroad.domain.proof import SignedHead
from highroad.ledger.proof.bundle import pages
from highroad.ledger.proof.merkle import HASH
from highroad.ledger.signing import head_line
from highroad.ports.proofs import LogExtent, ProofStore
from highroad_auditor import Audit, Log, PublicKey, Report
from highroad_auditor.strict import read_object

__all__ = ["Report", "parse", "verify"]

_TILES: Final = 16


async def verify(
    store: ProofStore,
    public_key: bytes,
    *,
    anchors: Mapping[str, Sequence[str]],
    now_ms: int,
) -> Report:
    """Ask whether what is there is what was signed, and whether all is there.

    Args:
        store: Of the ledger, which may go on meanwhile.
        public_key: Raw, of the newest signing key, from outside.
        anchors: Lines of each anchor, by its name; read before this is called, or a head that is
            signed meanwhile would be missed.
        now_ms: Unix time, up to which tails are counted.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    audit = Audit(
        await store.ledger_id(),
        [head_line(head) for head in await _heads(store)],
        anchors,
        PublicKey(public_key),
        parser=parse,
    )
    for extent in await store.extents():
        await _feed(audit.log(extent.log_id, first=extent.first), store, extent)
    return audit.report(now_ms)


def parse(body: bytes) -> dict[str, Any]:
    """The object that a body is: what the auditor's `read_object` reads, in a third of its time.

    Bytes that come out again as they went in held no name twice, no half of a surrogate pair, and
    no number that two readers read in two ways. The strict reader judges all others.

    Raises:
        MalformedError: It refuses them.
    """
    try:
        found = orjson.loads(body)
        if type(found) is dict and orjson.dumps(found) == body:
            return found
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return read_object(body)


async def _heads(store: ProofStore) -> list[SignedHead]:
    heads: list[SignedHead] = []
    while page := await store.heads(after=heads[-1].number if heads else -1):
        heads += page
    return heads


async def _feed(log: Log, store: ProofStore, extent: LogExtent) -> None:
    """Hand over the entries of a log, and always before them their stored leaf hashes."""
    leaves = _Leaves(log, store)
    async for page in pages(store, extent):
        await leaves.reach(page[-1].seq, taken=page[0].seq)
        for entry in page:
            log.take(*entry)
    log.close()
    await leaves.reach(log.covered, taken=log.covered)


class _Leaves:
    """Stored leaf hashes of one log, a few tiles at a time."""

    def __init__(self, log: Log, store: ProofStore) -> None:
        self._log = log
        self._store = store
        self._position = 0
        self._given = 0
        self._is_over = False

    async def reach(self, seq: int, *, taken: int) -> None:
        """Hand over those up to that of an entry; before `taken`, no entry is to come."""
        while not self._is_over and self._given <= min(seq, self._log.covered):
            page = await self._store.tiles(self._log.id, 0, first=self._position, limit=_TILES)
            self._is_over = not page
            for tile in page:
                self._log.expect(tile.hashes)
                self._given += len(tile.hashes) // HASH
                self._position = tile.position + 1
            # Or the hashes of a long archive would pile up.
            self._log.skip(min(self._given, taken))
