"""Excerpts: entries, or a later head, proved without the rest of the ledger (`docs/proof.md`)."""

from dataclasses import dataclass

import orjson

from highroad.domain.entry import StoredEntry
from highroad.domain.error import LedgerError, NotRecorded
from highroad.domain.proof import SignedHead
from highroad.ledger.history import text_of
from highroad.ledger.proof.paths import consistency, inclusion
from highroad.ledger.signing import head_line
from highroad.ports.proofs import ProofStore
from highroad.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """One entry, and why the head that is signed holds it (RFC 6962, section 2.1.1)."""

    log_id: str
    seq: int
    body: str
    path: tuple[bytes, ...]
    head: SignedHead

    def line(self) -> str:
        """Its written form, without a line feed."""
        return _line(
            {
                "body": self.body,
                "head": head_line(self.head),
                "log": self.log_id,
                "path": [step.hex() for step in self.path],
                "seq": self.seq,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """Why a later head holds all that an earlier one held (RFC 6962, section 2.1.2)."""

    earlier: SignedHead
    later: SignedHead
    paths: tuple[tuple[str, tuple[bytes, ...]], ...]
    """For each log of the earlier head, by id."""

    def line(self) -> str:
        """Its written form, without a line feed."""
        return _line(
            {
                "earlier": head_line(self.earlier),
                "later": head_line(self.later),
                "paths": {log: [step.hex() for step in path] for log, path in self.paths},
            }
        )


async def prove_call(store: Store, call_id: str) -> tuple[EntryProof, ...]:
    """Every entry of a call, proved by the newest head.

    Raises:
        NotRecorded: The ledger has no such call.
        LedgerError: An entry of it is not signed yet, or a tile is missing.
    """
    found = await store.entries(call_id=call_id)
    if not found:
        raise NotRecorded(f"the ledger has no call {call_id}")
    head = await _newest(store.proofs)
    return tuple([await _proved(store.proofs, entry, head) for entry in found])


async def prove_continuation(proofs: ProofStore, number: int) -> Continuation:
    """That the newest head goes on from the head of this number.

    Raises:
        NotRecorded: There is no such head.
        LedgerError: A tile is missing.
    """
    later = await _newest(proofs)
    earlier = next(iter(await proofs.heads(after=number - 1, limit=1)), None)
    if earlier is None or earlier.number != number:
        raise NotRecorded(f"the ledger has no signed head {number}; its newest is {later.number}")
    sizes = {tree.log_id: tree.size for tree in later.trees}
    paths = [
        (tree.log_id, await _path(proofs, tree.log_id, tree.size, sizes.get(tree.log_id, 0)))
        for tree in earlier.trees
    ]
    return Continuation(earlier=earlier, later=later, paths=tuple(paths))


async def _proved(proofs: ProofStore, entry: StoredEntry, head: SignedHead) -> EntryProof:
    position = entry.position
    size = next((tree.size for tree in head.trees if tree.log_id == position.log_id), 0)
    if position.seq >= size:
        raise LedgerError(
            f"entry {position.seq} of log {position.log_id} is not signed yet: that is done within "
            "`proof.seconds`, or at once by its owner's `runtime.audit.sign()`"
        )
    path = await inclusion(proofs, position.log_id, index=position.seq, size=size)
    return EntryProof(
        log_id=position.log_id,
        seq=position.seq,
        body=text_of(entry),
        path=tuple(path),
        head=head,
    )


async def _path(proofs: ProofStore, log_id: str, first: int, second: int) -> tuple[bytes, ...]:
    return tuple(await consistency(proofs, log_id, first=first, second=second))


async def _newest(proofs: ProofStore) -> SignedHead:
    head = await proofs.last_head()
    if head is None:
        raise LedgerError("nothing is signed yet: open the ledger as its owner, which signs it")
    return head


def _line(fields: dict[str, object]) -> str:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()
