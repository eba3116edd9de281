"""The auditor's bundle: an export of a ledger as `docs/proof.md` specifies it.

It is read while the ledger goes on: heads first, so that whatever they state is there.
"""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import orjson

from highroad.domain.audit import typed
from highroad.domain.error import LedgerError
from highroad.domain.moving import SECTIONS, Section
from highroad.domain.proof import RawEntry, SignedHead
from highroad.ledger.canonical import canonical
from highroad.ledger.proof.merkle import HASH
from highroad.ledger.signing import head_line
from highroad.ports.proofs import LogExtent, ProofStore

_VERSION: Final = 1
_PAGE: Final = 256
_ENTRY: Final = SECTIONS[Section.ENTRY]
_LOG_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
"""Log ids become names of files: a forged one must not lead elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An export that was written."""

    folder: Path
    ledger: str
    entries: int
    heads: int


async def write(store: ProofStore, folder: Path) -> Bundle:
    """Write the export of a ledger into `folder`, which appears whole or not at all.

    Raises:
        LedgerError: The ledger cannot be read, or the folder not be written or not empty.
    """
    with _appearing(folder) as draft:
        return await _fill(store, draft, folder)


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of `folder` once it is whole."""
    draft = folder.absolute().with_name(f".{folder.name}.{token_hex(8)}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise LedgerError(f"{folder} is not an empty folder; name another one")
        draft.mkdir(parents=True)
        try:
            yield draft
            with suppress(FileNotFoundError):
                folder.rmdir()
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise LedgerError(
            f"the export {folder} cannot be written ({error.strerror}); make room, or name "
            "another folder"
        ) from error


async def _fill(store: ProofStore, draft: Path, folder: Path) -> Bundle:
    heads, last = await _write_heads(store, draft)
    signed = {tree.log_id: tree.size for tree in (() if last is None else last.trees)}
    logs: list[dict[str, Any]] = []
    for extent in await store.extents():
        if not _LOG_ID.fullmatch(extent.log_id):
            raise LedgerError("a log of this ledger has a name that no log is given")
        entries = await _write_entries(store, draft, extent)
        await _write_leaves(store, draft, extent.log_id, signed.get(extent.log_id, 0))
        logs.append({"entries": entries, "first": extent.first, "log": extent.log_id})
    ledger = await store.ledger_id()
    described = canonical({"ledger": ledger, "logs": [*logs], "v": _VERSION})
    (draft / "ledger.json").write_bytes(described)
    return Bundle(
        folder=folder, ledger=ledger, entries=sum(log["entries"] for log in logs), heads=heads
    )


async def _write_heads(store: ProofStore, draft: Path) -> tuple[int, SignedHead | None]:
    """Write every head; gives how many, and the last."""
    count, last = 0, None
    with (draft / "heads.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        while page := await store.heads(after=-1 if last is None else last.number, limit=_PAGE):
            file.writelines(f"{head_line(head)}\n" for head in page)
            count, last = count + len(page), page[-1]
    return count, last


async def _write_entries(store: ProofStore, draft: Path, extent: LogExtent) -> int:
    count = 0
    with (draft / f"entries-{extent.log_id}.jsonl").open("wb") as file:
        async for page in pages(store, extent):
            file.writelines(entry_line(entry) for entry in page)
            count += len(page)
    return count


async def pages(store: ProofStore, extent: LogExtent) -> AsyncIterator[list[RawEntry]]:
    """The entries of a log up to its extent, page by page; others have the loop in between.

    Those from before its first one that were kept when others were archived come with them:
    without announcements of keys no signature could be checked.
    """
    first = 0
    while page := await store.raw(extent.log_id, first=first, limit=_PAGE):
        within = [entry for entry in page if entry.seq < extent.size]
        if within:
            yield within
        first = page[-1].seq + 1
        if first >= extent.size:
            return
        await asyncio.sleep(0)


def entry_line(entry: RawEntry) -> bytes:
    """An entry as a line of an export.

    Raises:
        LedgerError: A column of it is of another type.
    """
    typed(_ENTRY, entry, RawEntry._fields)
    line: dict[str, Any] = {
        "seq": entry.seq,
        "schema": entry.schema,
        "kind": entry.kind,
        "organization": entry.organization,
        "run": entry.run_id,
        "call": entry.call_id,
        "at": entry.at_ms,
    }
    try:
        line["body"] = entry.body.decode()
    except UnicodeDecodeError:
        line["body_base64"] = base64.b64encode(entry.body).decode()
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


async def _write_leaves(store: ProofStore, draft: Path, log_id: str, size: int) -> None:
    """Write the stored leaf hashes up to the last signed head, as many as there are."""
    with (draft / f"leaves-{log_id}.bin").open("wb") as file:
        written, position = 0, 0
        while written < size * HASH:
            page = await store.tiles(log_id, 0, first=position, limit=_PAGE)
            if not page:
                return
            for tile in page:
                written += file.write(tile.hashes[: size * HASH - written])
            position = page[-1].position + 1
            await asyncio.sleep(0)
