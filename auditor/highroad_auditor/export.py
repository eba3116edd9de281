"""Reading an export, which may have been written by an attacker, into the engine."""

import heapq
import os
import stat
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedReader
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

from highroad_auditor.audit import Audit
from highroad_auditor.keys import PublicKey
from highroad_auditor.log import Log
from highroad_auditor.merkle import HASH
from highroad_auditor.report import COMPLETENESS, INTEGRITY, Code, Note, Problem, Report
from highroad_auditor.strict import (
    COUNT,
    LIST,
    LOG_ID,
    ONE,
    TEXT,
    MalformedError,
    Shape,
    encoded,
    optional,
    read_object,
)

LONGEST: Final = 4 * 2**20
"""Bytes of the longest line that is read, without its line feed."""

_CHUNK: Final = 256 * HASH
_MANIFEST: Final = Shape(ledger=TEXT, logs=LIST, v=ONE)
_LISTED: Final = Shape(entries=COUNT, first=COUNT, log=LOG_ID)
_COLUMNS: Final = {
    "seq": COUNT,
    "schema": COUNT,
    "kind": TEXT,
    "organization": TEXT,
    "run": optional(TEXT),
    "call": optional(TEXT),
    "at": COUNT,
}
_IN_TEXT: Final = Shape(**_COLUMNS, body=TEXT)
_IN_BASE64: Final = Shape(**_COLUMNS, body_base64=TEXT)

_Source: TypeAlias = tuple[str, BufferedReader | None]
"""A file of entries, by its name."""
_Line: TypeAlias = tuple[int, str, int, "list[Any] | str"]
"""Where to put it among others, its file, its number there; what it holds or why it cannot."""


class UnusableError(Exception):
    """There is nothing to come to a verdict about; the message says what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A file of archived entries; where there is one log, it need not be named."""

    path: Path
    log: str | None = None


def audit_export(
    folder: Path,
    public_key: PublicKey,
    *,
    anchors: Mapping[str, Path] | None = None,
    segments: Sequence[Segment] = (),
    now_ms: int | None = None,
) -> Report:
    """Audit an export.

    Args:
        folder: The export.
        public_key: The key that the auditor was given from outside.
        anchors: Files of anchored heads, by the names to report them under.
        segments: Files of archived entries.
        now_ms: Unix time up to which tails are counted; without it, the newest entry's.

    Raises:
        UnusableError: `ledger.json` cannot be read, or a file that was named is not there.
    """
    ledger, listed = _manifest(folder)
    by_log: dict[str, list[Path]] = {log: [] for _, _, log in listed}
    for segment in segments:
        log_id = segment.log or (next(iter(by_log)) if len(by_log) == 1 else "")
        if log_id not in by_log:
            raise UnusableError(f"say of which log {segment.path} is: --segment LOG=FILE")
        by_log[log_id].append(segment.path)
    with ExitStack() as files:
        heads = _open_inside(folder, "heads.jsonl", files)
        held = {name: _lines(_open_named(path, files)) for name, path in (anchors or {}).items()}
        audit = Audit(ledger, _lines(heads), held, public_key)
    for count, first, log_id in listed:
        with ExitStack() as files:
            name, leaves = f"entries-{log_id}.jsonl", f"leaves-{log_id}.bin"
            sources = [
                *((str(path), _open_named(path, files)) for path in by_log[log_id]),
                (name, _open_inside(folder, name, files)),
            ]
            log = audit.log(log_id, first=first)
            ahead = _Leaves(log, _open_inside(folder, leaves, files))
            lines = _feed(log, ahead, sources, audit.problems.note)
            for file, has, due, unit in (
                (name, lines[name], count, "lines"),
                (leaves, ahead.size, log.covered * HASH, "bytes"),
            ):
                if has != due:
                    detail = f"{file} has {has} {unit}, not {due}"
                    audit.problems.note(
                        Problem(COMPLETENESS, Code.EXPORT_SHORT, log_id, detail=detail)
                    )
    return audit.report(now_ms)


def _manifest(folder: Path) -> tuple[str, list[list[Any]]]:
    """The id of the ledger; and of each log how many entries are here, from where on, its id."""
    with ExitStack() as files:
        file = _open_inside(folder, "ledger.json", files)
        if file is None:
            raise UnusableError(f"{folder} has no ledger.json: name the folder of an export")
        try:
            ledger, logs, _ = _MANIFEST.fields(read_object(file.read(LONGEST)))
            listed = [_LISTED.fields(log) for log in logs]
            encoded(ledger)
        except MalformedError as error:
            raise UnusableError(f"ledger.json is unusable ({error}): export anew") from None
    if not ledger or len({log for _, _, log in listed}) != len(listed):
        raise UnusableError("ledger.json names no ledger, or a log twice: export anew")
    return ledger, listed


class _Leaves:
    """Hands leaf hashes to a log, a chunk at a time, just ahead of the entries."""

    def __init__(self, log: Log, file: BufferedReader | None) -> None:
        self._log: Log = log
        self._file: BufferedReader | None = file
        self._read: int = 0
        self._is_over: bool = file is None
        self.size: int = 0 if file is None else os.fstat(file.fileno()).st_size

    def reach(self, seq: int) -> None:
        """Hand over the leaf hashes up to that of this entry, which comes next."""
        while self._file and not self._is_over and self._read < min(seq + 1, self._log.covered):
            chunk = self._file.read(_CHUNK)
            self._is_over = len(chunk) < _CHUNK
            self._read += len(chunk) // HASH
            self._log.expect(chunk)
            # Or the hashes of a long archive would pile up.
            self._log.skip(min(self._read, seq))


def _feed(log: Log, leaves: _Leaves, sources: Sequence[_Source], note: Note) -> Counter[str]:
    """Read one log into the engine, leaf hashes always ahead of entries; gives counts of lines."""
    counts: Counter[str] = Counter()
    streams = [_parsed(*source) for source in sources]
    for seq, source, number, found in heapq.merge(*streams, key=itemgetter(0)):
        counts[source] += 1
        if isinstance(found, str):
            code, detail = Code.LINE_MALFORMED, f"{source}: {found}"
            note(Problem(INTEGRITY, code, log.id, log.end, line=number, detail=detail))
        else:
            leaves.reach(seq)
            log.take(*found)
    leaves.reach(log.first)
    log.close()
    leaves.reach(log.covered)
    return counts


def _parsed(source: str, file: BufferedReader | None) -> Iterator[_Line]:
    seq = 0
    for number, line in enumerate(_lines(file), 1):
        try:
            found = _read_line(line)
        except MalformedError as error:
            yield seq, source, number, str(error)
        else:
            seq = found[0]
            yield seq, source, number, found


def _read_line(line: bytes) -> list[Any]:
    """What `Log.take` takes: the columns, and the exact bytes of the body."""
    found = read_object(line)
    is_text = "body_base64" not in found
    *columns, text = (_IN_TEXT if is_text else _IN_BASE64).fields(found)
    body = encoded(text)
    if not is_text:
        try:
            body = b64decode(text, validate=True)
        except ValueError:
            raise MalformedError("`body_base64` is not base64") from None
        if b64encode(body).decode() != text:
            raise MalformedError("`body_base64` is not the base64 of its bytes")
    return [*columns, body]


def _lines(file: BufferedReader | None) -> Iterator[bytes]:
    """Lines without their line feeds; one that is too long comes empty, which nothing may be."""
    while file and (line := file.readline(LONGEST + 1)):
        if len(line) <= LONGEST or line.endswith(b"\n"):
            yield line.removesuffix(b"\n")
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST)
        yield b""


def _open_inside(folder: Path, name: str, files: ExitStack) -> BufferedReader | None:
    """Open a file of the export: a plain one, or an attacker could point anywhere with a link."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    path = folder / name
    try:
        file = files.enter_context(os.fdopen(os.open(path, flags), "rb"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise UnusableError(f"{path} is no plain file")
    return file


def _open_named(path: Path, files: ExitStack) -> BufferedReader:
    """Open a file that the auditor named."""
    try:
        return files.enter_context(path.open("rb"))
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}") from None
