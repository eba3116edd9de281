"""What SQLite complains of, in words that say what to do next."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

import apsw

from highroad.domain.error import LedgerError

_SENTENCES: Final[Mapping[type[apsw.Error], str]] = MappingProxyType(
    {
        apsw.BusyError: "is locked by another process; end that process, or try again",
        apsw.LockedError: "is locked by another process; end that process, or try again",
        apsw.FullError: "cannot grow: the disk is full; free space, then try again",
        apsw.ReadOnlyError: "is read-only; make the file and its folder writable for this user",
        apsw.PermissionsError: "may not be used by this user; grant reading and writing",
        apsw.CantOpenError: "cannot be opened; check that its folder is there and writable",
        apsw.NotADBError: "is not a ledger; name another file, or move this one away",
        apsw.CorruptError: "is damaged; keep a copy of it, and restore a backup",
        apsw.ConnectionClosedError: "was closed; open it again",
        apsw.IOError: "cannot be read or written; check the disk, then try again",
    }
)


class LedgerErrors:
    """Context in which an error of SQLite comes out as a `LedgerError` about one file.

    SQLite's own words are kept: they name tables and codes, never a value (P7).
    """

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path: Path = path

    def __enter__(self) -> None:
        """Nothing to do: one context serves a whole store."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, apsw.Error):
            raise self.of(error) from error

    def of(self, error: apsw.Error) -> LedgerError:
        """The error to raise for one of SQLite's."""
        said = _SENTENCES.get(type(error), "refused a statement; please report this")
        return LedgerError(f"the ledger {self.path} {said} ({type(error).__name__}: {error})")
