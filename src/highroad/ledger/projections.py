"""The audit tables as functions of entry bodies.

`rows` is all there is between an entry and its rows, so that the tables can be derived anew from
the log and compared. Left out are names of people (`app_user`, which is erasable) and the state
`consumed` of an approval, which the store sets when an entry spends it.
"""

from collections.abc import Callable
from typing import Any

import orjson

from highroad.domain.entry import EntryKind, Row
from highroad.domain.outcome import Status

Body = dict[str, Any]

_NO_REF = (None, None)


def rows(body: Body) -> tuple[Row, ...]:
    """Rows of the audit tables that an entry with this body stands for."""
    project = _PROJECTIONS.get(body["kind"])
    return () if project is None else project(body)


def _intent(body: Body) -> tuple[Row, ...]:
    call = _tool_call(body, has_intent=1)
    permitted = _authz(body, allowed=1, rule=None)
    if body["direct"] and body["tier"] == "read":
        # The run of a lone read is written once, with its end: nothing can be lost by it.
        return (call, permitted)
    if "new_run" in body:
        return (_run(body, "running", None), call, permitted)
    return (call, permitted)


def _held(body: Body) -> tuple[Row, ...]:
    opening = (_run(body, "held", None),) if "new_run" in body else ()
    return (
        *opening,
        _tool_call(body, has_intent=0),
        _authz(body, allowed=1, rule=None),
        _approval(body["approval"], body["org"], None),
    )


def _ended(body: Body) -> tuple[Row, ...]:
    status, code, rule, at = body["status"], body.get("code"), body.get("rule"), body["at"]
    result_ref, result_digest = body.get("result", _NO_REF)[:2]
    step = Row(
        "step",
        (
            body["run"],
            body["step"],
            body["call"],
            body["tool"] or "",
            0 if status == Status.REFUSED else 1,
            rule or code,
            body["latency_us"],
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
            status,
            code,
            body.get("proof"),
            result_ref,
            result_digest,
            body.get("source"),
            1 if "repeated" in body else 0,
            1 if "cached" in body else 0,
            1 if "dry_run" in body else 0,
            body["attempts"],
            body["latency_us"],
            body["cost"],
            at,
        ),
    )
    more: list[Row] = [step, result]
    if "reserved" in body:  # no intent came before: this entry opens the call as well
        is_denied = body.get("decided_by") in {"resolve", "authorize"} and status == Status.REFUSED
        more.append(_tool_call(body, has_intent=0))
        more.append(_authz(body, allowed=0 if is_denied else 1, rule=rule if is_denied else None))
    if body["direct"]:
        more.append(_run(body, status, at))
    elif "new_run" in body:
        more.append(_run(body, "running", None))
    if isinstance(body.get("approval"), dict):
        more.append(_approval(body["approval"], body["org"], at))
    return tuple(more)


def _decided(body: Body) -> tuple[Row, ...]:
    return (_approval(body["approval"], body["org"], body["at"]),)


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
        ),
    )


def _tool_call(body: Body, *, has_intent: int) -> Row:
    arguments_ref, arguments_digest = body.get("arguments", _NO_REF)[:2]
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
            has_intent,
            body["reserved"],
            body["opened"],
        ),
    )


def _authz(body: Body, *, allowed: int, rule: str | None) -> Row:
    return Row(
        "authz_decision",
        (
            body["call"],
            body["org"],
            body["principal"],
            body["tool"] or "",
            allowed,
            rule or (body["rules"][0] if body["rules"] else None),
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
            None if approval["state"] == "waiting" else decided_ms,
        ),
    )


_PROJECTIONS: dict[str, Callable[[Body], tuple[Row, ...]]] = {
    EntryKind.INTENT: _intent,
    EntryKind.HELD: _held,
    EntryKind.ENDED: _ended,
    EntryKind.DECIDED: _decided,
    EntryKind.OPENED: _opened,
}
