"""How a run and its shadow differ, up to and including the first calls with effects.

What the run changes its shadow does not, so behind that each of them sees another world: what they
do there says nothing of how they differ.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from highroad.agents.crew import Crew
from highroad.agents.record import arguments_in, entries_of
from highroad.agents.shadowing import Shadowing
from highroad.domain.entry import EntryKind, StoredEntry
from highroad.domain.error import HighroadError, VaultError
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.json_value import JsonValue
from highroad.domain.outcome import Status
from highroad.domain.shadow import Comparison, Disagreement, DisagreementKind, RunTotals
from highroad.domain.tool import Tier
from highroad.domain.value import value
from highroad.ledger.history import CallHistory, read_body, read_call, read_run_head
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body
from highroad.ledger.tables.rows import records, selection
from highroad.tools.arguments.pointer import pointer, tokens
from highroad.tools.pins.field_changes import field_changes

_WEIGHT: Final = {kind: weight for weight, kind in enumerate(DisagreementKind)}


@value
class _Proposed:
    """A call, with what is compared of it."""

    history: CallHistory
    arguments: JsonValue
    names: frozenset[str]
    """Keys that its tool says; others are values."""

    @property
    def tool(self) -> str:
        """Its name."""
        return self.history.opening["tool"] or ""

    @property
    def has_effects(self) -> bool:
        """Whether it is more than a read; what was refused before its tool was known is none."""
        return self.history.opening.get("tier") not in {None, Tier.READ}

    @property
    def refusal(self) -> str | None:
        """Why it was refused, where it was."""
        return self.history.code if self.history.status is Status.REFUSED else None

    @property
    def obliged(self) -> frozenset[str]:
        """Reasons to ask a person, as codes."""
        approval, ended = self.history.approval, self.history.ended or {}
        asked = () if approval is None else (each.code for each in approval.obligations)
        return frozenset([*asked, *ended.get("obliged", ())])


@value
class _Course:
    """One run, as far as it is compared."""

    run_id: str
    status: str
    proposed: Sequence[_Proposed]
    """Up to and including the first calls with effects."""
    is_spoken_to: bool
    took: RunTotals


class Comparing:
    """Compares agents with their shadows.

    Args:
        ledger: Where their runs are.
        crew: The agents.
        shadowing: Knows who shadows whom.
    """

    def __init__(self, ledger: Ledger, crew: Crew, shadowing: Shadowing) -> None:
        self._ledger = ledger
        self._crew = crew
        self._shadowing = shadowing

    async def compare(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> Comparison:
        """Compare the runs of an agent with those of its shadow beside them.

        Raises:
            HighroadError: Nobody is called that, or it has no shadow.
            LedgerError: The ledger cannot be read.
        """
        agent = self._crew.agent(name)
        rule = self._shadowing.rule_of(name)
        if rule is None:
            raise HighroadError(
                f"agent {agent.name} has no shadow: declare it with shadow=..., or name one in "
                f"[shadows.{agent.name}]"
            )
        tally = _Tally(name, rule.agent)
        whose = organization or DEFAULT_ORGANIZATION
        async for run_id, shadow_id in self._pairs(rule.agent, whose, since_ms):
            await self._take(tally, run_id, shadow_id)
        return tally.told()

    async def _pairs(
        self, shadow: str, organization: str, since_ms: int
    ) -> AsyncIterator[tuple[str, str]]:
        """Ids of runs, each with that of its shadow."""
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        seen = set[str]()
        wanted = selection("agent_run", agent=shadow, organization=organization)
        async for row in records(self._ledger.store.tables, wanted):
            if row["started_ms"] < since_ms or row["parent_id"] is not None:
                continue
            of = await self._shadow_of(row["id"])
            if of is not None and of not in seen:  # two beside one run are never both counted
                seen.add(of)
                yield of, row["id"]

    async def _shadow_of(self, run_id: str) -> str | None:
        begun = await self._ledger.store.entries(run_id=run_id, kind=EntryKind.RUN_STARTED, limit=1)
        return read_run_head(read_body(begun[0])).shadow_of if begun else None

    async def _take(self, tally: "_Tally", run_id: str, shadow_id: str) -> None:
        tally.runs += 1
        try:
            run, shadow = await self._course(run_id), await self._course(shadow_id)
        except VaultError:
            tally.unreadable += 1
            return
        if run is None or shadow is None:
            tally.incomplete += 1
        elif run.is_spoken_to:
            tally.diverged += 1
        else:
            tally.compare(run, shadow)

    async def _course(self, run_id: str) -> _Course | None:
        """A run as far as it is compared; `None` of one that has not ended.

        Raises:
            VaultError: What was said in it is gone, or its entries are.
        """
        entries = await entries_of(self._ledger, run_id)
        if not any(entry.kind is EntryKind.RUN_STARTED for entry in entries):
            raise VaultError(f"the entries of run {run_id} are archived")
        bodies = [read_body(entry) for entry in entries if entry.call_id is None]
        ended = next((body for body in bodies if body["kind"] == EntryKind.RUN_ENDED), None)
        if ended is None:
            return None
        calls = _calls_of(entries)
        proposed = [await self._proposed(call) for call in _up_to_effects(calls)]
        return _Course(
            run_id=run_id,
            status=ended["status"],
            proposed=proposed,
            is_spoken_to=any(body["kind"] == EntryKind.RUN_MESSAGE for body in bodies),
            took=_took(ended, calls),
        )

    async def _proposed(self, call: CallHistory) -> _Proposed:
        kept = await self._ledger.open_json(call, "arguments")
        names = self._crew.keys_of(call.opening["tool"] or "")
        return _Proposed(history=call, arguments=arguments_in(kept), names=names)


def _calls_of(entries: Sequence[StoredEntry]) -> list[CallHistory]:
    """The calls of a run that it proposed itself, in order."""
    of_calls: defaultdict[str, list[StoredEntry]] = defaultdict(list)
    for entry in entries:
        if entry.call_id is not None:
            of_calls[entry.call_id].append(entry)
    found = [call for each in of_calls.values() if (call := read_call(each)) is not None]
    own = [call for call in found if "asked_by" in call.opening]
    return sorted(own, key=lambda call: int(call.opening["step"]))


def _up_to_effects(calls: Sequence[CallHistory]) -> Iterator[CallHistory]:
    """Calls up to those of the first reply that proposes one with effects."""
    last: str | None = None
    for call in calls:
        asked_by = call.opening["asked_by"]
        if last not in {None, asked_by}:
            return
        if call.opening.get("tier") not in {None, Tier.READ}:
            last = asked_by
        yield call


def _took(ended: Body, calls: Sequence[CallHistory]) -> RunTotals:
    return RunTotals(
        requests=ended["steps"],
        calls=len(calls),
        refused=sum(call.status is Status.REFUSED for call in calls),
        cost_usd=ended["cost"] / 1e6,
        elapsed_ms=ended["at"] - ended["opened"],
    )


class _Tally:
    """Counts how runs and shadows differ."""

    def __init__(self, agent: str, shadow: str) -> None:
        self._agent = agent
        self._shadow = shadow
        self.runs: int = 0
        self.incomplete: int = 0
        self.diverged: int = 0
        self.unreadable: int = 0
        self._compared = 0
        self._same = Counter[str]()
        self._took: list[tuple[RunTotals, RunTotals]] = []
        self._found: list[Disagreement] = []

    def compare(self, run: _Course, shadow: _Course) -> None:
        """Count one pair."""
        self._compared += 1
        self._took.append((run.took, shadow.took))
        found = list(_differences(run, shadow))
        kinds = {each.kind for each in found}
        has_same_tools = not kinds & {DisagreementKind.EFFECT, DisagreementKind.SELECTION}
        self._same["tools"] += has_same_tools
        self._same["order"] += has_same_tools and DisagreementKind.ORDER not in kinds
        self._same["arguments"] += has_same_tools and DisagreementKind.ARGUMENTS not in kinds
        self._found += found

    def told(self) -> Comparison:
        """All of it."""
        return Comparison(
            agent=self._agent,
            shadow=self._shadow,
            runs=self.runs,
            compared=self._compared,
            incomplete=self.incomplete,
            diverged=self.diverged,
            unreadable=self.unreadable,
            same_tools=self._same["tools"],
            same_order=self._same["order"],
            same_arguments=self._same["arguments"],
            took=_sum([took for took, _ in self._took]),
            shadow_took=_sum([took for _, took in self._took]),
            disagreements=tuple(sorted(self._found, key=lambda each: _WEIGHT[each.kind])),
        )


def _sum(took: Sequence[RunTotals]) -> RunTotals:
    return RunTotals(
        requests=sum(each.requests for each in took),
        calls=sum(each.calls for each in took),
        refused=sum(each.refused for each in took),
        cost_usd=sum(each.cost_usd for each in took),
        elapsed_ms=sum(each.elapsed_ms for each in took),
    )


def _differences(run: _Course, shadow: _Course) -> Iterator[Disagreement]:
    tools, others = [[each.tool for each in course.proposed] for course in (run, shadow)]
    for tool in sorted({*tools, *others}):
        yield from _of_tool(tool, run, shadow)
    if tools != others and Counter(tools) == Counter(others):
        yield _disagreed(DisagreementKind.ORDER, run, shadow)
    if run.status != shadow.status:
        yield _disagreed(DisagreementKind.END, run, shadow, codes=(run.status, shadow.status))


def _of_tool(tool: str, run: _Course, shadow: _Course) -> Iterator[Disagreement]:
    """What differs in the calls of one tool: the first of one beside the first of the other."""
    ours, theirs = [
        [each for each in course.proposed if each.tool == tool] for course in (run, shadow)
    ]
    for our, their in zip_longest(ours, theirs):
        if our is None or their is None:
            alone = our or their
            has_effects = alone is not None and alone.has_effects
            kind = DisagreementKind.EFFECT if has_effects else DisagreementKind.SELECTION
            yield _disagreed(kind, run, shadow, our=our, their=their)
        else:
            yield from _of_pair(our, their, run, shadow)


def _of_pair(
    our: _Proposed, their: _Proposed, run: _Course, shadow: _Course
) -> Iterator[Disagreement]:
    pointers = _pointers(our, their)
    if pointers:
        found = DisagreementKind.ARGUMENTS
        yield _disagreed(found, run, shadow, our=our, their=their, pointers=pointers)
    if our.refusal != their.refusal:
        codes = tuple(code for code in (our.refusal, their.refusal) if code is not None)
        yield _disagreed(DisagreementKind.REFUSAL, run, shadow, our=our, their=their, codes=codes)
    elif our.obliged != their.obliged:
        codes = tuple(sorted(our.obliged ^ their.obliged))
        yield _disagreed(
            DisagreementKind.OBLIGATION, run, shadow, our=our, their=their, codes=codes
        )


def _pointers(our: _Proposed, their: _Proposed) -> tuple[str, ...]:
    """Where arguments differ, up to the first key that nobody but a model chose (P7)."""
    ours, theirs = our.arguments, their.arguments
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = (each.pointer for each in field_changes(ours, theirs))
        return tuple(dict.fromkeys(pointer(tokens(each), our.names) for each in found))
    return () if ours == theirs else ("",)


def _disagreed(  # noqa: PLR0913 - what there is to tell, each by name
    kind: DisagreementKind,
    run: _Course,
    shadow: _Course,
    *,
    our: _Proposed | None = None,
    their: _Proposed | None = None,
    pointers: tuple[str, ...] = (),
    codes: tuple[str, ...] = (),
) -> Disagreement:
    either = our or their
    return Disagreement(
        kind=kind,
        run_id=run.run_id,
        shadow_id=shadow.run_id,
        tool=None if either is None else either.tool,
        call_id=None if our is None else our.history.call_id,
        shadow_call_id=None if their is None else their.history.call_id,
        pointers=pointers,
        codes=codes,
    )
