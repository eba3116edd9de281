"""Who drives the ledger: an exclusive lock on a file beside it, which death sets free.

SQLite does the locking, so that it is the same on every system. The file is another one than the
ledger because others must go on reading that.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import apsw

from highroad.adapters.stores.sqlite.failures import LedgerErrors
from highroad.adapters.stores.sqlite.writing import Writer
from highroad.domain.entry import Fence
from highroad.domain.error import LedgerError
from highroad.domain.moving import Fact

T = TypeVar("T")

_FACT: Final = "SELECT value FROM ledger WHERE name = ? AND value <> ''"


class OwnerLock:
    """The lock of one ledger; held from `take` until `release` or the end of the process."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(f"{ledger.name}-owner")
        self._held: apsw.Connection | None = None

    @property
    def is_held(self) -> bool:
        """Whether this store has the lock."""
        return self._held is not None

    def take(self, *, patience_ms: int = 0) -> bool:
        """Whether this store has the lock now, or within `patience_ms`.

        Raises:
            LedgerError: The file beside the ledger cannot be made.
        """
        if self._held is not None:
            return True
        with LedgerErrors(self._path):
            connection = apsw.Connection(str(self._path))
            connection.set_busy_timeout(patience_ms)
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except apsw.BusyError:
                connection.close()
                return False
            except BaseException:
                connection.close()
                raise
        self._held = connection
        return True

    def release(self) -> None:
        """Let others become the owner."""
        if self._held is not None:
            self._held.close()
            self._held = None


async def take_over(
    lock: OwnerLock, writer: Writer, work: Callable[[apsw.Connection], T]
) -> T | None:
    """Take the lock and do `work` in a transaction; `None` while another process has the lock.

    Where the work fails, the lock is as it was.
    """
    had_it = lock.is_held
    if not lock.take():
        return None
    try:
        return await writer.transaction(work)
    except BaseException:
        if not had_it:
            lock.release()
        raise


def raised_epoch(connection: apsw.Connection, *, pid: int, at_ms: int) -> Fence:
    """Say who owns the ledger now, and raise the epoch; inside a transaction."""
    connection.execute("INSERT OR REPLACE INTO owner VALUES (1, ?, ?)", (pid, at_ms))
    raised = "UPDATE log SET epoch = epoch + 1 RETURNING log_id, epoch"
    return Fence(*connection.execute(raised).get)


def refuse_moved(connection: apsw.Connection, path: Path) -> None:
    """Nobody works on a ledger that goes on elsewhere.

    Raises:
        LedgerError: It was moved; the message says where.
    """
    moved_to = connection.execute(_FACT, (Fact.MOVED_TO,)).get
    if moved_to is not None:
        raise LedgerError(
            f"the ledger {path} was moved, and goes on in {moved_to}; name that one in `ledger`"
        )


def refuse_half(connection: apsw.Connection, path: Path) -> None:
    """Nobody works on half a ledger.

    Raises:
        LedgerError: It is a copy that is not complete; the message says of what.
    """
    source = connection.execute(_FACT, (Fact.ARRIVING,)).get
    if source is not None:
        raise LedgerError(
            f"the ledger {path} is a copy of {source} that is not complete; "
            f"run `highroad store copy` again, from {source} to here"
        )
