"""Files of archived entries, and what a ledger remembers of them.

The lines are those of an export (`docs/proof.md`); a description beside each file is for whoever
finds it without its ledger.
"""

import base64
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from highroad.domain.entry import EntryKind, Position, StoredEntry
from highroad.domain.error import LedgerError
from highroad.domain.proof import TILE, RawEntry
from highroad.ledger.history import read_body
from highroad.ledger.proof.bundle import entry_line
from highroad.ledger.proof.merkle import leaf_hash
from highroad.ports.proofs import LogExtent
from highroad.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Archived entries of one log, in one file."""

    log: str
    start: int
    """Position of its first entry."""
    stop: int
    """Position behind its last one."""
    file: str
    """Name, without a folder: files are moved about."""
    sha256: str
    """Of the whole file, in hex."""
    since_ms: int
    """The earliest time of an entry: clocks go back at times."""
    until_ms: int
    """The latest time of an entry."""


async def segments(store: Store) -> list[Segment]:
    """All that were archived of a ledger, oldest first."""
    return [segment for _, segment in await announced(store)]


async def announced(store: Store) -> list[tuple[Position, Segment]]:
    """All that were archived of a ledger, oldest first, and where each was announced."""
    return [(entry.position, _segment(read_body(entry))) for entry in await _announcements(store)]


async def segments_within(store: Store, since_ms: int, until_ms: int) -> list[Segment]:
    """Those with entries from around that time, oldest first."""
    return [
        each
        for each in await segments(store)
        if each.since_ms <= until_ms and since_ms <= each.until_ms
    ]


def _segment(body: Mapping[str, Any]) -> Segment:
    return Segment(
        log=body["log"],
        start=body["from"],
        stop=body["first"],
        file=body["file"],
        sha256=body["sha256"],
        since_ms=body["since"],
        until_ms=body["until"],
    )


async def write(store: Store, extent: LogExtent, stop: int, folder: Path) -> Segment:
    """Write the entries of a log from its extent's first up to `stop`, and read the file back.

    The file appears whole, durably, or not at all.

    Raises:
        LedgerError: It cannot be written, or is not what was signed.
    """
    file = folder / f"entries-{extent.log_id}-{extent.first}-{stop - 1}.jsonl"
    draft = file.with_suffix(".part")
    try:
        _make(folder)
        times = await _write(_tiles(store, extent, stop), draft)
        await _read_back(store, extent, stop, draft)
        segment = Segment(
            log=extent.log_id,
            start=extent.first,
            stop=stop,
            file=file.name,
            sha256=_digest(draft),
            since_ms=min(times),
            until_ms=max(times),
        )
        _describe(segment, file.with_suffix(".json"))
        draft.replace(file)
        _sync(folder)
    except OSError as error:
        raise LedgerError(
            f"the archive {file} cannot be written ({error.strerror}); make room, or name another "
            "folder; nothing was taken away"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return segment


async def _announcements(store: Store) -> list[StoredEntry]:
    found: list[StoredEntry] = []
    while page := await store.entries(
        kind=EntryKind.ARCHIVED, after=found[-1].position if found else None
    ):
        found += page
    return found


async def _tiles(store: Store, extent: LogExtent, stop: int) -> AsyncIterator[Sequence[RawEntry]]:
    for at in range(extent.first, stop, TILE):
        yield await store.proofs.raw(extent.log_id, first=at, limit=TILE)


async def _write(tiles: AsyncIterator[Sequence[RawEntry]], draft: Path) -> list[int]:
    """Write entries; gives the times of all, in order."""
    times: list[int] = []
    with draft.open("wb") as lines:
        async for tile in tiles:
            lines.writelines(map(entry_line, tile))
            times += [entry.at_ms for entry in tile]
        lines.flush()
        os.fsync(lines.fileno())
    return times


async def _read_back(store: Store, extent: LogExtent, stop: int, file: Path) -> None:
    """What stands in the file gives the leaf hashes that were signed.

    Raises:
        LedgerError: It does not.
    """
    with file.open("rb") as lines:
        for position in range(extent.first // TILE, stop // TILE):
            found = b"".join(leaf_hash(_body(next(lines, b"{}"))) for _ in range(TILE))
            signed = await store.proofs.tiles(extent.log_id, 0, first=position, limit=1)
            if not signed or found != signed[0].hashes:
                raise LedgerError(
                    f"the archive {file} is not what was signed; check the disk, and run "
                    "`highroad audit verify`; nothing was taken away"
                )


def _body(line: bytes) -> bytes:
    said: dict[str, Any] = json.loads(line)
    encoded = said.get("body_base64")
    return str(said.get("body", "")).encode() if encoded is None else base64.b64decode(encoded)


def _digest(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as lines:
        for line in lines:
            digest.update(line)
    return digest.hexdigest()


def _describe(segment: Segment, file: Path) -> None:
    described = {
        "entries": segment.stop - segment.start,
        "file": segment.file,
        "first": segment.start,
        "log": segment.log,
        "sha256": segment.sha256,
        "v": 1,
    }
    file.write_text(json.dumps(described, indent=2) + "\n", "utf-8")
    _sync(file)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(PermissionError):  # Windows flushes nothing that is open for reading
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
