"""One log: its entries, its tree, and the roots that heads state of it.

Leaf hashes come twice: of the entries, and those that were stored with them. Between one size that
heads state and the next, the *stretch*, each makes a piece of tree. Once it is known which heads to
trust, pieces are put together: where the entries lead to the signed root, they are right; where
only the stored leaf hashes do, the entries that differ from theirs are the bad ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from highroad_auditor.facts import Place
from highroad_auditor.heads import Head, Heads
from highroad_auditor.merkle import HASH, Tree, leaf_hash
from highroad_auditor.report import COMPLETENESS, INTEGRITY, Code, LogReport, Note, Problem

Fields: TypeAlias = tuple[int, str, str, str | None, str | None, int, bytes]
"""Of an entry: schema, kind, organization, run, call, time; then its body."""
Read: TypeAlias = Callable[[Place, Fields], None]
"""Compares the columns of an entry with its body, and learns from it."""

_BATCH: Final = 256
"""Leaves that are hashed into a tree at a time."""
_LISTED: Final = 20
"""Bad entries of a stretch that are kept."""


@dataclass(slots=True)
class _Stretch:
    """The leaves behind one size that heads state, up to the next."""

    entries: Tree | None = field(default_factory=Tree)
    """Of the entries; `None` where one is missing."""
    stored: Tree | None = field(default_factory=Tree)
    """Of the stored leaf hashes; `None` where one is missing."""
    differing: list[tuple[int, Code]] = field(default_factory=list)
    """Entries that differ from their leaf hash, or are missing."""

    def differ(self, seq: int, code: Code) -> None:
        if len(self.differing) < _LISTED:
            self.differing.append((seq, code))


@dataclass(slots=True, eq=False)
class Log:
    """One log of the ledger; `Audit.log` makes it. Feed it in order: `expect`, then `take`.

    It holds the hashes of 256 entries, stored ones that are ahead, and two pieces of tree for each
    size that a head states.
    """

    id: str
    first: int
    """The first position whose entry should be here; earlier ones were archived, and are taken
    where they are given nonetheless."""
    claims: Mapping[int, list[Head]]
    """The heads that state its root, by size."""
    read: Read
    note: Note
    covered: int = field(init=False)
    """The largest size that a head states of it."""
    entries: int = field(default=0, init=False)
    """Entries that were read."""
    left_out: list[tuple[int, int]] = field(default_factory=list, init=False)
    """Entries before `first` that were not given: from where, up to where."""
    _size: int = field(default=0, init=False)
    """Of the tree; it goes on behind the last entry as far as leaf hashes lead."""
    _end: int | None = field(default=None, init=False)
    """Where the entries ended, once they have."""
    _last: bytes = field(default=b"", init=False)
    """Leaf hash of the entry that was read last."""
    _leaves: bytearray = field(default_factory=bytearray, init=False)
    """Leaf hashes of entries that are in no tree yet."""
    _stored: bytearray = field(default_factory=bytearray, init=False)
    """Stored leaf hashes from the same position on."""
    _wanted: int = field(default=0, init=False)
    """Bytes of stored leaf hashes that are still to come."""
    _due: int = field(default=0, init=False)
    """At which size to put what has come into the stretch."""
    _sizes: list[int] = field(default_factory=list, init=False)
    """Sizes that heads state and the tree has not reached, the next one last."""
    _stretch: _Stretch = field(default_factory=_Stretch, init=False)
    _stretches: list[_Stretch] = field(default_factory=list, init=False)
    """Those that have ended, one for each size that was reached."""

    def __post_init__(self) -> None:
        self.covered = max(self.claims, default=0)
        self._wanted = self.covered * HASH
        self._sizes = list(self.claims)[::-1]
        self._gather()

    @property
    def end(self) -> int:
        """The number behind its last entry."""
        return self._size if self._end is None else self._end

    @property
    def archived(self) -> int:
        """Entries before `first` that were not given."""
        return sum(end - begin for begin, end in self.left_out)

    def expect(self, hashes: bytes) -> None:
        """Add stored leaf hashes, 32 bytes each, from `seq` 0 on without a gap.

        Those of an entry must have come before it is taken. What is behind the last size that a
        head states is not used.
        """
        more = hashes[: min(self._wanted, len(hashes) // HASH * HASH)]
        self._stored += more
        self._wanted -= len(more)
        if self._end is not None:
            self._follow()

    def skip(self, to: int) -> None:
        """Say that no entry before `to` will come any more; behind the end it says nothing."""
        if self._end is not None:
            return
        start, archived = self._size, min(to, self.first)
        if start < archived:
            if self.left_out and self.left_out[-1][1] == start:
                start, _ = self.left_out.pop()
            self.left_out.append((start, archived))
            self._stand_in(archived, are_entries=True)
        if self._size < to:
            missing = Code.ENTRY_MISSING
            self.note(Problem(COMPLETENESS, missing, self.id, self._size, to))
            self._gather()
            self._stretch.differ(self._size, missing)
            self._stand_in(to, are_entries=False)

    def take(self, seq: int, *fields: *Fields) -> None:
        """Audit the next entry: its columns, and the exact bytes of its body."""
        body = fields[-1]
        if type(seq) is not int or type(body) is not bytes:
            self._fault(Code.LINE_MALFORMED, "the number or the body is of another type")
            return
        leaf = leaf_hash(body)
        if seq < self._size:
            # An archived entry may stand in a segment and in the export as well.
            if not (seq == self._size - 1 and seq < self.first and leaf == self._last):
                self._fault(Code.ENTRY_REPEATED, f"it says that it is {seq}")
            return
        if seq > self._size:
            self.skip(seq)
        self._last = leaf
        self._leaves += leaf
        self._size += 1
        self.entries += 1
        if self._size >= self._due:
            self._gather()
        self.read((self.id, seq), fields)

    def close(self) -> None:
        """Say that there are no more entries; leaf hashes from `first` on may still come."""
        if self._end is None:
            self.skip(self.first)
            self._end = self._size
            self._follow()

    def settle(self, heads: Heads) -> None:
        """Compare the roots that heads state, once they are verified; what is wrong is noted."""
        self._gather()
        pieces = [*self._stretches, *(_Stretch(None, None) for _ in self._sizes)]
        entries: Tree | None = Tree()
        stored: Tree | None = Tree()
        differing: list[tuple[int, Code]] = []
        agreed = 0
        for (size, stating), piece in zip(self.claims.items(), pieces, strict=True):
            entries, stored = _joined(entries, piece.entries), _joined(stored, piece.stored)
            differing += piece.differing
            before = agreed
            for head in filter(heads.is_trusted, stating):
                since = before if head.anchor is None else heads.shared(head, self.id)
                trees = [tree for tree in (entries, stored) if tree]
                root = head.roots[self.id]
                proven = next((tree for tree in trees if tree.root() == root), None)
                if proven is None:
                    self._blame(head, since, is_reached=bool(trees))
                    continue
                is_whole = proven is entries
                bad = [one for one in differing if one[0] >= min(since, agreed)]
                if is_whole:
                    bad = [(seq, Code.LEAF_CHANGED) for seq, _ in bad[:1]]
                for seq, code in bad:
                    self.note(Problem(INTEGRITY, code, self.id, seq, head=head.number))
                # What was signed is known up to here, so what is wrong behind it can be told apart.
                entries, stored = proven, stored and proven
                differing.clear()
                agreed = size if head.anchor is None else agreed
        if self.covered > self.end:
            self.note(Problem(COMPLETENESS, Code.LOG_SHORT, self.id, self.end, self.covered))

    def report(self, signed: Mapping[str, int]) -> LogReport:
        """What was read of it, beside the size that the last head states."""
        size = signed.get(self.id, 0)
        return LogReport(self.id, self.entries, self.first, self.archived, self.end, size)

    def _blame(self, head: Head, agreed: int, *, is_reached: bool) -> None:
        """Say of a root that nothing leads to which entries may be bad."""
        size = head.sizes[self.id]
        end = min(size, self.end)
        if is_reached and size <= self.end:
            code, seq, until = Code.ROOT_DIFFERS, agreed, size
        elif agreed < end:
            code, seq, until = Code.ENTRY_UNPROVEN, agreed, end
        elif is_reached:
            code, seq, until = Code.LEAF_CHANGED, end, size
        else:
            return
        self.note(Problem(INTEGRITY, code, self.id, seq, until, head.number))

    def _gather(self) -> None:
        """Hash what has come into the stretch, and end it where heads state this size."""
        leaves = bytes(self._leaves)
        stored = bytes(self._stored[: len(leaves)])
        self._leaves.clear()
        del self._stored[: len(leaves)]
        start, stretch = self._size - len(leaves) // HASH, self._stretch
        piece = Tree.over(leaves, start)
        stretch.entries = _joined(stretch.entries, piece)
        if len(stored) < len(leaves):
            stretch.stored, self._wanted = None, 0
        elif stored == leaves:
            stretch.stored = _joined(stretch.stored, piece)
        else:
            stretch.stored = _joined(stretch.stored, Tree.over(stored, start))
        if stored != leaves:
            for at in range(0, len(stored), HASH):
                if stored[at : at + HASH] != leaves[at : at + HASH]:
                    stretch.differ(start + at // HASH, Code.ENTRY_CHANGED)
        while self._sizes and self._sizes[-1] <= self._size:
            self._sizes.pop()
            if stretch.stored == stretch.entries:
                stretch.stored = stretch.entries  # held once
            self._stretches.append(self._stretch)
            self._stretch = _Stretch()
        self._due = min([self._size // _BATCH * _BATCH + _BATCH, *self._sizes[-1:]])

    def _stand_in(self, to: int, *, are_entries: bool) -> None:
        """Let stored leaf hashes stand for entries that are not there, or go on without any."""
        while self._size < to:
            if not are_entries:
                self._stretch.entries = None
            begin, step = len(self._leaves), min(self._due, to) - self._size
            self._leaves += self._stored[begin : begin + step * HASH]
            self._size += step
            if len(self._leaves) < begin + step * HASH:
                self._leaves.clear()
                self._stored.clear()
                self._wanted, self._size, self._stretch = 0, to, _Stretch(None, None)
            if self._size >= self._due:
                self._gather()

    def _follow(self) -> None:
        """Go on behind the last entry, as far as stored leaf hashes lead."""
        ahead = (len(self._stored) - len(self._leaves)) // HASH
        self._stand_in(self._size + ahead, are_entries=False)

    def _fault(self, code: Code, detail: str) -> None:
        self.note(Problem(INTEGRITY, code, self.id, self._size, detail=detail))


def _joined(tree: Tree | None, more: Tree | None) -> Tree | None:
    return None if tree is None or more is None else tree + more
