"""Opening a ledger's file: pragmas, and the schema where there is none yet."""

from pathlib import Path
from typing import Final

import apsw

from highroad.adapters.stores.sqlite import schema
from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.domain.error import LedgerError

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
    # The WAL shrinks back to this after a burst.
    "PRAGMA journal_size_limit = 16777216",
)


def connect(path: Path, *, patience_ms: int) -> apsw.Connection:
    """Open `path`, ready for use: of our schema, in WAL mode, every commit durable.

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
            _prepare(connection, path, patience_ms)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(connection: apsw.Connection, path: Path, patience_ms: int) -> None:
    connection.set_busy_timeout(patience_ms)
    if connection.readonly("main"):
        raise apsw.ReadOnlyError("opened for reading only")
    if not _is_current(connection, path):
        # A new file's mode can be changed only while nobody else uses it, and stays.
        if connection.pragma("journal_mode", "wal") != "wal":
            raise LedgerError(
                f"the ledger {path} lies on a file system without shared memory, which WAL "
                "needs; put it on a local disk"
            )
        _install(connection, path)
    if connection.pragma("user_version") < schema.VERSION:
        _upgrade(connection)
    for pragma in _PRAGMAS:
        connection.execute(pragma)


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


def _upgrade(connection: apsw.Connection) -> None:
    """Bring an older ledger to this version, unless another process was faster."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.pragma("user_version") < schema.VERSION:
        for statement in schema.upgrade_from_1():
            connection.execute(statement)
        connection.pragma("user_version", schema.VERSION)
    connection.execute("COMMIT")
