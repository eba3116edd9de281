"""Who drives the ledger: an exclusive lock on a file beside it, which death sets free.

SQLite does the locking, so that it is the same on every system. The file is another one than the
ledger because others must go on reading that.
"""

from pathlib import Path

import apsw

from highroad.adapters.stores.sqlite.failures import LedgerErrors


class OwnerLock:
    """The lock of one ledger; held from `take` until `release` or the end of the process."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(f"{ledger.name}-owner")
        self._held: apsw.Connection | None = None

    @property
    def is_held(self) -> bool:
        """Whether this store has the lock."""
        return self._held is not None

    def take(self) -> bool:
        """Whether this store has the lock now.

        Raises:
            LedgerError: The file beside the ledger cannot be made.
        """
        if self._held is not None:
            return True
        with LedgerErrors(self._path):
            connection = apsw.Connection(str(self._path))
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
