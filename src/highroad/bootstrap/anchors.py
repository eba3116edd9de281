"""Anchors by URL: places outside the ledger that remember its signed heads."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from highroad.adapters.anchors.local import FileAnchor, SQLiteAnchor
from highroad.bootstrap.addresses import FILE, SQLITE, file_of, maker_for
from highroad.bootstrap.extras import POSTGRES
from highroad.domain.error import SettingsError
from highroad.ports.anchor import Anchor


def anchors_at(urls: Sequence[str], *, ledger: Path | None) -> list[Anchor]:
    """The anchors that `urls` mean, of the ledger in the file `ledger`, if it is in one.

    Raises:
        SettingsError: One is the ledger itself, which would be changed with it, or what it takes
            is not installed.
        AnchorError: There is no such kind.
    """
    if ledger is not None and ledger in map(file_of, urls):
        raise SettingsError(
            f"an anchor is a place outside the ledger, and {ledger} is the ledger: name another "
            "file in proof.anchors"
        )
    return [_anchor_at(url) for url in urls]


def _anchor_at(url: str) -> Anchor:
    make = maker_for(url, ANCHORS) or _behind_http
    return make(url)


def _in_file(url: str) -> Anchor:
    return FileAnchor(Path(url.removeprefix(FILE)))


def _in_sqlite(url: str) -> Anchor:
    return SQLiteAnchor(Path(url.removeprefix(SQLITE)))


def _in_postgres(url: str) -> Anchor:
    with POSTGRES.needed():
        from highroad.adapters.anchors.postgres import PostgresAnchor  # noqa: PLC0415 - an extra
    return PostgresAnchor(url)


def _behind_http(url: str) -> Anchor:
    """It refuses by itself what is no address of the web."""
    # HTTP takes a tenth of a second to import, which only they pay who ask for it (N4).
    from highroad.adapters.anchors.http import HttpAnchor  # noqa: PLC0415 - see above

    return HttpAnchor(url)


ANCHORS: Final[Mapping[str, Callable[[str], Anchor]]] = {
    FILE: _in_file,
    SQLITE: _in_sqlite,
    "postgresql://": _in_postgres,
    "postgres://": _in_postgres,
    "https://": _behind_http,
    "http://": _behind_http,
}
