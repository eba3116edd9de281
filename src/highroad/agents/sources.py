"""What of a run is evidence for its calls: who said it decides, never how it was put.

The user's own words are, and what tools read. What a model wrote is none, by whatever way it comes
back: as an answer, a summary, a task for another agent, that agent's answer, or a memory. Nor is
what is said of tools.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import orjson

from highroad.agents.calling_off import RUN
from highroad.agents.context.conversations import Conversations
from highroad.agents.context.results import get_result
from highroad.agents.memory.tools import recall, remember
from highroad.agents.record import Heard, RunRecord, arguments_in, read_run
from highroad.agents.team import delegation_name
from highroad.domain.error import NotRecorded
from highroad.domain.identity import Origin, Principal
from highroad.domain.ids import with_prefix
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.outcome import (
    AnyOutcome,
    Cancelled,
    Completed,
    Expired,
    Failed,
    Held,
    Proof,
    Refused,
    Unknown,
)
from highroad.domain.tool import ToolDefinition
from highroad.ledger.history import CallHistory
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.services import Services
from highroad.pipeline.stored import stored_outcome
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.search.tool import TOOL_SEARCH

_NO_READS: Final = frozenset(tool_definition(each).digest for each in (get_result, remember))
"""What they tell was read before, and is evidence where it was; or it is the tool's own word."""
_RECALL: Final = tool_definition(recall).digest
Judge: TypeAlias = Callable[[CallHistory, RegisteredTool[Any], JsonObject], None]
"""Looks at a call on record: its history, tool and arguments."""
Reveal: TypeAlias = Callable[[JsonValue], JsonValue]
"""Puts values in the place of their pseudonyms."""
_NOTHING: Final[Mapping[str, bytes]] = {}
_OWN_WORDS: Final = "by_user"
"""The member of what is recalled that has them."""


def _nobody_judges(history: CallHistory, tool: RegisteredTool[Any], arguments: JsonObject) -> None:
    del history, tool, arguments


async def begin(
    services: Services,
    record: RunRecord,
    evidence: RunEvidence,
    earlier: Sequence[UserMessage | ModelMessage],
) -> None:
    """Take in what a leg begins with: a request, or what is known above where that rests.

    Raises:
        LedgerError: It cannot be read.
    """
    for history in record.calls.values():
        evidence.endorsed.update(history.endorsed)
    parent_id = record.head.parent_id
    if parent_id is None:
        request(evidence, record, earlier)
    elif not services.evidence.is_at_hand(parent_id):
        await above(services, record, evidence)


def request(
    evidence: RunEvidence, record: RunRecord, earlier: Sequence[UserMessage | ModelMessage] = ()
) -> None:
    """Take in what a run at the top was asked for, by whom, and what they had said before."""
    head, errand = record.head, record.errand
    profile(evidence, head.principal_id, errand.principal)
    if errand.known:
        evidence.known(head.principal_id, errand.known)
    for message in earlier:
        if isinstance(message, UserMessage):
            evidence.said(head.conversation_id or head.run_id, message.text)
    evidence.said(head.run_id, errand.text)


def profile(evidence: RunEvidence, principal_id: str, principal: Principal) -> None:
    """Take in who a run is for; `principal_id` is opaque."""
    evidence.known(
        principal_id,
        {"id": principal.id, "name": principal.name, "organization": principal.organization},
    )


def heard(evidence: RunEvidence, message: Heard) -> None:
    """Take in a message to the run."""
    evidence.said(message.id, message.text)


def brought(  # noqa: PLR0913 - a call, its outcome, and how it is read
    evidence: RunEvidence,
    tool: ToolDefinition,
    arguments: Mapping[str, object] | str | bytes,
    outcome: AnyOutcome,
    *,
    origin: Origin,
    reveal: Reveal,
    recorded: JsonValue = None,
) -> None:
    """Take in what a call has brought, where it has read anything, and what it may have left.

    Values are evidence, whatever the model was shown in their place.

    Args:
        evidence: Of the run.
        tool: That was called.
        arguments: As they were chosen.
        outcome: What became of it.
        origin: Who chose them.
        reveal: Knows what pseudonyms stand for.
        recorded: The result as it is on record, where that was read; else that of the outcome.
    """
    chosen = partial(_chosen, {} if origin is Origin.CODE else arguments, reveal)
    if tool.has_effects and _may_be_applied(outcome):
        evidence.wrote(chosen)
    if not isinstance(outcome, Completed) or outcome.dry_run:
        return
    if tool.digest == _RECALL:
        for text in _own_words(reveal(outcome.json)):
            evidence.recalled(outcome.call_id, text)
        return
    result = _read(tool, reveal(outcome.json) if recorded is None else recorded)
    if result is not None:
        evidence.brought(outcome.call_id, tool, chosen, result)


def _may_be_applied(outcome: AnyOutcome) -> bool:
    """Whether a call may have done anything: what was refused has left nothing to read."""
    match outcome:
        case Completed():
            return not outcome.dry_run
        case Failed() | Cancelled():
            return outcome.proof is Proof.REPEATABLE
        case Unknown():
            return True
        case Refused() | Expired() | Held():
            return False


def _read(tool: ToolDefinition, result: JsonValue) -> JsonValue:
    """What of a result is no model's word."""
    if tool.digest in _NO_READS or tool.name == TOOL_SEARCH:
        return None
    return result


def _own_words(result: JsonValue) -> Iterator[str]:
    """What of all that is recalled the user wrote; the rest a model may have."""
    own = result.get(_OWN_WORDS) if isinstance(result, dict) else None
    for each in own if isinstance(own, list) else ():
        text = each.get("text") if isinstance(each, dict) else None
        if isinstance(text, str):
            yield text


def _chosen(arguments: Mapping[str, object] | str | bytes, reveal: Reveal) -> JsonObject:
    chosen = reveal(_parsed(arguments))
    return chosen if isinstance(chosen, dict) else {}


def _parsed(arguments: Mapping[str, object] | str | bytes) -> JsonObject:
    """Arguments as they were written; what has no form has no values."""
    try:
        raw = arguments if isinstance(arguments, str | bytes) else orjson.dumps(arguments)
        read = orjson.loads(raw)
    except (TypeError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


# -- from the record ------------------------------------------------------------------------------


async def above(services: Services, record: RunRecord, evidence: RunEvidence) -> None:
    """Take in all that is on record of the run at the top and of those below it.

    For a run that goes on while the one above it rests.

    Raises:
        LedgerError: It cannot be read.
    """
    top = record
    while top.head.parent_id is not None:
        top = await read_run(services.ledger, top.head.parent_id)
    await asked(services, top, evidence)
    await below(services, top, evidence)


async def asked(services: Services, record: RunRecord, evidence: RunEvidence) -> None:
    """Take in what a run at the top was asked for, and what its conversation had said before.

    Raises:
        LedgerError: It cannot be read.
    """
    request(evidence, record, await Conversations(services.ledger).before(record.head))


async def below(
    services: Services, record: RunRecord, evidence: RunEvidence, judge: Judge = _nobody_judges
) -> None:
    """Take in what was sent to a run, and what its calls and the runs below it have brought.

    Args:
        services: Of the runtime.
        record: Of the run.
        evidence: Of the run at the top.
        judge: Is shown each call with what was known before it.

    Raises:
        LedgerError: It cannot be read.
    """
    unheard = dict(record.heard)
    numbers, coming = _numbers(record), _in_order(record)
    for history in sorted(record.calls.values(), key=lambda each: each.opening["step"]):
        _hear_until(numbers.get(history.opening["asked_by"]), coming, unheard, evidence)
        await recorded_call(services, history, evidence, judge, payloads=record.payloads)
    for message in unheard.values():
        heard(evidence, message)


async def recorded_call(
    services: Services,
    history: CallHistory,
    evidence: RunEvidence,
    judge: Judge = _nobody_judges,
    *,
    payloads: Mapping[str, bytes] = _NOTHING,
) -> None:
    """Take in what a call on record has brought, or the run that it handed work to.

    Args:
        services: Of the runtime.
        history: Of the call.
        evidence: Of the run.
        judge: Is shown the call with what was known before it.
        payloads: That are at hand, by id; the others are asked of the ledger.

    Raises:
        VaultError: What was said in it was erased, or its key is lost.
        LedgerError: It cannot be read.
    """
    name = history.opening["tool"] or ""
    tool = services.registry.find(name)
    kept = arguments_in(await services.ledger.open_json(history, "arguments", payloads))
    arguments = kept if isinstance(kept, dict) else {}
    if tool is not None:
        judge(history, tool, arguments)
    was_handed_on = await handed_on(services, history.call_id, name, evidence, judge)
    if tool is None or history.ended is None or was_handed_on:
        return
    brought(
        evidence,
        tool.definition,
        arguments,
        await stored_outcome(services, history, payloads),
        origin=Origin(history.opening["origin"]),
        reveal=partial(services.redaction.revealed, history.run_id),
    )


def _numbers(record: RunRecord) -> dict[str, int]:
    """The number of each request that a model has replied to."""
    return {each.request_id: each.number for line in record.answered.values() for each in line}


def _in_order(record: RunRecord) -> deque[tuple[int, str]]:
    """Each message by the number of the request that it stood in first."""
    return deque(
        sorted(
            (answered.number, message_id)
            for line in record.answered.values()
            for answered in line
            for message_id in answered.heard
        )
    )


def _hear_until(
    number: int | None,
    coming: deque[tuple[int, str]],
    unheard: dict[str, Heard],
    evidence: RunEvidence,
) -> None:
    """Take in the messages that stood in requests up to that number, once."""
    while number is not None and coming and coming[0][0] <= number:
        message = unheard.pop(coming.popleft()[1], None)
        if message is not None:
            heard(evidence, message)


async def handed_on(
    services: Services,
    call_id: str,
    tool: str,
    evidence: RunEvidence,
    judge: Judge = _nobody_judges,
) -> bool:
    """Take in what the run has read that stands for a call which handed on work.

    Returns:
        Whether there is such a run.

    Raises:
        LedgerError: It cannot be read.
    """
    if not tool.startswith(delegation_name("")):
        return False
    try:
        record = await read_run(services.ledger, with_prefix(call_id, RUN))
    except NotRecorded:
        return False  # no agent was asked
    await below(services, record, evidence, judge)
    return True
