"""What the ledger tells those who answer for it: trails of runs, explanations of calls."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import Final

import orjson

from highroad.domain.entry import Position, StoredEntry, Written
from highroad.domain.error import LedgerError, NotPermitted, NotRecorded, VaultError
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.trail import Explanation, StageRecord, Trail, TrailStep
from highroad.ledger import entries
from highroad.ledger.archive import check_not_archived
from highroad.ledger.history import CallHistory, read_call
from highroad.ledger.ledger import Ledger
from highroad.ledger.notary import Notary
from highroad.ledger.projections import Body
from highroad.ledger.proving import Proving

REVEAL: Final = "audit:reveal"
"""The permission to read arguments, results and messages in plain."""

_PAGE: Final = 1_000
_PAYLOADS: Final = ("arguments", "result", "message")
_MICRO: Final = 1e-6


class Audit(Proving):
    """Reads the ledger (`runtime.audit`); any process may, whoever owns it.

    Args:
        ledger: To read from, and to record in who had payloads revealed.
        permissions: What a principal holds, by the policy.
        is_owner: Whether this process may write to it.
        notary: Signs it; `None` where another process does.
    """

    def __init__(
        self,
        ledger: Ledger,
        permissions: Callable[[Principal], AbstractSet[str]] = attrgetter("permissions"),
        *,
        is_owner: bool,
        notary: Notary | None = None,
    ) -> None:
        super().__init__(ledger, notary)
        self._permissions = permissions
        self._is_owner = is_owner

    async def trail(self, run_id: str) -> Trail:
        """All calls of a run in order; none where the ledger has no such run.

        Raises:
            NotRecorded: Its entries were archived; the message names the file.
            LedgerError: The ledger cannot be read, or is of a newer version.
        """
        await self._catch_up()
        steps = [
            _step(history)
            for of_call in _by_call(await self._entries_of_run(run_id))
            if (history := read_call(of_call)) is not None
        ]
        if not steps:
            await check_not_archived(self._ledger.store, "run", run_id)
        steps.sort(key=lambda step: step.step)  # stable: equal ones stay in order of arrival
        return Trail(run_id=run_id, steps=tuple(steps))

    async def explain(self, call_id: str, *, reveal_by: Principal | None = None) -> Explanation:
        """Everything that is recorded of a call.

        Args:
            call_id: The whole id.
            reveal_by: Whoever wants to read arguments, result and message in plain. That they
                did is recorded before they do.

        Raises:
            NotRecorded: The ledger has no such call.
            NotPermitted: `reveal_by` lacks `audit:reveal`, or is of another organization.
            VaultError: What was to be revealed was erased, or its key is lost.
            LedgerError: The ledger cannot be read; or it cannot be written, and so nothing can be
                revealed.
        """
        await self._catch_up()
        history = read_call(await self._ledger.store.entries(call_id=call_id))
        if history is None:
            await check_not_archived(self._ledger.store, "call", call_id)
            raise NotRecorded(f"the ledger has no call {call_id}")
        explanation = await self._explained(history)
        if reveal_by is None:
            return explanation
        plain = await self._reveal(history, reveal_by)
        return replace(
            explanation,
            arguments=plain.get("arguments"),
            result=plain.get("result"),
            message=plain.get("message"),
        )

    async def last_call(self, *, refused: bool = False) -> str | None:
        """Id of the newest call that ended, or of the newest that was refused."""
        await self._catch_up()
        return await self._ledger.store.last_call(refused=refused)

    async def _catch_up(self) -> None:
        """Let what waits be written first; if it cannot be, the ledger still tells the rest."""
        if self._ledger.writer.behind:
            with suppress(LedgerError):
                await self._ledger.writer.flush()

    async def _entries_of_run(self, run_id: str) -> list[StoredEntry]:
        found: list[StoredEntry] = []
        after: Position | None = None
        while page := await self._ledger.store.entries(run_id=run_id, after=after, limit=_PAGE):
            found.extend(page)
            after = page[-1].position
        return found

    async def _explained(self, history: CallHistory) -> Explanation:
        opening, ended = history.opening, history.ended or {}
        approval = history.approval
        if approval is not None:  # the store knows besides whether it was spent
            approval = await self._ledger.store.approval(approval.id) or approval
        step = _step(history)
        return Explanation(
            call_id=history.call_id,
            run_id=history.run_id,
            trace_id=opening["trace"],
            tool=step.tool,
            tool_version=opening.get("version"),
            tool_digest=opening.get("definition"),
            tier=opening.get("tier"),
            effect=opening.get("effect"),
            principal=step.principal,
            principal_name=await self._name(step.principal, history.organization),
            organization=history.organization,
            delegation=tuple(opening.get("delegation", ())),
            origin=opening["origin"],
            door=opening["door"],
            policy_version=opening["policy"],
            rules=tuple(opening["rules"]),
            status=step.status,
            code=step.code,
            rule=step.rule,
            proof=ended.get("proof"),
            created_ms=step.created_ms,
            ended_ms=ended.get("at"),
            latency_us=step.latency_us,
            attempts=ended.get("attempts", 0),
            cost_usd=step.cost_usd,
            stages=tuple(_stage(*line) for line in history.stages),
            coercions=tuple(opening.get("coercions", ())),
            source_call_id=ended.get("source"),
            approvals=() if approval is None else (approval,),
            decisions=tuple(map(_decision, history.decisions)),
            amendments=history.amendments,
            positions=history.positions,
        )

    async def _name(self, opaque_id: str, organization: str) -> str | None:
        """How people call a principal; `None` where that was erased or cannot be decrypted."""
        sealed = await self._ledger.store.profile(opaque_id)
        if sealed is None:
            return None
        try:
            profile = self._ledger.keyring.organization(organization).open_profile(
                opaque_id, sealed
            )
        except VaultError:
            return None
        known: Body = orjson.loads(profile)
        name: str = known["name"] or known["id"]
        return name

    async def _reveal(self, history: CallHistory, by: Principal) -> dict[str, JsonValue]:
        """Payloads of a call in plain, by their names, once it stands in the ledger who asked."""
        if REVEAL not in self._permissions(by) or by.organization != history.organization:
            raise NotPermitted(
                f"revealing what call {history.call_id} carried needs the permission {REVEAL} in "
                "its organization; ask whoever grants permissions"
            )
        refs = {name: ref for name in _PAYLOADS if (ref := history.ref(name)) is not None}
        await self._record(history, by, [ref.id for ref in refs.values()])
        vault = self._ledger.vault
        return {
            name: orjson.loads(await vault.open(history.run_id, ref.id))
            for name, ref in refs.items()
        }

    async def _record(self, history: CallHistory, by: Principal, payloads: list[str]) -> None:
        ledger = self._ledger
        if not self._is_owner:
            raise LedgerError(
                "nothing is revealed unless that is recorded, and another process owns this "
                "ledger: ask there, or end that process and try again"
            )
        entry = entries.revealed(
            history,
            by=ledger.keyring.opaque(by),
            profile=ledger.sealed_profile(by),
            payloads=payloads,
            at_ms=ledger.clock.now_ms(),
        )
        if not isinstance(await ledger.writer.write(entry), Written):
            raise LedgerError("the look at the payloads could not be recorded: nothing is shown")


def _by_call(found: Iterable[StoredEntry]) -> Iterable[list[StoredEntry]]:
    """Entries of each call, calls in the order of their first entry."""
    calls: dict[str, list[StoredEntry]] = {}
    for entry in found:
        if entry.call_id is not None:
            calls.setdefault(entry.call_id, []).append(entry)
    return calls.values()


def _step(history: CallHistory) -> TrailStep:
    """A call in a line."""
    opening, ended = history.opening, history.ended
    arguments = history.ref("arguments")
    step = TrailStep(
        step=opening["step"],
        call_id=history.call_id,
        tool=opening["tool"],
        principal=opening["principal"],
        status="held" if history.is_held else "running",
        created_ms=opening["opened"],
        arguments_digest=None if arguments is None else arguments.digest,
    )
    if ended is not None:
        return replace(
            step,
            status=ended["status"],
            code=ended["code"],
            rule=ended["rule"],
            latency_us=ended["latency_us"],
            cost_usd=ended["cost"] * _MICRO,
            is_repeated="repeated" in ended,
        )
    if history.is_held and history.approval is not None:
        return replace(step, code=history.approval.obligations[0].code)
    return step


def _stage(stage: str, verdict: str, code: str | None, rule: str | None, us: int) -> StageRecord:
    return StageRecord(stage=stage, verdict=verdict, code=code, rule=rule, elapsed_us=us)


def _decision(body: Body) -> JsonObject:
    """Who decided what, when, and on what digest."""
    return {
        "approval": body["approval"]["id"],
        "ruling": body["ruling"],
        "by": body["by"],
        "saw": body["saw"],
        "at_ms": body["at"],
    }
