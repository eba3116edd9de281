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
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

from highroad_auditor.audit import Audit
from highroad_auditor.keys import PublicKey
from highroad_auditor.log import Log
from highroad_auditor.merkle import HASH
from highroad_auditor.problem import Aspect, Code
from highroad_auditor.report import Report
from highroad_auditor.strict import (
    MalformedError,
    encoded,
    has_exactly,
    is_count,
    is_log_id,
    is_text,
    read_object,
)

LONGEST: Final = 4 * 2**20
"""Bytes of the longest line that is read, without its line feed."""

_CHUNK: Final = 256 * HASH
_COLUMNS: Final = ("seq", "schema", "kind", "organization", "run", "call", "at")
_WITH_TEXT: Final = frozenset({*_COLUMNS, "body"})
_WITH_BASE64: Final = frozenset({*_COLUMNS, "body_base64"})

_Fields: TypeAlias = tuple[int, int, str, str, str | None, str | None, int, bytes]
"""What `Log.take` takes."""


class UnusableError(Exception):
    """There is nothing to come to a verdict about; the message says what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A file of archived entries; where there is one log, it need not be named."""

    path: Path
    log: str | None = None


@dataclass(frozen=True, slots=True)
class _Listed:
    """What `ledger.json` says of a log."""

    log: str
    first: int
    entries: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of entries: where to put it among others, and what it holds or why it cannot."""

    seq: int
    source: str
    number: int
    found: _Fields | str


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
    by_log = _segments_by_log(segments, [log.log for log in listed])
    with ExitStack() as files:
        heads = _open_inside(folder, "heads.jsonl", files)
        held = {name: _lines(_open_named(path, files)) for name, path in (anchors or {}).items()}
        audit = Audit(ledger, _lines(heads) if heads else (), held, public_key)
    for log in listed:
        with ExitStack() as files:
            _feed(audit, folder, log, by_log.get(log.log, []), files)
    return audit.report(now_ms)


def _manifest(folder: Path) -> tuple[str, list[_Listed]]:
    """The id of the ledger, and its logs."""
    with ExitStack() as files:
        file = _open_inside(folder, "ledger.json", files)
        if file is None:
            raise UnusableError(f"{folder} has no ledger.json: name the folder of an export")
        try:
            found = read_object(file.read(LONGEST))
            return _read_manifest(found)
        except MalformedError as error:
            raise UnusableError(f"ledger.json is unusable ({error}): export anew") from None


def _read_manifest(found: dict[str, Any]) -> tuple[str, list[_Listed]]:
    if not has_exactly(found, "ledger", "logs", "v") or type(found["v"]) is not int:
        raise MalformedError("it has `ledger`, `logs` and `v`, and no other field")
    if found["v"] != 1:
        raise MalformedError("of another version: take a newer auditor")
    ledger, logs = found["ledger"], found["logs"]
    if not is_text(ledger) or not ledger or not isinstance(logs, list):
        raise MalformedError("`ledger` is an id, `logs` a list")
    encoded(ledger)
    listed = [_read_listed(log) for log in logs]
    if len({log.log for log in listed}) != len(listed):
        raise MalformedError("a log is listed twice")
    return ledger, listed


def _read_listed(found: object) -> _Listed:
    if not isinstance(found, dict) or not has_exactly(found, "entries", "first", "log"):
        raise MalformedError("a log has `entries`, `first` and `log`")
    log, first, entries = found["log"], found["first"], found["entries"]
    if not is_log_id(log):
        raise MalformedError("the id of a log is up to 128 letters, digits, `.`, `_` and `-`")
    if not (is_count(first) and is_count(entries)):
        raise MalformedError("`first` and `entries` are numbers")
    return _Listed(log, first, entries)


def _segments_by_log(segments: Sequence[Segment], logs: Sequence[str]) -> dict[str, list[Path]]:
    by_log: dict[str, list[Path]] = {}
    for segment in segments:
        log = segment.log or (logs[0] if len(logs) == 1 else "")
        if log not in logs:
            raise UnusableError(f"say of which log {segment.path} is: --segment LOG=FILE")
        by_log.setdefault(log, []).append(segment.path)
    return by_log


def _feed(
    audit: Audit, folder: Path, listed: _Listed, segments: Sequence[Path], files: ExitStack
) -> None:
    """Read one log into the engine, its leaf hashes always ahead of its entries."""
    name = f"entries-{listed.log}.jsonl"
    log = audit.log(listed.log, first=listed.first)
    lead = _Lead(log, _open_inside(folder, f"leaves-{listed.log}.bin", files))
    entries = _open_inside(folder, name, files)
    sources = [(str(path), _open_named(path, files)) for path in segments]
    if entries is not None:
        sources.append((name, entries))
    counts: Counter[str] = Counter()
    streams = (_parsed(source, file) for source, file in sources)
    for line in heapq.merge(*streams, key=attrgetter("seq")):
        counts[line.source] += 1
        if isinstance(line.found, str):
            detail = f"{line.source}: {line.found}"
            audit.problems.note(
                Aspect.INTEGRITY,
                Code.LINE_MALFORMED,
                log=log.id,
                seq=log.end,
                line=line.number,
                detail=detail,
            )
        else:
            lead.reach(line.seq)
            log.take(*line.found)
    lead.reach(listed.first)
    log.close()
    lead.finish()
    if counts[name] != listed.entries:
        _short(audit, log, f"{name} has {counts[name]} lines, not {listed.entries}")
    if lead.size != log.covered * HASH:
        _short(audit, log, f"leaves-{log.id}.bin has {lead.size} bytes, not {log.covered * HASH}")


def _short(audit: Audit, log: Log, detail: str) -> None:
    audit.problems.note(Aspect.COMPLETENESS, Code.EXPORT_SHORT, log=log.id, detail=detail)


class _Lead:
    """Hands leaf hashes to a log, a chunk at a time, just ahead of the entries."""

    def __init__(self, log: Log, file: BufferedReader | None) -> None:
        self._log: Log = log
        self._file: BufferedReader | None = file
        self._read: int = 0
        self.size: int = 0 if file is None else os.fstat(file.fileno()).st_size

    def reach(self, seq: int) -> None:
        """Hand over the leaf hashes up to that of this entry, which comes next."""
        while self._read < min(seq + 1, self._log.covered) and self._hand_over():
            # Or the hashes of a long archive would pile up.
            self._log.skip(min(self._read, seq))

    def finish(self) -> None:
        """Hand over what is left, behind the last entry."""
        while self._read < self._log.covered and self._hand_over():
            pass

    def _hand_over(self) -> bool:
        chunk = b"" if self._file is None else self._file.read(_CHUNK)
        self._log.expect(chunk)
        self._read += len(chunk) // HASH
        return len(chunk) == _CHUNK


def _parsed(source: str, file: BufferedReader) -> Iterator[_Line]:
    seq = 0
    for number, line in enumerate(_lines(file), 1):
        found: _Fields | str
        try:
            found = _read_line(line)
            seq = found[0]
        except MalformedError as error:
            found = str(error)
        yield _Line(seq, source, number, found)


def _read_line(line: bytes) -> _Fields:
    """The fields of one line of entries."""
    found = read_object(line)
    seq, schema, kind, organization, run, call, at = map(found.get, _COLUMNS)
    if not (is_count(seq) and is_count(schema) and is_count(at)):
        raise MalformedError("`seq`, `schema` and `at` are numbers")
    if not (is_text(kind) and is_text(organization)):
        raise MalformedError("`kind` and `organization` are text")
    if not ((run is None or is_text(run)) and (call is None or is_text(call))):
        raise MalformedError("`run` and `call` are text or null")
    return seq, schema, kind, organization, run, call, at, _body(found)


def _body(found: Mapping[str, Any]) -> bytes:
    """The exact bytes of a body."""
    if found.keys() == _WITH_TEXT and is_text(found["body"]):
        return encoded(found["body"])
    if found.keys() != _WITH_BASE64 or not is_text(found["body_base64"]):
        raise MalformedError("a line has the eight fields of the page and no other")
    try:
        body = b64decode(found["body_base64"], validate=True)
    except ValueError:
        raise MalformedError("`body_base64` is not base64") from None
    if b64encode(body).decode() != found["body_base64"]:
        raise MalformedError("`body_base64` is not the base64 of its bytes")
    return body


def _lines(file: BufferedReader) -> Iterator[bytes]:
    """Lines without their line feeds; one that is too long comes empty, which nothing may be."""
    while line := file.readline(LONGEST + 1):
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
