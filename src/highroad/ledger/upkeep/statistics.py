"""How a ledger stands: how large it is, what waits, how much of it is proved."""

from collections.abc import Sequence
from dataclasses import dataclass

from highroad.domain.moving import Fact, Section
from highroad.domain.proof import SignedHead
from highroad.ledger.upkeep.moving import facts_of
from highroad.ports.proofs import LogExtent
from highroad.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What operators look at; times are Unix milliseconds."""

    ledger: str
    """Its id, which it keeps wherever it goes."""
    kind: str
    """Of its store: `sqlite`, `postgresql`, `memory`."""
    schema: int
    bytes: int
    log_bytes: int
    """Written ahead, and not yet in its place."""
    payload_bytes: int
    """Encrypted content."""
    rows: dict[str, int]
    """By table."""
    oldest_ms: int | None
    newest_ms: int | None
    open_calls: int
    """In flight, or held."""
    waiting_approvals: int
    archived: int
    """Entries that stand in files and no longer here."""
    heads: int
    """Signed heads."""
    unsigned: int
    """Entries behind the last signed head."""
    unanchored: dict[str, int]
    """Entries behind the last head that each anchor has."""
    moved_to: str | None
    """Where it goes on, if it was moved."""


async def statistics_of(store: Store) -> Statistics:
    """How the ledger of a store stands.

    Raises:
        LedgerError: It cannot be read.
    """
    figures = await store.upkeep.figures()
    facts = await facts_of(store)
    extents = await store.proofs.extents()
    rows = dict(figures.rows)
    return Statistics(
        ledger=await store.proofs.ledger_id(),
        kind=figures.kind,
        schema=figures.schema,
        bytes=figures.bytes,
        log_bytes=figures.log_bytes,
        payload_bytes=figures.payload_bytes,
        rows=rows,
        oldest_ms=figures.oldest_ms,
        newest_ms=figures.newest_ms,
        open_calls=rows[Section.OPEN_CALL],
        waiting_approvals=figures.waiting_approvals,
        archived=sum(extent.first for extent in extents),
        heads=rows[Section.SIGNED_HEAD],
        unsigned=_behind(await store.proofs.last_head(), extents),
        unanchored={
            anchor: _behind(await _head(store, number), extents)
            for anchor, number in (await store.proofs.anchored()).items()
        },
        moved_to=facts.get(Fact.MOVED_TO),
    )


async def _head(store: Store, number: int) -> SignedHead | None:
    heads = await store.proofs.heads(after=number - 1, limit=1)
    return heads[0] if heads else None


def _behind(head: SignedHead | None, extents: Sequence[LogExtent]) -> int:
    """Entries that a head does not cover."""
    covered = {tree.log_id: tree.size for tree in head.trees} if head is not None else {}
    return sum(extent.size - covered.get(extent.log_id, 0) for extent in extents)
