"""One append inside a transaction: lock, judge, write."""

from collections.abc import Sequence
from dataclasses import dataclass

from highroad.adapters.stores.postgres import standing, statements
from highroad.adapters.stores.postgres.batch import Batch
from highroad.adapters.stores.postgres.driver import Connection
from highroad.domain.entry import Entry, EntryKind, Fence, Receipt


@dataclass(frozen=True, slots=True)
class Append:
    """What a transaction is to write, and under which number it is found again.

    Args:
        entries: In order.
        fence: Of the writer.
        writer: The open store.
        number: Counts the appends of this store.
    """

    entries: Sequence[Entry]
    fence: Fence
    writer: str
    number: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of them."""

    answers: tuple[tuple[Entry, Receipt], ...]
    """A receipt for each entry; under a fence that is lost, for amendments alone."""


async def append(connection: Connection, wanted: Append) -> Appended:
    """Write entries inside a transaction that is open."""
    log_id, fence = wanted.fence.log_id, wanted.fence
    found = await standing.lock_log(connection, log_id)
    if found is None:
        return Appended(())
    epoch, size = found
    kept = wanted.entries
    if epoch != fence.epoch:
        kept = [entry for entry in kept if entry.kind is EntryKind.AMENDED]
    batch = Batch(log_id, size, await standing.lock(connection, kept))
    answers: list[tuple[Entry, Receipt]] = []
    for entry in kept:
        answers.append((entry, batch.take(entry)))
        if entry.erases is not None:
            # What came before must be there to be erased, what comes behind must stay.
            await statements.write(connection, statements.parts_of(batch.reap()))
            await statements.erase(connection, entry.erases)
    parts = statements.parts_of(batch.reap())
    if batch.unended:
        parts.append(statements.unended(batch.unended))
    parts.append(statements.appended(wanted.writer, wanted.number))
    parts.append(statements.grown(log_id, batch.seq))
    await statements.write(connection, parts)
    return Appended(tuple(answers))
