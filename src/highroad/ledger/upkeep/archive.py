"""Old entries moved to files, where they stay provable: hashes, heads and audit rows stay here.

A segment is written and read back before anything is taken away, and what it says is announced
in the ledger, under a signed head, first. A process that dies on the way leaves entries in both
places; archiving again, in whichever process, takes away what was announced, and goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from highroad.domain.audit import AGENT_RUN, DEAD_LETTER
from highroad.domain.dead_letter import LetterState
from highroad.domain.entry import EntryKind, Fence, Position, Written
from highroad.domain.error import LedgerError, NotRecorded
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.moving import Section
from highroad.domain.proof import TILE, RawEntry, SignedHead
from highroad.domain.run import RunStatus
from highroad.ledger import entries
from highroad.ledger.access import Writer
from highroad.ledger.tables.rows import record, records, selection
from highroad.ledger.upkeep import segment
from highroad.ledger.upkeep.moving import check_roots, pages
from highroad.ledger.upkeep.segment import Segment
from highroad.ports.clock import Clock
from highroad.ports.proofs import LogExtent
from highroad.ports.store import Store
from highroad.ports.tables import Selection
from highroad.ports.upkeep import Progress, in_silence

_PAGE: Final = 1_000
"""Runs that are asked for together."""
_DROPPED: Final = 4 * TILE
"""Entries that are taken away in one transaction."""
PATIENCE_S: Final = 180.0
"""How long to wait for whoever signs: three times as long as one lets pass between heads unless
told otherwise."""
_LOOK_S: Final = 0.5
"""How often who waits for a signed head looks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What may go."""

    before_ms: int
    """Unix time; entries from then on stay."""
    is_anchored: bool
    """An anchor must have the signed head that covers what goes."""


class Archive:
    """Takes old entries out of the logs of a ledger.

    Args:
        store: Where the ledger lives.
        writer: Of this process.
        fence: Under which it writes.
        clock: For the announcement, and the wait for its signature.
        sign: Signs what is unsigned, where this process is the one that does.
        patience_s: How long to wait until another process has signed the announcement.
    """

    def __init__(  # noqa: PLR0913 - what it works on, and how long it waits
        self,
        store: Store,
        writer: Writer,
        fence: Fence,
        clock: Clock,
        *,
        sign: Callable[[], Awaitable[object]],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._writer = writer
        self._fence = fence
        self._clock = clock
        self._sign = sign
        self._patience_s = patience_s

    async def move(
        self, folder: Path, age: Age, *, progress: Progress = in_silence
    ) -> Segment | None:
        """Move whole tiles of old entries of one log into a file in `folder`.

        Only what a signed head covers goes, and nothing from the first entry on that is of a call
        which is open, holds a key, ended unknown and is not settled or has an open dead letter, of
        a run with an open call, or of an agent's run that has not ended. Of several logs the first
        one goes of which anything may.

        Returns:
            What was written; `None` where nothing may go.

        Raises:
            LedgerError: The entries are not what was signed, the file cannot be written, or nobody
                has signed the announcement in time. Nothing is taken away then.
        """
        await self._finish(progress)
        for extent in await self._store.proofs.extents():
            stop = await _stop(self._store, extent, age)
            if stop > extent.first:
                return await self._move(extent, stop, folder, progress)
        return None

    async def _move(
        self, extent: LogExtent, stop: int, folder: Path, progress: Progress
    ) -> Segment:
        await check_roots(self._store)
        written = await segment.write(self._store, extent, stop, folder)
        await self._until_signed(await self._announce(written))
        await self._drop(extent.log_id, stop, progress)
        return written

    async def _finish(self, progress: Progress) -> None:
        """Take away what was announced before a process died."""
        for at, known in await segment.announced(self._store):
            if await self._first(known.log) < known.stop:
                await self._until_signed(at)
                await self._drop(known.log, known.stop, progress)

    async def _first(self, log_id: str) -> int:
        """The first position of a log whose entry is here."""
        extents = await self._store.proofs.extents()
        return sum(extent.first for extent in extents if extent.log_id == log_id)

    async def _announce(self, written: Segment) -> Position:
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
        receipt = await self._writer.write(announced)
        if not isinstance(receipt, Written):
            raise LedgerError("the archive could not be announced; nothing was taken away")
        return receipt.position

    async def _until_signed(self, at: Position) -> None:
        """Wait until a signed head covers an announcement, whichever process signs.

        Until one does, whoever verifies the ledger misses what is not here any more. The other
        process that signs may end meanwhile, so each look tries to sign first.

        Raises:
            LedgerError: Nobody has signed it in time.
        """
        until_s = self._clock.monotonic_s() + self._patience_s
        await self._sign()
        while await _signed(self._store, at.log_id) <= at.seq:
            if self._clock.monotonic_s() >= until_s:
                raise LedgerError(
                    f"the archive is announced, but for {self._patience_s:.0f} seconds no process "
                    "has signed that, so nothing was taken away: see why the one that signs does "
                    "not (its log says), or end it, then archive again"
                )
            await self._clock.sleep(_LOOK_S)
            await self._sign()

    async def _drop(self, log_id: str, stop: int, progress: Progress) -> None:
        first = at = await self._first(log_id)
        while at < stop:
            page = await self._store.entries(log_id=log_id, limit=min(_DROPPED, stop - at))
            await self._store.upkeep.drop_entries(page, fence=self._fence)
            at += len(page)
            progress(at - first, stop - first)


async def check_not_archived(store: Store, what: Literal["call", "run"], id_: str) -> None:
    """See that a call or run of which there are no entries is none whose entries are in a file.

    Raises:
        NotRecorded: They do; the message names the files in which they may be, going by time.
    """
    lasted = await _lasted(store, what, id_)
    if lasted is None:
        return
    files = [each.file for each in await segment.segments_within(store, *lasted)]
    if files:
        raise NotRecorded(
            f"{what} {id_} was archived: its entries stand in {' or '.join(files)}; its rows in "
            "the audit tables are here"
        )


async def _lasted(store: Store, what: Literal["call", "run"], id_: str) -> tuple[int, int] | None:
    """From when until when a call or a run left entries, as the audit tables have it."""
    column = {"call": "id", "run": "run_id"}[what]
    wanted = Selection(table="tool_call", equals={column: id_})
    calls = [call async for call in records(store.tables, wanted)]
    moments = [call["created_ms"] for call in calls]
    if calls:
        end = await record(store.tables, "tool_result", {"call_id": calls[-1]["id"]})
        moments += [] if end is None else [end["ended_ms"]]
    run = await record(store.tables, AGENT_RUN.name, {"id": id_}) if what == "run" else None
    if run is not None:
        moments += [run["started_ms"], run["ended_ms"] or run["started_ms"]]
    return (min(moments), max(moments)) if moments else None


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
    if not age.is_anchored:
        return await _signed(store, log_id)
    newest = max((await store.proofs.anchored()).values(), default=-1)
    heads = await store.proofs.heads(after=newest - 1, limit=1) if newest >= 0 else ()
    return _covered(heads[0] if heads else None, log_id)


async def _signed(store: Store, log_id: str) -> int:
    """Entries of a log that the last signed head covers."""
    return _covered(await store.proofs.last_head(), log_id)


def _covered(head: SignedHead | None, log_id: str) -> int:
    trees = () if head is None else head.trees
    return sum(tree.size for tree in trees if tree.log_id == log_id)


async def _needed(store: Store) -> set[str | None]:
    """Calls that are open, hold a key or wait for somebody, runs of open ones and of agents."""
    needed: set[str | None] = set()
    async for page in pages(store, Section.KEY_CLAIM):
        needed |= {str(call_id) for _, _, _, call_id, _ in page}
    async for page in pages(store, Section.OPEN_CALL):
        for call_id, log_id, seq in page:
            opening = await store.proofs.raw(str(log_id), first=int(seq or 0), limit=1)
            needed |= {str(call_id), *map(_run, opening)}
    found = (needed - {None}) | await _unsettled(store) | await _given_up(store)
    return found | await _going_on(store)


async def _going_on(store: Store) -> set[str | None]:
    """Runs of agents that have not ended: whoever goes on with one reads all of it."""
    found: set[str | None] = set()
    for status in (RunStatus.RUNNING, RunStatus.HELD):
        after = ""
        while page := await store.runs(status=status, after=after, limit=_PAGE):
            found |= {run.id for run in page}
            after = page[-1].id
    return found


async def _unsettled(store: Store) -> set[str | None]:
    """Calls that ended unknown: whoever settles one must find it, and until then it is listed."""
    found: set[str | None] = set()
    after = ""
    while page := await store.unknown_calls(after=after):
        found |= {*page}
        after = page[-1]
    return found


async def _given_up(store: Store) -> set[str | None]:
    """Calls with an open dead letter: whoever redrives one takes it up from its entries."""
    wanted = selection(DEAD_LETTER.name, state=LetterState.OPEN)
    return {letter["call_id"] async for letter in records(store.tables, wanted)}


def _run(entry: RawEntry) -> str | None:
    return entry.run_id
