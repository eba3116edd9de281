"""Stores under the kill matrix: how each is opened, watched, and read without highroad.

A ground offers `open()`, which gives a store with a point before and behind everything that it
writes, and `rows(table)`. The folder of a point is a copy of one in which a process has opened an
empty ledger; a ground whose ledger lives on a server names its database after the folder, and
makes it in `open` where there is none.
"""

import sqlite3
from pathlib import Path

from power import LossyDisk

from highroad.adapters.stores.sqlite import SQLiteStore

WRITING = ("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT")
WRITES = ("acquire", "append", "post", "forget", "expire")


class Watched:
    """A store with a point before and behind each of its writes."""

    def __init__(self, store, points):
        self._store = store
        self._points = points

    def __getattr__(self, name):
        method = getattr(self._store, name)
        return self._watched(name, method) if name in WRITES else method

    def _watched(self, name, method):
        async def write(*arguments, **options):
            label = _label(name, arguments)
            self._points.reach(f"before {label}")
            result = await method(*arguments, **options)
            self._points.reach(f"after {label}")
            return result

        return write


def _label(name, arguments):
    """What is written, by the kinds of its entries: an approval's transitions are among them."""
    if name != "append":
        return name
    kinds = dict.fromkeys(
        f"{entry.kind}{' with approval' if entry.spends else ''}" for entry in arguments[0]
    )
    return f"append of {', '.join(kinds)}"


class SQLiteGround:
    """A ledger in a SQLite file."""

    def __init__(self, folder, points, *, is_lossy):
        self.path = Path(folder) / "ledger.db"
        self.points = points
        if is_lossy:
            self.disk = LossyDisk(Path(folder), points)

    def open(self):
        store = SQLiteStore.open(self.path)
        self._watch_statements(store._writer)  # noqa: SLF001 - a test looks at each statement
        return Watched(store, self.points)

    def _watch_statements(self, writer):
        connection, commit = writer._connection, writer._commit  # noqa: SLF001 - as above

        def trace(cursor, statement, bindings):
            word = statement.split(maxsplit=1)[0]
            if word in WRITING:
                self.points.reach(f"before {' '.join(statement.split()[:3])}")
            return True

        def watched():
            commit()
            self.points.reach("after COMMIT")

        connection.exec_trace = trace
        writer._commit = watched  # noqa: SLF001 - as above

    def rows(self, table):
        """An audit table, as anybody may read it."""
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as ledger:
            return {tuple(row) for row in ledger.execute(f"SELECT * FROM {table}")}  # noqa: S608 - a table of ours


GROUNDS = {"sqlite": SQLiteGround}
