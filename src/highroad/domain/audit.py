"""The audit tables: what an auditor may rely on with plain SQL.

They are projections of entries, written in the same transaction, and can be derived anew from
them. Each store renders this one description in its own dialect. Personal values stand as opaque
ids; times are Unix milliseconds, money is millionths of a US dollar.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from highroad.domain.approval import Approval, ApprovalState, Level, Obligation
from highroad.domain.error import LedgerError
from highroad.domain.json_value import MAX_SAFE_INTEGER
from highroad.domain.run import AgentRun, RunStatus


class ColumnType(StrEnum):
    """Types that every store has."""

    TEXT = "text"
    INTEGER = "integer"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `is_key` columns form the primary key."""

    name: str
    type: ColumnType = ColumnType.TEXT
    is_key: bool = False
    is_optional: bool = False


_TYPES: Final[Mapping[ColumnType, type]] = {
    ColumnType.TEXT: str,
    ColumnType.INTEGER: int,
    ColumnType.BLOB: bytes,
}
"""What stands in such a column."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One audit table. `indexes` are column lists beyond the primary key."""

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of the primary key, in order."""
        return tuple(column.name for column in self.columns if column.is_key)


def _key(name: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    return Column(name, kind, is_key=True)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _maybe(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, is_optional=True) for name in names)


def _number(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, ColumnType.INTEGER) for name in names)


def _maybe_number(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, ColumnType.INTEGER, is_optional=True) for name in names)


APP_USER: Final = Table(
    "app_user",
    (
        _key("id"),
        *_text("organization"),
        Column("sealed_profile", ColumnType.BLOB, is_optional=True),
        *_number("sealed_ms"),
    ),
)
SESSION: Final = Table(
    "session",
    (_key("id"), *_text("door", "version", "profile"), *_number("pid", "started_ms")),
)
AGENT_RUN: Final = Table(
    "agent_run",
    (
        _key("id"),
        *_text("organization", "principal_id"),
        *_maybe("session_id", "agent"),
        *_text("trace_id", "status"),
        *_number("started_ms"),
        *_maybe_number("ended_ms"),
        *_maybe("parent_id", "conversation_id", "definition", "delegated_by", "code"),
        *_maybe_number("steps", "tokens_in", "tokens_out", "cost_microusd"),
        *_maybe("parent_span_id"),
    ),
)
MODEL_REQUEST: Final = Table(
    "model_request",
    (
        _key("id"),
        *_text("run_id", "organization", "principal_id"),
        *_number("number"),
        *_text("path", "purpose", "model"),
        *_number("reserved_tokens", "reserved_microusd", "asked_ms"),
    ),
    indexes=(("run_id",),),
)
MODEL_REPLY: Final = Table(
    "model_reply",
    (
        _key("request_id"),
        *_text("run_id", "organization", "principal_id", "model", "status"),
        *_maybe("code", "finish"),
        *_number("tokens_in", "tokens_out", "cache_read", "cache_write", "ungoverned"),
        *_number("cost_microusd", "is_unpriced", "calls", "latency_us"),
        *_maybe("reply_ref", "reply_digest"),
        *_number("replied_ms"),
    ),
    indexes=(("run_id",),),
)
STEP: Final = Table(
    "step",
    (
        _key("run_id"),
        _key("step_number", ColumnType.INTEGER),
        *_text("call_id", "tool"),
        *_number("allowed"),
        *_maybe("reason"),
        *_maybe_number("latency_us"),
        *_maybe("compensation", "compensation_state"),
    ),
)
TOOL_CALL: Final = Table(
    "tool_call",
    (
        _key("id"),
        *_text("run_id"),
        *_number("step_number"),
        *_maybe("parent_id"),
        *_text("organization", "principal_id", "tool"),
        *_maybe("tool_version", "tool_digest", "tier", "effect"),
        *_text("origin", "door", "policy_version"),
        *_maybe("arguments_ref", "arguments_digest", "idempotency_key"),
        *_maybe("delegation"),
        *_number("has_intent", "reserved_microusd", "created_ms"),
        *_maybe("stands_in_for", "redrives", "asked_by"),
        *_maybe_number("position"),
        *_maybe("trace_id", "parent_span_id"),
    ),
    indexes=(("run_id",),),
)
TOOL_RESULT: Final = Table(
    "tool_result",
    (
        _key("call_id"),
        *_text("run_id", "organization", "principal_id", "tool", "status"),
        *_maybe("code", "rule", "proof", "result_ref", "result_digest", "source_call_id"),
        *_number("is_repeated", "is_cached", "is_dry_run", "attempts", "latency_us"),
        *_number("cost_microusd", "ended_ms"),
    ),
)
AUTHZ_DECISION: Final = Table(
    "authz_decision",
    (
        _key("call_id"),
        *_text("organization", "principal_id", "tool"),
        *_number("allowed"),
        *_maybe("rule"),
        *_text("policy_version"),
        *_number("decided_ms"),
    ),
)
APPROVAL: Final = Table(
    "approval",
    (
        _key("id"),
        *_text("call_id", "run_id", "organization", "requester", "tool", "digest"),
        *_number("level", "quorum"),
        *_text("obligations"),
        *_number("created_ms", "expires_ms"),
        *_text("state", "approvers"),
        *_maybe_number("decided_ms", "use_by_ms"),
    ),
    indexes=(("state", "id"), ("call_id",), ("state", "expires_ms"), ("state", "use_by_ms")),
)
APPROVAL_DECISION: Final = Table(
    "approval_decision",
    (
        _key("approval_id"),
        _key("decided_by"),
        _key("decided_ms", ColumnType.INTEGER),
        *_text("call_id", "run_id", "organization"),
        _key("ruling"),
        *_text("digest"),
        *_maybe("reason_ref"),
    ),
    indexes=(("decided_by", "decided_ms"),),
)
DEFERRAL: Final = Table(
    "deferral",
    (
        _key("call_id"),
        *_text("run_id", "organization", "principal_id", "tool", "state"),
        *_number("deferred_ms", "expires_ms"),
        *_maybe_number("ended_ms"),
    ),
    indexes=(("state", "expires_ms"),),
)
AMENDMENT: Final = Table(
    "amendment",
    (
        _key("call_id"),
        _key("amended_ms", ColumnType.INTEGER),
        *_text("source", "run_id", "organization", "amended_by"),
        *_maybe_number("applied"),
        *_maybe("reason_ref"),
        _key("id"),
    ),
)
TOOL_PIN: Final = Table(
    "tool_pin",
    (
        _key("tool"),
        _key("version"),
        _key("pinned_ms", ColumnType.INTEGER),
        _key("source"),
        *_text("organization", "digest", "change"),
        *_maybe("pinned_by"),
    ),
)
POLICY_VERSION: Final = Table(
    "policy_version",
    (
        _key("version"),
        _key("loaded_ms", ColumnType.INTEGER),
        *_text("organization", "session_id"),
    ),
)
BREAKER_CHANGE: Final = Table(
    "breaker_change",
    (
        _key("dependency"),
        _key("changed_ms", ColumnType.INTEGER),
        _key("id"),
        *_text("organization", "state"),
        *_number("is_forced", "attempts", "failures", "slow"),
        *_maybe("changed_by"),
    ),
)
PAYLOAD_REVEAL: Final = Table(
    "payload_reveal",
    (
        _key("call_id"),
        _key("revealed_by"),
        _key("revealed_ms", ColumnType.INTEGER),
        *_text("run_id", "organization"),
        *_number("payloads"),
    ),
)
ERASURE: Final = Table(
    "erasure",
    (
        _key("id"),
        *_text("organization", "reason"),
        *_maybe("principal_id", "erased_by"),
        *_number("payloads", "runs", "erased_ms"),
    ),
)
COMPENSATION: Final = Table(
    "compensation",
    (
        _key("id"),
        *_text("run_id", "call_id", "organization", "principal_id", "tool", "state"),
        *_number("created_ms"),
        *_maybe_number("ended_ms"),
    ),
    indexes=(("call_id",),),
)
DEAD_LETTER: Final = Table(
    "dead_letter",
    (
        _key("id"),
        *_text("call_id", "run_id", "organization", "principal_id", "tool", "dependency"),
        *_text("effect", "status", "code"),
        *_maybe("kind"),
        *_number("attempts"),
        *_text("state"),
        *_number("created_ms", "changed_ms"),
        *_maybe("changed_by", "reason_ref", "redriven_as"),
        *_number("redrives"),
    ),
    indexes=(("state", "id"),),
)
API_KEY: Final = Table(
    "api_key",
    (
        _key("id"),
        *_text("organization", "principal_id"),
        Column("digest", ColumnType.BLOB),
        Column("sealed", ColumnType.BLOB),
        *_number("created_ms"),
        *_maybe_number("expires_ms", "ended_ms"),
    ),
    indexes=(("digest",), ("principal_id",)),
)
LOGIN_SESSION: Final = Table(
    "login_session",
    (
        _key("id"),
        *_text("organization", "principal_id"),
        Column("digest", ColumnType.BLOB),
        Column("sealed", ColumnType.BLOB),
        *_number("opened_ms", "used_ms", "expires_ms"),
        *_maybe_number("ended_ms"),
    ),
    indexes=(("digest",), ("principal_id",), ("expires_ms",)),
)
BLOCKED_ADDRESS: Final = Table(
    "blocked_address",
    (
        _key("id"),
        *_text("organization"),
        Column("sealed", ColumnType.BLOB),
        *_number("blocked_ms"),
        *_maybe_number("expires_ms", "ended_ms"),
    ),
)
USER_CREDENTIAL: Final = Table(
    "user_credential",
    (
        _key("principal_id"),
        _key("name"),
        *_text("organization"),
        Column("sealed", ColumnType.BLOB),
        *_number("stored_ms"),
        *_maybe_number("expires_ms", "ended_ms"),
    ),
)
IDENTITY_CHANGE: Final = Table(
    "identity_change",
    (
        _key("id"),
        *_text("organization", "subject", "change", "subject_id"),
        *_maybe("principal_id", "changed_by"),
        *_number("changed_ms"),
    ),
    indexes=(("subject_id",), ("principal_id",)),
)

TABLES: Final = {
    table.name: table
    for table in (
        APP_USER,
        SESSION,
        AGENT_RUN,
        MODEL_REQUEST,
        MODEL_REPLY,
        STEP,
        TOOL_CALL,
        TOOL_RESULT,
        AUTHZ_DECISION,
        APPROVAL,
        APPROVAL_DECISION,
        DEFERRAL,
        AMENDMENT,
        TOOL_PIN,
        POLICY_VERSION,
        BREAKER_CHANGE,
        PAYLOAD_REVEAL,
        ERASURE,
        COMPENSATION,
        DEAD_LETTER,
        API_KEY,
        LOGIN_SESSION,
        BLOCKED_ADDRESS,
        USER_CREDENTIAL,
        IDENTITY_CHANGE,
    )
}

OWNED: Final = (API_KEY, LOGIN_SESSION, USER_CREDENTIAL)
"""What is known of one principal, and goes with their name."""
KEPT: Final = frozenset(
    table.name for table in (APP_USER, API_KEY, LOGIN_SESSION, BLOCKED_ADDRESS, USER_CREDENTIAL)
)
"""Erasable tables: entries say that their rows changed, and cannot give them back."""
LETS_IN: Final = KEPT - {APP_USER.name}
"""Tables that hold what lets people in: their rows are not taken away."""
DERIVED: Final = tuple(table for name, table in TABLES.items() if name not in KEPT)
"""Functions of the entries alone."""


def known_table(name: str) -> Table:
    """The audit table of that name.

    Raises:
        LedgerError: There is none.
    """
    table = TABLES.get(name)
    if table is None:
        raise LedgerError(f"there is no audit table {name!r}; there are {', '.join(TABLES)}")
    return table


_KEYS: Final = {
    name: tuple(at for at, column in enumerate(table.columns) if column.is_key)
    for name, table in TABLES.items()
}
"""Where the columns of the primary key stand."""


def key_of(table: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """The primary key in the values of a row."""
    return tuple([values[at] for at in _KEYS[table]])


def known_columns(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    """The names, where all of them are columns of the table.

    Raises:
        LedgerError: One is not.
    """
    known = [column.name for column in table.columns]
    found = tuple(names)
    for name in found:
        if name not in known:
            raise LedgerError(
                f"the audit table {table.name} has no column {name!r}; it has {', '.join(known)}"
            )
    return found


def typed(table: Table, values: Sequence[Any], names: Sequence[str] = ()) -> Sequence[Any]:
    """The cells of a row, each of which is what its column says.

    Whoever can change a file can put anything anywhere, so no store's own word counts.

    Args:
        table: Where they stand.
        values: Cells, in the order of the columns.
        names: The columns, where those are not all of the table.

    Raises:
        LedgerError: One is not; the message names it.
    """
    for at in _numbers(table, tuple(names), tuple(map(type, values))):
        if not -MAX_SAFE_INTEGER <= values[at] <= MAX_SAFE_INTEGER:
            raise _strange(table.name, (names or _names(table))[at])
    return values


@lru_cache(maxsize=1_024)
def _numbers(table: Table, names: tuple[str, ...], types: tuple[type, ...]) -> tuple[int, ...]:
    """Where a row whose cells are of these types has integers, not each of which may stand there.

    Rows of a long history are of few shapes, and each is judged once.

    Raises:
        LedgerError: A cell is of another type than its column.
    """
    columns = {column.name: column for column in table.columns}
    found = []
    for at, (name, kind) in enumerate(zip(names or columns, types, strict=True)):
        if not _fits(columns[name], kind):
            raise _strange(table.name, name)
        if issubclass(kind, int):
            found.append(at)
    return tuple(found)


def _names(table: Table) -> tuple[str, ...]:
    return tuple([column.name for column in table.columns])


def _fits(column: Column, kind: type) -> bool:
    if kind is type(None):
        return column.is_optional
    return issubclass(kind, _TYPES[column.type])


def _strange(table: str, column: str) -> LedgerError:
    return LedgerError(
        f"{table}.{column} holds what nobody of us wrote there: somebody changed the ledger; run "
        "`highroad audit verify --tables`"
    )


def approval_of(values: Sequence[Any]) -> Approval:
    """Read a row of `approval`, whatever store it comes from; the columns are in order.

    Raises:
        LedgerError: Somebody changed it.
    """
    try:
        return _approval_of(typed(APPROVAL, values))
    except (ValueError, TypeError, RecursionError):
        raise _strange(APPROVAL.name, "obligations, approvers, level or state") from None


def _approval_of(values: Sequence[Any]) -> Approval:
    row = dict(zip((column.name for column in APPROVAL.columns), values, strict=True))
    del row["decided_ms"]
    obligations = tuple(
        Obligation(_text_in(code), _text_in(reason), Level(level), _number_in(quorum))
        for code, reason, level, quorum in _list_in(row.pop("obligations"))
    )
    return Approval(
        obligations=obligations,
        approvers=tuple(map(_text_in, _list_in(row.pop("approvers")))),
        level=Level(row.pop("level")),
        state=ApprovalState(row.pop("state")),
        **row,
    )


AGENT_RUN_COLUMNS: Final = tuple(
    column.name
    for column in AGENT_RUN.columns
    if column.name not in {"session_id", "trace_id", "parent_span_id"}
)
"""Those that a value of `AgentRun` has, by name."""


def agent_run_of(values: Sequence[Any]) -> AgentRun:
    """Read a row of `agent_run` of an agent, whatever store it comes from.

    Args:
        values: In the order of `AGENT_RUN_COLUMNS`.

    Raises:
        LedgerError: Somebody changed it.
    """
    row = dict(zip(AGENT_RUN_COLUMNS, typed(AGENT_RUN, values, AGENT_RUN_COLUMNS), strict=True))
    try:
        return AgentRun(status=RunStatus(row.pop("status")), **row)
    except ValueError:
        raise _strange(AGENT_RUN.name, "status") from None


def _text_in(found: object) -> str:
    """A text in a JSON list."""
    if not isinstance(found, str):
        raise TypeError
    return found


def _number_in(found: object) -> int:
    """A whole number in a JSON list, of those that every reader of JSON keeps exact."""
    if type(found) is not int or abs(found) > MAX_SAFE_INTEGER:
        raise TypeError
    return found


def _list_in(text: str) -> list[Any]:
    """A JSON list; a text or an object would pass for one of its letters or names."""
    found = json.loads(text)
    if not isinstance(found, list):
        raise TypeError
    return found
