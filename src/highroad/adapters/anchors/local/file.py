"""An anchor in a file: a line for each head, on another disk or machine than the ledger."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from highroad.adapters.anchors.local.anchor import LocalAnchor
from highroad.domain.error import AnchorError

_BACK: Final = 65_536


class FileAnchor(LocalAnchor):
    """Appends lines to a file, each durable."""

    scheme = "file://"

    def _add(self, lines: Sequence[str]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self._path.exists()
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                _heal(descriptor)
                _write(descriptor, "".join(f"{line}\n" for line in lines).encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                _sync_folder(self._path.parent)
        except OSError as error:
            raise AnchorError(
                f"the anchor {self.name} cannot be written ({error.strerror}); make the file "
                "writable for this user"
            ) from error

    def _read(self) -> list[str]:
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise AnchorError(f"the anchor {self.name} cannot be read: {error}") from error
        whole, _, _torn = text.rpartition("\n")
        return whole.split("\n") if whole else []


def _heal(descriptor: int) -> None:
    """Cut off a last line that a crash tore; nobody was told that it was there."""
    size = os.fstat(descriptor).st_size
    end = size
    while end:
        start = max(0, end - _BACK)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable too; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
