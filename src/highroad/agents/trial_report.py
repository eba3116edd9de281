"""What an agent did and would have done, from the entries of its runs; no word is opened for it."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from highroad.agents.record import entries_of
from highroad.agents.trials import Trials
from highroad.domain.entry import EntryKind, StoredEntry
from highroad.domain.error import Code
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.outcome import Status
from highroad.domain.run import RunStatus
from highroad.domain.trial import CaseKind, EdgeCase, TrialReport, TriedTool
from highroad.ledger.history import CallHistory, read_body, read_call, read_run_head
from highroad.ledger.projections import Body
from highroad.ledger.tables.rows import Record, records, selection
from highroad.pipeline.services import Services

_KINDS: Final[Mapping[str, CaseKind]] = {
    Code.UNGROUNDED: CaseKind.UNGROUNDED,
    Code.INVALID_ARGUMENTS: CaseKind.INVALID,
    Code.LOOP_DETECTED: CaseKind.LOOP,
}
_UNSURE: Final = "confidence"
"""What codes of stated confidence have in them."""
_TIER: Final = "tier_"
"""What codes begin with that say that a tool is above a tier."""
_SUCCEEDED: Final = frozenset({Status.COMPLETED})


class Reporting:
    """Tells how trials go.

    Args:
        services: Of the runtime.
        trials: Of the agents.
    """

    def __init__(self, services: Services, trials: Trials) -> None:
        self._services = services
        self._crew = trials.crew
        self._trials = trials

    async def report(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> TrialReport:
        """Tell what an agent did since a moment; without one, since its trial began.

        Raises:
            HighroadError: Nobody is called that.
            LedgerError: The ledger cannot be read.
        """
        agent, brief = self._crew.agent(name), self._crew.brief(name)
        whose = organization or DEFAULT_ORGANIZATION
        began_ms = await self._trials.began_ms(name, whose)
        tally = _Tally(self._services.limits.identical_calls)
        async for run in self._runs(name, whose, since_ms or began_ms or 0):
            tally.take(run, await entries_of(self._services.ledger, run["id"]))
        trial = agent.trial
        return TrialReport(
            agent=name,
            state=None if trial is None else await self._trials.state(name, whose),
            definition=brief.digest,
            began_ms=began_ms,
            ends_ms=None if trial is None or began_ms is None else trial.ends_ms(began_ms),
            runs=tally.runs,
            dry=tally.dry,
            unreadable=tally.unreadable,
            tools=tally.tools(),
            unused=tuple(tool.name for tool in brief.tools if tool.name not in tally.called),
            cases=tuple(tally.cases),
            requests=tally.requests,
            cost_usd=tally.microusd / 1e6,
        )

    async def _runs(self, name: str, organization: str, since_ms: int) -> AsyncIterator[Record]:
        if self._services.ledger.writer.behind:
            await self._services.ledger.writer.flush()
        wanted = selection("agent_run", agent=name, organization=organization)
        async for row in records(self._services.ledger.store.tables, wanted):
            if row["started_ms"] >= since_ms:
                yield row


class _Tally:
    """Counts what runs did."""

    def __init__(self, most_identical: int) -> None:
        self._most_identical = most_identical
        self.runs: int = 0
        self.dry: int = 0
        self.unreadable: int = 0
        self.requests: int = 0
        self.microusd: int = 0
        self.cases: list[EdgeCase] = []
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._refused: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @property
    def called(self) -> frozenset[str]:
        """Names of tools that were called."""
        return frozenset(self._counts)

    def take(self, run: Record, entries: Sequence[StoredEntry]) -> None:
        """Count one run by its entries."""
        self.runs += 1
        of_calls: defaultdict[str, list[StoredEntry]] = defaultdict(list)
        is_readable = False
        for entry in entries:
            if entry.call_id is not None:
                of_calls[entry.call_id].append(entry)
            elif entry.kind is EntryKind.RUN_STARTED:
                is_readable = True
                self.dry += read_run_head(read_body(entry)).dry is not None
            elif entry.kind is EntryKind.MODEL_REPLIED:
                self._take_reply(read_body(entry))
        self.unreadable += not is_readable
        if run["status"] != RunStatus.COMPLETED:
            self.cases.append(
                EdgeCase(
                    kind=CaseKind.UNANSWERED, run_id=run["id"], code=run["code"] or run["status"]
                )
            )
        self._take_calls([read_call(each) for each in of_calls.values()])

    def _take_reply(self, body: Body) -> None:
        self.requests += "reply" in body
        self.microusd += body["cost"]

    def _take_calls(self, calls: Sequence[CallHistory | None]) -> None:
        identical = Counter[tuple[str, str]]()
        for call in calls:
            if call is None:
                continue
            tool, arguments = call.opening["tool"] or "", call.ref("arguments")
            self._count(call, tool)
            self._take_cases(call, tool)
            same = (tool, "" if arguments is None else arguments.digest)
            identical[same] += arguments is not None
            if identical[same] == self._most_identical:
                self._add(CaseKind.LOOP, call, tool, Code.LOOP_DETECTED)

    def _count(self, call: CallHistory, tool: str) -> None:
        ended, counts = call.ended or {}, self._counts[tool]
        counts["calls"] += 1
        self.microusd += ended.get("cost", 0)
        if call.status is not None and call.status not in _SUCCEEDED:
            self._refused[tool][call.code or call.status] += 1
        elif "dry_run" not in ended:
            counts["made"] += call.ended is not None
        else:
            counts["would_ask" if "obliged" in ended else "would_run"] += 1

    def _take_cases(self, call: CallHistory, tool: str) -> None:
        ended = call.ended or {}
        if call.status is not None and call.status not in _SUCCEEDED:
            self._add(_kind_of(call), call, tool, call.code)
        for code in ended.get("obliged", ()):
            if not code.startswith(_TIER):
                self._add(_by_code(code) or CaseKind.OBLIGED, call, tool, code)

    def _add(self, kind: CaseKind, call: CallHistory, tool: str, code: str | None) -> None:
        self.cases.append(
            EdgeCase(kind=kind, run_id=call.run_id, call_id=call.call_id, tool=tool, code=code)
        )

    def tools(self) -> tuple[TriedTool, ...]:
        """What the calls of each came to, by name."""
        return tuple(
            TriedTool(
                tool=name,
                calls=counts["calls"],
                made=counts["made"],
                would_run=counts["would_run"],
                would_ask=counts["would_ask"],
                refused=dict(sorted(self._refused[name].items())),
            )
            for name, counts in sorted(self._counts.items())
        )


def _kind_of(call: CallHistory) -> CaseKind:
    found = _by_code(call.code or "")
    if found is not None:
        return found
    return CaseKind.REFUSED if call.status is Status.REFUSED else CaseKind.FAILED


def _by_code(code: str) -> CaseKind | None:
    if _UNSURE in code:
        return CaseKind.UNSURE
    return _KINDS.get(code)
