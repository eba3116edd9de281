"""Merkle trees as RFC 6962, section 2.1, defines them, with SHA-256."""

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(body: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that only grows; it keeps one hash for each bit of its size."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self._size: int = size
        self._peaks: list[bytes] = list(peaks)
        """Roots of the whole subtrees that make up the tree, largest first."""

    def add(self, leaf: bytes) -> None:
        """Grow by one leaf, of which this is the hash."""
        peaks = self._peaks
        size = self._size
        while size & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self._size += 1

    def root(self) -> bytes:
        """The root as it stands; that of no leaves is the hash of nothing."""
        if not self._peaks:
            return sha256().digest()
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root

    def copy(self) -> "Tree":
        """A tree that grows on its own from here."""
        return Tree(self._size, self._peaks)


def includes(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an inclusion proof (section 2.1.1) leads from a leaf's hash to the root.

    The way it is checked is that of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    last = size - 1
    for step in path:
        if last == 0 or len(step) != sha256().digest_size:
            return False
        if index & 1 or index == last:
            leaf = node_hash(step, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node_hash(leaf, step)
        index, last = index >> 1, last >> 1
    return last == 0 and leaf == root


def extends(
    *, size: int, root: bytes, later_size: int, later_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a consistency proof (section 2.1.2) shows one tree to be the beginning of a later one.

    The way it is checked is that of RFC 9162, section 2.1.4.2.
    """
    if size == later_size:
        return size >= 0 and not path and root == later_root
    if size == 0:
        return later_size > 0 and not path and root == sha256().digest()
    if not 0 < size < later_size or any(len(step) != sha256().digest_size for step in path):
        return False
    steps = list(path)
    if size & (size - 1) == 0:
        steps.insert(0, root)
    if not steps:
        return False
    index, last = size - 1, later_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, step)
        index, last = index >> 1, last >> 1
    return last == 0 and old == root and new == later_root
