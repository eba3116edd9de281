"""Excerpts: single entries, or a later head, checked without the rest of the ledger.

A line proves one entry (it is in the log that a signed head states), or that one signed head goes
on from another. The head, or the later one, must be signed with the key that was given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from highroad_auditor.heads import Head, read_head
from highroad_auditor.keys import PublicKey
from highroad_auditor.merkle import extends, includes, leaf_hash
from highroad_auditor.strict import (
    MalformedError,
    encoded,
    has_exactly,
    is_count,
    is_hash,
    is_text,
    read_object,
)

LONGEST = 8 * 2**20
"""Bytes of the longest line that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one line of an excerpt comes to."""

    line: int
    holds: bool
    says: str


def check_excerpt(path: Path, key: PublicKey) -> Iterator[Finding]:
    """Check each line of a file.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            try:
                says = _check(line.removesuffix(b"\n"), key)
            except MalformedError as error:
                yield Finding(line=number, holds=False, says=str(error))
                if len(line) > LONGEST:
                    return
            else:
                yield Finding(line=number, holds=True, says=says)


def _check(line: bytes, key: PublicKey) -> str:
    """What a line proves.

    Raises:
        MalformedError: It proves nothing; the message says why.
    """
    if len(line) > LONGEST:
        raise MalformedError(f"a line is longer than {LONGEST} bytes")
    found = read_object(line)
    if has_exactly(found, "body", "head", "log", "path", "seq"):
        return _check_entry(found, key)
    if has_exactly(found, "earlier", "later", "paths"):
        return _check_continuation(found, key)
    raise MalformedError("neither the proof of an entry nor that of a later head")


def _check_entry(found: dict[str, Any], key: PublicKey) -> str:
    head = _signed(found["head"], key)
    log, seq, body = found["log"], found["seq"], found["body"]
    if not (is_text(log) and is_count(seq) and is_text(body)):
        raise MalformedError("`log` and `body` are text, `seq` is a number")
    if log not in head.sizes:
        raise MalformedError("the head states no such log")
    is_there = includes(
        leaf=leaf_hash(encoded(body)),
        index=seq,
        size=head.sizes[log],
        path=_path(found["path"]),
        root=head.roots[log],
    )
    if not is_there:
        raise MalformedError("the entry is not in the tree that the head states")
    return f"log {log} entry {seq} is in head {head.number}"


def _check_continuation(found: dict[str, Any], key: PublicKey) -> str:
    later = _signed(found["later"], key)
    earlier = _head(found["earlier"], _ledger_of(found["later"]))
    paths = found["paths"]
    if not isinstance(paths, dict) or paths.keys() != earlier.sizes.keys():
        raise MalformedError("`paths` has one for each log of the earlier head")
    for log, size in earlier.sizes.items():
        is_prefix = log in later.sizes and extends(
            size=size,
            root=earlier.roots[log],
            later_size=later.sizes[log],
            later_root=later.roots[log],
            path=_path(paths[log]),
        )
        if not is_prefix:
            raise MalformedError("the later head does not go on from the earlier one")
    return f"head {later.number} goes on from head {earlier.number}"


def _signed(line: object, key: PublicKey) -> Head:
    head = _head(line, _ledger_of(line))
    if head.key != key.id or not key.signed_head(head.signature, head.statement):
        raise MalformedError("the head is not signed with the key that was given")
    return head


def _head(line: object, ledger: str) -> Head:
    return read_head(encoded(line) if is_text(line) else b"", ledger)


def _ledger_of(line: object) -> str:
    stated = read_object(line if is_text(line) else "").get("statement")
    ledger = read_object(stated if is_text(stated) else "").get("ledger")
    return ledger if is_text(ledger) else ""


def _path(found: object) -> list[bytes]:
    if not isinstance(found, list) or not all(map(is_hash, found)):
        raise MalformedError("a path is a list of hashes in hex")
    return [bytes.fromhex(step) for step in found]
