"""Old entries moved to files, where they stay provable: hashes, heads and audit rows stay here.

A segment is written and read back before anything is taken away, and what it says is announced
in the ledger first. A process that dies on the way leaves entries in both places; archiving again
takes away what was announced, and goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from highroad.domain.audit import TOOL_CALL, typed
from highroad.domain.entry import EntryKind, Fence, Written
from highroad.domain.error import LedgerError, NotRecorded
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.moving import Section
from highroad.domain.proof import TILE, RawEntry
from highroad.ledger import entries
from highroad.ledger.access import Writer
from highroad.ledger.upkeep import segment
from highroad.ledger.upkeep.moving import check_roots, pages
from highroad.ledger.upkeep.segment import Segment
from highroad.ports.clock import Clock
from highroad.ports.proofs import LogExtent
from highroad.ports.store import Store
from highroad.ports.tables import Selection
from highroad.ports.upkeep import Progress, in_silence

_DROPPED: Final = 4 * TILE
"""Entries that are taken away in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What may go."""

    before_ms: int
    """Unix time; entries from then on stay."""
    is_anchored: bool
    """An anchor must have the signed head that covers what goes."""


class Archive:
    """Takes old entries out of the log that this process writes.

    Args:
        store: Where the ledger lives.
        writer: Of this process.
        fence: Under which it writes.
        clock: For the announcement.
        sign: Signs the announcement before anything is taken away: until it is signed, entries that
            are not here are missed by whoever verifies the ledger.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        fence: Fence,
        clock: Clock,
        *,
        sign: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._store = store
        self._writer = writer
        self._fence = fence
        self._clock = clock
        self._sign = sign

    async def move(
        self, folder: Path, age: Age, *, progress: Progress = in_silence
    ) -> Segment | None:
        """Move whole tiles of old entries into a file in `folder`.

        Only what a signed head covers goes, and nothing from the first entry on that is of a call
        which is open, holds a key or ended unknown and is not settled, or of a run with an open
        call.

        Returns:
            What was written; `None` where nothing may go.

        Raises:
            LedgerError: The entries are not what was signed, or the file cannot be written.
                Nothing is taken away then.
        """
        await self._finish(progress)
        extent = await self._extent()
        stop = await _stop(self._store, extent, age)
        if stop <= extent.first:
            return None
        await check_roots(self._store)
        written = await segment.write(self._store, extent, stop, folder)
        await self._announce(written)
        if self._sign is not None:
            await self._sign()
        await self._drop(stop, progress)
        return written

    async def _finish(self, progress: Progress) -> None:
        """Take away what was announced before a process died."""
        for known in await segment.segments(self._store):
            if known.log == self._fence.log_id:
                await self._drop(known.stop, progress)

    async def _extent(self) -> LogExtent:
        extents = await self._store.proofs.extents()
        (extent,) = [each for each in extents if each.log_id == self._fence.log_id]
        return extent

    async def _announce(self, written: Segment) -> None:
        announced = entries.noted(
            EntryKind.ARCHIVED,
            {
                "log": written.log,
                "from": written.start,
                "first": written.stop,
                "file": written.file,
                "sha256": written.sha256,
                "since": written.since_ms,
                "until": written.until_ms,
            },
            organization=DEFAULT_ORGANIZATION,
            at_ms=self._clock.now_ms(),
        )
        if not isinstance(await self._writer.write(announced), Written):
            raise LedgerError("the archive could not be announced; nothing was taken away")

    async def _drop(self, stop: int, progress: Progress) -> None:
        first = at = (await self._extent()).first
        while at < stop:
            page = await self._store.entries(
                log_id=self._fence.log_id, limit=min(_DROPPED, stop - at)
            )
            await self._store.upkeep.drop_entries(page, fence=self._fence)
            at += len(page)
            progress(at - first, stop - first)


async def check_not_archived(store: Store, what: Literal["call", "run"], id_: str) -> None:
    """See that a call or run of which there are no entries is none whose entries are in a file.

    Raises:
        NotRecorded: They do; the message names the file.
    """
    column = {"call": "id", "run": "run_id"}[what]
    rows = await store.tables.rows(Selection(table=TOOL_CALL.name, equals={column: id_}), limit=1)
    if not rows:
        return
    created_ms = typed(TOOL_CALL, rows[0])[-1]
    found = await segment.segment_of(store, int(created_ms or 0))
    if found is not None:
        raise NotRecorded(
            f"{what} {id_} was archived: its entries stand in {found.file}; its rows in the "
            "audit tables are here"
        )


async def _stop(store: Store, extent: LogExtent, age: Age) -> int:
    """Up to where entries may go: a whole tile, proved, old, and needed by nobody."""
    limit = await _proved(store, extent.log_id, age)
    needed = await _needed(store)
    for at in range(extent.first, limit, TILE):
        for entry in await store.proofs.raw(extent.log_id, first=at, limit=TILE):
            is_needed = bool(needed & {entry.call_id, entry.run_id})
            if entry.seq >= limit or entry.at_ms >= age.before_ms or is_needed:
                return entry.seq // TILE * TILE
    return limit // TILE * TILE


async def _proved(store: Store, log_id: str, age: Age) -> int:
    """Entries of a log that a signed head covers, and an anchor has if it must."""
    head = await store.proofs.last_head()
    if age.is_anchored:
        newest = max((await store.proofs.anchored()).values(), default=-1)
        heads = await store.proofs.heads(after=newest - 1, limit=1) if newest >= 0 else ()
        head = heads[0] if heads else None
    trees = () if head is None else head.trees
    return sum(tree.size for tree in trees if tree.log_id == log_id)


async def _needed(store: Store) -> set[str | None]:
    """Calls that are open, hold a key or wait to be settled, and the runs of open ones."""
    needed: set[str | None] = set()
    async for page in pages(store, Section.KEY_CLAIM):
        needed |= {str(call_id) for _, _, _, call_id, _ in page}
    async for page in pages(store, Section.OPEN_CALL):
        for call_id, log_id, seq in page:
            opening = await store.proofs.raw(str(log_id), first=int(seq or 0), limit=1)
            needed |= {str(call_id), *map(_run, opening)}
    return (needed - {None}) | await _unsettled(store)


async def _unsettled(store: Store) -> set[str | None]:
    """Calls that ended unknown: whoever settles one must find it, and until then it is listed."""
    found: set[str | None] = set()
    after = ""
    while page := await store.unknown_calls(after=after):
        found |= {*page}
        after = page[-1]
    return found


def _run(entry: RawEntry) -> str | None:
    return entry.run_id
