"""Excerpts: single entries, or a later head, checked without the rest of the ledger.

A line proves one entry (it is in the log that a signed head states), or that one signed head goes
on from another. The head, or the later one, must be signed with the key that was given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from highroad_auditor.heads import Head, read_head
from highroad_auditor.keys import PublicKey
from highroad_auditor.merkle import extends, includes, leaf_hash
from highroad_auditor.strict import (
    COUNT,
    HASH,
    TEXT,
    Form,
    MalformedError,
    Shape,
    encoded,
    read_object,
)

LONGEST: Final = 8 * 2**20
"""Bytes of the longest line that is read."""


def _is_path(found: object) -> bool:
    return isinstance(found, list) and all(map(HASH.fits, found))


def _are_paths(found: object) -> bool:
    return isinstance(found, dict) and all(map(_is_path, found.values()))


_PATH: Final = Form("a list of hashes", _is_path)
_ENTRY: Final = Shape(body=TEXT, head=TEXT, log=TEXT, path=_PATH, seq=COUNT)
_PATHS: Final = Form("a list of hashes for each log", _are_paths)
_CONTINUATION: Final = Shape(earlier=TEXT, later=TEXT, paths=_PATHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one line of an excerpt comes to."""

    line: int
    holds: bool
    says: str

    def __str__(self) -> str:
        return f"line {self.line}: {'holds' if self.holds else 'BROKEN'}, {self.says}"


def check_excerpt(path: Path, key: PublicKey) -> Iterator[Finding]:
    """Check each line of a file, up to one that is too long.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            try:
                yield Finding(line=number, holds=True, says=_check(line, key))
            except MalformedError as error:
                yield Finding(line=number, holds=False, says=str(error))
            if len(line) > LONGEST:
                return


def _check(line: bytes, key: PublicKey) -> str:
    """What a line proves.

    Raises:
        MalformedError: It proves nothing; the message says why.
    """
    if len(line) > LONGEST:
        raise MalformedError(f"a line is longer than {LONGEST} bytes")
    found = read_object(line.removesuffix(b"\n"))
    if "body" in found:
        return _check_entry(_ENTRY.fields(found), key)
    return _check_continuation(_CONTINUATION.fields(found), key)


def _check_entry(fields: list[Any], key: PublicKey) -> str:
    body, line, log, path, seq = fields
    head = _signed(line, key)
    if log not in head.sizes:
        raise MalformedError("the head states no such log")
    size, root, steps = head.sizes[log], head.roots[log], [*map(bytes.fromhex, path)]
    if not includes(leaf=leaf_hash(encoded(body)), index=seq, size=size, path=steps, root=root):
        raise MalformedError("the entry is not in the tree that the head states")
    return f"log {log} entry {seq} is in head {head.number}"


def _check_continuation(fields: list[Any], key: PublicKey) -> str:
    line, later_line, paths = fields
    later = _signed(later_line, key)
    earlier = read_head(encoded(line), later.ledger)
    if paths.keys() != earlier.sizes.keys():
        raise MalformedError("`paths` has one for each log of the earlier head")
    for log, size in earlier.sizes.items():
        steps, root = [*map(bytes.fromhex, paths[log])], earlier.roots[log]
        later_size, later_root = later.sizes.get(log, -1), later.roots.get(log, b"")
        if not extends(
            size=size, root=root, later_size=later_size, later_root=later_root, path=steps
        ):
            raise MalformedError("the later head does not go on from the earlier one")
    return f"head {later.number} goes on from head {earlier.number}"


def _signed(line: str, key: PublicKey) -> Head:
    head = read_head(encoded(line))
    if not head.is_by(key):
        raise MalformedError("the head is not signed with the key that was given")
    return head
