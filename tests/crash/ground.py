"""Stores under the kill matrix: how each is opened, watched, and read without highroad.

A ground offers `open()`, which gives a store with a point before and behind everything that it
writes, and `rows(table)`. The folder of a point is a copy of one in which a process has opened an
empty ledger; of a ledger that lives on a server it holds the URL.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import apsw
import asyncpg
from power import LossyDisk

from highroad.adapters.stores.postgres import PostgresStore
from highroad.adapters.stores.postgres.store import GRACE_S
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.audit import TABLES

WRITING = ("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT")
WRITES = ("acquire", "append", "post", "forget", "expire", "adopt")
URL = "url"
"""The file in the folder of a point that says where its ledger is."""
BYSTANDER = "bystander"
"""Name of the sessions of a process that lives on beside those that die."""


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

    async def open(self):
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
        # By the library that has it open: another one would take its locks away as it closes.
        with closing(apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)) as ledger:
            return {tuple(row) for row in ledger.execute(f"SELECT * FROM {table}")}  # noqa: S608 - a table of ours


class PostgresGround:
    """A ledger in a database of a PostgreSQL server, which other processes write as well."""

    def __init__(self, folder, points, *, is_lossy):
        assert not is_lossy, "what this server has synced cannot be seen from here"
        self.url = (Path(folder) / URL).read_text("utf-8")
        self.points = points
        self.name = "program"
        self.comes_late = False
        """Whether who is not back yet, after a restart of the server, has had the time."""
        self.tables = None

    async def open(self):
        await self.dead_are_gone()
        watched = type("Session", (WatchedSession,), {"points": self.points})
        for opener in ("connect", "create_pool"):
            setattr(asyncpg, opener, self._named(getattr(asyncpg, opener), watched))
        grace_s = 0.0 if self.comes_late else GRACE_S
        return Watched(PostgresStore(self.url, grace_s=grace_s), self.points)

    def _named(self, opener, watched):
        def opens(url, *, server_settings=None, **options):
            if server_settings is None:  # a look at the ledger without highroad
                return opener(url, **options)
            settings = server_settings | {"application_name": self.name}
            return opener(url, server_settings=settings, connection_class=watched, **options)

        return opens

    async def dead_are_gone(self):
        """Until the server has seen the death of whoever was killed, it holds their locks."""
        connection = await asyncpg.connect(self.url)
        while await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'program'"
        ):
            pass
        await connection.close()

    def rows(self, table):
        """An audit table, as anybody may read it."""
        if self.tables is None:
            with ThreadPoolExecutor(1) as thread:
                self.tables = thread.submit(asyncio.run, self._read()).result()
        return self.tables[table]

    async def _read(self):
        connection = await asyncpg.connect(self.url)
        tables = {}
        for name, table in TABLES.items():
            columns = ", ".join(column.name for column in table.columns)
            found = await connection.fetch(f"SELECT {columns} FROM highroad.{name}")  # noqa: S608 - names of ours
            tables[name] = {tuple(row) for row in found}
        await connection.close()
        return tables


class WatchedSession(asyncpg.Connection):
    """A session with points around whatever writes, and between a request and its answer."""

    __slots__ = ()
    points = None

    async def execute(self, query, *arguments, **options):
        return await self._watched(super().execute, query, *arguments, **options)

    async def fetchval(self, query, *arguments, **options):
        return await self._watched(super().fetchval, query, *arguments, **options)

    async def _watched(self, method, query, *arguments, **options):
        words = query.replace(";", "").split()
        name = " ".join(words[:3])
        if words[0] in {"BEGIN", "COMMIT", "WITH"}:
            method = self.points.counted(words[0], method)
        elif words[0] not in WRITING and "lock" not in name:
            return await method(query, *arguments, **options)
        self.points.reach(f"before {name}")
        result = await method(query, *arguments, **options)
        self.points.reach(f"after {name}")
        return result


GROUNDS = {"sqlite": SQLiteGround, "postgres": PostgresGround}
