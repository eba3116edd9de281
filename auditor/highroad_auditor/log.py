"""One log: its entries, its tree, and the roots that heads state of it.

Two trees grow side by side: one of the entries, one of the leaf hashes that were stored with them.
While they agree they are one object. Where they part, and a signed root then says that the leaf
hashes are right, the entries that differ from theirs are the bad ones.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, Final, TypeAlias

from highroad_auditor.calls import Body, Reader
from highroad_auditor.heads import Head, Heads
from highroad_auditor.merkle import HASH, Tree, leaf_hash
from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.strict import LARGEST, MalformedError

Parser: TypeAlias = Callable[[bytes], dict[str, Any]]
"""Parses a body, or raises `MalformedError`."""
Readers: TypeAlias = Mapping[str, Reader]
"""What learns from entries, by the kind of entry."""

_PENDING: Final = 20
"""Bad entries between two heads that are kept; those behind them are left out."""


class _Fate(Enum):
    """What became of a root that a head states."""

    AGREES = auto()
    BY_LEAVES = auto()
    """The leaf hashes lead to it, the entries do not, or have ended before."""
    DIFFERS = auto()
    UNREACHED = auto()
    """Neither entries nor leaf hashes are there up to it."""


_PROVEN: Final = frozenset({_Fate.AGREES, _Fate.BY_LEAVES})
"""The leaves up to there are those that were signed."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    size: int
    head: Head
    fate: _Fate
    differing: tuple[tuple[int, Code], ...]
    """Entries that differ from their leaf hash, since the last size that surely agreed."""


class Log:
    """One log of the ledger; `Audit.log` makes it. Feed it in order: `expect`, then `take`.

    Args:
        log_id: Its id.
        first: The first position whose entry should be here; earlier ones were archived, and are
            taken where they are given nonetheless.
        heads: The signed heads.
        parser: Parses each body.
        readers: Learn from bodies of their kind.
        problems: Where to note what is wrong.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what `Audit.log` has, once
        self,
        log_id: str,
        first: int,
        heads: Heads,
        parser: Parser,
        readers: Readers,
        problems: Problems,
    ) -> None:
        self.id: str = log_id
        self.first: int = first
        self.entries: int = 0
        """Entries that were read."""
        self.archived: int = 0
        """Entries before `first` that were not given."""
        self.left_out: list[tuple[int, int]] = []
        """The same as ranges: from where, up to where."""
        self.oldest_ms: int | None = None
        self.newest_ms: int | None = None
        self._parser: Parser = parser
        self._readers: Readers = readers
        self._problems: Problems = problems
        self._heads: Heads = heads
        self._claims: Mapping[int, list[Head]] = heads.claims(log_id)
        self._sizes: list[int] = list(self._claims)
        self._compared: int = 0
        """How many of the sizes the tree has reached."""
        self._due: int = 0
        """The next of them."""
        self._size: int = 0
        """Of the tree; it goes on behind the last entry as far as leaf hashes lead."""
        self._end: int | None = None
        """Where the entries ended, once they have."""
        self._last: bytes = b""
        """Leaf hash of the entry that was read last."""
        self._expected: deque[bytes] = deque()
        """Stored leaf hashes of the entries to come."""
        self._tree: Tree | None = Tree()
        """Of the entries; `None` once one is missing."""
        self._stored: Tree | None = self._tree
        """Of the leaf hashes; `None` once one is missing."""
        self._differing: list[tuple[int, Code]] = []
        self._outcomes: list[_Outcome] = []
        self._compare_due()

    @property
    def covered(self) -> int:
        """The largest size that a head states of it."""
        return self._sizes[-1] if self._sizes else 0

    @property
    def end(self) -> int:
        """The number behind its last entry."""
        return self._size if self._end is None else self._end

    def expect(self, hashes: bytes) -> None:
        """Add stored leaf hashes, 32 bytes each, from `seq` 0 on without a gap.

        Those of an entry must have come before it is taken. What is behind the last size that a
        head states is not used. Only hashes of entries not taken yet are held in memory.
        """
        wanted = self.covered - self._size - len(self._expected)
        if self._stored is not None and wanted > 0:
            whole = min(wanted, len(hashes) // HASH) * HASH
            self._expected.extend([hashes[at : at + HASH] for at in range(0, whole, HASH)])
        if self._end is not None:
            self._run_out()

    def skip(self, to: int) -> None:
        """Say that no entry before `to` will come any more; behind the end it says nothing."""
        if self._end is not None:
            return
        if self._size < min(to, self.first):
            self._leave_out(min(to, self.first))
        while self._size < min(to, self.first):
            if not self._expected:
                self._leap(min(to, self.first))
                break
            stored = self._expected.popleft()
            self._grow(stored, stored)
            self.archived += 1
        if self._size < to:
            self._problems.note(
                Aspect.COMPLETENESS, Code.ENTRY_MISSING, log=self.id, seq=self._size, until=to
            )
            self._differ(Code.ENTRY_MISSING)
        while self._size < to:
            if not self._expected:
                self._leap(to)
                break
            self._grow(None, self._expected.popleft())

    def take(  # noqa: PLR0913, PLR0917 - the fields of an entry, in their order
        self,
        seq: int,
        schema: int,
        kind: str,
        organization: str,
        run: str | None,
        call: str | None,
        at: int,
        body: bytes,
    ) -> None:
        """Audit the next entry: its columns, and the exact bytes of its body."""
        if type(seq) is not int or type(body) is not bytes:
            detail = "the number or the body is of another type"
            self._note(Code.LINE_MALFORMED, self._size, detail)
            return
        leaf = leaf_hash(body)
        if seq != self._size:
            if seq < self._size:
                self._repeat(seq, leaf)
                return
            self.skip(seq)
        stored = self._expected.popleft() if self._expected else None
        if stored is not None and stored != leaf:
            self._differ(Code.ENTRY_CHANGED)
        self._last = leaf
        self.entries += 1
        self._grow(leaf, stored)
        self._read(seq, (schema, kind, at, organization, run, call), body)

    def close(self) -> None:
        """Say that there are no more entries; leaf hashes from `first` on may still come."""
        if self._end is None:
            self.skip(self.first)
            self._end = self._size
            self._run_out()

    def settle(self) -> None:
        """Note what the roots came to, once it is known which heads to trust."""
        before = agreed = 0
        for outcome in filter(self._is_trusted, (*self._outcomes, *self._unreached())):
            if outcome.head.anchor is not None:
                since = self._shared(outcome.head)
                if outcome.fate in _PROVEN:
                    # Nobody else will say it: the next root is compared with what this one proved.
                    since = min(since, agreed)
                self._blame(outcome, since)
                continue
            if outcome.size > agreed:
                before = agreed
            self._blame(outcome, before)
            if outcome.fate in _PROVEN:
                agreed = outcome.size
        if self.covered > self.end:
            self._problems.note(
                Aspect.COMPLETENESS, Code.LOG_SHORT, log=self.id, seq=self.end, until=self.covered
            )

    def _is_trusted(self, outcome: _Outcome) -> bool:
        return self._heads.is_trusted(outcome.head)

    def _shared(self, foreign: Head) -> int:
        """Up to where the history of a head that only an anchor has was surely this one."""
        same = self._heads.anchored.get(foreign.anchor or "")
        return 0 if same is None else min(same.sizes.get(self.id, 0), foreign.sizes[self.id])

    def _unreached(self) -> Iterator[_Outcome]:
        for size in self._sizes[self._compared :]:
            for head in self._claims[size]:
                yield _Outcome(size, head, _Fate.UNREACHED, ())

    def _blame(self, outcome: _Outcome, agreed: int) -> None:
        """Say of one root which entries it proves bad."""
        note = partial(self._problems.note, Aspect.INTEGRITY, log=self.id, head=outcome.head.number)
        end = min(outcome.size, self.end)
        differing = [(seq, code) for seq, code in outcome.differing if seq >= agreed]
        match outcome.fate:
            case _Fate.AGREES:
                for seq, _ in differing[:1]:
                    note(Code.LEAF_CHANGED, seq=seq)
            case _Fate.BY_LEAVES:
                for seq, code in differing:
                    note(code, seq=seq)
            case _Fate.DIFFERS if outcome.size <= self.end:
                note(Code.ROOT_DIFFERS, seq=agreed, until=end)
            case _ if agreed < end:
                note(Code.ENTRY_UNPROVEN, seq=agreed, until=end)
            case _Fate.DIFFERS:
                note(Code.LEAF_CHANGED, seq=end, until=outcome.size)
            case _Fate.UNREACHED:
                pass

    def _grow(self, leaf: bytes | None, stored: bytes | None) -> None:
        """Add one leaf to both trees, `None` where there is none, and compare what is due."""
        if leaf != stored or self._tree is not self._stored:
            self._part(leaf, stored)
        elif self._tree is not None and leaf is not None:
            self._tree.add(leaf)
        self._size += 1
        if self._size >= self._due:
            self._compare_due()

    def _part(self, leaf: bytes | None, stored: bytes | None) -> None:
        """Add one leaf to trees that are two, or become two by it."""
        if stored is None:
            self._stored = None
        elif self._stored is not None:
            if self._stored is self._tree:
                self._stored = self._stored.copy()
            self._stored.add(stored)
        if leaf is None:
            self._tree = None
        elif self._tree is not None:
            self._tree.add(leaf)

    def _leap(self, to: int) -> None:
        """Go on behind entries of which not even leaf hashes are there."""
        self._tree = self._stored = None
        self.archived += max(0, min(to, self.first) - self._size)
        self._size = to
        self._compare_due()

    def _compare_due(self) -> None:
        """Compare the roots that heads state for sizes that the tree has reached."""
        while self._compared < len(self._sizes) and self._sizes[self._compared] <= self._size:
            size = self._sizes[self._compared]
            self._compared += 1
            for head in self._claims[size]:
                self._compare(size, head)
        rest = self._sizes[self._compared :]
        self._due = rest[0] if rest else LARGEST

    def _compare(self, size: int, head: Head) -> None:
        root = head.roots[self.id]
        fate = _Fate.DIFFERS
        if size < self._size or self._tree is self._stored is None:
            fate = _Fate.UNREACHED
        elif self._tree is not None and self._tree.root() == root:
            fate = _Fate.AGREES
        elif self._stored is not None and self._stored.root() == root:
            fate = _Fate.BY_LEAVES
        self._outcomes.append(_Outcome(size, head, fate, tuple(self._differing)))
        if fate not in _PROVEN or not self._heads.is_trusted(head):
            return
        # What was signed is known up to here, so what is wrong behind it can be told apart.
        self._differing.clear()
        if fate is _Fate.BY_LEAVES:
            self._tree = self._stored
        elif self._stored is not None:
            self._stored = self._tree

    def _leave_out(self, to: int) -> None:
        """Note that entries up to here were archived, in one range with those just before."""
        start = self._size
        if self.left_out and self.left_out[-1][1] == start:
            start, _ = self.left_out.pop()
        self.left_out.append((start, to))

    def _run_out(self) -> None:
        """Follow the stored leaf hashes behind the last entry."""
        while self._expected:
            self._grow(None, self._expected.popleft())

    def _differ(self, code: Code) -> None:
        if len(self._differing) < _PENDING:
            self._differing.append((self._size, code))

    def _repeat(self, seq: int, leaf: bytes) -> None:
        """An archived entry may stand in a segment and in the export as well."""
        if not (seq == self._size - 1 and seq < self.first and leaf == self._last):
            self._note(Code.ENTRY_REPEATED, self._size, f"it says that it is {seq}")

    def _read(self, seq: int, columns: tuple[object, ...], body: bytes) -> None:
        """Compare the columns with the body, and learn from it."""
        try:
            found = self._parser(body)
            stated = _stated(found)
        except MalformedError as error:
            self._note(Code.BODY_MALFORMED, seq, str(error))
            return
        if b"\n" in body:
            self._note(Code.BODY_MALFORMED, seq, "it holds a line feed")
        if stated != columns or type(columns[0]) is not int or type(columns[2]) is not int:
            self._note(Code.COLUMN_DIFFERS, seq)
        at = stated[2]
        if self.newest_ms is None or at > self.newest_ms:
            self.newest_ms = at
        if self.oldest_ms is None or at < self.oldest_ms:
            self.oldest_ms = at
        reader = self._readers.get(stated[1])
        if reader is not None:
            reader((self.id, seq), found)

    def _note(self, code: Code, seq: int, detail: str = "") -> None:
        self._problems.note(Aspect.INTEGRITY, code, log=self.id, seq=seq, detail=detail)


def _stated(body: Body) -> tuple[int, str, int, str, str | None, str | None]:
    """What a body says of the columns: schema, kind, time, organization, run, call."""
    v, kind, at, organization = body.get("v"), body.get("kind"), body.get("at"), body.get("org")
    run, call = body.get("run"), body.get("call")
    # Written out, because it is asked of every entry.
    if (
        type(v) is int
        and 0 <= v <= LARGEST
        and type(kind) is str
        and type(at) is int
        and 0 <= at <= LARGEST
        and type(organization) is str
    ):
        if (run is None or type(run) is str) and (call is None or type(call) is str):
            return v, kind, at, organization, run, call
        raise MalformedError("`run` or `call` is no text")
    raise MalformedError("`v`, `kind`, `at` or `org` is missing or of another type")
