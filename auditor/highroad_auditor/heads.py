"""Signed heads: their form, their chain, and the copies that anchors have."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from highroad_auditor import strict
from highroad_auditor.keys import PublicKey, Succession
from highroad_auditor.report import COMPLETENESS, INTEGRITY, Code, Note, Problem
from highroad_auditor.strict import MalformedError, Shape

_LINE: Final = Shape(signature=strict.SIGNATURE, statement=strict.TEXT)
_STATEMENT: Final = Shape(
    at=strict.COUNT,
    key=strict.KEY_ID,
    ledger=strict.TEXT,
    number=strict.COUNT,
    previous=strict.optional(strict.HASH),
    trees=strict.LIST,
    v=strict.ONE,
)
_TREE: Final = Shape(log=strict.LOG_ID, root=strict.HASH, size=strict.COUNT)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A signed head. Two are never equal: one that stands twice is a problem of its own."""

    statement: bytes
    signature: bytes
    ledger: str
    number: int
    place: int
    """Under which number to report it: a number that was changed must not point elsewhere."""
    at_ms: int
    key: str
    previous: str | None
    sizes: Mapping[str, int]
    roots: Mapping[str, bytes]
    anchor: str | None
    """Of a head that an anchor has and the ledger has not: the anchor's name."""

    @property
    def words(self) -> tuple[bytes, bytes]:
        """What its line says; there is one line that says it."""
        return self.statement, self.signature

    def is_by(self, key: PublicKey) -> bool:
        """Whether it is signed with this key, and says so."""
        return self.key == key.id and key.signed_head(self.signature, self.statement)


def read_head(
    line: bytes, ledger: str | None = None, *, due: int = 0, anchor: str | None = None
) -> Head:
    """Parse the line of a signed head, where the head of number `due` should stand.

    Raises:
        MalformedError: It is not in the form of the page, or of another ledger.
    """
    written = strict.read_object(line)
    signature, text = _LINE.fields(written)
    stated = strict.read_object(text)
    at, key, of, number, previous, listed, _ = _STATEMENT.fields(stated)
    trees = [_TREE.fields(tree) for tree in listed]
    if not all(one[0] < other[0] for one, other in pairwise(trees)):
        raise MalformedError("`trees` are not ordered by `log`")
    statement = strict.canonical(stated)
    if strict.canonical(written) != line or statement != strict.encoded(text):
        raise MalformedError("not in the form of RFC 8785")
    if (previous is None) != (number == 0):
        raise MalformedError("`previous` is null in number 0, and in no other")
    if ledger not in {of, None}:
        raise MalformedError("the statement is of another ledger")
    sizes = {log: size for log, _, size in trees}
    roots = {log: bytes.fromhex(root) for log, root, _ in trees}
    place, signed = max(number, due), bytes.fromhex(signature)
    return Head(statement, signed, of, number, place, at, key, previous, sizes, roots, anchor)


class Heads:
    """All signed heads of a ledger, and those that anchors have of it.

    Args:
        ledger: Id of the ledger.
        lines: Lines of the ledger's heads, without line feeds.
        anchors: Lines of each anchor, by its name.
        note: Where to note what is wrong.
    """

    def __init__(
        self,
        ledger: str,
        lines: Iterable[str | bytes],
        anchors: Mapping[str, Iterable[str | bytes]],
        note: Note,
    ) -> None:
        self._ledger: str = ledger
        self._note: Note = note
        self.listed: list[Head] = []
        """Those of the ledger that have the form of one, in their order."""
        self._by_number: dict[int, Head] = {}
        self._foreign: dict[tuple[bytes, bytes], Head] = {}
        """Heads that anchors have and the ledger has not."""
        self._trusted: set[Head] = set()
        self._read(lines)
        self.anchored: dict[str, Head | None] = {
            name: self._read_anchor(name, held) for name, held in anchors.items()
        }
        """The last head that each anchor has and the ledger too."""

    def claims(self, log: str) -> dict[int, list[Head]]:
        """The heads that state a root of this log, by its size, smallest first."""
        found: dict[int, list[Head]] = {}
        for head in self._all():
            if log in head.sizes:
                found.setdefault(head.sizes[log], []).append(head)
        return dict(sorted(found.items()))

    def logs(self) -> set[str]:
        """All logs that a head speaks of."""
        return {log for head in self._all() for log in head.sizes}

    def last_anchored(self) -> Head | None:
        """The newest head that some anchor has and the ledger too."""
        shared = filter(None, self.anchored.values())
        return max(shared, key=lambda head: head.number, default=None)

    def last(self) -> Head | None:
        """The newest head of the ledger that holds."""
        return next(filter(self.is_trusted, reversed(self.listed)), None)

    def is_trusted(self, head: Head) -> bool:
        """Whether somebody who has the key signed this statement; known once it is verified."""
        return head in self._trusted

    def shared(self, foreign: Head, log: str) -> int:
        """Up to where the history of a head that only an anchor has was surely this one."""
        same = self.anchored.get(foreign.anchor or "")
        return min(same.sizes.get(log, 0), foreign.sizes[log]) if same else 0

    def verify(self, given: PublicKey, keys: Succession) -> dict[str, int]:
        """Compare every signature with the key that the head's position asks for.

        Returns:
            How many heads each key signed, by its id.
        """
        self._trusted.update(self._vouched(given))
        signed: dict[str, int] = {}
        for head in self._all():
            if self._is_signed(head, keys):
                signed[head.key] = signed.get(head.key, 0) + 1
                self._trusted.add(head)
        # Else an unknown first key could sign a history that merely announces the given one.
        newest = keys.newest(self.listed[-1].sizes) if self.listed else -1
        if given.raw not in {found.key.raw for found in keys.line[: newest + 1]}:
            self._note(Problem(INTEGRITY, Code.KEY_UNPROVEN, detail=f"key {given.id}"))
        return signed

    def _all(self) -> Iterator[Head]:
        yield from self.listed
        yield from self._foreign.values()

    def _read(self, lines: Iterable[str | bytes]) -> None:
        before: Head | None = None
        number = count = 0
        for count, line in enumerate(lines, 1):
            try:
                head = read_head(_raw(line), self._ledger, due=number)
            except MalformedError as error:
                self._note(
                    Problem(
                        INTEGRITY, Code.HEAD_MALFORMED, head=number, line=count, detail=str(error)
                    )
                )
                before, number = None, number + 1
                continue
            self._follow(head, before, number)
            self.listed.append(head)
            self._by_number.setdefault(head.number, head)
            before, number = head, max(number, head.number + 1)
        if count == 0:
            self._note(Problem(INTEGRITY, Code.NOTHING_SIGNED))

    def _follow(self, head: Head, before: Head | None, number: int) -> None:
        """Compare a head with the one before it."""
        if head.number != number:
            self._note(
                Problem(INTEGRITY, Code.HEAD_NUMBER, head=number, detail=f"it says {head.number}")
            )
        if head.number > number:
            self._note(Problem(COMPLETENESS, Code.HEAD_MISSING, head=number))
        if before is None:
            return
        if head.previous != sha256(before.statement).hexdigest():
            self._note(Problem(INTEGRITY, Code.HEAD_PREVIOUS, head=head.place))
        for log, size in before.sizes.items():
            if head.sizes.get(log, -1) < size:
                self._note(Problem(INTEGRITY, Code.HEAD_SHRINKS, head=head.place, log=log))

    def _read_anchor(self, name: str, lines: Iterable[str | bytes]) -> Head | None:
        """Compare what an anchor has with the ledger's heads; gives the last that is the same."""
        same: Head | None = None
        for count, line in enumerate(lines, 1):
            try:
                head = read_head(_raw(line), self._ledger, anchor=name)
            except MalformedError as error:
                malformed, detail = Code.ANCHOR_MALFORMED, str(error)
                self._note(Problem(INTEGRITY, malformed, anchor=name, line=count, detail=detail))
                continue
            ours, number = self._by_number.get(head.number), head.number
            if ours is not None and ours.words == head.words:
                same = ours if same is None or number > same.number else same
                continue
            self._foreign.setdefault(head.words, head)
            if ours is None:
                self._note(Problem(COMPLETENESS, Code.HEAD_MISSING, head=number, anchor=name))
            else:
                self._note(Problem(INTEGRITY, Code.ANCHOR_DIFFERS, head=number, anchor=name))
        return same

    def _vouched(self, given: PublicKey) -> Iterator[Head]:
        """Heads that the given key signed, and those before them, which their hashes bind."""
        bound: str | None = None
        for head in reversed(self.listed):
            if sha256(head.statement).hexdigest() == bound or head.is_by(given):
                bound = head.previous
                yield head
        yield from (head for head in self._foreign.values() if head.is_by(given))

    def _is_signed(self, head: Head, keys: Succession) -> bool:
        """Whether a head is signed as it should be; what is wrong is noted."""
        if head.anchor is not None and head in self._trusted:
            return True
        newest = keys.newest(head.sizes)
        due = keys.line[newest].key if newest >= 0 else None
        if due is not None and head.is_by(due):
            return True
        code, detail = Code.HEAD_SIGNATURE, ""
        if due is None or due.id != head.key:
            code, detail = Code.HEAD_KEY, f"{due.id} is due" if due else "no key is announced yet"
        if head.anchor is not None:
            code = Code.ANCHOR_SIGNATURE
        self._note(Problem(INTEGRITY, code, head=head.place, anchor=head.anchor, detail=detail))
        return False


def _raw(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
