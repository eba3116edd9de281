"""What can be wrong with a ledger, and what an audit comes to."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto
from typing import Any, Final, TypeAlias

SHOWN: Final = 20
"""Problems of one class that are listed; the others are counted."""
NAMED: Final = 100
"""Calls of one list that are named; all of them are counted."""


class Aspect(StrEnum):
    """What an audit asks."""

    INTEGRITY = auto()  # is what is there what was signed?
    COMPLETENESS = auto()  # is everything there that should be?


INTEGRITY: Final = Aspect.INTEGRITY
COMPLETENESS: Final = Aspect.COMPLETENESS


class Code(StrEnum):
    """Classes of problems."""

    # Integrity, of entries
    ENTRY_CHANGED = auto()  # its leaf hash, which does lead to the signed root, is another
    ENTRY_REPEATED = auto()  # it stands where its number has passed: added, moved or doubled
    ENTRY_UNPROVEN = auto()  # a head covers it, but what is needed to compare the root is missing
    ROOT_DIFFERS = auto()  # the root is not the signed one; which entry it is cannot be said
    LEAF_CHANGED = auto()  # a leaf hash of the export is not the one of the signed tree
    COLUMN_DIFFERS = auto()  # a column says something else than the body
    BODY_MALFORMED = auto()  # the body is not what a body must be
    LINE_MALFORMED = auto()  # a line of entries is not in the form of the page
    # Integrity, of heads, anchors and keys
    NOTHING_SIGNED = auto()  # there is no signed head
    HEAD_MALFORMED = auto()  # it is not in the form of the page, or of another ledger
    HEAD_NUMBER = auto()  # it does not have the number that its place asks for
    HEAD_PREVIOUS = auto()  # it does not name the statement before it
    HEAD_SHRINKS = auto()  # a log is smaller than in the head before, or gone
    HEAD_KEY = auto()  # it is signed with another key than its position asks for
    HEAD_SIGNATURE = auto()  # its signature does not hold
    ANCHOR_MALFORMED = auto()  # a line is not in the form of the page, or of another ledger
    ANCHOR_DIFFERS = auto()  # an anchored head is not the head of that number
    ANCHOR_SIGNATURE = auto()  # that of an anchored head, which the ledger has not, does not hold
    KEY_MALFORMED = auto()  # the announcement of a key is not in the form of the page
    KEY_ORDER = auto()  # a key does not follow the one announced before it
    KEY_ENDORSEMENT = auto()  # the key before it did not endorse this one
    KEY_UNPROVEN = auto()  # no signed head covers the announcement of the key that was given
    # Completeness
    ENTRY_MISSING = auto()  # of integrity too, where its leaf hash leads to the signed root
    LOG_SHORT = auto()  # a log ends before the size that a head states
    HEAD_MISSING = auto()  # a head is left out, or was anchored and is not there
    ARCHIVE_UNANNOUNCED = auto()  # left out as archived, and no signed entry says that they were
    EXPORT_SHORT = auto()  # a file is missing, or holds another number than `ledger.json` says
    CALL_MALFORMED = auto()  # an entry about a call or an approval does not say which
    CALL_ENDED_TWICE = auto()  # a call has a second terminal record
    CALL_NOT_ENDED = auto()  # a call was amended that has not ended
    APPROVAL_SPENT_TWICE = auto()  # a second intent spends the same approval
    APPROVAL_NOT_GIVEN = auto()  # an intent spends an approval that no decision gave
    RUN_MALFORMED = auto()  # an entry about a run or a model request does not say which
    RUN_STARTED_TWICE = auto()  # a run has a second beginning
    RUN_ENDED_TWICE = auto()  # a run has a second end
    RUN_NOT_STARTED = auto()  # an entry speaks of a run that has not begun
    REQUEST_ASKED_TWICE = auto()  # a second request has the same id
    REQUEST_ANSWERED_TWICE = auto()  # a request has a second answer
    REQUEST_NOT_ASKED = auto()  # a request was answered that was not asked


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    aspect: Aspect
    code: Code
    log: str | None = None
    seq: int | None = None
    """The bad entry, or the first that may be it."""
    until: int | None = None
    """Where it is not one entry: the first behind those that may be bad."""
    head: int | None = None
    anchor: str | None = None
    line: int | None = None
    """Where there is no number: the line, from 1."""
    detail: str = ""

    @property
    def rank(self) -> tuple[int, str, int]:
        """Entries in their order, then heads in theirs, then what has no number."""
        if self.seq is not None:
            return (0, self.log or "", self.seq)
        return (1, "", self.head) if self.head is not None else (2, "", self.line or 0)

    def __str__(self) -> str:
        entry = None if self.until is not None else self.seq
        entries = None if self.until is None else f"{self.seq} to {self.until - 1}"
        names = "log", "entry", "entries", "head", "anchor", "line"
        found = self.log, entry, entries, self.head, self.anchor, self.line
        stated = zip(names, found, strict=True)
        where = " ".join(f"{name} {value}" for name, value in stated if value is not None)
        return (where or "the whole ledger") + (self.detail and f": {self.detail}")


Note: TypeAlias = Callable[[Problem], None]
"""Where to note what is wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question."""

    aspect: Aspect
    problems: int
    first: Problem | None
    """The first bad index."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.problems == 0

    def __str__(self) -> str:
        found = "1 problem" if self.problems == 1 else f"{self.problems} problems"
        return "holds" if self.holds else f"BROKEN, first at {self.first}; {found}"


class Problems:
    """What an audit has found so far: all of it counted, a part of it listed."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Aspect, Code]] = Counter()
        self._listed: list[Problem] = []
        self._first: dict[Aspect, Problem] = {}

    def note(self, problem: Problem) -> None:
        """Count a problem, and list it among the first of its class."""
        kind = (problem.aspect, problem.code)
        self._counts[kind] += 1
        if self._counts[kind] <= SHOWN:
            self._listed.append(problem)
        first = self._first.setdefault(problem.aspect, problem)
        if problem.rank < first.rank:
            self._first[problem.aspect] = problem

    def verdict(self, aspect: Aspect) -> Verdict:
        """What it comes to."""
        found = sum(count for (of, _), count in self._counts.items() if of is aspect)
        return Verdict(aspect, found, self._first.get(aspect))

    def listed(self) -> tuple[Problem, ...]:
        """Those that are listed, by aspect, then entries before heads, each in their order."""
        return tuple(sorted(self._listed, key=lambda problem: (problem.aspect, problem.rank)))

    def classes(self) -> tuple[tuple[Aspect, Code, int], ...]:
        """Every class that was found, and how many there are of it."""
        return tuple(sorted((*kind, count) for kind, count in self._counts.items()))


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that may be long: how many there are, and the first hundred."""

    count: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Mapping[Any, str]) -> "Listing":
        """Count all of them and keep some."""
        return cls(len(names), tuple(names.values())[:NAMED])

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.names) else ""
        return f"{self.count}: {', '.join(self.names)}{more}" if self.count else "0"


@dataclass(frozen=True, slots=True)
class Tail:
    """What came after a head, and so is not proven by it."""

    head: int | None
    """Number of the head; `None` where there is none, and all of the ledger is the tail."""
    entries: int
    ms: int
    """From that head, or the first entry, to the newest entry or the moment of the audit."""

    def __str__(self) -> str:
        behind = "no head" if self.head is None else f"head {self.head}"
        return f"{self.entries} entries, {self.ms / 1000:.3f} s behind {behind}"


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was read of one log."""

    log: str
    entries: int
    first: int
    archived: int
    """Entries before `first` that were not given; leaf hashes stood in for them."""
    size: int
    """The number behind the last entry that is there."""
    signed: int
    """The size that the last head states."""


@dataclass(frozen=True, slots=True)
class AnnouncedKey:
    """A signing key of the ledger."""

    key: str
    log: str
    seq: int
    heads: int
    """How many heads it signed."""
    is_given: bool
    """Whether it is the one that the auditor was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Two verdicts, apart, and what stands beside them."""

    ledger: str
    integrity: Verdict
    completeness: Verdict
    problems: tuple[Problem, ...]
    """The first twenty of each class."""
    classes: tuple[tuple[Aspect, Code, int], ...]
    """Every class of problem that was found, and how many of it."""
    logs: Sequence[LogReport]
    heads: int
    keys: Sequence[AnnouncedKey]
    anchors: Mapping[str, int | None]
    """Number of the last head that each anchor shares with the ledger."""
    open_calls: Listing
    """Calls that have begun and not ended; no fault."""
    unknown_calls: Listing
    """Calls of which nobody can say yet whether they took effect; no fault."""
    open_runs: Listing
    """Runs of agents that have begun and not ended; no fault."""
    unsigned: Tail
    unanchored: Tail

    @property
    def holds(self) -> bool:
        """Whether both verdicts hold."""
        return self.integrity.holds and self.completeness.holds

    def as_json(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        shown = asdict(self)
        for verdict in (self.integrity, self.completeness):
            shown[verdict.aspect]["holds"] = verdict.holds
        fields = ("aspect", "code", "count")
        shown["classes"] = [dict(zip(fields, found, strict=True)) for found in self.classes]
        shown["holds"] = self.holds
        return shown

    def lines(self) -> Iterator[str]:
        """The report for people, as a terminal may have it: who wrote an export chose names."""
        return map(_printable, self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"ledger {self.ledger}"
        yield f"integrity: {self.integrity}"
        yield f"completeness: {self.completeness}"
        for aspect, code, count in self.classes:
            yield f"  {aspect} {code}: {count}"
        for problem in self.problems:
            yield f"  - {problem.aspect} {problem.code} {problem}"
        for log in self.logs:
            read = f"{log.entries} entries read, size {log.size}, signed up to {log.signed}"
            yield f"log {log.log}: {read}"
            if log.archived:
                yield f"  {log.archived} archived entries were not given, their calls not judged"
        yield f"signed heads: {self.heads}"
        for key in self.keys:
            given = " (given)" if key.is_given else ""
            yield f"key {key.key}{given}: from {key.log} {key.seq}, {key.heads} heads"
        for name, number in self.anchors.items():
            shared = "no head of this ledger" if number is None else f"up to head {number}"
            yield f"anchor {name}: {shared}"
        yield f"unsigned tail: {self.unsigned}"
        yield f"unanchored tail: {self.unanchored}"
        yield f"open calls: {self.open_calls}"
        yield f"unknown calls: {self.unknown_calls}"
        yield f"open runs: {self.open_runs}"


def _printable(text: str) -> str:
    return "".join(
        character if character.isascii() and character.isprintable() else ascii(character)[1:-1]
        for character in text
    )
