"""What proves a ledger: tiles of its Merkle trees, and signed heads (`docs/proof.md`)."""

import json
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from highroad.domain.audit import typed
from highroad.domain.error import LedgerError
from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.domain.moving import SECTIONS, Section

TILE: Final = 256
"""Hashes that a whole tile holds; a tile's level counts trees of this many leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Hashes of complete subtrees of one log's Merkle tree (RFC 6962), 32 bytes each.

    It holds those of the nodes from `position` * 256 on, at tree level 8 * `level`; level 0 are
    the leaves. The last tile of a level may be shorter than 256 hashes.
    """

    log_id: str
    level: int
    position: int
    hashes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """Size and root (32 bytes) of one log's tree."""

    log_id: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """The heads of all logs of a ledger, signed together with Ed25519 (RFC 8032).

    `statement` are the exact bytes that were signed, behind a prefix; the other fields repeat
    what it says.
    """

    number: int
    """From 0, without a gap."""
    at_ms: int
    trees: tuple[TreeHead, ...]
    """In order of log id."""
    key_id: str
    statement: bytes
    signature: bytes


class RawEntry(NamedTuple):
    """An entry as it lies in the store, also where somebody has tampered with it."""

    seq: int
    schema: int
    kind: str
    organization: str
    run_id: str | None
    call_id: str | None
    at_ms: int
    body: bytes


def read_head(number: int, statement: bytes, signature: bytes) -> SignedHead:
    """A signed head as a store has it.

    What cannot be read of the statement is left empty: whether a head is what it should be is
    judged by whoever verifies it, from its statement.

    Raises:
        LedgerError: It has no number, or one that no JSON reader keeps exact.
    """
    typed(SECTIONS[Section.SIGNED_HEAD], (number, statement, signature))
    if number < 0:
        raise LedgerError(
            "a signed head has a number below 0: somebody changed the ledger; compare "
            "it with an anchor, and restore a backup"
        )
    try:
        said: dict[str, Any] = json.loads(statement)
        trees = tuple(
            TreeHead(log_id=tree["log"], size=tree["size"], root=bytes.fromhex(tree["root"]))
            for tree in said["trees"]
        )
        at_ms, key_id = said["at"], said["key"]
    except (ValueError, KeyError, TypeError, RecursionError):
        trees, at_ms, key_id = (), 0, ""
    if not _are_of_ours(at_ms, key_id, trees):
        trees, at_ms, key_id = (), 0, ""
    return SignedHead(
        number=number,
        at_ms=at_ms,
        trees=trees,
        key_id=key_id,
        statement=statement,
        signature=signature,
    )


def _are_of_ours(at_ms: object, key_id: object, trees: tuple[TreeHead, ...]) -> bool:
    return (
        _is_natural(at_ms)
        and isinstance(key_id, str)
        and all(type(tree.log_id) is str and _is_natural(tree.size) for tree in trees)
    )


def _is_natural(found: object) -> bool:
    return type(found) is int and 0 <= found <= MAX_SAFE_INTEGER
