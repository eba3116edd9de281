"""The engine: fed with heads, anchors and entries from wherever they are, it gives a report."""

from collections.abc import Iterable, Mapping

from highroad_auditor.calls import Body, Calls, Place
from highroad_auditor.heads import Head, Heads
from highroad_auditor.keys import Announcement, PublicKey, Succession, read_announcement
from highroad_auditor.log import Log, Parser, Readers
from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.report import AnnouncedKey, LogReport, Report, Tail, listing
from highroad_auditor.strict import MalformedError, is_count, is_text, read_object


class Audit:
    """An audit of one ledger.

    Make it with all heads and anchors, ask for a `Log` for each log, feed each log in order, and
    ask for the report. Whatever is malformed in what it is fed is a problem of the report, never
    an exception. It holds in memory about two kilobytes for each head and about 130 bytes for each
    call, and no entry.

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
        self.problems: Problems = Problems()
        """What was found so far; whoever reads a store may add what it found itself."""
        self._heads: Heads = Heads(ledger_id, heads, anchors, public_key, self.problems)
        self._logs: dict[str, Log] = {}
        self._calls: Calls = Calls(self.problems)
        self._announced: list[Announcement] = []
        self._archived: list[tuple[Place, str, int]] = []
        """Announcements of archives: where, of which log, up to which entry."""
        self._parser: Parser = parser
        self._readers: Readers = {
            **self._calls.readers(),
            "ledger.rekeyed": self._read_key,
            "ledger.archived": self._read_archive,
        }

    def log(self, log_id: str, *, first: int = 0) -> Log:
        """Begin with a log.

        Args:
            log_id: Its id; each is begun once.
            first: The first position whose entry should be here; earlier ones were archived.
        """
        if log_id in self._logs:
            raise ValueError("this log was begun already")
        log = Log(log_id, first, self._heads, self._parser, self._readers, self.problems)
        self._logs[log_id] = log
        return log

    def report(self, now_ms: int | None = None) -> Report:
        """Close the logs and come to the verdicts; to be asked once.

        Args:
            now_ms: Unix time of the audit, up to which tails are counted; without it, they are
                counted up to the newest entry.
        """
        for log_id in sorted(self._heads.logs() - self._logs.keys()):
            self.log(log_id)
        for log in self._logs.values():
            log.close()
        keys = Succession(self._ledger, self._announced, self.problems)
        signed = self._heads.verify(keys)
        for log in self._logs.values():
            log.settle()
        self._calls.settle(unread=any(log.archived for log in self._logs.values()))
        self._check_archives()
        return self._sum_up(keys, signed, now_ms)

    def _read_key(self, place: Place, body: Body) -> None:
        log, seq = place
        try:
            self._announced.append(read_announcement(log, seq, body))
        except MalformedError as error:
            self.problems.note(
                Aspect.INTEGRITY, Code.KEY_MALFORMED, log=log, seq=seq, detail=str(error)
            )

    def _read_archive(self, place: Place, body: Body) -> None:
        of, first = body.get("log"), body.get("first")
        if is_text(of) and is_count(first):
            self._archived.append((place, of, first))

    def _check_archives(self) -> None:
        """Else whoever deletes the oldest entries could call them archived."""
        last = self._heads.last()
        sizes: Mapping[str, int] = {} if last is None else last.sizes
        for log in self._logs.values():
            covered = sizes.get(log.id, 0)
            announced = [
                min(first, covered)
                for (place, seq), of, first in self._archived
                if of == log.id and seq < sizes.get(place, 0)
            ]
            start = max(announced, default=0)
            for begin, end in log.left_out:
                if end > start:
                    self.problems.note(
                        Aspect.COMPLETENESS,
                        Code.ARCHIVE_UNANNOUNCED,
                        log=log.id,
                        seq=max(begin, start),
                        until=end,
                    )

    def _sum_up(self, keys: Succession, signed: Mapping[str, int], now_ms: int | None) -> Report:
        logs = sorted(self._logs.values(), key=lambda log: log.id)
        last = self._heads.last()
        return Report(
            ledger=self._ledger,
            integrity=self.problems.verdict(Aspect.INTEGRITY),
            completeness=self.problems.verdict(Aspect.COMPLETENESS),
            problems=self.problems.listed(),
            classes=tuple(sorted(self.problems.counts())),
            logs=tuple(
                LogReport(
                    log=log.id,
                    entries=log.entries,
                    first=log.first,
                    archived=log.archived,
                    size=log.end,
                    signed=last.sizes.get(log.id, 0) if last else 0,
                )
                for log in logs
            ),
            heads=len(self._heads.listed),
            keys=tuple(
                AnnouncedKey(
                    key=found.key.id,
                    log=found.log,
                    seq=found.seq,
                    heads=signed.get(found.key.id, 0),
                    is_given=found.key.raw == self._given.raw,
                )
                for found in keys.line
            ),
            anchors={
                name: None if head is None else head.number
                for name, head in self._heads.anchored.items()
            },
            open_calls=listing(self._calls.open()),
            unknown_calls=listing(self._calls.unknown()),
            unsigned=self._tail(last, now_ms),
            unanchored=self._tail(self._heads.last_anchored(), now_ms),
        )

    def _tail(self, head: Head | None, now_ms: int | None) -> Tail:
        """What lies behind a head; behind none lies everything."""
        sizes: Mapping[str, int] = {} if head is None else head.sizes
        oldest = [log.oldest_ms for log in self._logs.values() if log.oldest_ms is not None]
        newest = [log.newest_ms for log in self._logs.values() if log.newest_ms is not None]
        since = head.at_ms if head else min(oldest, default=0)
        until = max(newest, default=since) if now_ms is None else now_ms
        return Tail(
            head=None if head is None else head.number,
            entries=sum(max(0, log.end - sizes.get(log.id, 0)) for log in self._logs.values()),
            ms=max(0, until - since),
        )
