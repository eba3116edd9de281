"""What auditors ask of the audit tables; `docs/ledger.md` has each question in SQL as well."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from highroad.domain.audit import approval_of
from highroad.domain.error import Code
from highroad.domain.outcome import Status
from highroad.ledger.inquiry.answers import (
    Act,
    ActKind,
    Denial,
    Differ,
    PinnedVersion,
    Review,
    Sight,
    Spending,
    SpendingBy,
    UnknownCall,
    VersionChange,
    Word,
)
from highroad.ledger.inquiry.telling import OPEN
from highroad.ledger.ledger import Ledger
from highroad.ledger.names import Names
from highroad.ledger.tables.period import ALWAYS, Period
from highroad.ledger.tables.rows import Record, record, records, selection, totals
from highroad.ports.tables import Cell

_MICRO: Final = 1e-6
_NOTHING: Final = (0, 0)
_OF_TOOLS: Final = frozenset({SpendingBy.TOOL})
"""Columns that only calls have."""
_OF_MODELS: Final = frozenset({SpendingBy.MODEL})
"""Columns that only model requests have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which part of the record is asked about."""

    period: Period = ALWAYS
    organization: str | None = None
    """`None` is all of them."""


class Questions:
    """Answers from the audit tables of one ledger."""

    def __init__(self, ledger: Ledger, differ: Differ | None = None) -> None:
        self._ledger = ledger
        self._tables = ledger.store.tables
        self._names = Names(ledger)
        self._differ = differ

    # -- who did what --------------------------------------------------------------------------

    async def of_user(self, principal_id: str, scope: Scope) -> list[Act]:
        """Calls that were made for them, and all that they decided, settled, saw and accepted."""
        sources = (
            self._calls(scope, principal_id=principal_id),
            self._decisions(scope, principal_id),
            self._amendments(scope, principal_id),
            self._reveals(scope, principal_id),
            self._pins(scope, pinned_by=principal_id),
            self._erasures(scope, principal_id),
            self._breakers(scope, principal_id),
        )
        return _in_order([act for source in sources async for act in source])

    async def of_approver(self, principal_id: str, scope: Scope) -> list[Act]:
        """What they decided."""
        return _in_order([act async for act in self._decisions(scope, principal_id)])

    async def of_tool(self, tool: str, scope: Scope) -> list[Act]:
        """Calls of it, and changes of its definition."""
        sources = (self._calls(scope, tool=tool), self._pins(scope, tool=tool))
        return _in_order([act for source in sources async for act in source])

    async def of_policy(self, version: str, scope: Scope) -> list[Act]:
        """When it came into force, and the calls that it judged."""
        sources = (self._loadings(scope, version), self._calls(scope, policy_version=version))
        return _in_order([act for source in sources async for act in source])

    async def _calls(self, scope: Scope, **equals: str) -> AsyncIterator[Act]:
        async for row in self._select("tool_call", "created_ms", scope, **equals):
            result = await record(self._tables, "tool_result", {"call_id": row["id"]})
            yield Act(
                at_ms=row["created_ms"],
                what=ActKind.CALL,
                organization=row["organization"],
                principal=row["principal_id"],
                name=await self._names.of(row["principal_id"], row["organization"]),
                tool=row["tool"],
                call_id=row["id"],
                run_id=row["run_id"],
                word=OPEN if result is None else result["status"],
                why=None if result is None else result["rule"] or result["code"],
            )

    async def _decisions(self, scope: Scope, by: str) -> AsyncIterator[Act]:
        async for row in self._select("approval_decision", "decided_ms", scope, decided_by=by):
            approval = await record(self._tables, "approval", {"id": row["approval_id"]})
            yield await self._act(
                ActKind.DECISION,
                row,
                "decided",
                word=row["ruling"],
                why=row["digest"],
                tool=None if approval is None else approval["tool"],
            )

    async def _amendments(self, scope: Scope, by: str) -> AsyncIterator[Act]:
        async for row in self._select("amendment", "amended_ms", scope, amended_by=by):
            call = await record(self._tables, "tool_call", {"id": row["call_id"]})
            yield await self._act(
                ActKind.AMENDMENT,
                row,
                "amended",
                word=row["source"],
                tool=None if call is None else call["tool"],
            )

    async def _reveals(self, scope: Scope, by: str) -> AsyncIterator[Act]:
        async for row in self._select("payload_reveal", "revealed_ms", scope, revealed_by=by):
            word = f"{row['payloads']} payloads"
            yield await self._act(ActKind.REVEAL, row, "revealed", word=word)

    async def _pins(self, scope: Scope, **equals: str) -> AsyncIterator[Act]:
        async for row in self._select("tool_pin", "pinned_ms", scope, **equals):
            yield await self._act(
                ActKind.PIN, row, "pinned", word=row["change"], why=row["digest"], tool=row["tool"]
            )

    async def _erasures(self, scope: Scope, by: str) -> AsyncIterator[Act]:
        async for row in self._select("erasure", "erased_ms", scope, erased_by=by):
            yield await self._act(ActKind.ERASURE, row, "erased", word=row["reason"])

    async def _breakers(self, scope: Scope, by: str) -> AsyncIterator[Act]:
        async for row in self._select("breaker_change", "changed_ms", scope, changed_by=by):
            how = row["state"] if row["is_forced"] else "released"
            word = f"{row['dependency']} {how}"
            yield await self._act(ActKind.BREAKER, row, "changed", word=word)

    async def _loadings(self, scope: Scope, version: str) -> AsyncIterator[Act]:
        async for row in self._select("policy_version", "loaded_ms", scope, version=version):
            yield await self._act(ActKind.POLICY, row, "loaded", word=version)

    async def _act(  # noqa: PLR0913 - the parts of an act, each by name
        self,
        what: ActKind,
        row: Record,
        done: str,
        *,
        word: str,
        why: str | None = None,
        tool: str | None = None,
    ) -> Act:
        """An act from a row whose columns say `<done>_ms` and `<done>_by`."""
        by = row.get(f"{done}_by")
        return Act(
            at_ms=row[f"{done}_ms"],
            what=what,
            organization=row["organization"],
            principal=by,
            name=await self._names.of(by, row["organization"]),
            tool=tool,
            call_id=row.get("call_id"),
            run_id=row.get("run_id"),
            word=word,
            why=why,
        )

    # -- how it came out -----------------------------------------------------------------------

    async def denials(self, scope: Scope) -> list[Denial]:
        """What authorization denied, by rule and tool; the most frequent first."""
        wanted = selection(
            "authz_decision",
            within="decided_ms",
            period=scope.period,
            organization=scope.organization,
            allowed=0,
        )
        found = [
            Denial(rule=str(rule or ""), tool=str(tool), times=_number(times))
            for rule, tool, times in await totals(self._tables, wanted, by=("rule", "tool"))
        ]
        return sorted(found, key=lambda denial: (-denial.times, denial.rule, denial.tool))

    async def unknowns(self, scope: Scope) -> list[UnknownCall]:
        """Calls whose outcome was unknown, and what was found out since; oldest first."""
        found = [
            await self._unknown(row)
            async for row in self._select("tool_result", "ended_ms", scope, status=Status.UNKNOWN)
        ]
        return sorted(found, key=lambda call: (call.ended_ms, call.call_id))

    async def _unknown(self, row: Record) -> UnknownCall:
        last: Record | None = None
        async for fact in records(self._tables, selection("amendment", call_id=row["call_id"])):
            if fact["applied"] is not None:
                last = fact
        return UnknownCall(
            call_id=row["call_id"],
            run_id=row["run_id"],
            organization=row["organization"],
            tool=row["tool"],
            principal=row["principal_id"],
            name=await self._names.of(row["principal_id"], row["organization"]),
            ended_ms=row["ended_ms"],
            code=row["code"],
            applied=None if last is None else bool(last["applied"]),
            source=None if last is None else last["source"],
            amended_by=None if last is None else last["amended_by"],
            amended_ms=None if last is None else last["amended_ms"],
        )

    async def reviews(self, scope: Scope) -> list[Review]:
        """Calls that a second opinion was against; newest first."""
        found = [
            Review(
                call_id=row["call_id"],
                run_id=row["run_id"],
                organization=row["organization"],
                tool=row["tool"],
                principal=row["principal_id"],
                name=await self._names.of(row["principal_id"], row["organization"]),
                ended_ms=row["ended_ms"],
                rule=row["rule"] or "",
            )
            async for row in self._select(
                "tool_result", "ended_ms", scope, code=Code.VERIFICATION_REJECTED
            )
        ]
        return sorted(found, key=lambda review: (-review.ended_ms, review.call_id))

    async def costs(self, by: SpendingBy, scope: Scope) -> list[Spending]:
        """What ended calls and answered model requests cost; the dearest first."""
        columns = (by, "organization") if by is SpendingBy.USER else (by,)
        calls = await self._spent("tool_result", "ended_ms", scope, columns, _OF_MODELS)
        requests = await self._spent("model_reply", "replied_ms", scope, columns, _OF_TOOLS)
        found = [
            Spending(
                of=str(of),
                name=await self._names.of(str(of), str(whose[0])) if whose else None,
                calls=calls.get((of, *whose), _NOTHING)[0],
                requests=requests.get((of, *whose), _NOTHING)[0],
                cost_usd=sum(each.get((of, *whose), _NOTHING)[1] for each in (calls, requests))
                * _MICRO,
            )
            for of, *whose in {**calls, **requests}
        ]
        return sorted(found, key=lambda each: (-each.cost_usd, each.of))

    async def _spent(
        self,
        table: str,
        within: str,
        scope: Scope,
        columns: tuple[str, ...],
        of_others: frozenset[str],
    ) -> dict[tuple[Cell, ...], tuple[int, int]]:
        """How many rows each group has, and what they cost; none where the table knows no group."""
        if not of_others.isdisjoint(columns):
            return {}
        wanted = selection(
            table, within=within, period=scope.period, organization=scope.organization
        )
        rows = await totals(self._tables, wanted, by=columns, sums=("cost_microusd",))
        return {tuple(group): (_number(times), _number(cost)) for *group, times, cost in rows}

    # -- what people saw and accepted ----------------------------------------------------------

    async def sight(self, approval_id: str, *, organization: str | None) -> Sight | None:
        """What was before whoever decided; `None` where there is no such approval."""
        row = await record(self._tables, "approval", {"id": approval_id})
        if row is None or organization not in {None, row["organization"]}:
            return None
        approval = approval_of(tuple(row.values()))
        call = await record(self._tables, "tool_call", {"id": approval.call_id})
        digest = None if call is None else call["tool_digest"]
        pin = None if digest is None else await self._ledger.pin(approval.tool, digest)
        words = [
            Word(
                by=decision["decided_by"],
                name=await self._names.of(decision["decided_by"], approval.organization),
                ruling=decision["ruling"],
                saw=decision["digest"],
                at_ms=decision["decided_ms"],
            )
            async for decision in records(
                self._tables, selection("approval_decision", approval_id=approval_id)
            )
        ]
        return Sight(
            approval=approval,
            definition_digest=digest,
            definition=None if pin is None else pin.fields,
            words=tuple(sorted(words, key=lambda word: word.at_ms)),
        )

    async def versions(self, tool: str) -> list[PinnedVersion]:
        """Every definition of a tool that was accepted, oldest first."""
        found = [
            PinnedVersion(
                tool=row["tool"],
                version=row["version"],
                digest=row["digest"],
                change=row["change"],
                pinned_ms=row["pinned_ms"],
                source=row["source"],
                pinned_by=row["pinned_by"],
                name=await self._names.of(row["pinned_by"], row["organization"]),
            )
            async for row in records(self._tables, selection("tool_pin", tool=tool))
        ]
        return sorted(found, key=lambda pin: pin.pinned_ms)

    async def change(self, before: PinnedVersion, after: PinnedVersion) -> VersionChange:
        """What differs between two pinned definitions."""
        old = await self._ledger.pin(before.tool, before.digest)
        new = await self._ledger.pin(after.tool, after.digest)
        if self._differ is None or old is None or new is None:
            return VersionChange(before=before, after=after, fields=(), is_known=False)
        if old.fields is None or new.fields is None:
            return VersionChange(before=before, after=after, fields=(), is_known=False)
        return VersionChange(
            before=before, after=after, fields=self._differ(old.fields, new.fields)
        )

    def _select(
        self, table: str, within: str, scope: Scope, **equals: str
    ) -> AsyncIterator[Record]:
        wanted = selection(
            table,
            within=within,
            period=scope.period,
            organization=scope.organization,
            **equals,
        )
        return records(self._tables, wanted)


def _in_order(acts: list[Act]) -> list[Act]:
    return sorted(acts, key=lambda act: (act.at_ms, act.what, act.call_id or "", act.word))


def _number(cell: object) -> int:
    """A count or a sum, as every store gives it."""
    return int(str(cell))
