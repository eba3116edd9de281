"""The audit tables as functions of entry bodies.

`rows` is all there is between an entry and its rows, so that the tables can be derived anew from
the log and compared. Left out are names of people (`app_user`, which is erasable) and the state
`consumed` of an approval, which the store sets when an entry spends it.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from highroad.domain.approval import ApprovalState
from highroad.domain.dead_letter import values_of
from highroad.domain.deferral import deferral_values
from highroad.domain.entry import EntryKind, Row
from highroad.domain.error import Code
from highroad.domain.outcome import Status
from highroad.domain.run import RunStatus
from highroad.domain.tool import Tier

Body = dict[str, Any]
"""A wire edge: what is parsed from it is typed where it is read (`highroad.ledger.history`)."""

VERSION: Final = 4
"""Of what is derived; tables that an older version derived are derived anew from the entries."""

_NO_REF = (None, None, 0)
_RUNNING: Final = "running"
_HELD: Final = "held"
_NO_AGENT: Final = (None,) * 7
"""What only the run of an agent has in its row: a definition, what it was for, what it came to."""


def rows(body: Body) -> tuple[Row, ...]:
    """Rows of the audit tables that an entry with this body stands for."""
    project = _PROJECTIONS.get(body["kind"])
    return () if project is None else project(body)


def _intent(body: Body) -> tuple[Row, ...]:
    rows = (_tool_call(body, has_intent=1), _authz(body, allowed=1), *_taken_back(body, _RUNNING))
    if body["direct"]:
        # The run of a lone read is written once, with its end: nothing can be lost by it, unless
        # others draw on the same budgets.
        is_begun = body["tier"] != Tier.READ or "parent_run" in body or "conversation" in body
    else:
        is_begun = "new_run" in body
    return (*rows, _run(body, RunStatus.RUNNING, None)) if is_begun else rows


def _held(body: Body) -> tuple[Row, ...]:
    rows: tuple[Row, ...] = (
        _tool_call(body, has_intent=0),
        _authz(body, allowed=1),
        _approval(body["approval"], body["org"], body["at"]),
        *_taken_back(body, _HELD),
    )
    if "edited" in body:
        shared = {name: body[name] for name in ("org", "run", "call")}
        rows = (*rows, *_decided({**shared, **body["edited"]}))
    if body["direct"]:
        return (*rows, _run(body, RunStatus.HELD, None))
    return (*rows, _run(body, RunStatus.RUNNING, None)) if "new_run" in body else rows


def _deferred(body: Body) -> tuple[Row, ...]:
    rows = (*_deferral(body), *_taken_back(body, _HELD))
    return (*rows, _run(body, RunStatus.HELD, None)) if body["direct"] else rows


def _ended(body: Body) -> tuple[Row, ...]:
    status, code, rule, latency_us = body["status"], body["code"], body["rule"], body["latency_us"]
    at_ms = body["at"]
    result_ref, result_digest, _ = body.get("result", _NO_REF)
    step = Row(
        "step",
        (
            body["run"],
            body["step"],
            body["call"],
            body["tool"] or "",
            0 if status == Status.REFUSED else 1,
            rule or code,
            latency_us,
            None,
            None,
        ),
    )
    result = Row(
        "tool_result",
        (
            body["call"],
            body["run"],
            body["org"],
            body["principal"],
            body["tool"] or "",
            status,
            code,
            rule,
            body.get("proof"),
            result_ref,
            result_digest,
            body.get("source"),
            1 if "repeated" in body else 0,
            1 if "cached" in body else 0,
            1 if "dry_run" in body else 0,
            body["attempts"],
            latency_us,
            body["cost"],
            at_ms,
        ),
    )
    rows: tuple[Row, ...] = (step, result, *_taken_back(body, status, at_ms))
    if body["direct"]:
        rows = (*rows, _run(body, status, at_ms))
    if "reserved" in body:
        rows = (*rows, *_opened_at_its_end(body))
    if "approval" in body:
        rows = (*rows, _approval(body["approval"], body["org"], at_ms))
    if "deferral" in body:
        rows = (*rows, *_deferral(body))
    return (*rows, *_letter(body)) if "letter" in body else rows


def _taken_back(body: Body, state: str, ended_ms: int | None = None) -> tuple[Row, ...]:
    """What a call takes back, where it was made to and does something itself."""
    if "compensates" not in body or "source" in body or "dry_run" in body:
        return ()
    values = (
        body["call"],
        body["run"],
        body["compensates"],
        body["org"],
        body["principal"],
        body["tool"] or "",
        state,
        body["opened"],
        ended_ms,
    )
    return (Row("compensation", values),)


def _opened_at_its_end(body: Body) -> tuple[Row, ...]:
    """Rows of what no intent told: the call, how far it was judged, and a run that it opened."""
    rows: tuple[Row, ...] = (_tool_call(body, has_intent=1 if "intent" in body else 0),)
    allowed = _judgement(body)
    if allowed is not None:
        rows = (*rows, _authz(body, allowed=allowed))
    if "new_run" in body and not body["direct"]:
        rows = (*rows, _run(body, RunStatus.RUNNING, None))
    return rows


def _judgement(body: Body) -> int | None:
    """Whether the call was allowed; `None` where it ended before that was decided."""
    if body["code"] == Code.DENIED:
        return 0
    for stage, verdict, *_ in body["stages"]:
        if stage == "authorize":
            return 0 if verdict == "refuse" else 1
    return None


def _decided(body: Body) -> tuple[Row, ...]:
    decision = Row(
        "approval_decision",
        (
            body["approval"]["id"],
            body["by"],
            body["at"],
            body["call"],
            body["run"],
            body["org"],
            body["ruling"],
            body["saw"],
            body.get("reason"),
        ),
    )
    return (_approval(body["approval"], body["org"], body["at"]), decision)


def amendment_id(body: Body) -> str:
    """Which of a call's amendments it is; one from before they had ids is known by its source."""
    named: str = body["id"] if "id" in body else body["source"]
    return named


def _amended(body: Body) -> tuple[Row, ...]:
    applied = body["applied"]
    return (
        Row(
            "amendment",
            (
                body["call"],
                body["at"],
                body["source"],
                body["run"],
                body["org"],
                body["by"],
                None if applied is None else int(applied),
                body.get("reason"),
                amendment_id(body),
            ),
        ),
        *_letter(body),
    )


def _letter(body: Body) -> tuple[Row, ...]:
    """The dead letter of a call, as it stands behind this entry."""
    letter = body.get("letter")
    return () if letter is None else (Row("dead_letter", values_of(letter)),)


def _deferral(body: Body) -> tuple[Row, ...]:
    """The wait of a call for its result, as it stands behind this entry."""
    return (Row("deferral", deferral_values(body["deferral"])),)


def _pinned(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "tool_pin",
            (
                body["tool"],
                body.get("version", ""),
                body["at"],
                body.get("source", ""),
                body["org"],
                body["definition"],
                body["change"],
                body.get("by"),
            ),
        ),
    )


def _identity(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "identity_change",
            (
                body["id"],
                body["org"],
                body["subject"],
                body["change"],
                body["target"],
                body.get("principal"),
                body.get("by"),
                body["at"],
            ),
        ),
    )


def _policy(body: Body) -> tuple[Row, ...]:
    return (Row("policy_version", (body["version"], body["at"], body["org"], body["session"])),)


def _breaker(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "breaker_change",
            (
                body["dependency"],
                body["at"],
                body["id"],
                body["org"],
                body["state"],
                int(body["forced"]),
                body["attempts"],
                body["failures"],
                body["slow"],
                body.get("by"),
            ),
        ),
    )


def _revealed(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "payload_reveal",
            (
                body["call"],
                body["by"],
                body["at"],
                body["run"],
                body["org"],
                len(body["payloads"]),
            ),
        ),
    )


def _erased(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "erasure",
            (
                body["id"],
                body["org"],
                body["reason"],
                body.get("principal"),
                body.get("by"),
                body["payloads"],
                body["runs"],
                body["at"],
            ),
        ),
    )


def _opened(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "session",
            (
                body["session"],
                body["door"],
                body["version"],
                body["profile"],
                body["pid"],
                body["at"],
            ),
        ),
    )


def _run(body: Body, status: str, ended_ms: int | None) -> Row:
    return Row(
        "agent_run",
        (
            body["run"],
            body["org"],
            body["principal"],
            None,
            None,
            body["trace"],
            status,
            body["opened"],
            ended_ms,
            body.get("parent_run"),
            body.get("conversation"),
            *_NO_AGENT,
            None,
        ),
    )


def _agent_run(body: Body, status: str) -> Row:
    """The run of an agent, as it stands behind an entry about it."""
    ended_ms = body["at"] if body["kind"] == EntryKind.RUN_ENDED else None
    return Row(
        "agent_run",
        (
            body["run"],
            body["org"],
            body["principal"],
            None,
            body["agent"],
            body["trace"],
            status,
            body["opened"],
            ended_ms,
            body.get("parent_run"),
            body.get("conversation"),
            body["definition"],
            body.get("delegated_by"),
            body.get("code"),
            body.get("steps"),
            body.get("tokens_in"),
            body.get("tokens_out"),
            body.get("cost"),
            body.get("parent_span"),
        ),
    )


def _at_work(body: Body) -> tuple[Row, ...]:
    return (_agent_run(body, RunStatus.RUNNING),)


def _resting(body: Body) -> tuple[Row, ...]:
    return (_agent_run(body, RunStatus.HELD),)


def _run_ended(body: Body) -> tuple[Row, ...]:
    return (_agent_run(body, body["status"]),)


def _asked(body: Body) -> tuple[Row, ...]:
    return (
        Row(
            "model_request",
            (
                body["id"],
                body["run"],
                body["org"],
                body["principal"],
                body["number"],
                body["path"],
                body["purpose"],
                body["model"],
                body["reserved_tokens"],
                body["reserved"],
                body["at"],
            ),
        ),
    )


def _replied(body: Body) -> tuple[Row, ...]:
    reply_ref, reply_digest, _ = body.get("reply", _NO_REF)
    return (
        Row(
            "model_reply",
            (
                body["id"],
                body["run"],
                body["org"],
                body["principal"],
                body["model"],
                body["status"],
                body["code"],
                body["finish"],
                body["tokens_in"],
                body["tokens_out"],
                body["cache_read"],
                body["cache_write"],
                body["ungoverned"],
                body["cost"],
                1 if "unpriced" in body else 0,
                body["calls"],
                body["latency_us"],
                reply_ref,
                reply_digest,
                body["at"],
            ),
        ),
    )


def _tool_call(body: Body, *, has_intent: int) -> Row:
    arguments_ref, arguments_digest, _ = body.get("arguments", _NO_REF)
    return Row(
        "tool_call",
        (
            body["call"],
            body["run"],
            body["step"],
            body.get("parent"),
            body["org"],
            body["principal"],
            body["tool"] or "",
            body.get("version"),
            body.get("definition"),
            body.get("tier"),
            body.get("effect"),
            body["origin"],
            body["door"],
            body["policy"],
            arguments_ref,
            arguments_digest,
            body.get("key"),
            _list(body, "delegation"),
            has_intent,
            body["reserved"],
            body["opened"],
            body.get("stands_in_for"),
            body.get("redrives"),
            body.get("asked_by"),
            body.get("position"),
            body["trace"],
            body.get("parent_span"),
        ),
    )


def _list(body: Body, name: str) -> str | None:
    """A list of the body as JSON text, where it has one."""
    found = body.get(name)
    return None if found is None else orjson.dumps(found).decode()


def _authz(body: Body, *, allowed: int) -> Row:
    permitting = body["rules"][0] if body["rules"] else None
    return Row(
        "authz_decision",
        (
            body["call"],
            body["org"],
            body["principal"],
            body["tool"] or "",
            allowed,
            permitting if allowed else body["rule"],
            body["policy"],
            body["at"],
        ),
    )


def _approval(approval: Body, organization: str, decided_ms: int | None) -> Row:
    return Row(
        "approval",
        (
            approval["id"],
            approval["call"],
            approval["run"],
            organization,
            approval["requester"],
            approval["tool"],
            approval["digest"],
            approval["level"],
            approval["quorum"],
            orjson.dumps(approval["obligations"]).decode(),
            approval["created"],
            approval["expires"],
            approval["state"],
            orjson.dumps(approval["approvers"]).decode(),
            None if approval["state"] == ApprovalState.WAITING else decided_ms,
            approval.get("use_by"),
        ),
    )


_PROJECTIONS: dict[str, Callable[[Body], tuple[Row, ...]]] = {
    EntryKind.INTENT: _intent,
    EntryKind.HELD: _held,
    EntryKind.DEFERRED: _deferred,
    EntryKind.ENDED: _ended,
    EntryKind.DECIDED: _decided,
    EntryKind.AMENDED: _amended,
    EntryKind.LETTER: _letter,
    EntryKind.PINNED: _pinned,
    EntryKind.REVEALED: _revealed,
    EntryKind.ERASED: _erased,
    EntryKind.POLICY: _policy,
    EntryKind.BREAKER: _breaker,
    EntryKind.IDENTITY: _identity,
    EntryKind.OPENED: _opened,
    EntryKind.RUN_STARTED: _at_work,
    EntryKind.MODEL_ASKED: _asked,
    EntryKind.MODEL_REPLIED: _replied,
    EntryKind.RUN_HELD: _resting,
    EntryKind.RUN_RESUMED: _at_work,
    EntryKind.RUN_ENDED: _run_ended,
}
