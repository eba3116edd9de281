"""An export of the ledger in a folder, and what somebody who may write there does to a copy."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_HEADS: Final = "heads.jsonl"
_LEDGER: Final = "ledger.json"
_HASH: Final = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an entry stands, and its line in the export."""

    log: str
    seq: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Export:
    """An export as `docs/proof.md` specifies it."""

    folder: Path

    def make_room(self) -> None:
        """Remove what an earlier telling left here."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def copied(self, name: str) -> "Export":
        """A copy of that name next to it."""
        copy = Export(self.folder.with_name(name))
        copy.make_room()
        shutil.copytree(self.folder, copy.folder)
        return copy

    def anchored(self, file: Path) -> None:
        """Keep its signed heads elsewhere, as an anchor does."""
        shutil.copyfile(self.folder / _HEADS, file)

    def end_of(self, call_id: str) -> Entry:
        """The entry with the end of a call."""
        [found] = [
            Entry(log["log"], entry["seq"], line)
            for log in self._described()["logs"]
            for line in self._entries(log["log"])
            if (entry := json.loads(line))["call"] == call_id and entry["kind"] == "call.ended"
        ]
        return found

    def change(self, entry: Entry, before: str, after: str) -> int:
        """Put one text in the place of another in one entry; gives how many bytes differ."""
        changed = entry.line.replace(before.encode(), after.encode())
        file = self._file(entry.log)
        file.write_bytes(file.read_bytes().replace(entry.line, changed))
        return sum(was != now for was, now in zip(entry.line, changed, strict=True))

    def cut(self, entry: Entry) -> None:
        """Take it back to the last signed head before an entry, and leave no trace of the rest."""
        heads = [line for line in self._heads() if _sizes(line).get(entry.log, 0) <= entry.seq]
        (self.folder / _HEADS).write_bytes(b"".join(heads))
        sizes = _sizes(heads[-1])
        described = self._described()
        described["logs"] = [log for log in described["logs"] if log["log"] in sizes]
        for log in described["logs"]:
            log["entries"] = self._cut_log(log["log"], sizes[log["log"]])
        (self.folder / _LEDGER).write_text(json.dumps(described), "utf-8")

    def _cut_log(self, log: str, size: int) -> int:
        kept = [line for line in self._entries(log) if json.loads(line)["seq"] < size]
        self._file(log).write_bytes(b"".join(kept))
        os.truncate(self.folder / f"leaves-{log}.bin", size * _HASH)
        return len(kept)

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.folder / _LEDGER).read_bytes())
        return described

    def _file(self, log: str) -> Path:
        return self.folder / f"entries-{log}.jsonl"

    def _entries(self, log: str) -> list[bytes]:
        return self._file(log).read_bytes().splitlines(keepends=True)

    def _heads(self) -> list[bytes]:
        return (self.folder / _HEADS).read_bytes().splitlines(keepends=True)


def _sizes(head: bytes) -> dict[str, int]:
    """The size of each log that a signed head states."""
    trees = json.loads(json.loads(head)["statement"])["trees"]
    return {tree["log"]: tree["size"] for tree in trees}
