"""URLs of places, with the paths of this machine in them made absolute."""

from pathlib import Path
from typing import Final

_SQLITE: Final = "sqlite:///"
_FILE: Final = "file:"


def ledger_url(url: str, root: Path) -> str:
    """The same, of a ledger."""
    if not url.startswith(_SQLITE):
        return url
    return _SQLITE + (root / url.removeprefix(_SQLITE)).as_posix()


def anchor_url(url: str, root: Path) -> str:
    """The same, of an anchor."""
    if url.startswith(_SQLITE):
        return ledger_url(url, root)
    if url.startswith(_FILE):
        return f"{_FILE}//{(root / url.removeprefix(_FILE).removeprefix('//')).as_posix()}"
    return url
