"""Merkle trees as RFC 6962, section 2.1, defines them, with SHA-256."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

HASH: Final = 32
"""Bytes of a hash."""

_PAIR: Final = 2 * HASH
_BATCH: Final = 256 * HASH
"""Leaves are hashed into the tree so many at a time."""


def leaf_hash(body: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that only grows; it keeps one hash for each bit of its size, and a few new leaves."""

    def __init__(self, peaks: Sequence[bytes] = (), new: bytes | bytearray = b"") -> None:
        self._peaks: list[bytes] = list(peaks)
        """Root of the whole subtree of 1, 2, 4, 8 ... leaves, empty where it has none of a size."""
        self._new: bytearray = bytearray(new)
        """Leaves that are not in the subtrees yet."""

    def add(self, leaf: bytes) -> None:
        """Grow by one leaf, of which this is the hash."""
        self._new += leaf
        if len(self._new) == _BATCH:
            self._gather()

    def root(self) -> bytes:
        """The root as it stands; that of no leaves is the hash of nothing."""
        self._gather()
        root = b""
        for peak in filter(None, self._peaks):
            root = node_hash(peak, root) if root else peak
        return root or sha256().digest()

    def copy(self) -> "Tree":
        """A tree that grows on its own from here."""
        return Tree(self._peaks, self._new)

    def _gather(self) -> None:
        """Pair what is new, level by level; what is left over is the peak of its level."""
        nodes, level = bytes(self._new), 0
        self._new.clear()
        while nodes:
            if level == len(self._peaks):
                self._peaks.append(b"")
            nodes = self._peaks[level] + nodes
            paired = len(nodes) - len(nodes) % _PAIR
            self._peaks[level] = nodes[paired:]
            nodes = b"".join(
                [
                    sha256(b"\x01" + nodes[at : at + _PAIR]).digest()
                    for at in range(0, paired, _PAIR)
                ]
            )
            level += 1


def includes(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an inclusion proof (section 2.1.1) leads from a leaf's hash to the root.

    It is checked as RFC 9162, section 2.1.3.2, says.
    """
    last = size - 1
    if not 0 <= index <= last or not _are_hashes(path):
        return False
    for step in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            leaf = node_hash(step, leaf)
            index, last = _to_left_sibling(index, last)
        else:
            leaf = node_hash(leaf, step)
        index, last = index >> 1, last >> 1
    return last == 0 and leaf == root


def extends(
    *, size: int, root: bytes, later_size: int, later_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a consistency proof (section 2.1.2) shows that a later tree begins with this one.

    It is checked as RFC 9162, section 2.1.4.2, says.
    """
    if not 0 <= size <= later_size or not _are_hashes(path):
        return False
    if size == later_size:
        return not path and root == later_root
    if size == 0:
        return not path and root == Tree().root()
    # A whole tree is its own first step, and left out of the proof.
    steps = [root, *path] if size & (size - 1) == 0 else [*path]
    return bool(steps) and _roots_above(steps, size - 1, later_size - 1) == (root, later_root)


def _roots_above(steps: Sequence[bytes], index: int, last: int) -> tuple[bytes, bytes] | None:
    """The roots of the earlier and the later tree, as a consistency proof makes them."""
    while index & 1:
        index, last = index >> 1, last >> 1
    earlier = later = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if index & 1 or index == last:
            earlier, later = node_hash(step, earlier), node_hash(step, later)
            index, last = _to_left_sibling(index, last)
        else:
            later = node_hash(later, step)
        index, last = index >> 1, last >> 1
    return (earlier, later) if last == 0 else None


def _to_left_sibling(index: int, last: int) -> tuple[int, int]:
    """Climb past levels on which the node has no sibling."""
    while index and not index & 1:
        index, last = index >> 1, last >> 1
    return index, last


def _are_hashes(path: Sequence[bytes]) -> bool:
    return all(len(step) == HASH for step in path)
