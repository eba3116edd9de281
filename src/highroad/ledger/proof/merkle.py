"""The Merkle tree of a log: RFC 6962, section 2.1, over the exact bytes of entries.

The writing side keeps of each level only the hashes that fill no tile yet: the right edge. From it
and the tiles behind it come roots and proofs of any size. What a proof is made of is planned apart
(`inclusion`, `consistency`: ranges of leaves) from where the hashes are read.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from highroad.domain.proof import TILE, Tile

HASH: Final = 32
"""Bytes of a hash."""
EMPTY: Final = sha256(b"").digest()
"""The root of no leaves."""

_LEVEL_BITS: Final = TILE.bit_length() - 1
_PAIR: Final = 2 * HASH
_TILE_BYTES: Final = TILE * HASH


def leaf_hash(body: bytes) -> bytes:
    """Hash of one leaf."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: bytes, right: bytes | None = None) -> bytes | None:
    """Root of nodes of one level, one behind the other, with a smaller tree on their right.

    Args:
        hashes: Of complete subtrees of equal size.
        right: Root of what stands behind them, if anything does.

    Returns:
        `None` of nothing.
    """
    while hashes:
        if len(hashes) % _PAIR:
            last = hashes[-HASH:]
            right = last if right is None else node_hash(last, right)
        hashes = b"".join(
            [
                sha256(b"\x01" + hashes[at : at + _PAIR]).digest()
                for at in range(0, len(hashes) - HASH, _PAIR)
            ]
        )
    return right


def nodes_at(size: int, level: int) -> int:
    """How many nodes a tree of `size` leaves has at a level of tiles."""
    return size >> _LEVEL_BITS * level


class RightEdge:
    """A tree that grows: what fills no tile yet, level by level, and tiles that nobody stored yet.

    Args:
        log_id: Of which log.
        size: Leaves so far; tiles up to here are stored.
        levels: What the last, unfilled tile of each level holds, level 0 first.
    """

    def __init__(self, log_id: str, size: int = 0, levels: Sequence[bytes] = ()) -> None:
        self.log_id: str = log_id
        self.size: int = size
        self._levels = [bytearray(level) for level in levels]
        self._stored = size
        self._whole: dict[tuple[int, int], bytes] = {}

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes."""
        added = b"".join(leaves)
        self._add(0, added)
        self.size += len(added) // HASH

    def root(self) -> bytes:
        """Root of all leaves so far."""
        root: bytes | None = None
        for level in self._levels:
            root = fold(bytes(level), root)
        return EMPTY if root is None else root

    def unstored(self) -> list[Tile]:
        """Tiles that are new, or longer, since the last `stored`."""
        whole = [
            Tile(log_id=self.log_id, level=level, position=position, hashes=hashes)
            for (level, position), hashes in self._whole.items()
        ]
        unfilled = [
            Tile(
                log_id=self.log_id,
                level=level,
                position=nodes_at(self.size, level + 1),
                hashes=bytes(hashes),
            )
            for level, hashes in enumerate(self._levels)
            if hashes and nodes_at(self.size, level) != nodes_at(self._stored, level)
        ]
        return whole + unfilled

    def stored(self) -> None:
        """All tiles so far are in the store."""
        self._whole.clear()
        self._stored = self.size

    def _add(self, level: int, nodes: bytes) -> None:
        """Add nodes to a level; the size is still that from before them."""
        if level == len(self._levels):
            self._levels.append(bytearray())
        tile = self._levels[level]
        tile += nodes
        position = nodes_at(self.size, level + 1)
        roots = bytearray()
        while len(tile) >= _TILE_BYTES:
            whole = bytes(tile[:_TILE_BYTES])
            del tile[:_TILE_BYTES]
            self._whole[level, position] = whole
            roots += fold(whole) or EMPTY
            position += 1
        if roots:
            self._add(level + 1, bytes(roots))


def inclusion(index: int, size: int) -> list[range]:
    """What proves leaf `index` in a tree of `size`: subtrees as ranges of leaves, lowest first.

    RFC 6962, section 2.1.1.
    """
    path: list[range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(range(middle, high))
            high = middle
        else:
            path.append(range(low, middle))
            low = middle
    return path[::-1]


def consistency(first: int, second: int) -> list[range]:
    """What proves that a tree of size `second` goes on from one of size `first`.

    RFC 6962, section 2.1.2; nothing is needed where either holds nothing new.
    """
    if first == 0:
        return []
    path: list[range] = []
    low, high = 0, second
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(range(middle, high))
            high = middle
        else:
            path.append(range(low, middle))
            low = middle
    if low:  # the old root itself is known, a part of it is not
        path.append(range(low, high))
    return path[::-1]


def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf with this hash is number `index` under `root`."""
    siblings = inclusion(index, size) if 0 <= index < size else []
    if not 0 <= index < size or len(siblings) != len(proof):
        return False
    for sibling, known in zip(siblings, proof, strict=True):
        leaf = node_hash(known, leaf) if sibling.stop <= index else node_hash(leaf, known)
    return leaf == root


def is_consistent(
    *, first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the second tree begins with the leaves of the first.

    RFC 9162, section 2.1.4.2.
    """
    if not 0 <= first <= second:
        return False
    if first in {0, second}:
        return not proof and first_root == (second_root if first else EMPTY)
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if len(path) - (first & (first - 1) == 0) != len(consistency(first, second)):
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for known in path[1:]:
        if node & 1 or node == last:
            old, new = node_hash(known, old), node_hash(known, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, known)
        node, last = node >> 1, last >> 1
    return (old, new) == (first_root, second_root)


def _split(leaves: int) -> int:
    """The largest power of two that is smaller than `leaves`."""
    return 1 << (leaves - 1).bit_length() - 1
