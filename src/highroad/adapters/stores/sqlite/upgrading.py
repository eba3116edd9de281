"""Bringing an older ledger to this version: a backup, then one transaction."""

from pathlib import Path
from typing import Final

import apsw

from highroad.adapters.stores.sqlite import backup, schema
from highroad.adapters.stores.sqlite.ownership import OwnerLock
from highroad.domain.error import LedgerError
from highroad.ports.upkeep import Progress

_LOOK_MS: Final = 50
"""How often to look whether whoever has the ledger has upgraded it."""


def upgrade(
    connection: apsw.Connection, path: Path, *, patience_ms: int, progress: Progress
) -> None:
    """Bring the ledger at `path` to this version, unless another process was faster.

    The owner's lock keeps a program of the older version from writing meanwhile, and two that
    upgrade at once apart. A crash leaves the old ledger or the new one.

    Raises:
        LedgerError: A program of the older version has it open, or it could not be backed up.
    """
    lock = OwnerLock(path)
    for _ in range(0, patience_ms + 1, _LOOK_MS):
        if lock.take(patience_ms=min(_LOOK_MS, patience_ms)) or not _is_old(connection):
            break
    else:
        pid = connection.execute("SELECT pid FROM owner").get
        raise LedgerError(
            f"the ledger {path} is of an older version, and process {pid} has it open; "
            "end that process, then try again"
        )
    try:
        _upgrade_alone(connection, path, progress)
    finally:
        lock.release()


def _upgrade_alone(connection: apsw.Connection, path: Path, progress: Progress) -> None:
    """While nobody else may write: what is backed up is what is changed."""
    connection.execute("BEGIN IMMEDIATE")
    version = int(connection.pragma("user_version"))
    if version < schema.VERSION:
        backup.back_up(path, version=version, progress=progress)
        for statement in schema.upgrade_from(version):
            connection.execute(statement)
        connection.pragma("user_version", schema.VERSION)
    connection.execute("COMMIT")
    if version == 1:
        # It left what it deleted in the file, where an erasure would not reach it (P7).
        connection.execute("VACUUM")


def _is_old(connection: apsw.Connection) -> bool:
    return int(connection.pragma("user_version")) < schema.VERSION
