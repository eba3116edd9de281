"""Entries of the ledger: the one truth, of which all else is a view.

An entry is the unit of atomicity: it lands whole, with its riders (audit rows, payloads, the key
it claims, the approval it spends), or not at all. `Store.append` writes many in one durable
transaction and answers for each.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from highroad.domain.identity import ShownBy
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.value import value

SCHEMA_VERSION: Final = 1
"""Of entry bodies; a reader refuses a newer one by name."""


class EntryKind(StrEnum):
    """What an entry records."""

    INTENT = "call.intent"
    """Everything decided before the body of a tool runs."""
    HELD = "call.held"
    """The call waits; enough to re-drive it is in the vault."""
    DEFERRED = "call.deferred"
    """The body has handed its work on, and the call waits for the result."""
    ENDED = "call.ended"
    """The one terminal record of a call (P3)."""
    AMENDED = "call.amended"
    """A later fact about an ended call."""
    LETTER = "letter.changed"
    """A dead letter was answered, redriven or discarded."""
    CALL_CANCELLED = "call.cancelled"
    """Somebody called a call off; how it ended says its terminal record."""
    RUN_CANCELLED = "run.cancelled"
    """Somebody called a run or a conversation off: from here on all its calls are refused."""
    RUN_STARTED = "run.started"
    """An agent is to do something; what, is in the vault."""
    MODEL_ASKED = "model.asked"
    """A request is about to go to a model."""
    MODEL_REPLIED = "model.replied"
    """What came of it; a request without this entry counts all that it reserved."""
    RUN_MESSAGE = "run.message"
    """Somebody said something to a run that works or waits."""
    RUN_HELD = "run.held"
    """The run rests until calls of its are answered."""
    RUN_RESUMED = "run.resumed"
    """It is driven on."""
    RUN_ENDED = "run.ended"
    """The run of an agent is over."""
    DECIDED = "approval.decided"
    PINNED = "tool.pinned"
    MET = "tool.met"
    """With which definition of own code a program was run, where no pin says it as it is."""
    REVEALED = "payload.revealed"
    """Somebody decrypted a payload to read it."""
    ERASED = "payload.erased"
    """Payloads, keys of runs and names were destroyed, on request or by age."""
    ORDER_REFUSED = "order.refused"
    """What another process asked for by the inbox does not count."""
    POLICY = "policy.loaded"
    """Other rules are in force from here on."""
    BREAKER = "breaker.changed"
    """A breaker opened or closed, or a person holds it or let it go."""
    TRIAL = "trial.changed"
    """Somebody promoted an agent out of its trial, or put it on trial again."""
    IDENTITY = "identity.changed"
    """An API key, a session, a blocked address or a credential of a user changed."""
    UNAUTHENTICATED = "identity.refused"
    """Credentials were refused; why, and how often since this was last said."""
    OPENED = "ledger.opened"
    REKEYED = "ledger.rekeyed"
    """A signing key is announced; the one before it endorses it (`docs/proof.md`)."""
    ARCHIVED = "ledger.archived"
    """Old entries stand in files from here on; their hashes stay."""
    MOVED = "ledger.moved"
    """The ledger goes on in another store."""


@value(kw_only=False)
class KeyClaim:
    """A claim on an idempotency key, unique in its organization while it lasts.

    `digest` is an HMAC with the organization's key over (principal, tool, key), `arguments` one
    over the canonical arguments; for a derived key, which is made of them, the same. Claims stand
    in an expiring table outside the log, which no store partitions: uniqueness must not depend on
    time.
    """

    organization: str
    digest: bytes
    arguments: bytes
    call_id: str
    expires_ms: int
    replaces: str | None = None
    """The call whose claim gives way to this one; it is not stored."""


@value(kw_only=False)
class Row:
    """A row of an audit table, derived from its entry and written with it.

    The columns are those of `highroad.domain.audit.TABLES[table]`, in order. An existing row
    with the same primary key is replaced.
    """

    table: str
    values: tuple[str | int | float | bytes | None, ...]


class ErasureReason(StrEnum):
    """On whose account something is destroyed."""

    REQUEST = "request"
    """Somebody asked that a person be forgotten."""
    RETENTION = "retention"
    """It was older than payloads are kept."""


@value(kw_only=False)
class Erasure:
    """What an entry takes away, in its own transaction; the entries about it stay."""

    payloads: tuple[str, ...] = ()
    """Ids of payloads."""
    runs: tuple[str, ...] = ()
    """Runs whose key is destroyed, and with it every payload and digest of theirs."""
    profiles: tuple[str, ...] = ()
    """Opaque ids of principals whose names go."""
    frees_keys: bool = False
    """What the calls of these runs claimed goes as well: its digests outlive no run key."""


@value
class Entry:
    """One entry before it has a position.

    Args:
        kind: What it records.
        body: The exact bytes that are stored and hashed; a JSON object.
        organization: The tenant.
        at_ms: Unix time of the writer.
        run_id: The run it belongs to, if any.
        call_id: The call it belongs to, if any.
        schema: Version of the body's form.
        rows: Projections.
        payloads: Encrypted content to be stored with it.
        run_key: The data key of a run that is new.
        claim: The key that must be free, or already this call's, for the entry to land.
        frees_key: This call's claim ends: its key may be used again.
        spends: The approval that must be approved and unspent for the entry to land.
        needs_open: The approval that must wait, or be approved and unspent, for it to land.
        shown_by: The key and session that must be there, and not ended, for it to land.
        erases: What is destroyed as it lands.
    """

    kind: EntryKind
    body: bytes
    organization: str
    at_ms: int
    run_id: str | None = None
    call_id: str | None = None
    schema: int = SCHEMA_VERSION
    rows: tuple[Row, ...] = ()
    payloads: tuple[SealedPayload, ...] = ()
    run_key: SealedKey | None = None
    claim: KeyClaim | None = None
    frees_key: bool = False
    spends: str | None = None
    needs_open: str | None = None
    shown_by: ShownBy | None = None
    erases: Erasure | None = None

    @property
    def ends(self) -> str | None:
        """The call or run that has its end with this entry; each has one."""
        if self.kind is EntryKind.ENDED:
            return self.call_id
        return self.run_id if self.kind is EntryKind.RUN_ENDED else None


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof of being the newest writer of a log; a store refuses appends under an older one."""

    log_id: str
    epoch: int


@value(kw_only=False)
class Position:
    """Where an entry stands: `seq` counts from 0 without a gap within its log."""

    log_id: str
    seq: int


@value(kw_only=False)
class StoredEntry:
    """An entry as read back: the exact bytes that were written."""

    position: Position
    kind: EntryKind
    schema: int
    organization: str
    run_id: str | None
    call_id: str | None
    at_ms: int
    body: bytes


@value(kw_only=False)
class Written:
    """The entry is durable."""

    position: Position


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """Another call holds the key; nothing of the entry was written."""

    claim: KeyClaim


@dataclass(frozen=True, slots=True)
class AlreadyEnded:
    """The call has its terminal record, or the run its end; nothing of the entry was written."""

    subject: str
    """Which call, or which run."""


@dataclass(frozen=True, slots=True)
class ApprovalSpent:
    """The approval does not stand as the entry needs it; nothing of the entry was written."""

    approval_id: str


@dataclass(frozen=True, slots=True)
class CredentialsEnded:
    """What showed who says the entry was revoked or ended; nothing of the entry was written."""

    subject: str
    """Which key, or which session."""


@dataclass(frozen=True, slots=True)
class KeyDestroyed:
    """What the entry brings is sealed under a key that its run has not; nothing was written."""

    run_id: str


@dataclass(frozen=True, slots=True)
class CallsOpen:
    """Calls in the runs that were to be erased are open; nothing was written or destroyed."""

    call_ids: tuple[str, ...]


Receipt: TypeAlias = (
    Written | KeyTaken | AlreadyEnded | ApprovalSpent | CredentialsEnded | KeyDestroyed | CallsOpen
)


AMENDMENT: Final = "amd"
"""Prefix of the ids of amendments."""


class AmendmentKind(StrEnum):
    """Where a later fact comes from."""

    SETTLED = "settled"
    """A person said what happened."""
    PROBED = "probed"
    LATE = "late"
    """The tool came back after the call was given up on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A later fact about an ended call; it refers to the terminal record and leaves it alone."""

    id: str
    """Its own: two of one call may be made in one millisecond."""
    call_id: str
    kind: AmendmentKind
    applied: bool | None
    by: str
    """Opaque id, or `highroad`."""
    at_ms: int
    reason: str | None = None
    """Id of the payload with what they wrote."""
