"""Opening a ledger's file: pragmas, and the schema where there is none yet."""

import time
from pathlib import Path
from typing import Final

import apsw

from highroad.adapters.stores.sqlite import backup, schema
from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.adapters.stores.sqlite.upgrading import upgrade
from highroad.domain.error import LedgerError
from highroad.ports.upkeep import Progress, StoreUpgrade, in_silence

_PAUSE_S: Final = 0.005
_PRAGMAS: Final = (
    # A commit is on the platter before it is answered (P2); macOS lies without `fullfsync`.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    # Projections come in the order of entries, and payloads are erased while their digests
    # stay: there is no reference that the database could enforce.
    "PRAGMA foreign_keys = OFF",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    # What is deleted is overwritten. It must hold from the beginning: pages that were split
    # keep copies of what stood in them, which a later deletion does not reach (P7).
    "PRAGMA secure_delete = ON",
    # The WAL shrinks back to this after a burst.
    "PRAGMA journal_size_limit = 16777216",
)


def connect(path: Path, *, patience_ms: int, progress: Progress = in_silence) -> apsw.Connection:
    """Open `path`, ready for use: of our schema, in WAL mode, every commit durable.

    An older ledger is backed up and upgraded first, which `progress` is told of.

    Raises:
        LedgerError: It is not usable; the message says why and what to do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"the folder of the ledger {path} cannot be made ({error.strerror}); "
            "make it, or name another place"
        ) from error
    with LedgerErrors(path):
        connection = apsw.Connection(str(path))
        try:
            _prepare(connection, path, patience_ms, progress)
        except BaseException:
            connection.close()
            raise
        return connection


def upgraded(path: Path, *, patience_ms: int, progress: Progress) -> StoreUpgrade:
    """Bring the ledger at `path` to this version, where it is older, and close it again.

    Raises:
        LedgerError: There is none, or it cannot be upgraded; it is then as it was.
    """
    if not path.exists():
        raise LedgerError(f"there is no ledger {path}; name one that is there")
    with LedgerErrors(path):
        looking = apsw.Connection(str(path))
        before = looking.pragma("user_version")
        looking.close()
    connect(path, patience_ms=patience_ms, progress=progress).close()
    is_old = before < schema.VERSION
    return StoreUpgrade(
        before=before,
        after=schema.VERSION,
        backup=str(backup.place_of(path, before)) if is_old else None,
    )


def _prepare(connection: apsw.Connection, path: Path, patience_ms: int, progress: Progress) -> None:
    connection.set_busy_timeout(patience_ms)
    if connection.readonly("main"):
        raise apsw.ReadOnlyError("opened for reading only")
    is_current = _is_current_now(connection, path)
    # A new file has another mode, and so has a copy that SQL made; it can be changed only while
    # nobody else uses the file, and stays.
    if not _is_in_wal(connection, patience_ms):
        raise LedgerError(
            f"the ledger {path} lies on a file system without shared memory, which WAL needs; "
            "put it on a local disk"
        )
    if not is_current:
        _install(connection, path)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if connection.pragma("user_version") < schema.VERSION:
        upgrade(connection, path, patience_ms=patience_ms, progress=progress)


def _is_in_wal(connection: apsw.Connection, patience_ms: int) -> bool:
    """Change to WAL; SQLite waits for nobody here, whatever its busy timeout says."""
    until_s = time.monotonic() + patience_ms / 1_000
    while True:
        try:
            return bool(connection.pragma("journal_mode", "wal") == "wal")
        except apsw.BusyError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(_PAUSE_S)


def _is_current_now(connection: apsw.Connection, path: Path) -> bool:
    """The same as of one moment: another process may be making the ledger meanwhile."""
    connection.execute("BEGIN")
    try:
        return _is_current(connection, path)
    finally:
        connection.execute("ROLLBACK")


def _is_current(connection: apsw.Connection, path: Path) -> bool:
    """Whether the schema is there; `False` for an empty file.

    Raises:
        LedgerError: The file is newer than this program, or not a ledger.
    """
    version = connection.pragma("user_version")
    if connection.pragma("application_id") == schema.APPLICATION_ID:
        if version > schema.VERSION:
            raise LedgerError(
                f"the ledger {path} has schema {version}, and this Highroad knows {schema.VERSION} "
                "at most; install a newer Highroad"
            )
        return True
    if connection.execute("SELECT count(*) FROM sqlite_schema").get:
        raise LedgerError(
            f"{path} is a database of another program; name a file of its own for the ledger"
        )
    return False


def _install(connection: apsw.Connection, path: Path) -> None:
    """Create the tables, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    if not _is_current(connection, path):
        for statement in schema.statements():
            connection.execute(statement)
        connection.pragma("user_version", schema.VERSION)
        connection.pragma("application_id", schema.APPLICATION_ID)
    connection.execute("COMMIT")
