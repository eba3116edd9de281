"""Merkle trees as RFC 6962, section 2.1, defines them, with SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

HASH: Final = 32
"""Bytes of a hash."""

Node: TypeAlias = tuple[int, int, bytes]
"""A whole subtree: level, position on that level, hash."""


def leaf_hash(body: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A range of leaves, as the whole subtrees it is made of: some two for each bit of its size.

    One that begins with the first leaf has a root; others go on from where another ended.
    """

    nodes: tuple[Node, ...] = ()

    @classmethod
    def over(cls, leaves: bytes, start: int = 0) -> "Tree":
        """That of leaf hashes, one behind the other, the first at position `start`."""
        left: list[Node] = []
        right: list[Node] = []
        level = 0
        while leaves:
            if start & 1:
                left.append((level, start, leaves[:HASH]))
                leaves, start = leaves[HASH:], start + 1
            if len(leaves) // HASH & 1:
                last = start + len(leaves) // HASH - 1
                right.append((level, last, leaves[-HASH:]))
                leaves = leaves[:-HASH]
            pairs = range(0, len(leaves), 2 * HASH)
            leaves = b"".join(
                [sha256(b"\x01" + leaves[at : at + 2 * HASH]).digest() for at in pairs]
            )
            level, start = level + 1, start >> 1
        return cls((*left, *reversed(right)))

    def __add__(self, more: "Tree") -> "Tree":
        """This range and the one behind it."""
        nodes = list(self.nodes)
        for node in more.nodes:
            level, at, right = node
            while nodes and nodes[-1][0] == level and at & 1:
                _, _, left = nodes.pop()
                level, at, right = level + 1, at >> 1, node_hash(left, right)
            nodes.append((level, at, right))
        return Tree(tuple(nodes))

    def root(self) -> bytes:
        """The root of a tree from the first leaf on; that of no leaves is the hash of nothing."""
        root = b""
        for _, _, node in reversed(self.nodes):
            root = node_hash(node, root) if root else node
        return root or sha256().digest()


def includes(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an inclusion proof (section 2.1.1) leads from a leaf's hash to the root."""
    if not 0 <= index < size:
        return False
    turns = _turns(index + 1, size, to_leaf=True)
    for step, is_right in zip(path, turns, strict=False):
        leaf = node_hash(step, leaf) if is_right else node_hash(leaf, step)
    return len(path) == len(turns) and leaf == root


def extends(
    *, size: int, root: bytes, later_size: int, later_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a consistency proof (section 2.1.2) shows that a later tree begins with this one."""
    if not 0 <= size <= later_size:
        return False
    if size == 0 < later_size:
        return not path and root == Tree().root()
    turns = _turns(size, later_size, to_leaf=False)
    # Where it is a subtree of the later one, its root is the first step, and left out.
    first, *steps = path if any(turns) and path else (root, *path)
    earlier = later = first
    for step, is_right in zip(steps, turns, strict=False):
        earlier = node_hash(step, earlier) if is_right else earlier
        later = node_hash(step, later) if is_right else node_hash(later, step)
    return len(steps) == len(turns) and (earlier, later) == (root, later_root)


def _turns(part: int, size: int, *, to_leaf: bool) -> list[bool]:
    """From the bottom up: which subtrees are right ones on the way to where a part of a tree ends.

    The way ends at a leaf, or at a subtree that lies in the part as a whole.
    """
    turns: list[bool] = []
    while size > (1 if to_leaf else part):
        half = 1 << (size - 1).bit_length() - 1
        turns.append(part > half)
        part, size = (part - half, size - half) if part > half else (part, half)
    return turns[::-1]
