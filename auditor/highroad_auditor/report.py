"""What an audit comes to."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from highroad_auditor.problem import Aspect, Code, Problem, Verdict

NAMED: Final = 100
"""Calls of one list that are named; all of them are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list that may be long: how many there are, and the first hundred."""

    count: int
    names: tuple[str, ...]


def listing(names: tuple[str, ...]) -> Listing:
    """Count all of them and keep some."""
    return Listing(count=len(names), names=names[:NAMED])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What came after a head, and so is not proven by it."""

    head: int | None
    """Number of the head; `None` where there is none, and all of the ledger is the tail."""
    entries: int
    ms: int
    """From that head, or the first entry, to the newest entry or the moment of the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    logs: tuple[LogReport, ...]
    heads: int
    keys: tuple[AnnouncedKey, ...]
    anchors: Mapping[str, int | None]
    """Number of the last head that each anchor shares with the ledger."""
    open_calls: Listing
    """Calls that have begun and not ended; no fault."""
    unknown_calls: Listing
    """Calls of which nobody can say yet whether they took effect; no fault."""
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
        shown["classes"] = [
            {"aspect": aspect, "code": code, "count": count} for aspect, code, count in self.classes
        ]
        shown["holds"] = self.holds
        return shown

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield f"ledger {_shown(self.ledger)}"
        for verdict in (self.integrity, self.completeness):
            yield f"{verdict.aspect}: {_verdict(verdict)}"
        for aspect, code, count in self.classes:
            yield f"  {aspect} {code}: {count}"
        for problem in self.problems:
            yield f"  - {problem.aspect} {problem.code} {_where(problem)}".rstrip()
        for log in self.logs:
            yield (
                f"log {_shown(log.log)}: {log.entries} entries read, size {log.size}, "
                f"signed up to {log.signed}"
            )
            if log.archived:
                yield f"  {log.archived} archived entries were not given, their calls not judged"
        yield f"signed heads: {self.heads}"
        for key in self.keys:
            given = " (given)" if key.is_given else ""
            yield f"key {key.key}{given}: from {_shown(key.log)} {key.seq}, {key.heads} heads"
        for name, number in self.anchors.items():
            shared = "no head of this ledger" if number is None else f"up to head {number}"
            yield f"anchor {_shown(name)}: {shared}"
        yield f"unsigned tail: {_tail(self.unsigned)}"
        yield f"unanchored tail: {_tail(self.unanchored)}"
        yield f"open calls: {_listed(self.open_calls)}"
        yield f"unknown calls: {_listed(self.unknown_calls)}"


def _verdict(verdict: Verdict) -> str:
    if verdict.first is None:
        return "holds"
    found = "1 problem" if verdict.problems == 1 else f"{verdict.problems} problems"
    return f"BROKEN, first at {_where(verdict.first)}; {found}"


def _where(problem: Problem) -> str:
    parts = []
    if problem.log is not None:
        parts.append(f"log {_shown(problem.log)}")
    if problem.seq is not None:
        parts.append(
            f"entry {problem.seq}"
            if problem.until is None
            else f"entries {problem.seq} to {problem.until - 1}"
        )
    if problem.head is not None:
        parts.append(f"head {problem.head}")
    if problem.anchor is not None:
        parts.append(f"anchor {_shown(problem.anchor)}")
    if problem.line is not None:
        parts.append(f"line {problem.line}")
    place = " ".join(parts) or "the whole ledger"
    return f"{place}: {problem.detail}" if problem.detail else place


def _tail(tail: Tail) -> str:
    behind = "no head" if tail.head is None else f"head {tail.head}"
    return f"{tail.entries} entries, {tail.ms / 1000:.3f} s behind {behind}"


def _listed(calls: Listing) -> str:
    if not calls.count:
        return "0"
    more = ", ..." if calls.count > len(calls.names) else ""
    return f"{calls.count}: {', '.join(_shown(name) for name in calls.names)}{more}"


def _shown(name: str) -> str:
    """A name as a terminal may have it: whoever wrote the export chose it."""
    return "".join(
        character if character.isascii() and character.isprintable() else ascii(character)[1:-1]
        for character in name
    )
