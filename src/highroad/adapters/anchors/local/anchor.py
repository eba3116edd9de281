"""What anchors on this machine have in common: a path, and a disk that blocks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import anyio.to_thread


class LocalAnchor(ABC):
    """Keeps lines at a path (`highroad.ports.anchor.Anchor`), on a thread that may wait.

    Args:
        path: It and its folder are made where there are none.
    """

    scheme: ClassVar[str]
    """How its address begins."""

    def __init__(self, path: Path) -> None:
        self._path: Path = path.absolute()

    @property
    def name(self) -> str:
        """Its address."""
        return f"{self.scheme}{self._path.as_posix()}"

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines behind those that are there.

        Raises:
            AnchorError: They cannot be written.
        """
        await anyio.to_thread.run_sync(self._add, lines)

    async def lines(self) -> Sequence[str]:
        """All whole lines, in order.

        Raises:
            AnchorError: They cannot be read.
        """
        return await anyio.to_thread.run_sync(self._read)

    async def close(self) -> None:  # noqa: B027 - true of each, and not left to be written
        """Nothing is held open."""

    @abstractmethod
    def _add(self, lines: Sequence[str]) -> None:
        """Put lines on the disk, durably."""

    @abstractmethod
    def _read(self) -> list[str]:
        """The lines on the disk."""
