"""One append inside a transaction: lock, judge, write."""

from collections.abc import Sequence
from dataclasses import dataclass

from highroad.adapters.stores.postgres import standing, statements
from highroad.adapters.stores.postgres.batch import Batch
from highroad.adapters.stores.postgres.driver import Connection
from highroad.domain.entry import CallsOpen, Entry, EntryKind, Erasure, Fence, Receipt


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
        if entry.erases is None:
            answers.append((entry, batch.take(entry)))
        else:
            answers.append((entry, await _erase(connection, batch, entry, entry.erases)))
    parts = statements.parts_of(batch.reap())
    if batch.unended:
        parts.append(statements.unended(batch.unended))
    parts.append(statements.appended(wanted.writer, wanted.number))
    parts.append(statements.grown(log_id, batch.seq))
    await statements.write(connection, parts)
    return Appended(tuple(answers))


async def _erase(connection: Connection, batch: Batch, entry: Entry, erases: Erasure) -> Receipt:
    """Take an entry that destroys something, unless a call is open where it does.

    What came before must be there to be judged and erased, what comes behind must stay.
    """
    await statements.write(connection, statements.parts_of(batch.reap()))
    open_calls = await standing.open_calls(connection, erases.runs)
    if open_calls:
        return CallsOpen(open_calls)
    receipt = batch.take(entry)
    await statements.write(connection, statements.parts_of(batch.reap()))
    batch.forget(erases.runs, await statements.erase(connection, erases))
    return receipt
