"""A disk that can be full, broken, slow or read-only, and that can lose its power."""

import shutil
from collections import defaultdict
from pathlib import Path

import apsw
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore


class Disk(apsw.VFS):
    """SQLite's file layer, under all connections that are opened while the fixture lives.

    It keeps what every write since a file's last sync replaced: that is what a loss of power may
    take back.
    """

    def __init__(self):
        self.unsynced = defaultdict(list)
        self.before_write = lambda path: None
        self.before_sync = lambda path: None
        self.is_read_only = False
        self.beneath = apsw.vfs_names()[0]
        super().__init__("faulty", self.beneath, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        if self.is_read_only:
            flags[0] = flags[0] & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            flags[0] |= apsw.SQLITE_OPEN_READONLY
        return DiskFile(self, name, flags)

    def lose_power(self, ledger, to):
        """Copy the files of `ledger` into the folder `to` as they would be found afterwards."""
        to.mkdir()
        for path in (ledger, ledger.with_name(ledger.name + "-wal")):
            copy = to / path.name
            shutil.copyfile(path, copy)
            with copy.open("r+b") as file:
                for offset, replaced, size in reversed(self.unsynced[str(path)]):
                    file.seek(offset)
                    file.write(replaced)
                    file.truncate(size)
        return to / ledger.name


class DiskFile(apsw.VFSFile):
    """One open file on such a disk."""

    def __init__(self, disk, name, flags):
        self.disk = disk
        self.path = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
        super().__init__(disk.beneath, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        self.disk.before_write(self.path)
        size = self.xFileSize()
        replaced = self.xRead(min(len(data), max(0, size - offset)), offset)
        self.disk.unsynced[self.path].append((offset, replaced, size))
        super().xWrite(data, offset)

    def xTruncate(self, new_size):  # noqa: N802 - SQLite's name
        size = self.xFileSize()
        replaced = self.xRead(max(0, size - new_size), new_size)
        self.disk.unsynced[self.path].append((new_size, replaced, size))
        super().xTruncate(new_size)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        self.disk.before_sync(self.path)
        super().xSync(flags)
        self.disk.unsynced[self.path].clear()


@pytest.fixture
def disk():
    disk = Disk()
    yield disk
    disk.unregister()


@pytest.fixture
def ledger(tmp_path):
    """Where a ledger may be made."""
    return Path(tmp_path) / "ledger.db"


@pytest.fixture
async def store(request, ledger):
    """A SQLite store that waits for nobody, on the faulty disk where a test asks for that."""
    if "disk" in request.fixturenames:
        request.getfixturevalue("disk")
    store = SQLiteStore.open(ledger, patience_ms=0)
    yield store
    await store.close()


@pytest.fixture
async def fence(store):
    return await store.acquire(pid=1, at_ms=0)
