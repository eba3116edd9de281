"""What the run of an agent leaves: that it began, what models were asked and replied, its rests.

What a user said, a model wrote or a run came to is sealed under the run's key, in payloads whose
ids begin with that of the run: they lie together, and go together.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from highroad.domain.confidence import StatedFields
from highroad.domain.entry import Entry, EntryKind, Row
from highroad.domain.payload import PayloadRef, SealedKey, SealedPayload
from highroad.domain.run import ReplyRecord, RequestRecord, RunHead, RunStatus, When
from highroad.ledger.entries.form import begun, entry_of
from highroad.ledger.projections import Body

Sealed: TypeAlias = tuple[PayloadRef, SealedPayload]
"""What `highroad.ledger.vault.Vault.seal` gives: the reference for the body, and the content."""


def request_ref(run_id: str) -> str:
    """Id of the payload with what a run is to do."""
    return f"{run_id}.request"


def reply_ref(run_id: str, request_id: str) -> str:
    """Id of the payload with a reply."""
    return f"{run_id}.{request_id}.reply"


def message_ref(run_id: str, message_id: str) -> str:
    """Id of the payload with what somebody said to a run."""
    return f"{run_id}.{message_id}.message"


def result_ref(run_id: str) -> str:
    """Id of the payload with what a run came to."""
    return f"{run_id}.result"


def run_started(
    head: RunHead,
    request: Sealed,
    *,
    at_ms: int,
    run_key: SealedKey | None = None,
    profile: Row | None = None,
) -> Entry:
    """An agent is to do something; it is durable before anything is done.

    Args:
        head: Of the run.
        request: What it is to do, with all that going on with it takes.
        at_ms: Unix time.
        run_key: Of the run, where it is new.
        profile: The principal's row in `app_user`, where this process has not written it yet.
    """
    entry = _entry(_headed(EntryKind.RUN_STARTED, head, at_ms), request=request)
    rows = entry.rows if profile is None else (*entry.rows, profile)
    return replace(entry, rows=rows, run_key=run_key)


def model_asked(head: RunHead, request: RequestRecord, *, at_ms: int) -> Entry:
    """A request is about to go to a model: what it reserved counts until it is answered."""
    body = _begun(EntryKind.MODEL_ASKED, head, at_ms) | {
        "principal": head.paid_by,
        "id": request.id,
        "number": request.number,
        "path": request.path,
        "purpose": request.purpose,
        "model": request.model,
        "shape": request.shape,
        "tools": request.tools,
        "messages": request.messages,
        "reserved_tokens": request.reserved_tokens,
        "reserved": request.reserved_microusd,
    }
    if request.choice != "auto":
        body["choice"] = request.choice
    if request.stated:
        body["stated"] = {
            tool: (fields.reasoning, fields.confidence) for tool, fields in request.stated.items()
        }
    if request.provisional:
        body["provisional"] = list(request.provisional)
    return _entry(body | _news(request.heard, request.told))


def stated_fields(body: Body) -> dict[str, StatedFields]:
    """By tool, where a recorded request asked its model to say how sure it is of a call."""
    return {
        tool: StatedFields(reasoning=reasoning, confidence=confidence)
        for tool, (reasoning, confidence) in body.get("stated", {}).items()
    }


def model_replied(head: RunHead, record: ReplyRecord, reply: Sealed | None, *, at_ms: int) -> Entry:
    """What came of a request: the whole reply, or why there is none."""
    usage = record.usage
    body = _begun(EntryKind.MODEL_REPLIED, head, at_ms) | {
        "principal": head.paid_by,
        "id": record.id,
        "number": record.number,
        "path": record.path,
        "status": record.status,
        "code": record.code,
        "model": record.model,
        "finish": record.finish,
        "tokens_in": usage.input,
        "tokens_out": usage.output,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "ungoverned": usage.ungoverned,
        "cost": record.cost_microusd,
        "latency_us": record.latency_us,
        "calls": record.calls,
    }
    if record.is_unpriced:
        body["unpriced"] = True
    return _entry(body, reply=reply)


def run_message(  # noqa: PLR0913 - the facts of a message, each by name
    head: RunHead,
    message: Sealed,
    *,
    message_id: str,
    by: str,
    when: When,
    profile: bytes | None = None,
    at_ms: int,
) -> Entry:
    """Somebody, by opaque id, said something to a run that works or waits.

    Args:
        head: Of the run.
        message: What they said.
        message_id: Of the message.
        by: Who they are.
        when: It is for.
        profile: Who they are, encrypted, for the erasable table.
        at_ms: Unix time.
    """
    body = _begun(EntryKind.RUN_MESSAGE, head, at_ms) | {"id": message_id, "by": by, "when": when}
    return _entry(body, profile=profile, message=message)


def run_held(head: RunHead, waits_for: Sequence[str], *, at_ms: int) -> Entry:
    """The run rests until these calls are answered."""
    return _entry(_headed(EntryKind.RUN_HELD, head, at_ms) | {"waits_for": list(waits_for)})


def run_resumed(
    head: RunHead, *, heard: Sequence[str] = (), told: Sequence[str] = (), at_ms: int
) -> Entry:
    """The run is driven on.

    Args:
        head: Of the run.
        heard: Messages that begin another turn of it, which was through.
        told: Calls whose late outcome does.
        at_ms: Unix time.
    """
    return _entry(_headed(EntryKind.RUN_RESUMED, head, at_ms) | _news(heard, told))


def run_ended(  # noqa: PLR0913 - the facts of an ending, each by name
    head: RunHead,
    status: RunStatus,
    *,
    code: str | None = None,
    reason: str | None = None,
    result: Sealed | None = None,
    steps: int,
    tokens_in: int,
    tokens_out: int,
    cost_microusd: int,
    at_ms: int,
) -> Entry:
    """The run is over, with what it used in all."""
    body = _headed(EntryKind.RUN_ENDED, head, at_ms) | {
        "status": status,
        "code": code,
        "steps": steps,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": cost_microusd,
    }
    if reason is not None:
        body["reason"] = reason
    return _entry(body, result=result)


def _news(heard: Sequence[str], told: Sequence[str]) -> Body:
    """What reaches the model from outside, by ids."""
    news = {"heard": list(heard), "told": list(told)}
    return {name: ids for name, ids in news.items() if ids}


def _begun(kind: EntryKind, head: RunHead, at_ms: int) -> Body:
    """What every entry about a run says."""
    about = begun(kind, at_ms=at_ms, organization=head.organization, run_id=head.run_id)
    return {
        **about,
        "trace": head.trace_id,
        "principal": head.principal_id,
        "agent": head.agent,
    }


def _headed(kind: EntryKind, head: RunHead, at_ms: int) -> Body:
    """What an entry says that stands for the run as a whole: its row is made of this alone."""
    body = _begun(kind, head, at_ms) | {
        "definition": head.definition,
        "opened": head.started_ms,
        "origin": head.origin,
        "door": head.door,
    }
    if head.parent_span_id is not None:
        body["parent_span"] = head.parent_span_id
    if head.parent_id is not None:
        body["parent_run"] = head.parent_id
    if head.conversation_id is not None:
        body["conversation"] = head.conversation_id
    if head.delegated_by is not None:
        body["delegated_by"] = head.delegated_by
    if head.delegation:
        body["delegation"] = list(head.delegation)
    if head.dry is not None:
        body["dry"] = head.dry
    if head.shadow_of is not None:
        body["shadow_of"] = head.shadow_of
    if head.payer_id is not None:
        body["payer"] = head.payer_id
    return body


def _entry(body: Body, *, profile: bytes | None = None, **content: Sealed | None) -> Entry:
    """The entry with a body, which refers to its payload by a name."""
    payloads: list[SealedPayload] = []
    for name, sealed in content.items():
        if sealed is not None:
            ref, payload = sealed
            body[name] = (ref.id, ref.digest, ref.size)
            payloads.append(payload)
    return entry_of(body, payloads=tuple(payloads), profile=profile)
