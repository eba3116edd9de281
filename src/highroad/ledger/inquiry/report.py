"""What happened in a period, for whoever answers for it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from highroad.domain.entry import ErasureReason
from highroad.ledger.inquiry.answers import Denial, PinnedVersion, Spending, SpendingBy, UnknownCall
from highroad.ledger.inquiry.questions import Questions, Scope
from highroad.ledger.ledger import Ledger
from highroad.ledger.names import Names
from highroad.ledger.tables.period import Period
from highroad.ledger.tables.rows import Record, record, records, selection, totals
from highroad.ports.tables import Selection

_SECOND_MS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Which permissions tools need, and which roles give."""

    needed: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """By tool."""
    given: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """By role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedPermission:
    """A permission that no call needed."""

    permission: str
    tools: tuple[str, ...]
    """Which need it."""
    roles: tuple[str, ...]
    """Which give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """What one person decided."""

    principal: str
    name: str | None
    approved: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long approvals waited that were decided, expired or became void, in seconds."""

    approvals: int
    shortest_s: float
    median_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLoad:
    """From when on other rules were in force."""

    version: str
    loaded_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealer:
    """What one person had decrypted."""

    principal: str
    name: str | None
    reveals: int
    payloads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """What was erased on one account."""

    reason: str
    principal: str | None
    """Whoever was forgotten, by request."""
    payloads: int
    runs: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """A period of one ledger. The same ledger and period give the same report."""

    period: Period
    organization: str | None
    calls: tuple[tuple[str, int], ...]
    """Endings and how many calls of the period had each; `open` have none yet."""
    denials: tuple[Denial, ...]
    approvals: tuple[tuple[str, int], ...]
    """States, and how many approvals that were asked for in the period are in each."""
    waits: Waits | None
    approvers: tuple[Approver, ...]
    unknowns: tuple[UnknownCall, ...]
    pins: tuple[PinnedVersion, ...]
    policies: tuple[PolicyLoad, ...]
    reveals: tuple[Revealer, ...]
    erasures: tuple[Destroyed, ...]
    costs: tuple[Spending, ...]
    """By tool."""
    unused: tuple[UnusedPermission, ...]
    runs: tuple[tuple[str, str, int], ...] = ()
    """Agents, where runs of theirs stand that began in the period, and how many stand there."""
    models: tuple[Spending, ...] = ()
    """What model requests cost that were answered in the period, by model."""
    verdict: tuple[tuple[str, str], ...] | None = None
    """What verifying said, by what was verified; `None` where nobody verified."""


class Reporter:
    """Puts a report together from the audit tables."""

    def __init__(self, ledger: Ledger, questions: Questions, grants: Grants) -> None:
        self._tables = ledger.store.tables
        self._questions = questions
        self._names = Names(ledger)
        self._grants = grants

    async def report(
        self, scope: Scope, *, verdict: Mapping[str, str] | None = None
    ) -> PeriodReport:
        """What happened in a period."""
        questions = self._questions
        calls, used = await self._calls(scope)
        return PeriodReport(
            period=scope.period,
            organization=scope.organization,
            calls=calls,
            denials=tuple(await questions.denials(scope)),
            approvals=await self._states(scope),
            waits=await self._waits(scope),
            approvers=await self._approvers(scope),
            unknowns=tuple(await questions.unknowns(scope)),
            pins=tuple(await self._pins(scope)),
            policies=await self._policies(scope),
            reveals=await self._reveals(scope),
            erasures=await self._erasures(scope),
            costs=tuple(await questions.costs(SpendingBy.TOOL, scope)),
            runs=await self._runs(scope),
            models=tuple(await questions.costs(SpendingBy.MODEL, scope)),
            unused=unused(self._grants, used),
            verdict=None if verdict is None else tuple(verdict.items()),
        )

    async def _calls(self, scope: Scope) -> tuple[tuple[tuple[str, int], ...], set[str]]:
        """Calls of the period by ending, and the tools of those that were allowed."""
        endings: Counter[str] = Counter()
        async for call in self._select("tool_call", "created_ms", scope):
            result = await record(self._tables, "tool_result", {"call_id": call["id"]})
            endings["open" if result is None else result["status"]] += 1
        allowed = self._wanted("authz_decision", "decided_ms", scope, allowed=1)
        used = {str(tool) for tool, _ in await totals(self._tables, allowed, by=("tool",))}
        return tuple(sorted(endings.items())), used

    async def _runs(self, scope: Scope) -> tuple[tuple[str, str, int], ...]:
        wanted = self._wanted("agent_run", "started_ms", scope)
        counted = await totals(self._tables, wanted, by=("agent", "status"))
        return tuple(
            (str(agent), str(status), int(str(times)))
            for agent, status, times in counted
            if agent is not None
        )

    async def _states(self, scope: Scope) -> tuple[tuple[str, int], ...]:
        wanted = self._wanted("approval", "created_ms", scope)
        counted = await totals(self._tables, wanted, by=("state",))
        return tuple((str(state), int(str(times))) for state, times in counted)

    async def _waits(self, scope: Scope) -> Waits | None:
        waited = sorted(
            [
                (row["decided_ms"] - row["created_ms"]) / _SECOND_MS
                async for row in self._select("approval", "decided_ms", scope)
                if row["decided_ms"] is not None
            ]
        )
        if not waited:
            return None
        return Waits(
            approvals=len(waited),
            shortest_s=waited[0],
            median_s=(waited[(len(waited) - 1) // 2] + waited[len(waited) // 2]) / 2,
            longest_s=waited[-1],
        )

    async def _approvers(self, scope: Scope) -> tuple[Approver, ...]:
        ruled: Counter[tuple[str, str, str]] = Counter()
        async for row in self._select("approval_decision", "decided_ms", scope):
            ruled[row["decided_by"], row["organization"], row["ruling"]] += 1
        people = sorted({(by, organization) for by, organization, _ in ruled})
        return tuple(
            [
                Approver(
                    principal=by,
                    name=await self._names.of(by, organization),
                    approved=ruled[by, organization, "approve"],
                    rejected=ruled[by, organization, "reject"],
                )
                for by, organization in people
            ]
        )

    async def _pins(self, scope: Scope) -> list[PinnedVersion]:
        tools = {row["tool"] async for row in self._select("tool_pin", "pinned_ms", scope)}
        pins = [pin for tool in sorted(tools) for pin in await self._questions.versions(tool)]
        return [pin for pin in pins if pin.pinned_ms in scope.period]

    async def _policies(self, scope: Scope) -> tuple[PolicyLoad, ...]:
        found = [
            PolicyLoad(version=row["version"], loaded_ms=row["loaded_ms"])
            # Rules are of the whole ledger, whoever's part of it is told.
            async for row in self._select("policy_version", "loaded_ms", Scope(period=scope.period))
        ]
        return tuple(sorted(found, key=lambda each: (each.loaded_ms, each.version)))

    async def _reveals(self, scope: Scope) -> tuple[Revealer, ...]:
        wanted = self._wanted("payload_reveal", "revealed_ms", scope)
        counted = await totals(
            self._tables, wanted, by=("revealed_by", "organization"), sums=("payloads",)
        )
        return tuple(
            [
                Revealer(
                    principal=str(by),
                    name=await self._names.of(str(by), str(organization)),
                    reveals=int(str(times)),
                    payloads=int(str(payloads)),
                )
                for by, organization, times, payloads in counted
            ]
        )

    async def _erasures(self, scope: Scope) -> tuple[Destroyed, ...]:
        groups: dict[tuple[str, str], list[Record]] = {}
        async for row in self._select("erasure", "erased_ms", scope):
            groups.setdefault((row["reason"], row["principal_id"] or ""), []).append(row)
        return tuple(
            Destroyed(
                reason=reason,
                principal=principal if reason == ErasureReason.REQUEST else None,
                payloads=sum(row["payloads"] for row in rows),
                runs=sum(row["runs"] for row in rows),
                last_ms=max(row["erased_ms"] for row in rows),
            )
            for (reason, principal), rows in sorted(groups.items())
        )

    def _select(self, table: str, within: str, scope: Scope) -> AsyncIterator[Record]:
        return records(self._tables, self._wanted(table, within, scope))

    @staticmethod
    def _wanted(table: str, within: str, scope: Scope, **equals: int) -> Selection:
        return selection(
            table,
            within=within,
            period=scope.period,
            organization=scope.organization,
            **equals,
        )


def unused(grants: Grants, used: AbstractSet[str]) -> tuple[UnusedPermission, ...]:
    """Permissions that tools need or roles give, and that none of the tools in use needed."""
    spent = {name for tool in used for name in grants.needed.get(tool, ())}
    known = {name for names in (*grants.needed.values(), *grants.given.values()) for name in names}
    return tuple(
        UnusedPermission(
            permission=name,
            tools=tuple(sorted(tool for tool, needs in grants.needed.items() if name in needs)),
            roles=tuple(sorted(role for role, gives in grants.given.items() if name in gives)),
        )
        for name in sorted(known - spent)
    )
