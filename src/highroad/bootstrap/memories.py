"""Memories by URL: where what agents remember is kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from highroad.adapters.memories.sqlite import SQLiteMemories
from highroad.bootstrap.addresses import SQLITE, maker_for
from highroad.domain.error import SettingsError
from highroad.ports.memory import Memories

BESIDE: Final = ".memories.db"
"""What the file beside an embedded ledger ends with."""


def memories_at(url: str) -> Memories:
    """The memories that `url` means; nothing is opened before they are used.

    Raises:
        SettingsError: There is no such kind.
    """
    make = maker_for(url, MEMORIES)
    if make is None:
        raise SettingsError(
            f"memories {url.partition(':')[0]!r} are of no kind that this version has: use "
            "sqlite:///path/to/memories.db"
        )
    return make(url)


def memories_beside(ledger: Path) -> str:
    """Where the memories of an embedded ledger are, unless the settings say otherwise."""
    return f"{SQLITE}{ledger.with_suffix(BESIDE)}"


def _in_file(url: str) -> Memories:
    return SQLiteMemories(Path(url.removeprefix(SQLITE)))


MEMORIES: Final[Mapping[str, Callable[[str], Memories]]] = {SQLITE: _in_file}
