"""What can be wrong with a ledger, and the two verdicts that it comes to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHOWN: Final = 20
"""Problems of one class that are listed; the others are counted."""


class Aspect(StrEnum):
    """What an audit asks."""

    INTEGRITY = "integrity"
    """Is what is there what was signed?"""
    COMPLETENESS = "completeness"
    """Is everything there that should be?"""


class Code(StrEnum):
    """Classes of problems."""

    # Integrity, of entries
    ENTRY_CHANGED = "entry_changed"
    """Its leaf hash, which does lead to the signed root, is another."""
    ENTRY_REPEATED = "entry_repeated"
    """An entry stands where its number has passed already: it was added, moved or doubled."""
    ENTRY_UNPROVEN = "entry_unproven"
    """A head covers it, but what is needed to compare the root is missing."""
    ROOT_DIFFERS = "root_differs"
    """The root is not the signed one; which entry it is cannot be said."""
    LEAF_CHANGED = "leaf_changed"
    """A leaf hash of the export is not the one of the signed tree."""
    COLUMN_DIFFERS = "column_differs"
    """A column says something else than the body."""
    BODY_MALFORMED = "body_malformed"
    """The body is not what a body must be."""
    LINE_MALFORMED = "line_malformed"
    """A line of entries is not in the form of the page."""
    # Integrity, of heads, anchors and keys
    NOTHING_SIGNED = "nothing_signed"
    """There is no signed head."""
    HEAD_MALFORMED = "head_malformed"
    """A signed head is not in the form of the page, or of another ledger."""
    HEAD_NUMBER = "head_number"
    """A head does not have the number that its place asks for."""
    HEAD_PREVIOUS = "head_previous"
    """A head does not name the statement before it."""
    HEAD_SHRINKS = "head_shrinks"
    """A log is smaller than in the head before, or gone."""
    HEAD_KEY = "head_key"
    """A head is signed with another key than its position asks for."""
    HEAD_SIGNATURE = "head_signature"
    """The signature of a head does not hold."""
    ANCHOR_MALFORMED = "anchor_malformed"
    """A line of an anchor is not in the form of the page, or of another ledger."""
    ANCHOR_DIFFERS = "anchor_differs"
    """An anchored head is not the head of that number."""
    ANCHOR_SIGNATURE = "anchor_signature"
    """The signature of an anchored head, which the ledger does not have, does not hold."""
    KEY_MALFORMED = "key_malformed"
    """The announcement of a key is not in the form of the page."""
    KEY_ORDER = "key_order"
    """A key does not follow the one announced before it."""
    KEY_ENDORSEMENT = "key_endorsement"
    """The key before it did not endorse this one."""
    KEY_UNPROVEN = "key_unproven"
    """No signed head covers the announcement of the key that the auditor was given."""
    # Completeness
    ENTRY_MISSING = "entry_missing"
    """A number is left out; of integrity too, where its leaf hash leads to the signed root."""
    LOG_SHORT = "log_short"
    """A log ends before the size that a head states."""
    HEAD_MISSING = "head_missing"
    """A head of this number is left out, or was anchored and is not there."""
    ARCHIVE_UNANNOUNCED = "archive_unannounced"
    """Entries are left out as archived, and no signed entry says that they were."""
    EXPORT_SHORT = "export_short"
    """A file of the export is missing, or holds another number than `ledger.json` says."""
    CALL_MALFORMED = "call_malformed"
    """An entry about a call or an approval does not say which."""
    CALL_ENDED_TWICE = "call_ended_twice"
    """A call has a second terminal record."""
    CALL_NOT_ENDED = "call_not_ended"
    """A call was amended that has not ended."""
    APPROVAL_SPENT_TWICE = "approval_spent_twice"
    """A second intent spends the same approval."""
    APPROVAL_NOT_GIVEN = "approval_not_given"
    """An intent spends an approval that no decision gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """Number of the signed head."""
    anchor: str | None = None
    """Name of the anchor."""
    line: int | None = None
    """Where there is no number: the line, from 1."""
    detail: str = ""

    @property
    def rank(self) -> tuple[int, str, int]:
        """Entries in their order, then heads in theirs, then what has no number."""
        if self.seq is not None:
            return (0, self.log or "", self.seq)
        return (1, "", self.head) if self.head is not None else (2, "", self.line or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
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


class Problems:
    """What an audit has found so far: all of it counted, a part of it listed."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Aspect, Code]] = Counter()
        self._listed: list[Problem] = []
        self._first: dict[Aspect, Problem] = {}

    def note(  # noqa: PLR0913 - where it is, each by name
        self,
        aspect: Aspect,
        code: Code,
        *,
        log: str | None = None,
        seq: int | None = None,
        until: int | None = None,
        head: int | None = None,
        anchor: str | None = None,
        line: int | None = None,
        detail: str = "",
    ) -> None:
        """Add a problem, whose fields these are."""
        problem = Problem(
            aspect=aspect,
            code=code,
            log=log,
            seq=seq,
            until=until,
            head=head,
            anchor=anchor,
            line=line,
            detail=detail,
        )
        kind = (problem.aspect, problem.code)
        self._counts[kind] += 1
        if self._counts[kind] <= SHOWN:
            self._listed.append(problem)
        first = self._first.get(problem.aspect)
        if first is None or problem.rank < first.rank:
            self._first[problem.aspect] = problem

    def verdict(self, aspect: Aspect) -> Verdict:
        """What it comes to."""
        found = sum(count for (of, _), count in self._counts.items() if of is aspect)
        return Verdict(aspect=aspect, problems=found, first=self._first.get(aspect))

    def listed(self) -> tuple[Problem, ...]:
        """Those that are listed, by aspect, then entries before heads, each in their order."""
        return tuple(sorted(self._listed, key=lambda problem: (problem.aspect, problem.rank)))

    def counts(self) -> Iterable[tuple[Aspect, Code, int]]:
        """How many there are of each class."""
        return ((aspect, code, count) for (aspect, code), count in self._counts.items())
