"""Signed heads: their form, their chain, and the copies that anchors have."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from highroad_auditor.keys import PublicKey, Succession, is_key_id, is_signature
from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.strict import (
    MalformedError,
    canonical,
    encoded,
    has_exactly,
    is_count,
    is_hash,
    is_log_id,
    is_text,
    read_object,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A signed head. Two are never equal: one that stands twice is a problem of its own."""

    line: bytes
    statement: bytes
    signature: bytes
    number: int
    place: int
    """Under which number to report it: a number that was changed must not point elsewhere."""
    at_ms: int
    key: str
    previous: str | None
    sizes: Mapping[str, int]
    roots: Mapping[str, bytes]
    anchor: str | None = None
    """Of a head that an anchor has and the ledger has not: the anchor's name."""


def read_head(line: bytes, ledger: str, *, due: int = 0, anchor: str | None = None) -> Head:
    """Parse the line of a signed head, where the head of number `due` should stand.

    Raises:
        MalformedError: It is not in the form of the page, or of another ledger.
    """
    written = read_object(line)
    if not has_exactly(written, "signature", "statement"):
        raise MalformedError("a line has `signature` and `statement`")
    signature, text = written["signature"], written["statement"]
    if not (is_signature(signature) and is_text(text)) or canonical(written) != line:
        raise MalformedError("not in the form of RFC 8785, or the signature is not 64 bytes in hex")
    stated = read_object(text)
    trees = dict(_trees(stated.get("trees")))
    if not _is_statement(stated) or canonical(stated) != (statement := encoded(text)):
        raise MalformedError("the statement is not in the form of the page")
    if stated["ledger"] != ledger:
        raise MalformedError("the statement is of another ledger")
    return Head(
        line=line,
        statement=statement,
        signature=bytes.fromhex(signature),
        number=stated["number"],
        place=max(stated["number"], due),
        at_ms=stated["at"],
        key=stated["key"],
        previous=stated["previous"],
        sizes={log: size for log, (size, _) in trees.items()},
        roots={log: root for log, (_, root) in trees.items()},
        anchor=anchor,
    )


def _is_statement(stated: dict[str, Any]) -> bool:
    previous = stated.get("previous")
    return (
        has_exactly(stated, "at", "key", "ledger", "number", "previous", "trees", "v")
        and is_count(stated["at"])
        and is_count(stated["number"])
        and is_key_id(stated["key"])
        and is_text(stated["ledger"])
        and (previous is None if stated["number"] == 0 else is_hash(previous))
        and type(stated["v"]) is int
        and stated["v"] == 1
    )


def _trees(stated: object) -> Iterator[tuple[str, tuple[int, bytes]]]:
    if not isinstance(stated, list):
        raise MalformedError("`trees` is a list")
    last: str | None = None
    for tree in stated:
        if not isinstance(tree, dict) or not has_exactly(tree, "log", "root", "size"):
            raise MalformedError("a tree has `log`, `root` and `size`")
        log, root, size = tree["log"], tree["root"], tree["size"]
        if not (is_log_id(log) and is_hash(root) and is_count(size)):
            raise MalformedError("a tree has an id of a log, a hash in hex and a number")
        if last is not None and log <= last:
            raise MalformedError("`trees` are ordered by `log`")
        last = log
        yield log, (size, bytes.fromhex(root))


class Heads:
    """All signed heads of a ledger, and those that anchors have of it.

    Args:
        ledger: Id of the ledger.
        lines: Lines of the ledger's heads, without line feeds.
        anchors: Lines of each anchor, by its name.
        given: The key that the auditor was given.
        problems: Where to note what is wrong.
    """

    def __init__(
        self,
        ledger: str,
        lines: Iterable[str | bytes],
        anchors: Mapping[str, Iterable[str | bytes]],
        given: PublicKey,
        problems: Problems,
    ) -> None:
        self._ledger: str = ledger
        self._given: PublicKey = given
        self._problems: Problems = problems
        self.listed: list[Head] = []
        """Those of the ledger that have the form of one, in their order."""
        self._by_number: dict[int, Head] = {}
        self._foreign: dict[bytes, Head] = {}
        """Heads that anchors have and the ledger has not, by line."""
        self.anchored: dict[str, Head | None] = {}
        """The last head that each anchor has and the ledger too."""
        self._read(lines)
        for name, held in anchors.items():
            self.anchored[name] = self._read_anchor(name, held)
        self._trusted: set[Head] = set(self._vouched())

    def all(self) -> Iterator[Head]:
        """Heads of the ledger, then those that only anchors have."""
        yield from self.listed
        yield from self._foreign.values()

    def is_trusted(self, head: Head) -> bool:
        """Whether it is known, at this point, that a holder of the key signed this statement."""
        return head in self._trusted

    def claims(self, log: str) -> dict[int, list[Head]]:
        """The heads that state a root of this log, by its size, smallest first."""
        found: dict[int, list[Head]] = {}
        for head in self.all():
            if log in head.sizes:
                found.setdefault(head.sizes[log], []).append(head)
        return dict(sorted(found.items()))

    def logs(self) -> set[str]:
        """All logs that a head speaks of."""
        return {log for head in self.all() for log in head.sizes}

    def last_anchored(self) -> Head | None:
        """The newest head that some anchor has and the ledger too."""
        return max(
            (head for head in self.anchored.values() if head),
            key=lambda head: head.number,
            default=None,
        )

    def last(self) -> Head | None:
        """The newest head of the ledger that holds."""
        return next((head for head in reversed(self.listed) if head in self._trusted), None)

    def verify(self, keys: Succession) -> dict[str, int]:
        """Compare every signature with the key that the head's position asks for.

        Returns:
            How many heads each key signed, by its id.
        """
        signed: dict[str, int] = {}
        for head in self.all():
            if self._is_signed(head, keys):
                signed[head.key] = signed.get(head.key, 0) + 1
                self._trusted.add(head)
        self._verify_given(keys)
        return signed

    def _read(self, lines: Iterable[str | bytes]) -> None:
        before: Head | None = None
        number = 0
        count = 0
        for count, line in enumerate(lines, 1):
            try:
                head = read_head(_raw(line), self._ledger, due=number)
            except MalformedError as error:
                self._problems.note(
                    Aspect.INTEGRITY,
                    Code.HEAD_MALFORMED,
                    head=number,
                    line=count,
                    detail=str(error),
                )
                before, number = None, number + 1
                continue
            self._follow(head, before, number)
            self.listed.append(head)
            self._by_number.setdefault(head.number, head)
            before, number = head, max(number, head.number + 1)
        if count == 0:
            self._problems.note(Aspect.INTEGRITY, Code.NOTHING_SIGNED)

    def _follow(self, head: Head, before: Head | None, number: int) -> None:
        """Compare a head with the one before it."""
        if head.number != number:
            self._problems.note(
                Aspect.INTEGRITY, Code.HEAD_NUMBER, head=number, detail=f"it says {head.number}"
            )
        if head.number > number:
            self._problems.note(Aspect.COMPLETENESS, Code.HEAD_MISSING, head=number)
        if before is None:
            return
        if head.previous != sha256(before.statement).hexdigest():
            self._problems.note(Aspect.INTEGRITY, Code.HEAD_PREVIOUS, head=head.place)
        for log, size in before.sizes.items():
            if head.sizes.get(log, -1) < size:
                self._problems.note(Aspect.INTEGRITY, Code.HEAD_SHRINKS, head=head.place, log=log)

    def _read_anchor(self, name: str, lines: Iterable[str | bytes]) -> Head | None:
        """Compare what an anchor has with the ledger's heads; gives the last that is the same."""
        same: Head | None = None
        for count, line in enumerate(lines, 1):
            try:
                head = read_head(_raw(line), self._ledger, anchor=name)
            except MalformedError as error:
                self._problems.note(
                    Aspect.INTEGRITY,
                    Code.ANCHOR_MALFORMED,
                    anchor=name,
                    line=count,
                    detail=str(error),
                )
                continue
            ours = self._by_number.get(head.number)
            if ours is not None and ours.line == head.line:
                same = ours if same is None or ours.number > same.number else same
                continue
            if ours is None:
                self._problems.note(
                    Aspect.COMPLETENESS, Code.HEAD_MISSING, head=head.number, anchor=name
                )
            else:
                self._problems.note(
                    Aspect.INTEGRITY, Code.ANCHOR_DIFFERS, head=head.number, anchor=name
                )
            self._foreign.setdefault(head.line, head)
        return same

    def _vouched(self) -> Iterator[Head]:
        """Heads that the given key signed, and those before them, which their hashes bind."""
        bound: str | None = None
        for head in reversed(self.listed):
            if sha256(head.statement).hexdigest() == bound or self._is_given(head):
                bound = head.previous
                yield head
        yield from filter(self._is_given, self._foreign.values())

    def _is_given(self, head: Head) -> bool:
        return head.key == self._given.id and self._given.signed_head(
            head.signature, head.statement
        )

    def _is_signed(self, head: Head, keys: Succession) -> bool:
        """Whether a head is signed as it should be; what is wrong is noted."""
        if head.anchor is not None and head in self._trusted:
            return True
        due = keys.newest_covered(head.sizes)
        if due is None or due.key.id != head.key:
            detail = "no key is announced before it" if due is None else f"{due.key.id} is due"
            code = Code.HEAD_KEY if head.anchor is None else Code.ANCHOR_SIGNATURE
            self._problems.note(
                Aspect.INTEGRITY, code, head=head.place, anchor=head.anchor, detail=detail
            )
            return False
        if not due.key.signed_head(head.signature, head.statement):
            code = Code.HEAD_SIGNATURE if head.anchor is None else Code.ANCHOR_SIGNATURE
            self._problems.note(Aspect.INTEGRITY, code, head=head.place, anchor=head.anchor)
            return False
        return True

    def _verify_given(self, keys: Succession) -> None:
        """Else an unknown first key could sign a history that merely announces the given one."""
        last = self.listed[-1] if self.listed else None
        due = keys.newest_covered(last.sizes) if last else None
        newest = keys.line.index(due) if due else -1
        if not any(found.key.raw == self._given.raw for found in keys.line[: newest + 1]):
            self._problems.note(Aspect.INTEGRITY, Code.KEY_UNPROVEN, detail=f"key {self._given.id}")


def _raw(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
