"""What the rules of `append` are judged by, locked until the transaction ends.

Every writer locks in the same order: the row of the log, keys of runs by run, ends by call,
approvals by id, claims by key, then API keys and sessions by id. So two of them wait for each other
in no circle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from highroad.adapters.stores.postgres.driver import Connection
from highroad.domain.audit import API_KEY, LOGIN_SESSION
from highroad.domain.entry import Entry, KeyClaim
from highroad.domain.leaning import Credential, credential_of, shown_by

Scope: TypeAlias = tuple[str, bytes]
"""Organization and digest of a key."""

_LOG: Final = "SELECT epoch, size FROM log WHERE log_id = $1 FOR UPDATE"
# A key under which somebody seals stands until they have committed; whoever destroys it waits.
_KEYS: Final = "SELECT run_id, wrapped FROM run_key WHERE run_id = ANY ($1::text[]) ORDER BY run_id"
_LEAN: Final = f"{_KEYS} FOR KEY SHARE"
_DESTROY: Final = f"{_KEYS} FOR UPDATE"
# After the keys are locked: what began under them is seen, and nothing more can begin.
_OPEN: Final = (
    "SELECT call_id FROM open_call JOIN tool_call ON tool_call.id = call_id "
    "WHERE run_id = ANY ($1::text[]) ORDER BY call_id"
)
# A row that is new waits for, or turns away, whoever else ends the same call or run.
_END: Final = (
    "INSERT INTO ended_call SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING "
    "RETURNING call_id"
)
_APPROVALS: Final = (
    "SELECT id, state FROM approval WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE"
)
# Whoever leans on one and whoever ends it lock the same row here, before any other is written.
_SHOWN: Final = {
    table.name: f"SELECT id, ended_ms IS NULL FROM {table.name} WHERE id = ANY ($1::text[]) "  # noqa: S608 - a name of ours
    "ORDER BY id FOR UPDATE"
    for table in (API_KEY, LOGIN_SESSION)
}
# Locks the claims that stand, and puts the first one of this append where none does, so that
# another writer waits. Claims of calls that free their key are locked along, in the same order.
_CLAIM: Final = """
    INSERT INTO key_claim
    SELECT DISTINCT ON (organization, digest) * FROM (
        SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bigint[])
            AS wanted (organization, digest, arguments, call_id, expires_ms)
        UNION ALL
        SELECT * FROM key_claim WHERE call_id = ANY ($6::text[])
    ) AS touched ORDER BY organization, digest
    ON CONFLICT (organization, digest) DO UPDATE SET expires_ms = key_claim.expires_ms
    RETURNING organization, digest, arguments, call_id, expires_ms, xmax = 0
"""


@dataclass(slots=True)
class Standing:
    """The state of what entries lean on, as it was before them."""

    keys: dict[str, bytes] = field(default_factory=dict)
    """Of the runs for which something is sealed, the key that stands, wrapped."""
    newly_ended: set[str] = field(default_factory=set)
    """Calls and runs that these entries are the first to end."""
    approvals: dict[str, str] = field(default_factory=dict)
    """State of each approval that entries lean on, where there is one."""
    claims: dict[Scope, KeyClaim] = field(default_factory=dict)
    """Claims on wanted and freed keys."""
    placed: dict[Scope, KeyClaim] = field(default_factory=dict)
    """Those that were put there by the lock itself, and must be made good or taken back."""
    shown: dict[Credential, bool] = field(default_factory=dict)
    """Whether each key and session that entries lean on, or change, is good."""


async def lock_log(connection: Connection, log_id: str) -> tuple[int, int] | None:
    """Epoch and size of a log, or `None` where there is no such log."""
    row = await connection.fetchrow(_LOG, log_id)
    return None if row is None else (row[0], row[1])


async def lock(connection: Connection, entries: Sequence[Entry]) -> Standing:
    """Lock, and read, all that `entries` lean on."""
    standing = Standing(keys=await _lock_keys(connection, entries))
    ending = _unique(entry.ends for entry in entries)
    if ending:
        standing.newly_ended = {row[0] for row in await connection.fetch(_END, ending)}
    asked = _unique(each for entry in entries for each in (entry.spends, entry.needs_open))
    if asked:
        standing.approvals = {row[0]: row[1] for row in await connection.fetch(_APPROVALS, asked)}
    await _lock_claims(connection, entries, standing)
    await _lock_shown(connection, entries, standing)
    return standing


async def open_calls(connection: Connection, runs: Sequence[str]) -> tuple[str, ...]:
    """Calls without an end in some runs, whoever drives them."""
    return tuple(row[0] for row in await connection.fetch(_OPEN, runs)) if runs else ()


async def _lock_keys(connection: Connection, entries: Sequence[Entry]) -> dict[str, bytes]:
    sealing = {p.run_id for e in entries for p in e.payloads if p.sealed_under is not None}
    erased = {run for e in entries if e.erases is not None for run in e.erases.runs}
    if not sealing and not erased:
        return {}
    rows = await connection.fetch(_DESTROY if erased else _LEAN, sorted(sealing | erased))
    return {row[0]: row[1] for row in rows}


async def _lock_claims(
    connection: Connection, entries: Sequence[Entry], standing: Standing
) -> None:
    wanted: dict[Scope, KeyClaim] = {}
    for entry in entries:
        if entry.claim is not None:
            wanted.setdefault((entry.claim.organization, entry.claim.digest), entry.claim)
    freeing = _unique(entry.call_id for entry in entries if entry.frees_key)
    if not wanted and not freeing:
        return
    claims = wanted.values()
    rows = await connection.fetch(
        _CLAIM,
        [claim.organization for claim in claims],
        [claim.digest for claim in claims],
        [claim.arguments for claim in claims],
        [claim.call_id for claim in claims],
        [claim.expires_ms for claim in claims],
        freeing,
    )
    for organization, digest, arguments, call_id, expires_ms, is_new in rows:
        claim = KeyClaim(organization, digest, arguments, call_id, expires_ms)
        (standing.placed if is_new else standing.claims)[organization, digest] = claim


async def _lock_shown(connection: Connection, entries: Sequence[Entry], standing: Standing) -> None:
    asked = {each for entry in entries for each in shown_by(entry)}
    for entry in entries:
        for row in entry.rows:
            changed = credential_of(row)
            if changed is not None:
                asked.add(changed[0])
    for table, statement in _SHOWN.items():
        ids = sorted(subject for name, subject in asked if name == table)
        for subject, is_good in await connection.fetch(statement, ids) if ids else ():
            standing.shown[table, subject] = is_good


def _unique(ids: Iterable[str | None]) -> list[str]:
    return sorted({id_ for id_ in ids if id_ is not None})
