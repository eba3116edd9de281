"""What operators do with a ledger: look at its figures, move it, archive it, upgrade it."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

from highroad.adapters.system import SystemClock
from highroad.bootstrap.addresses import SQLITE
from highroad.bootstrap.assembly import assemble
from highroad.bootstrap.stores import path_of, store_at, upgraded_at
from highroad.domain.address import without_secrets
from highroad.domain.error import LedgerError
from highroad.ledger.tables.derivation import bring_up_to_date
from highroad.ledger.upkeep.archive import Age, Archive
from highroad.ledger.upkeep.moving import Moved, Place, move
from highroad.ledger.upkeep.segment import Segment
from highroad.ledger.upkeep.statistics import Statistics, statistics_of
from highroad.ports.upkeep import Progress, StoreUpgrade
from highroad.settings import Settings


async def statistics(url: str) -> Statistics:
    """How the ledger at `url` stands; it is read, and need not be free.

    Raises:
        LedgerError: There is none, or it cannot be read.
    """
    place = _existing(url)
    try:
        return await statistics_of(place.store)
    finally:
        await place.store.close()


async def move_ledger(old: str, new: str, *, progress: Progress) -> Moved:
    """Carry the ledger at the URL `old` to `new`, where it goes on.

    Raises:
        LedgerError: It could not be moved, and goes on where it is.
    """
    async with AsyncExitStack() as closing:
        origin = _existing(old)
        closing.push_async_callback(origin.store.close)
        destination = _place(new)
        closing.push_async_callback(destination.store.close)
        now_ms = SystemClock().now_ms()
        return await move(origin, destination, pid=os.getpid(), at_ms=now_ms, progress=progress)


async def archive_ledger(
    settings: Settings, folder: Path, *, before_ms: int, progress: Progress
) -> Segment | None:
    """Move entries of the ledger of the settings into a file in `folder`, as its owner.

    What is unsigned is signed and anchored first.

    Raises:
        LedgerError: Another process owns the ledger, or the file cannot be written; nothing is
            taken away then.
    """
    assembly = await assemble(settings=settings)
    try:
        ledger, notary = assembly.services.ledger, assembly.notary
        if notary is None or assembly.owner_pid is not None:
            raise LedgerError(
                f"process {assembly.owner_pid} owns the ledger; end it, then try again"
            )
        await notary.sign()
        archive = Archive(ledger.store, ledger.writer, notary.fence, ledger.clock, sign=notary.sign)
        age = Age(before_ms=before_ms, is_anchored=bool(settings.anchors))
        return await archive.move(folder, age, progress=progress)
    finally:
        await assembly.close()


async def upgrade_ledger(url: str, *, progress: Progress) -> StoreUpgrade:
    """Bring the ledger at `url` to this version, with a backup beside it.

    Its audit tables are derived anew as well, unless another process owns it already, which has
    done so.

    Raises:
        LedgerError: There is none, or it could not be upgraded and is as it was.
    """
    done = await upgraded_at(url, progress=progress)
    store = _existing(url).store
    try:
        if await store.upkeep.take_alone(pid=os.getpid(), at_ms=SystemClock().now_ms()):
            await bring_up_to_date(store)
    finally:
        await store.close()
    return done


def _existing(url: str) -> Place:
    path = path_of(url)
    if path is not None and not path.exists():
        raise LedgerError(f"there is no ledger {path}; name one that is there")
    return _place(url)


def _place(url: str) -> Place:
    path = path_of(url)
    if path is None:
        return Place(store=store_at(url), name=without_secrets(url))
    # Two ways to write one file are one place.
    whole = f"{SQLITE}{path.resolve().as_posix()}"
    return Place(store=store_at(whole), name=whole)
