"""A disk that loses what was not synced: an undo journal beside it survives the process."""

import base64
import json
import os
from collections import defaultdict
from pathlib import Path

import apsw

JOURNAL = "undo.jsonl"


class LossyDisk(apsw.VFS):
    """SQLite's file layer; what each write since a file's last sync replaced is journalled.

    The journal is written through to the kernel, which outlives a process that is killed.
    """

    def __init__(self, folder, points):
        self.points = points
        self.journal = os.open(folder / JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.beneath = apsw.vfs_names()[0]
        super().__init__("lossy", self.beneath, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return LossyFile(self, name, flags)

    def note(self, **what):
        os.write(self.journal, json.dumps(what).encode() + b"\n")


class LossyFile(apsw.VFSFile):
    """One open file on such a disk."""

    def __init__(self, disk, name, flags):
        self.disk = disk
        self.path = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
        super().__init__(disk.beneath, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        self._note(offset, len(data))
        super().xWrite(data, offset)

    def xTruncate(self, new_size):  # noqa: N802 - SQLite's name
        self._note(new_size, max(0, self.xFileSize() - new_size))
        super().xTruncate(new_size)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        self.disk.points.reach("before sync")
        super().xSync(flags)
        self.disk.note(synced=self.path)
        self.disk.points.reach("after sync")

    def _note(self, offset, length):
        size = self.xFileSize()
        replaced = self.xRead(min(length, max(0, size - offset)), offset)
        text = base64.b64encode(replaced).decode()
        self.disk.note(path=self.path, offset=offset, size=size, replaced=text)


def lose_power(folder):
    """Take back every write below `folder` that was not synced; how many that were."""
    unsynced = defaultdict(list)
    journal = folder / JOURNAL
    if not journal.exists():
        return 0
    for line in journal.read_text("utf-8").splitlines():
        what = json.loads(line)
        if "synced" in what:
            unsynced.pop(what["synced"], None)
        else:
            unsynced[what["path"]].append(what)
    for path, writes in unsynced.items():
        if not Path(path).exists():
            continue
        with Path(path).open("r+b") as file:
            for write in reversed(writes):
                file.seek(write["offset"])
                file.write(base64.b64decode(write["replaced"]))
                file.truncate(write["size"])
    for shared in folder.glob("*-shm"):
        shared.unlink()
    journal.unlink()
    return sum(map(len, unsynced.values()))
