"""The engine: fed with heads, anchors and entries from wherever they are, it gives a report."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from highroad_auditor.calls import Calls
from highroad_auditor.facts import Body, Place, Reader
from highroad_auditor.heads import Head, Heads
from highroad_auditor.keys import Announcement, PublicKey, Succession, read_announcement
from highroad_auditor.log import Fields, Log
from highroad_auditor.report import (
    COMPLETENESS,
    INTEGRITY,
    Code,
    Listing,
    Problem,
    Problems,
    Report,
    Tail,
)
from highroad_auditor.runs import Runs
from highroad_auditor.strict import LARGEST, MalformedError, read_object

Parser: TypeAlias = Callable[[bytes], dict[str, Any]]
"""Parses a body, or raises `MalformedError`."""


class Audit:
    """An audit of one ledger.

    Make it with all heads and anchors, ask for a `Log` for each log, feed each log in order, and
    ask for the report. Whatever is malformed in what it is fed is a problem of the report, never
    an exception. It holds in memory about four kilobytes for each head and about 130 bytes for
    each call, and no entry.

    Args:
        ledger_id: Id of the ledger.
        heads: Lines of its signed heads, in order, without line feeds.
        anchors: Lines of each anchor, by its name.
        public_key: The key that the auditor was given from outside.
        parser: Reads bodies. Another one must give what `strict.read_object` gives of the same
            bytes, and refuse what it refuses.
    """

    def __init__(
        self,
        ledger_id: str,
        heads: Iterable[str | bytes],
        anchors: Mapping[str, Iterable[str | bytes]],
        public_key: PublicKey,
        *,
        parser: Parser = read_object,
    ) -> None:
        self._ledger: str = ledger_id
        self._given: PublicKey = public_key
        self._parser: Parser = parser
        self.problems: Problems = Problems()
        """What was found so far; whoever reads a store may add what it found itself."""
        self._heads: Heads = Heads(ledger_id, heads, anchors, self.problems.note)
        self._logs: dict[str, Log] = {}
        self._calls: Calls = Calls(self.problems.note)
        self._runs: Runs = Runs(self.problems.note)
        self._announced: list[Announcement] = []
        self._archived: list[tuple[Place, str, int]] = []
        """Announcements of archives: where, of which log, up to which entry."""
        self._readers: Mapping[str, Reader] = {
            **self._calls.readers,
            **self._runs.readers,
            "ledger.rekeyed": self._read_key,
            "ledger.archived": self._read_archive,
        }
        self._oldest_ms: int = LARGEST
        self._newest_ms: int = 0

    def log(self, log_id: str, *, first: int = 0) -> Log:
        """Begin with a log.

        Args:
            log_id: Its id; each is begun once.
            first: The first position whose entry should be here; earlier ones were archived.
        """
        if log_id in self._logs:
            raise ValueError("this log was begun already")
        log = Log(log_id, first, self._heads.claims(log_id), self._read, self.problems.note)
        self._logs[log_id] = log
        return log

    def report(self, now_ms: int | None = None) -> Report:
        """Close the logs and come to the verdicts; to be asked once.

        Args:
            now_ms: Unix time of the audit, up to which tails are counted; without it, they are
                counted up to the newest entry.
        """
        for log_id in self._heads.logs() - self._logs.keys():
            self.log(log_id)
        self._logs = dict(sorted(self._logs.items()))
        for log in self._logs.values():
            log.close()
        keys = Succession(self._ledger, self._announced, self.problems.note)
        signed = self._heads.verify(self._given, keys)
        for log in self._logs.values():
            log.settle(self._heads)
        if not any(log.left_out for log in self._logs.values()):
            # Else it may stand in entries that were archived.
            self._calls.settle()
            self._runs.settle()
        last = self._heads.last()
        sizes: Mapping[str, int] = last.sizes if last else {}
        self._check_archives(sizes)
        return Report(
            ledger=self._ledger,
            integrity=self.problems.verdict(INTEGRITY),
            completeness=self.problems.verdict(COMPLETENESS),
            problems=self.problems.listed(),
            classes=self.problems.classes(),
            logs=tuple(log.report(sizes) for log in self._logs.values()),
            heads=len(self._heads.listed),
            keys=keys.report(self._given, signed),
            anchors={
                name: head.number if head else None for name, head in self._heads.anchored.items()
            },
            open_calls=Listing.of(self._calls.open),
            unknown_calls=Listing.of(self._calls.unknown),
            open_runs=Listing.of(self._runs.open),
            unsigned=self._tail(last, now_ms),
            unanchored=self._tail(self._heads.last_anchored(), now_ms),
        )

    def _read(self, place: Place, fields: Fields) -> None:
        """Compare the columns with the body, and learn from it."""
        body = fields[-1]
        try:
            found = self._parser(body)
        except MalformedError as error:
            self._fault(Code.BODY_MALFORMED, place, str(error))
            return
        # From here on written out, because it is asked of every entry.
        get = found.get
        stated = get("v"), get("kind"), get("org"), get("run"), get("call"), get("at"), body
        schema, kind, organization, run, call, at, _ = stated
        if not (
            (type(schema) is type(at) is int and 0 <= schema <= LARGEST and 0 <= at <= LARGEST)
            and type(kind) is type(organization) is str
            and (run is None or type(run) is str)
            and (call is None or type(call) is str)
        ):
            self._fault(Code.BODY_MALFORMED, place, "a field is missing, or of another type")
            return
        if b"\n" in body:
            self._fault(Code.BODY_MALFORMED, place, "it holds a line feed")
        if stated != fields or not (type(fields[0]) is type(fields[5]) is int):
            self._fault(Code.COLUMN_DIFFERS, place)
        if at > self._newest_ms:  # noqa: PLR1730 - `max` takes thrice the time
            self._newest_ms = at
        if at < self._oldest_ms:  # noqa: PLR1730 - the same
            self._oldest_ms = at
        reader = self._readers.get(kind)
        if reader is not None:
            reader(place, found)

    def _read_key(self, place: Place, body: Body) -> None:
        try:
            self._announced.append(read_announcement(*place, body))
        except MalformedError as error:
            self._fault(Code.KEY_MALFORMED, place, str(error))

    def _read_archive(self, place: Place, body: Body) -> None:
        of, first = body.get("log"), body.get("first")
        if isinstance(of, str) and type(first) is int and 0 <= first <= LARGEST:
            self._archived.append((place, of, first))

    def _check_archives(self, sizes: Mapping[str, int]) -> None:
        """Else whoever deletes the oldest entries could call them archived."""
        announced: dict[str, int] = {}
        for (log_id, seq), of, first in self._archived:
            if seq < sizes.get(log_id, 0):
                announced[of] = max(announced.get(of, 0), min(first, sizes.get(of, 0)))
        code = Code.ARCHIVE_UNANNOUNCED
        for log in self._logs.values():
            start = announced.get(log.id, 0)
            for begin, end in log.left_out:
                if end > start:
                    seq = max(begin, start)
                    self.problems.note(Problem(COMPLETENESS, code, log.id, seq, end))

    def _tail(self, head: Head | None, now_ms: int | None) -> Tail:
        """What lies behind a head; behind none lies everything."""
        sizes: Mapping[str, int] = head.sizes if head else {}
        since = head.at_ms if head else min(self._oldest_ms, self._newest_ms)
        until = self._newest_ms if now_ms is None else now_ms
        entries = sum(max(0, log.end - sizes.get(log.id, 0)) for log in self._logs.values())
        return Tail(head.number if head else None, entries, max(0, until - since))

    def _fault(self, code: Code, place: Place, detail: str = "") -> None:
        self.problems.note(Problem(INTEGRITY, code, *place, detail=detail))
