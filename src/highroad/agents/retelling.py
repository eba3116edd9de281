"""What a run has told, told again from its ledger."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import orjson

from highroad.agents.calling_off import RUN
from highroad.agents.context.summary import is_summary
from highroad.agents.events import lasting_id
from highroad.agents.record import RunRecord, entries_of, read_run
from highroad.agents.snapshot import thaw_reply
from highroad.domain.entry import EntryKind, StoredEntry
from highroad.domain.error import NotRecorded, VaultError
from highroad.domain.event import Event, EventKind
from highroad.domain.ids import with_prefix
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.outcome import HoldReason
from highroad.domain.run import RunHead, RunStatus
from highroad.ledger.history import CallHistory, read_body, read_run_head
from highroad.ledger.projections import Body
from highroad.pipeline.services import Services
from highroad.pipeline.stored import stored_outcome
from highroad.pipeline.view import json_again


async def retold(services: Services, run_id: str) -> Sequence[Event]:
    """Lasting events of a run and of those below it, in the order in which they landed.

    None of them has a number. Text comes whole.

    Raises:
        NotRecorded: The ledger has no such run.
        VaultError: What was said in it was erased, or its key is lost.
    """
    found = await _told_of(services, await read_run(services.ledger, run_id), ())
    found.sort(key=lambda each: each[0])
    return [event for _, event in found]


async def _told_of(
    services: Services, record: RunRecord, path: tuple[str, ...]
) -> list[tuple[int, Event]]:
    """Events of a run and of those below it, each with its place in the log."""
    below = await _runs_below(services, record)
    telling, found = _Telling(services, record, path, frozenset(below)), []
    for entry in await entries_of(services.ledger, record.head.run_id):
        found += [(entry.position.seq, event) for event in await telling.of(entry)]
    for each in below.values():
        found += await _told_of(services, each, (*path, each.head.agent))
    return found


async def _runs_below(services: Services, record: RunRecord) -> dict[str, RunRecord]:
    """Runs that calls of this one stand for, by call."""
    found = {}
    for call in record.calls.values():
        if call.deferral is not None:
            # The result of a call may also come from elsewhere.
            with suppress(NotRecorded):
                run_id = with_prefix(call.call_id, RUN)
                found[call.call_id] = await read_run(services.ledger, run_id)
    return found


class _Telling:
    """Makes events of the entries of one run.

    Args:
        services: Of the runtime.
        record: Of the run.
        path: That leads to it.
        delegated: Calls whose result is a run below.
    """

    def __init__(
        self,
        services: Services,
        record: RunRecord,
        path: tuple[str, ...],
        delegated: frozenset[str],
    ) -> None:
        self._services = services
        self._record = record
        self._path = path
        self._delegated = delegated
        self._calls = {call.call_id: call for call in record.calls.values()}
        self._proposed: set[str] = set()

    async def of(self, entry: StoredEntry) -> Sequence[Event]:
        """What an entry tells; of most of them nothing."""
        if entry.call_id is None:
            told = self._facts_of(entry.kind, read_body(entry))
            return () if told is None else (self._event(told[0], entry, told[1]),)
        call = self._calls.get(entry.call_id)
        return () if call is None else [each async for each in self._of_call(entry, call)]

    def _facts_of(self, kind: str, body: Body) -> tuple[EventKind, JsonObject] | None:
        """What an entry about the run itself tells."""
        told: tuple[EventKind, JsonObject] | None = None
        match kind:
            case EntryKind.RUN_STARTED:
                told = EventKind.RUN_STARTED, beginning_of(read_run_head(body))
            case EntryKind.MODEL_ASKED:
                asked = {"model": body["model"], "number": body["number"], "request": body["id"]}
                told = EventKind.MODEL_ASKED, asked
            case EntryKind.MODEL_REPLIED if "reply" in body and not is_summary(body["path"]):
                text = thaw_reply(self._payload(body, "reply")).message.text
                if text:
                    told = EventKind.TEXT, {"text": text, "request": body["id"]}
            case EntryKind.RUN_MESSAGE:
                text = self._payload(body, "message").decode()
                told = EventKind.MESSAGE, {"text": text, "id": body["id"]}
            case EntryKind.RUN_HELD:
                told = EventKind.RUN_HELD, {"calls": list(body["waits_for"])}
            case EntryKind.RUN_ENDED:
                told = EventKind.RUN_FINISHED, self._end(body)
            case _:
                pass
        return told

    def _end(self, body: Body) -> JsonObject:
        result = self._payload(body, "result") if "result" in body else None
        return end_of(
            RunStatus(body["status"]),
            code=body["code"],
            result=result,
            steps=body["steps"],
            tokens=(body["tokens_in"], body["tokens_out"]),
            cost_microusd=body["cost"],
        )

    async def _of_call(self, entry: StoredEntry, call: CallHistory) -> AsyncIterator[Event]:
        facts: JsonObject = {
            "tool": call.opening["tool"],
            "request": call.opening["asked_by"],
            "position": call.opening["position"],
        }
        if call.call_id not in self._proposed:  # whichever of its entries came first
            self._proposed.add(call.call_id)
            with_arguments = facts | {"arguments": await self._arguments(call)}
            yield self._event(EventKind.TOOL_PROPOSED, entry, with_arguments)
        match entry.kind:
            case EntryKind.ENDED:
                outcome = await stored_outcome(self._services, call)
                answer: JsonValue = orjson.loads(orjson.dumps(outcome.for_model()))
                ended: JsonObject = {"status": outcome.status, "answer": answer}
                yield self._event(EventKind.TOOL_FINISHED, entry, facts | ended)
            case EntryKind.HELD:
                approval = read_body(entry)["approval"]["id"]
                held: JsonObject = {"approval_id": approval, "reason": HoldReason.APPROVAL}
                yield self._event(EventKind.TOOL_HELD, entry, facts | held)
            case EntryKind.DEFERRED if call.call_id not in self._delegated:
                later: JsonObject = {"approval_id": None, "reason": HoldReason.DEFERRED}
                yield self._event(EventKind.TOOL_HELD, entry, facts | later)
            case _:
                pass

    async def _arguments(self, call: CallHistory) -> JsonValue:
        content = await self._services.ledger.open_json(call, "arguments")
        arguments: JsonValue = None if content is None else orjson.loads(content)
        return await json_again(self._services, call, arguments)

    def _event(self, kind: EventKind, entry: StoredEntry, facts: JsonObject) -> Event:
        run_id = self._record.head.run_id
        known = lasting_id(kind, run_id, facts, entry.call_id)
        return Event(
            seq=0,
            id=known or "",
            kind=kind,
            run_id=run_id,
            call_id=entry.call_id,
            path=self._path,
            at_ms=read_body(entry)["at"],
            data=facts,
        )

    def _payload(self, body: Body, name: str) -> bytes:
        found = self._record.payloads.get(body[name][0])
        if found is None:
            raise VaultError(f"payload {body[name][0]} is not in the ledger: it was erased")
        return found


def beginning_of(head: RunHead) -> JsonObject:
    """What is told of a run that begins."""
    told: JsonObject = {"agent": head.agent}
    if head.dry is not None:
        told["dry_run"] = head.dry
    return told


def end_of(  # noqa: PLR0913 - the facts of an end, each by name
    status: RunStatus,
    *,
    code: str | None,
    result: bytes | None,
    steps: int,
    tokens: tuple[int, int],
    cost_microusd: int,
) -> JsonObject:
    """What is told of the end of a run."""
    return {
        "status": status,
        "code": code,
        "result": None if result is None else orjson.loads(result),
        "steps": steps,
        "tokens_in": tokens[0],
        "tokens_out": tokens[1],
        "cost_usd": cost_microusd / 1e6,
    }
