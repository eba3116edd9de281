"""Appends whose commit was sent and never answered: whether they landed is read, not guessed."""

from collections.abc import Sequence
from typing import Final

from highroad.adapters.stores.postgres import standing
from highroad.adapters.stores.postgres.appending import Append, Appended
from highroad.adapters.stores.postgres.driver import Connection
from highroad.domain.entry import Entry, Receipt

_APPENDED: Final = "SELECT appended FROM writer WHERE id = $1"


class Doubt:
    """Remembers the append whose commit is on its way, and answers for it if it landed.

    The caller of an append in doubt may have been told that it failed, when the server was away
    for too long, and bring the same entries again: they are not written a second time.
    """

    def __init__(self) -> None:
        self._open: tuple[Append, Appended] | None = None
        self._landed: dict[int, tuple[Entry, Receipt]] = {}
        """By the identity of the entry, which stays in memory for as long as it stands here."""

    def begin(self, append: Append, appended: Appended) -> None:
        """The commit is about to be sent."""
        self._open = (append, appended)

    def end(self) -> None:
        """The server has answered."""
        self._open = None

    async def resolve(self, connection: Connection) -> None:
        """Look whether the append in doubt landed, inside a transaction of its own."""
        if self._open is None:
            return
        append, appended = self._open
        async with connection.transaction():
            # Its transaction has this lock until it is over, one way or the other.
            await standing.lock_log(connection, append.fence.log_id)
            found = await connection.fetchval(_APPENDED, append.writer)
        if found is not None and found >= append.number:
            self._landed = {id(entry): (entry, receipt) for entry, receipt in appended.answers}
        self._open = None

    def fresh(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that did not land in an append that was in doubt."""
        return [entry for entry in entries if id(entry) not in self._landed]

    def receipts(self, entries: Sequence[Entry], appended: Appended) -> list[Receipt | None]:
        """A receipt for each that was judged now, or had landed before."""
        known = {**self._landed, **{id(answer[0]): answer for answer in appended.answers}}
        return [known[id(entry)][1] if id(entry) in known else None for entry in entries]
