"""A copy of a ledger's file, made before it is changed for good."""

import filecmp
import os
import shutil
from pathlib import Path
from typing import Final

import apsw

from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.domain.error import LedgerError
from highroad.ports.upkeep import Progress

_PAGES: Final = 1_000
"""Copied between two words of progress."""


def place_of(path: Path, version: int) -> Path:
    """Where the backup of a ledger of schema `version` stands."""
    return path.with_name(f"{path.name}.v{version}-backup")


def back_up(path: Path, *, version: int, progress: Progress) -> Path:
    """Copy the ledger at `path`, durably, and open the copy to see that it is whole.

    What it copies is what was committed last; who calls it keeps others from writing. A backup
    that is there already and says the same, byte for byte, is as good: a crash came behind it.

    Raises:
        LedgerError: There is no room, another backup has its name, or the copy is not whole.
    """
    place = place_of(path, version)
    part = place.with_name(f"{place.name}.part")
    part.unlink(missing_ok=True)
    _check_room(path)
    try:
        _copy(path, part, progress)
        _check(path, part, version)
        shutil.copymode(path, part)
        _settle(part, place)
    finally:
        part.unlink(missing_ok=True)
    return place


def _check_room(path: Path) -> None:
    """The copy needs as much room as the ledger, and so may the change that comes after it."""
    wal = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    free = shutil.disk_usage(path.parent).free
    if free < 2 * size:
        raise LedgerError(
            f"there is no room to back up the ledger {path}: {2 * size} bytes are needed in its "
            f"folder, and {free} are free; free space, then try again"
        )


def _copy(path: Path, part: Path, progress: Progress) -> None:
    with LedgerErrors(part):
        source, copy = apsw.Connection(str(path)), apsw.Connection(str(part))
        try:
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
                    progress(backup.page_count - backup.remaining, backup.page_count)
        finally:
            copy.close()
            source.close()


def _check(path: Path, part: Path, version: int) -> None:
    """The copy opens, is whole, and has every entry."""
    with LedgerErrors(part):
        source, copy = apsw.Connection(str(path)), _as_it_lies(part)
        try:
            is_whole = (
                copy.pragma("quick_check") == "ok"
                and copy.pragma("user_version") == version
                and _counted(copy) == _counted(source)
            )
        finally:
            copy.close()
            source.close()
    if not is_whole:
        raise LedgerError(f"the backup {part} is not whole; check the disk, then try again")


def _as_it_lies(file: Path) -> apsw.Connection:
    """Open a file that nobody changes, and make none beside it."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"{file.absolute().as_uri()}?immutable=1", flags=flags)


def _counted(connection: apsw.Connection) -> object:
    return connection.execute("SELECT count(*), max(seq), sum(length(body)) FROM entry").get


def _settle(part: Path, place: Path) -> None:
    """Give the copy its name, once it is on the disk."""
    _sync(part)
    if not place.exists():
        part.rename(place)
        _sync(place.parent)
    elif not filecmp.cmp(part, place, shallow=False):
        raise LedgerError(
            f"another backup has the name {place}; move it away, then open the ledger again"
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except PermissionError:  # Windows flushes no file that is open for reading, and no folder
        pass
    finally:
        os.close(descriptor)
