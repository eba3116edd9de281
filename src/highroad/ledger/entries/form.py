"""What every entry says first, and how a body becomes an entry with its riders."""

from collections.abc import Sequence
from typing import Final

import orjson

from highroad.domain.approval import Approval
from highroad.domain.entry import SCHEMA_VERSION, Entry, EntryKind, Erasure, Row
from highroad.domain.grounding import ValueSource
from highroad.domain.order import Decision
from highroad.domain.payload import SealedPayload
from highroad.domain.sandbox import SandboxUse
from highroad.domain.verification import VerificationRecord
from highroad.ledger import projections
from highroad.ledger.projections import Body
from highroad.redaction.known_secrets import KNOWN

_STRANGERS: Final = ("code", "rule", "rules", "stages")
"""What of a body may be in words that are not ours."""


def begun(
    kind: EntryKind,
    *,
    at_ms: int,
    organization: str,
    run_id: str | None = None,
    call_id: str | None = None,
) -> Body:
    """The body of an entry, as far as all say the same; most are about a call of a run."""
    body: Body = {"v": SCHEMA_VERSION, "kind": kind, "at": at_ms, "org": organization}
    if run_id is not None:
        body["run"] = run_id
    if call_id is not None:
        body["call"] = call_id
    return body


def shown_body(order: Decision) -> Body:
    """By which key and session whoever said something was shown, and of when their code was."""
    told = {"by_key": order.key_id, "by_session": order.session_id, "code_at": order.code_ms}
    return {name: each for name, each in told.items() if each is not None}


def entry_of(
    body: Body,
    *,
    reason: SealedPayload | None = None,
    payloads: tuple[SealedPayload, ...] = (),
    profile: bytes | None = None,
    erases: Erasure | None = None,
) -> Entry:
    """The entry with a body, and the rows that follow from it.

    Args:
        body: Complete but for the reason.
        reason: Why somebody did it; the body names it.
        payloads: Other content, to which the body refers already.
        profile: Who `by` of the body is, encrypted, for the erasable table.
        erases: What goes as it lands.
    """
    if reason is not None:
        body["reason"] = reason.id
    body, written = written_plain(body)
    rows = projections.rows(body)
    if profile is not None:
        rows = (*rows, Row("app_user", (body["by"], body["org"], profile, body["at"])))
    return Entry(
        kind=body["kind"],
        body=written,
        organization=body["org"],
        at_ms=body["at"],
        run_id=body.get("run"),
        call_id=body.get("call"),
        rows=rows,
        payloads=payloads if reason is None else (*payloads, reason),
        erases=erases,
    )


def written_plain(body: Body) -> tuple[Body, bytes]:
    """The body without any secret that is known, and its exact bytes.

    Codes and rules may be a stranger's words (P7). All else is ours: ids, digests and moments that
    have the digits of a secret by chance must stay as they are.
    """
    written = orjson.dumps(body)
    if KNOWN.is_empty or not KNOWN.is_in_bytes(written):
        return body, written
    hidden: Body = {name: KNOWN.hidden_json(body[name]) for name in _STRANGERS if name in body}
    body = {**body, **hidden}
    return body, orjson.dumps(body)


def sources_body(sources: Sequence[ValueSource]) -> list[list[str | None]]:
    """Where the control values of a call came from, in an entry."""
    return [[each.pointer, each.kind, each.source, each.how] for each in sources]


def integrity_body(sources: Sequence[ValueSource]) -> list[list[int]] | None:
    """How far each of these may be trusted, and had to be; `None` where that was not judged."""
    if not sources or sources[0].integrity is None:
        return None
    return [[int(each.integrity or 0), int(each.needs or 0)] for each in sources]


def verification_body(verification: VerificationRecord) -> Body:
    """The second opinion on a call, in an entry; its words are sealed."""
    body: Body = {"by": verification.verifier, "opinion": verification.opinion}
    if verification.request is not None:
        body["request"] = verification.request
    if verification.is_kept:
        body["kept"] = True
    content = verification.content
    if content is not None:
        body["content"] = (content.id, content.digest, content.size)
    return body


def approval_body(approval: Approval) -> Body:
    """An approval as it stands, in an entry."""
    body: Body = {
        "id": approval.id,
        "call": approval.call_id,
        "run": approval.run_id,
        "requester": approval.requester,
        "tool": approval.tool,
        "digest": approval.digest,
        "level": int(approval.level),
        "quorum": approval.quorum,
        "obligations": [[o.code, o.reason, int(o.level), o.quorum] for o in approval.obligations],
        "created": approval.created_ms,
        "expires": approval.expires_ms,
        "state": approval.state,
        "approvers": list(approval.approvers),
    }
    if approval.use_by_ms is not None:
        body["use_by"] = approval.use_by_ms
    return body


def sandbox_body(use: SandboxUse) -> Body:
    """What ran in a sandbox, as an entry has it."""
    body: Body = {
        "sandbox": use.sandbox,
        "version": use.version,
        "strength": use.strength,
        "what": use.what,
        "ended": use.ended,
        "limits": dict(use.limits),
        "count": use.count,
    }
    if use.connections:
        body["connections"] = [
            (each.host, each.port, each.clearance, each.sent, each.received, each.count)
            for each in use.connections
        ]
    return body
