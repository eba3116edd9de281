"""How the addresses of settings begin, which says what kind of adapter they mean."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

SQLITE: Final = "sqlite:///"
FILE: Final = "file://"
MEMORY: Final = "memory:"
REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")
_LOCAL: Final = (SQLITE, FILE)


def maker_for(url: str, makers: Mapping[str, T]) -> T | None:
    """What makes the adapter for `url`: the first of `makers` whose name it begins with."""
    return next((make for start, make in makers.items() if url.startswith(start)), None)


def file_of(url: str) -> Path | None:
    """The file on this machine that an address means; one elsewhere means none."""
    start = next((start for start in _LOCAL if url.startswith(start)), None)
    return None if start is None else Path(url.removeprefix(start))
