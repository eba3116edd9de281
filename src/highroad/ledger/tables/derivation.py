"""The audit tables derived anew from the entries of a ledger, page by page."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.approval import ApprovalState
from highroad.domain.audit import APPROVAL
from highroad.domain.entry import EntryKind, Position, Row, StoredEntry
from highroad.ledger import projections
from highroad.ledger.history import read_body
from highroad.ports.store import Store

_log: Final = logging.getLogger("highroad.ledger")

PAGE: Final = 1_000
"""Entries, or rows, that are looked at together."""
_TOLD: Final = 50_000
"""Entries after which it is told how far deriving has come."""
_STATE: Final = [column.name for column in APPROVAL.columns].index("state")


@dataclass(frozen=True, slots=True)
class Derived:
    """What one entry stands for in the audit tables."""

    entry: StoredEntry
    rows: tuple[Row, ...]


async def bring_up_to_date(store: Store) -> bool:
    """Derive the tables anew where an older version derived them; only an owner may.

    Of several that open a shared ledger at once one derives, and the others wait for it.

    Returns:
        Whether that was needed.
    """
    if await store.tables.projected() >= projections.VERSION:
        return False
    async with store.tables.derive_alone():
        if await store.tables.projected() >= projections.VERSION:
            return False
        await rederive(store)
    return True


async def rederive(store: Store) -> None:
    """Put what the entries say in place of what the audit tables hold.

    Rows whose entries stand in archives are not to be had from here, and stay as they are. A
    process that dies on the way leaves tables of no version behind, which the next owner derives.
    """
    is_first, told = not await is_archived(store), 0
    async for page in pages(store):
        derived = [row for each in page for row in each.rows]
        await store.tables.rederive(derived, is_first=is_first, version=None)
        is_first, told = False, told + len(page)
        if told % _TOLD < len(page) and told >= _TOLD:
            _log.info("audit tables are derived anew: %d entries so far", told)
    await store.tables.rederive([], is_first=is_first, version=projections.VERSION)


async def is_archived(store: Store) -> bool:
    """Whether the oldest entries of any log stand elsewhere."""
    return any(extent.first > 0 for extent in await store.proofs.extents())


async def pages(
    store: Store, *, run_id: str | None = None, call_id: str | None = None, kind: str | None = None
) -> AsyncIterator[list[Derived]]:
    """What the entries stand for, in their order, narrowed by what is given."""
    async for found in stored(store, run_id=run_id, call_id=call_id, kind=kind):
        yield [Derived(entry, await _rows(store, entry)) for entry in found]


async def stored(
    store: Store, *, run_id: str | None = None, call_id: str | None = None, kind: str | None = None
) -> AsyncIterator[Sequence[StoredEntry]]:
    """Entries in their order, page by page, narrowed by what is given."""
    after: Position | None = None
    while found := await store.entries(
        run_id=run_id, call_id=call_id, kind=kind, after=after, limit=PAGE
    ):
        yield found
        if len(found) < PAGE:
            return
        after = found[-1].position


async def _rows(store: Store, entry: StoredEntry) -> tuple[Row, ...]:
    """Rows of an entry; one that spends an approval marks it as the store does."""
    body = read_body(entry)
    rows = projections.rows(body)
    if entry.kind is EntryKind.INTENT and "approval" in body:
        spent = await _spent(store, entry, body["approval"])
        return rows if spent is None else (*rows, spent)
    return rows


async def _spent(store: Store, entry: StoredEntry, approval_id: str) -> Row | None:
    """The row of an approval as its last entry before this one left it, but consumed."""
    last: Row | None = None
    async for earlier in _before(store, entry):
        for row in projections.rows(read_body(earlier)):
            if row.table == APPROVAL.name and row.values[0] == approval_id:
                last = row
    if last is None:
        return None
    values = list(last.values)
    values[_STATE] = ApprovalState.CONSUMED
    return Row(last.table, tuple(values))


async def _before(store: Store, entry: StoredEntry) -> AsyncIterator[StoredEntry]:
    """Entries of the same call, up to this one."""
    async for found in stored(store, call_id=entry.call_id):
        for each in found:
            if each.position == entry.position:
                return
            yield each
