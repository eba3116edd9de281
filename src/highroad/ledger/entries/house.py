"""What is recorded about no call: openings, definitions, breakers, erasures."""

from dataclasses import replace

from highroad.domain.dependency import BreakerChange
from highroad.domain.entry import Entry, EntryKind, Erasure, ErasureReason, Row
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.identity_change import IdentityChange
from highroad.domain.pin import Pin
from highroad.domain.refusal import WhyRefused
from highroad.ledger.entries.form import begun, entry_of
from highroad.ledger.projections import Body


def noted(kind: EntryKind, facts: Body, *, organization: str, at_ms: int) -> Entry:
    """An entry about no call, such as an opening."""
    return entry_of({**begun(kind, at_ms=at_ms, organization=organization), **facts})


def pinned(pin: Pin, *, organization: str, profile: bytes | None = None) -> Entry:
    """A definition is accepted from here on; `profile` is who `pin.by` is, encrypted."""
    return entry_of(_definition(EntryKind.PINNED, pin, organization), profile=profile)


def met(pin: Pin, *, organization: str) -> Entry:
    """A program was run with a definition, which accepts nothing."""
    return entry_of(_definition(EntryKind.MET, pin, organization))


def _definition(kind: EntryKind, pin: Pin, organization: str) -> Body:
    body: Body = {
        **begun(kind, at_ms=pin.at_ms, organization=organization),
        "tool": pin.tool,
        "version": pin.version,
        "definition": pin.digest,
        "change": pin.change,
        "source": pin.source,
        "by": pin.by,
        "fields": pin.fields,
    }
    if pin.despite:
        body["despite"] = list(pin.despite)
    if pin.authored is not None:
        body["authored"] = {
            "given": list(pin.authored.given),
            "fields": dict(pin.authored.fields),
        }
    return body


def breaker_changed(
    change: BreakerChange,
    *,
    profile: bytes | None = None,
    organization: str = DEFAULT_ORGANIZATION,
) -> Entry:
    """A breaker opened or closed, or a person holds it or let it go.

    Args:
        change: What there is to tell.
        profile: Who `change.by` is, encrypted.
        organization: Theirs. What moves by its rule is that of the whole program, and belongs to
            the default one.
    """
    body: Body = {
        **begun(EntryKind.BREAKER, at_ms=change.at_ms, organization=organization),
        "id": change.id,
        "dependency": change.dependency,
        "state": change.state,
        "forced": change.is_forced,
        "attempts": change.attempts,
        "failures": change.failures,
        "slow": change.slow,
    }
    if change.by is not None:
        body["by"] = change.by
    return entry_of(body, profile=profile)


def identity_changed(change: IdentityChange, row: Row, *, profile: bytes | None = None) -> Entry:
    """An API key, a session, a blocked address or a credential changed.

    Args:
        change: What changed.
        row: It, as it stands now, in its erasable table.
        profile: Who `change.by` is, encrypted.
    """
    body: Body = {
        **begun(EntryKind.IDENTITY, at_ms=change.at_ms, organization=change.organization),
        "id": change.id,
        "subject": change.subject,
        "change": change.act,
        "target": change.target,
    }
    for name, fact in (("principal", change.principal), ("by", change.by)):
        if fact is not None:
            body[name] = fact
    entry = entry_of(body, profile=profile)
    return replace(entry, rows=(*entry.rows, row))


def unauthenticated(reason: WhyRefused, *, count: int, at_ms: int) -> Entry:
    """Credentials were refused so often since this was last said of the reason.

    Whose they were is not known, and so it is said in the default organization.
    """
    facts: Body = {"why": reason, "count": count}
    return noted(EntryKind.UNAUTHENTICATED, facts, organization=DEFAULT_ORGANIZATION, at_ms=at_ms)


def erased(  # noqa: PLR0913 - the facts of an erasure, each by name
    erases: Erasure,
    *,
    erasure_id: str,
    reason: ErasureReason,
    organization: str,
    at_ms: int,
    payloads: int,
    principal: str | None = None,
    by: str | None = None,
    profile: bytes | None = None,
    before_ms: int | None = None,
) -> Entry:
    """Payloads, keys of runs and names are destroyed as this lands.

    Args:
        erases: What goes.
        erasure_id: Of the row that tells of it.
        reason: On whose account.
        organization: The tenant.
        at_ms: Unix time.
        payloads: How many go.
        principal: Opaque id of whoever is forgotten.
        by: Opaque id of whoever asked.
        profile: Who `by` is, encrypted.
        before_ms: What was made before that goes by its age.
    """
    body: Body = {
        **begun(EntryKind.ERASED, at_ms=at_ms, organization=organization),
        "id": erasure_id,
        "reason": reason,
        "payloads": payloads,
        "runs": len(erases.runs),
        "run_ids": list(erases.runs),
    }
    for name, fact in (("principal", principal), ("by", by), ("before", before_ms)):
        if fact is not None:
            body[name] = fact
    return entry_of(body, profile=profile, erases=erases)
