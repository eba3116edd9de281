"""Carrying a ledger from one store to another, where it goes on.

A ledger goes on in one place: the old one is retired before the new one can be owned. What a
process that dies on the way leaves behind is half a copy that nobody can own, beside a ledger that
is whole; moving again begins anew, or, behind the point of no return, completes it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.moving import SECTIONS, Fact, Section
from highroad.domain.proof import TILE
from highroad.ledger import entries
from highroad.ledger.proof.merkle import HASH, RightEdge, leaf_hash
from highroad.ports.store import Store
from highroad.ports.tables import Cell
from highroad.ports.upkeep import Progress, in_silence

_PAGE: Final = 500
"""Rows that are carried in one transaction."""

_COPIED: Final = tuple(name for name in SECTIONS if name not in {Section.LEDGER, Section.INBOX})
"""Sections that nobody changes while a ledger has no owner; orders may be left at any time."""

Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store, and the name by which people find it; the name holds no password."""

    store: Store
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A ledger that goes on elsewhere."""

    origin: str
    destination: str
    rows: int
    """Carried and compared; those of entries among them."""
    entries: int
    heads: int
    """Signed heads; the roots of the last one were computed anew from the entries."""
    open_calls: int
    """Calls in flight or held, which go on."""


async def move(
    old: Place, new: Place, *, pid: int, at_ms: int, progress: Progress = in_silence
) -> Moved:
    """Carry the ledger `old` into `new`, compare both, and let `old` be owned no more.

    Args:
        old: A ledger that no process owns.
        new: An empty ledger, or what an earlier try left there.
        pid: This process.
        at_ms: Unix time.
        progress: Told how many rows are carried.

    Raises:
        LedgerError: One of the two is in use, `new` is another ledger, or the copy is not what
            `old` is. Nothing is lost: `old` goes on unless it says where it was moved.
    """
    if old.name == new.name:
        raise LedgerError(f"{old.name} cannot be moved to itself; name another place")
    is_decided = await _is_decided(old, new)
    if not is_decided:
        await _take(old, pid=pid, at_ms=at_ms)
    await _take(new, pid=pid, at_ms=at_ms)
    if is_decided:
        await _place_anew(old.store, new.store)
    else:
        await _check_free(old, new)
        await _copy(old, new, progress)
        await _compare(old.store, new.store, _COPIED)
        await check_roots(new.store)
        await old.store.upkeep.retire(new.name)
    return await _complete(old, new, at_ms=at_ms)


async def facts_of(store: Store) -> dict[str, str]:
    """What a ledger remembers of itself."""
    rows = await store.upkeep.carry_out(Section.LEDGER)
    return {str(name): str(value) for name, value in rows}


async def _is_decided(old: Place, new: Place) -> bool:
    """Whether `old` was retired for `new`, and `new` is to be completed: nothing else may be."""
    moved_to = (await facts_of(old.store)).get(Fact.MOVED_TO)
    arriving = (await facts_of(new.store)).get(Fact.ARRIVING)
    return _is_called(new, moved_to) and _is_called(old, arriving)


def _is_called(place: Place, name: str | None) -> bool:
    """Whether a name is that of a place; earlier versions left out what stands behind `?`."""
    return name in {place.name, place.name.partition("?")[0]}


async def _take(place: Place, *, pid: int, at_ms: int) -> None:
    if not await place.store.upkeep.take_alone(pid=pid, at_ms=at_ms):
        owner = await place.store.ownership()
        whose = "another process" if owner is None else f"process {owner.pid}"
        raise LedgerError(f"{whose} owns the ledger {place.name}; end it, then try again")


async def _check_free(old: Place, new: Place) -> None:
    """The new place is empty, or holds what an earlier try left there."""
    arriving = (await facts_of(new.store)).get(Fact.ARRIVING)
    if _is_called(old, arriving):
        return
    if arriving:
        raise LedgerError(
            f"{new.name} is a copy of {arriving} that is not complete; complete that, or name "
            "another place"
        )
    for section in (Section.ENTRY, Section.PAYLOAD, Section.INBOX):
        if await new.store.upkeep.carry_out(section, limit=1):
            raise LedgerError(f"{new.name} is a ledger already; name an empty place")


async def _copy(old: Place, new: Place, progress: Progress) -> None:
    facts = await facts_of(old.store)
    arriving: list[Line] = [*facts.items(), (Fact.ARRIVING, old.name)]
    await new.store.upkeep.carry_in(Section.LEDGER, arriving, is_first=True)
    done, total = 0, await _rows(old.store)
    for section in _COPIED:
        is_first = True
        async for page in pages(old.store, section):
            await new.store.upkeep.carry_in(section, page, is_first=is_first)
            is_first, done = False, done + len(page)
            progress(min(done, total), total)
        if is_first:
            await new.store.upkeep.carry_in(section, [], is_first=True)


async def _rows(store: Store) -> int:
    return sum(count for _, count in (await store.upkeep.figures()).rows)


async def pages(store: Store, section: str) -> AsyncIterator[Sequence[Line]]:
    """Rows of a section in order of their key, page by page."""
    after: Line = ()
    while page := await store.upkeep.carry_out(section, after=after, limit=_PAGE):
        yield page
        after = _key_of(section, page[-1])


def _key_of(section: str, line: Line) -> Line:
    columns = SECTIONS[section].columns
    return tuple(cell for cell, column in zip(line, columns, strict=True) if column.is_key)


async def _place_anew(old: Store, new: Store) -> None:
    """Carry entries once more, whose copy may be one of a version that left their places behind."""
    async for page in pages(old, Section.ENTRY):
        await new.upkeep.carry_in(Section.ENTRY, page)


async def _compare(old: Store, new: Store, sections: Sequence[str]) -> None:
    """Every row is there, and no other, cell by cell.

    Raises:
        LedgerError: The copy differs.
    """
    for section in sections:
        after: Line | None = ()
        while after is not None:
            page = await old.upkeep.carry_out(section, after=after, limit=_PAGE)
            copied = await new.upkeep.carry_out(section, after=after, limit=_PAGE)
            if list(copied) != list(page):
                raise LedgerError(
                    f"the copy is not what the ledger is, in section {section}; nothing was "
                    "moved: check the disk, then try again"
                )
            after = _key_of(section, page[-1]) if page else None


async def check_roots(store: Store) -> None:
    """See that the entries give the roots of the last signed head.

    Where old entries were archived, their leaf hashes stand in for them.

    Raises:
        LedgerError: They do not: somebody changed the ledger.
    """
    head = await store.proofs.last_head()
    first = {extent.log_id: extent.first for extent in await store.proofs.extents()}
    for tree in head.trees if head is not None else ():
        edge = RightEdge(tree.log_id)
        async for leaves in _leaves(store, tree.log_id, first.get(tree.log_id, 0), tree.size):
            edge.extend(leaves)
        if (edge.size, edge.root()) != (tree.size, tree.root):
            raise LedgerError(
                f"log {tree.log_id} does not give the root that was signed, and is left as it is: "
                "run `highroad audit verify`"
            )


async def _leaves(store: Store, log_id: str, first: int, size: int) -> AsyncIterator[list[bytes]]:
    for position in range(-(-first // TILE)):
        for tile in await store.proofs.tiles(log_id, 0, first=position, limit=1):
            hashes = tile.hashes[: (min(first, size) - position * TILE) * HASH]
            yield [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
    at = first
    while at < size and (page := await store.proofs.raw(log_id, first=at, limit=_PAGE)):
        yield [leaf_hash(entry.body) for entry in page if entry.seq < size]
        at = page[-1].seq + 1


async def _complete(old: Place, new: Place, *, at_ms: int) -> Moved:
    """From here on there is no way back: `old` is retired, and only `new` can go on."""
    upkeep = new.store.upkeep
    orders = [line async for page in pages(old.store, Section.INBOX) for line in page]
    await upkeep.carry_in(Section.INBOX, orders, is_first=True)
    logs = await old.store.upkeep.carry_out(Section.LOG)
    await _note(old, new, logs, at_ms=at_ms)
    await upkeep.carry_in(Section.LEDGER, [(Fact.ARRIVING, "")])
    rows = dict((await upkeep.figures()).rows)
    return Moved(
        origin=old.name,
        destination=new.name,
        rows=sum(rows.values()),
        entries=rows[Section.ENTRY],
        heads=rows[Section.SIGNED_HEAD],
        open_calls=rows[Section.OPEN_CALL],
    )


async def _note(old: Place, new: Place, logs: Sequence[Line], *, at_ms: int) -> None:
    """Write the move into the first log, at its end.

    It is carried like the other entries, because nobody may own what is not complete; a second
    try writes it in the same place.
    """
    moved = entries.noted(
        EntryKind.MOVED,
        {
            "from": old.name,
            "to": new.name,
            "logs": [{"log": log_id, "size": size} for log_id, _, _, size in logs],
        },
        organization=DEFAULT_ORGANIZATION,
        at_ms=at_ms,
    )
    (log_id, epoch, first, size), *others = logs
    line: Line = (
        log_id,
        size,
        moved.kind,
        moved.schema,
        moved.organization,
        moved.run_id,
        moved.call_id,
        moved.at_ms,
        moved.body,
        None,  # behind all that are there
    )
    await new.store.upkeep.carry_in(Section.ENTRY, [line])
    longer: Line = (log_id, epoch, first, int(size or 0) + 1)
    await new.store.upkeep.carry_in(Section.LOG, [longer, *others])
