"""How the rooms above reach the writer, and what stands there where another process writes."""

from asyncio import Future
from collections.abc import Callable
from typing import NoReturn, Protocol, TypeAlias, runtime_checkable

from highroad.domain.entry import Entry, Receipt
from highroad.domain.error import LedgerError, LedgerOwned

Draft: TypeAlias = Callable[[], Entry | None]
"""An entry that is put together when its commit begins: what the caller's answer does not need
(encryption, digests, audit rows) is not waited for. `None` where a later one says it too."""


@runtime_checkable
class Sealing(Protocol):
    """A draft whose entry is sealed under a key that may be destroyed before it lands."""

    async def again(self) -> Draft:
        """The draft to be drawn up in its place, under a fresh key."""
        ...


class Writer(Protocol):
    """Takes entries; `highroad.ledger.writer.GroupWriter` is the one that writes them."""

    @property
    def behind(self) -> int:
        """Entries that wait for a commit."""
        ...

    @property
    def failure(self) -> LedgerError | None:
        """Why the last commit failed; `None` once one succeeds."""
        ...

    async def write(self, entry: Entry) -> Receipt:
        """Wait until `entry` is durable, or turned down."""
        ...

    def begin(self, entry: Entry) -> Future[Receipt]:
        """Take `entry` in for the next commit, and give what tells of it."""
        ...

    def put(self, entry: Entry | Draft, *, instead_of: object = None) -> None:
        """Let `entry` ride with the next commit, in the place of one that it makes needless."""
        ...

    async def room(self) -> None:
        """Wait until one more may ride."""
        ...

    async def flush(self) -> None:
        """Wait until all that was put is durable."""
        ...


class ReadOnlyWriter:
    """Stands where a process looks into a ledger that another one owns: it writes nothing."""

    behind = 0
    failure: LedgerError | None = None

    def __init__(self, owner_pid: int) -> None:
        self._owner_pid = owner_pid

    async def write(self, entry: Entry) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        del entry
        raise LedgerOwned(self._owner_pid)

    def begin(self, entry: Entry) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        del entry
        raise LedgerOwned(self._owner_pid)

    def put(self, entry: Entry | Draft, *, instead_of: object = None) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        del entry, instead_of
        raise LedgerOwned(self._owner_pid)

    async def room(self) -> NoReturn:
        """Refuse.

        Raises:
            LedgerOwned: Always.
        """
        raise LedgerOwned(self._owner_pid)

    async def flush(self) -> None:
        """Nothing waits."""
