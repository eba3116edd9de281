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
    return all(len(step) == sha256().digest_size for step in path)
