"""What the entries tell: what happened in a run, and all that is recorded of one call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from highroad.domain.audit import COMPENSATION
from highroad.domain.deferral import Deferral
from highroad.domain.entry import EntryKind, StoredEntry
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import DEFERRED
from highroad.domain.run import RunStatus
from highroad.domain.trail import (
    CompensatingCall,
    Explanation,
    StageRecord,
    Trail,
    TrailRequest,
    TrailStep,
)
from highroad.ledger.history import CallHistory, read_body, read_call
from highroad.ledger.ledger import Ledger
from highroad.ledger.names import Names
from highroad.ledger.projections import Body
from highroad.ledger.tables.derivation import stored
from highroad.ledger.tables.rows import records, selection

_MICRO: Final = 1e-6
OPEN: Final = "open"
"""Of a call that has not ended, and of a model request that was not answered."""
_STANDINGS: Final[Mapping[EntryKind, str]] = {
    EntryKind.RUN_STARTED: RunStatus.RUNNING,
    EntryKind.RUN_HELD: RunStatus.HELD,
    EntryKind.RUN_RESUMED: RunStatus.RUNNING,
    EntryKind.RUN_ENDED: "",
}
"""Where a run stands behind an entry; one that ended says it itself."""
_ABOUT_RUNS: Final = {*_STANDINGS, EntryKind.MODEL_ASKED, EntryKind.MODEL_REPLIED}


async def trail(ledger: Ledger, run_id: str) -> Trail:
    """All calls of a run in order, and all that it asked models."""
    found = [entry async for page in stored(ledger.store, run_id=run_id) for entry in page]
    steps = [
        _step(history) for of_call in _by_call(found) if (history := read_call(of_call)) is not None
    ]
    steps.sort(key=lambda step: step.step)  # stable: equal ones stay in order of arrival
    about = [(entry.kind, read_body(entry)) for entry in found if entry.kind in _ABOUT_RUNS]
    return replace(
        Trail(run_id=run_id, steps=tuple(steps), requests=_requests(about)), **_standing(about)
    )


def _requests(about: Sequence[tuple[EntryKind, Body]]) -> tuple[TrailRequest, ...]:
    """What a run asked models, in the order in which it did."""
    replies = {body["id"]: body for kind, body in about if kind is EntryKind.MODEL_REPLIED}
    asked = [body for kind, body in about if kind is EntryKind.MODEL_ASKED]
    return tuple(_request(body, replies.get(body["id"])) for body in asked)


def _request(asked: Body, reply: Body | None) -> TrailRequest:
    """A request in a line."""
    request = TrailRequest(
        number=asked["number"],
        request_id=asked["id"],
        path=asked["path"],
        purpose=asked["purpose"],
        model=asked["model"],
        status=OPEN,
        asked_ms=asked["at"],
        cost_usd=asked["reserved"] * _MICRO,
    )
    if reply is None:
        return request
    return replace(
        request,
        model=reply["model"],
        status=reply["status"],
        code=reply["code"],
        finish=reply["finish"],
        latency_us=reply["latency_us"],
        tokens_in=reply["tokens_in"],
        tokens_out=reply["tokens_out"],
        cost_usd=reply["cost"] * _MICRO,
        is_unpriced="unpriced" in reply,
        calls=reply["calls"],
    )


def _standing(about: Sequence[tuple[EntryKind, Body]]) -> dict[str, Any]:
    """Whose run it is and where it stands, by the last entry that speaks for all of it."""
    for kind, body in reversed(about):
        if kind in _STANDINGS:
            return {
                "agent": body["agent"],
                "status": str(body.get("status", _STANDINGS[kind])),
                "code": body.get("code"),
                "waits_for": tuple(body.get("waits_for", ())),
                "delegated_by": body.get("delegated_by"),
            }
    return {}


async def explained(ledger: Ledger, history: CallHistory) -> Explanation:
    """Everything that is recorded of a call but what it carried."""
    opening, ended = history.opening, history.ended or {}
    approval = history.approval
    if approval is not None:  # the store knows besides whether it was spent
        approval = await ledger.store.approval(approval.id) or approval
    step, names = _step(history), Names(ledger)
    return Explanation(
        call_id=history.call_id,
        run_id=history.run_id,
        trace_id=opening["trace"],
        parent_span_id=opening.get("parent_span"),
        tool=step.tool,
        tool_version=opening.get("version"),
        tool_digest=opening.get("definition"),
        tier=opening.get("tier"),
        effect=opening.get("effect"),
        principal=step.principal,
        principal_name=await names.of(step.principal, history.organization),
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
        sources=history.sources,
        confidential=history.confidential,
        verification=history.verification,
        states_confidence="confidence" in opening,
        confidence=opening.get("confidence"),
        source_call_id=ended.get("source"),
        stands_in_for=opening.get("stands_in_for"),
        fallback=history.successor,
        redrives=opening.get("redrives"),
        compensates=opening.get("compensates"),
        compensations=await _compensations(ledger, history),
        asked_by=opening.get("asked_by"),
        dead_letter=history.letter,
        deferral=history.deferral,
        ran_in=history.ran_in,
        approvals=() if approval is None else (approval,),
        decisions=tuple([await _decision(body, names) for body in history.decisions]),
        amendments=history.amendments,
        positions=history.positions,
        erased_ms=await _erased_ms(ledger, history),
    )


async def _compensations(ledger: Ledger, history: CallHistory) -> tuple[CompensatingCall, ...]:
    """Calls that take a call back, or tried to."""
    rows = records(ledger.store.tables, selection(COMPENSATION.name, call_id=history.call_id))
    return tuple([CompensatingCall(call_id=row["id"], state=row["state"]) async for row in rows])


async def _erased_ms(ledger: Ledger, history: CallHistory) -> int | None:
    """When the arguments of a call were destroyed, if they were."""
    ref = history.ref("arguments")
    if ref is None or await ledger.store.payload(ref.id) is not None:
        return None
    async for page in stored(ledger.store, kind=EntryKind.ERASED):
        for entry in page:
            if _is_about(read_body(entry), history):
                return entry.at_ms
    return None


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
        asked_by=opening.get("asked_by"),
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
    hold = history.hold
    if isinstance(hold, Deferral):
        return replace(step, code=DEFERRED)
    return step if hold is None else replace(step, code=hold.obligations[0].code)


def _stage(stage: str, verdict: str, code: str | None, rule: str | None, us: int) -> StageRecord:
    return StageRecord(stage=stage, verdict=verdict, code=code, rule=rule, elapsed_us=us)


def _is_about(body: Body, history: CallHistory) -> bool:
    """Whether an erasure took what a call carried."""
    if history.run_id in body.get("run_ids", ()):
        return True
    ended_ms = (history.ended or {}).get("at")
    return "before" in body and ended_ms is not None and ended_ms < body["before"]


async def _decision(body: Body, names: Names) -> JsonObject:
    """Who decided what, when, and on what digest."""
    return {
        "approval": body["approval"]["id"],
        "ruling": body["ruling"],
        "by": body["by"],
        "name": await names.of(body["by"], body["org"]),
        "saw": body["saw"],
        "at_ms": body["at"],
    }
