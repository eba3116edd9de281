"""Entries to try a store with: as small as its rules allow, with rows of every table they need."""

from highroad.domain.approval import ApprovalState
from highroad.domain.audit import TABLES, Column, ColumnType
from highroad.domain.entry import Entry, EntryKind, KeyClaim, Receipt, Row, Written
from highroad.domain.outcome import Status
from highroad.domain.payload import PayloadKind, SealedKey, SealedPayload
from highroad.domain.run import ReplyStatus, RunStatus

ORGANIZATION = "acme"
NOW = 1_700_000_000_000
LATER = NOW + 60_000


def row(table: str, **values: str | int | bytes | None) -> Row:
    """A row with the given columns; the others are empty, zero or `None`."""
    columns = TABLES[table].columns
    unknown = values.keys() - {column.name for column in columns}
    assert not unknown, f"{table} has no column {unknown}"
    return Row(table, tuple(values.get(c.name, _empty(c)) for c in columns))


def _empty(column: Column) -> str | int | bytes | None:
    if column.is_optional:
        return None
    match column.type:
        case ColumnType.TEXT:
            return ""
        case ColumnType.INTEGER:
            return 0
        case ColumnType.BLOB:
            return b""


def claim(call: str, *, digest: bytes = b"key", expires_ms: int = LATER) -> KeyClaim:
    """A claim of `call` on a key."""
    return KeyClaim(ORGANIZATION, digest, b"arguments of " + call.encode(), call, expires_ms)


def payload(
    payload_id: str, *, run: str = "run_1", content: bytes = b"\x00sealed"
) -> SealedPayload:
    """Sealed content."""
    return SealedPayload(payload_id, run, PayloadKind.ARGUMENTS, content, NOW)


def run_key(run: str, *, wrapped: bytes = b"\xffwrapped") -> SealedKey:
    """The wrapped key of a run."""
    return SealedKey(run, "master_1", wrapped, NOW)


def intent(  # noqa: PLR0913 - what an intent may carry, each by name
    call: str,
    *,
    run: str = "run_1",
    tool: str = "refund",
    at_ms: int = NOW,
    reserved: int = 0,
    key: KeyClaim | None = None,
    spends: str | None = None,
    payloads: tuple[SealedPayload, ...] = (),
    sealed_key: SealedKey | None = None,
) -> Entry:
    """An intent, with its row of `tool_call`."""
    return Entry(
        kind=EntryKind.INTENT,
        body=b'{"intent": "' + call.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        call_id=call,
        rows=(tool_call(call, run=run, tool=tool, at_ms=at_ms, reserved=reserved, has_intent=1),),
        payloads=payloads,
        run_key=sealed_key,
        claim=key,
        spends=spends,
    )


def held(
    call: str,
    approval: str,
    *,
    run: str = "run_1",
    at_ms: int = NOW,
    key: KeyClaim | None = None,
) -> Entry:
    """A hold, with a waiting approval."""
    return Entry(
        kind=EntryKind.HELD,
        body=b'{"held": "' + call.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        call_id=call,
        rows=(
            tool_call(call, run=run, tool="refund", at_ms=at_ms, reserved=0, has_intent=0),
            approval_row(approval, call, run=run, created_ms=at_ms),
        ),
        claim=key,
    )


def api_key(name: str, *, ended_ms: int | None = None) -> Entry:
    """An API key of a caller, or its end."""
    return _credential("api_key", name, created_ms=NOW, ended_ms=ended_ms)


def login_session(name: str, *, ended_ms: int | None = None) -> Entry:
    """A session of a caller, or its end."""
    times = {"opened_ms": NOW, "used_ms": NOW, "expires_ms": LATER}
    return _credential("login_session", name, ended_ms=ended_ms, **times)


def _credential(table: str, name: str, **times: int | None) -> Entry:
    return Entry(
        kind=EntryKind.IDENTITY,
        body=b"{}",
        organization=ORGANIZATION,
        at_ms=NOW,
        rows=(row(table, id=name, organization=ORGANIZATION, principal_id="usr_bob", **times),),
    )


def deferred(
    call: str,
    *,
    run: str = "run_1",
    at_ms: int = NOW,
    ended_ms: int | None = None,
    key: KeyClaim | None = None,
) -> Entry:
    """A call that waits for its result, or has."""
    return Entry(
        kind=EntryKind.DEFERRED,
        body=b'{"deferred": "' + call.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        call_id=call,
        rows=(
            row(
                "deferral",
                call_id=call,
                run_id=run,
                organization=ORGANIZATION,
                principal_id="usr_alice",
                tool="refund",
                state="waiting" if ended_ms is None else "answered",
                deferred_ms=at_ms,
                expires_ms=at_ms + 3_600_000,
                ended_ms=ended_ms,
            ),
        ),
        claim=key,
    )


def decided(  # noqa: PLR0913 - what a decision changes, each by name
    call: str,
    approval: str,
    state: ApprovalState = ApprovalState.APPROVED,
    *,
    run: str = "run_1",
    created_ms: int = NOW,
    at_ms: int = NOW,
) -> Entry:
    """A person's decision on an approval."""
    decision = approval_row(
        approval, call, run=run, state=state, created_ms=created_ms, decided_ms=at_ms
    )
    return Entry(
        kind=EntryKind.DECIDED,
        body=b'{"decided": "' + approval.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        call_id=call,
        rows=(decision,),
    )


def ended(  # noqa: PLR0913 - what an end may carry, each by name
    call: str,
    status: Status = Status.COMPLETED,
    *,
    run: str = "run_1",
    at_ms: int = NOW,
    cost: int = 0,
    frees_key: bool = False,
    rows: tuple[Row, ...] = (),
    payloads: tuple[SealedPayload, ...] = (),
) -> Entry:
    """The terminal record of a call, with its row of `tool_result`."""
    result = row(
        "tool_result",
        call_id=call,
        run_id=run,
        organization=ORGANIZATION,
        status=status,
        cost_microusd=cost,
        ended_ms=at_ms,
    )
    return Entry(
        kind=EntryKind.ENDED,
        body=b'{"ended": "' + call.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        call_id=call,
        rows=(result, *rows),
        payloads=payloads,
        frees_key=frees_key,
    )


def amended(call: str, *, run: str = "run_1") -> Entry:
    """A later fact about a call."""
    return Entry(
        kind=EntryKind.AMENDED,
        body=b'{"amended": "' + call.encode() + b'"}',
        organization=ORGANIZATION,
        at_ms=NOW,
        run_id=run,
        call_id=call,
    )


def noted(kind: EntryKind = EntryKind.PINNED) -> Entry:
    """An entry about no call."""
    return Entry(kind=kind, body=b"{}", organization=ORGANIZATION, at_ms=NOW)


def asked(  # noqa: PLR0913 - what a request may reserve, each by name
    request: str,
    *,
    run: str = "run_1",
    principal: str = "usr_alice",
    at_ms: int = NOW,
    tokens: int = 0,
    microusd: int = 0,
) -> Entry:
    """A request that is about to go to a model, with its row of `model_request`."""
    told = row(
        "model_request",
        id=request,
        run_id=run,
        organization=ORGANIZATION,
        principal_id=principal,
        reserved_tokens=tokens,
        reserved_microusd=microusd,
        asked_ms=at_ms,
    )
    return about_run(run, EntryKind.MODEL_ASKED, told, at_ms=at_ms)


def replied(  # noqa: PLR0913 - what a reply may have taken, each by name
    request: str,
    *,
    run: str = "run_1",
    status: ReplyStatus = ReplyStatus.REPLIED,
    at_ms: int = NOW,
    tokens_in: int = 0,
    tokens_out: int = 0,
    microusd: int = 0,
) -> Entry:
    """What came of a request, with its row of `model_reply`."""
    told = row(
        "model_reply",
        request_id=request,
        run_id=run,
        organization=ORGANIZATION,
        status=status,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_microusd=microusd,
        replied_ms=at_ms,
    )
    return about_run(run, EntryKind.MODEL_REPLIED, told, at_ms=at_ms)


def agent_run(run: str, status: RunStatus = RunStatus.RUNNING, **columns: str | int | None) -> Row:
    """A row of `agent_run`, of an agent."""
    whole: dict[str, str | int | None] = {
        "organization": ORGANIZATION,
        "principal_id": "usr_alice",
        "agent": "support",
        "started_ms": NOW,
        "definition": "digest",
    }
    return row("agent_run", id=run, status=status, **(whole | columns))


def about_run(
    run: str,
    kind: EntryKind,
    told: Row,
    *,
    at_ms: int = NOW,
    payloads: tuple[SealedPayload, ...] = (),
) -> Entry:
    """An entry about an agent's run, with the row that it makes."""
    return Entry(
        kind=kind,
        body=b"{}",
        organization=ORGANIZATION,
        at_ms=at_ms,
        run_id=run,
        rows=(told,),
        payloads=payloads,
    )


def tool_call(  # noqa: PLR0913 - columns by name
    call: str, *, run: str, tool: str, at_ms: int, reserved: int, has_intent: int
) -> Row:
    """A row of `tool_call`."""
    return row(
        "tool_call",
        id=call,
        run_id=run,
        organization=ORGANIZATION,
        principal_id="usr_alice",
        tool=tool,
        has_intent=has_intent,
        reserved_microusd=reserved,
        created_ms=at_ms,
    )


def approval_row(  # noqa: PLR0913 - columns by name
    approval: str,
    call: str,
    *,
    run: str = "run_1",
    state: ApprovalState = ApprovalState.WAITING,
    created_ms: int = NOW,
    decided_ms: int | None = None,
) -> Row:
    """A row of `approval`, of level human, with one obligation."""
    return row(
        "approval",
        id=approval,
        call_id=call,
        run_id=run,
        organization=ORGANIZATION,
        requester="usr_alice",
        tool="refund",
        digest="digest of " + call,
        level=2,
        quorum=1,
        obligations='[["ask_rule","More than 50 euros.",2,1]]',
        created_ms=created_ms,
        expires_ms=created_ms + 86_400_000,
        state=state,
        approvers="[]" if state is ApprovalState.WAITING else '["usr_bob"]',
        decided_ms=decided_ms,
    )


def seq_of(receipt: Receipt) -> int:
    """Where an entry landed."""
    assert isinstance(receipt, Written)
    return receipt.position.seq
