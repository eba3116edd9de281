"""Where the ledger lives.

Writes go through one method, so that whatever belongs together lands together. Reads see all that
was answered as written. Nothing here knows what an entry means beyond its riders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.entry import Entry, Fence, KeyClaim, Position, Receipt, StoredEntry
from highroad.domain.order import Order
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.run import Usage
from highroad.ports.proofs import ProofStore
from highroad.ports.tables import AuditTables
from highroad.ports.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who drives this ledger."""

    pid: int
    since_ms: int


class Store(Protocol):
    """A ledger's storage. Contract kit: `highroad.testing.contracts.store`.

    Every method raises `LedgerError` with what to do next when the storage cannot be used
    (locked, read-only, full, of a newer schema).
    """

    @property
    def upkeep(self) -> Upkeep:
        """Figures, retention, moving and archives."""
        ...

    @property
    def proofs(self) -> ProofStore:
        """What proves the ledger: tiles, signed heads, what anchors have."""
        ...

    @property
    def tables(self) -> AuditTables:
        """Its audit tables."""
        ...

    async def acquire(self, *, pid: int, at_ms: int) -> Fence | None:
        """Become the owner, or `None` while another process is; death frees it.

        A new owner's fence is of a higher epoch than every one before.

        Raises:
            LedgerError: The ledger was moved away, or is a copy that is not complete.
        """
        ...

    async def ownership(self) -> Ownership | None:
        """The present owner, or the last one."""
        ...

    async def append(self, entries: Sequence[Entry], *, fence: Fence) -> tuple[Receipt, ...]:
        """Write entries in order, each whole or not at all, in one durable transaction.

        An entry is turned down alone, without its riders, when its claim is another call's
        (`KeyTaken`), when its call has a terminal record already (`AlreadyEnded`, for kind
        `call.ended`), or when its approval is not approved and unspent (`ApprovalSpent`). A claim
        that has expired at the entry's `at_ms`, is this call's own, or that of the call which
        the new one `replaces`, is no hindrance. When this
        returns the entries are on disk (P2).

        Raises:
            FenceLost: The fence is older than the log's; only amendments are still written, and
                the exception has their receipts.
        """
        ...

    async def claim(self, organization: str, digest: bytes, *, at_ms: int) -> KeyClaim | None:
        """The claim on a key that lasts at `at_ms`."""
        ...

    async def entries(
        self,
        *,
        run_id: str | None = None,
        call_id: str | None = None,
        kind: str | None = None,
        after: Position | None = None,
        limit: int = 1_000,
    ) -> Sequence[StoredEntry]:
        """Entries by position, from behind `after`, narrowed by what is given."""
        ...

    async def last_call(self, *, refused: bool = False) -> str | None:
        """Id of the newest ended call, or of the newest that was refused."""
        ...

    async def open_calls(self) -> Sequence[str]:
        """Ids of calls with an intent or a hold and no terminal record, oldest first."""
        ...

    async def unknown_calls(self, *, after: str = "", limit: int = 100) -> Sequence[str]:
        """A page of calls that ended unknown on their own and that no amendment has settled.

        By id, which is oldest first, from behind the id `after`. Those that only repeat the
        answer of another call are left out, and so are those of which an amendment says whether
        they were applied.
        """
        ...

    async def payload(self, payload_id: str) -> SealedPayload | None:
        """A payload, or `None` where it was erased."""
        ...

    async def profile(self, opaque_id: str) -> bytes | None:
        """Who a principal is, encrypted, or `None` where that was erased."""
        ...

    async def run_key(self, run_id: str) -> SealedKey | None:
        """The wrapped data key of a run, or `None` where it was erased."""
        ...

    async def approval(self, approval_id: str) -> Approval | None:
        """An approval by its id."""
        ...

    async def approvals(
        self, *, state: ApprovalState | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Approval]:
        """A page of approvals, oldest first, behind the id `after`."""
        ...

    async def usage(self, run_id: str, *, at_ms: int) -> Usage:
        """What a run has used; calls in flight or unknown count what they reserved.

        A wait for people that goes on has lasted until `at_ms`.
        """
        ...

    async def admitted_since(self, at_ms: int) -> Sequence[tuple[str, str, int]]:
        """(principal, tool, time) of each call with an intent since `at_ms`, oldest first."""
        ...

    async def post(self, order: Order) -> None:
        """Leave an order for the owner; any process may."""
        ...

    async def inbox(self) -> Sequence[Order]:
        """Orders that no entry answers yet, oldest first."""
        ...

    async def forget(self, orders: Sequence[Order]) -> None:
        """Take orders that were turned into entries, or turned down, from the inbox."""
        ...

    async def expire(self, at_ms: int) -> None:
        """Drop claims that have expired."""
        ...

    async def close(self) -> None:
        """Give up ownership and files. Safe to call twice."""
        ...
