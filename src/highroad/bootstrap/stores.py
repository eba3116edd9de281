"""Stores by URL: where a ledger lives."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from highroad.adapters.stores.sqlite import PATIENCE_MS, SQLiteStore, upgraded
from highroad.bootstrap.addresses import SQLITE, file_of, maker_for
from highroad.bootstrap.extras import POSTGRES
from highroad.domain.error import SettingsError
from highroad.ports.store import Store
from highroad.ports.upkeep import Progress, StoreUpgrade


def store_at(url: str) -> Store:
    """The store that `url` means, ready to be used.

    Raises:
        SettingsError: There is no such kind, or what it takes is not installed.
        LedgerError: It cannot be opened.
    """
    return _maker(url)(url)


def path_of(url: str) -> Path | None:
    """The file of an embedded ledger; a shared one has none.

    Raises:
        SettingsError: There is no such kind.
    """
    _maker(url)
    return file_of(url)


async def upgraded_at(url: str, *, progress: Progress) -> StoreUpgrade:
    """Take the steps of the schema that are missing.

    A shared store takes them whenever it is opened, and its operator backs it up.

    Raises:
        LedgerError: There is no ledger, or it could not be upgraded and is as it was.
    """
    path = path_of(url)
    if path is not None:
        return upgraded(path.absolute(), patience_ms=PATIENCE_MS, progress=progress)
    store = store_at(url)
    try:
        schema = (await store.upkeep.figures()).schema
    finally:
        await store.close()
    return StoreUpgrade(before=schema, after=schema, backup=None)


def _maker(url: str) -> Callable[[str], Store]:
    maker = maker_for(url, STORES)
    if maker is None:
        raise SettingsError(
            f"ledger {url.partition(':')[0]!r} is of no kind that this version has: use "
            "sqlite:///path/to/ledger.db, or postgresql://user:password@host/database"
        )
    return maker


def _embedded(url: str) -> Store:
    return SQLiteStore.open(Path(url.removeprefix(SQLITE)))


def _shared(url: str) -> Store:
    """A ledger that several processes write."""
    with POSTGRES.needed():
        from highroad.adapters.stores.postgres import PostgresStore  # noqa: PLC0415 - an extra
    return PostgresStore(url)


STORES: Final[Mapping[str, Callable[[str], Store]]] = {
    SQLITE: _embedded,
    "postgresql://": _shared,
    "postgres://": _shared,
}
