"""Where the ledger lives.

Writes go through one method, so that whatever belongs together lands together. Reads see all that
was answered as written. Nothing here knows what an entry means beyond its riders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.entry import Entry, Fence, KeyClaim, Position, Receipt, StoredEntry
from highroad.domain.limits import Scope
from highroad.domain.order import Order
from highroad.domain.order_form import PostedOrder
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.run import AgentRun, RunStatus, Spent, Usage
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

    @property
    def is_shared(self) -> bool:
        """Whether several processes write it at once, each a log of its own.

        An embedded ledger is one log, which one process at a time owns.
        """
        ...

    async def acquire(self, *, pid: int, at_ms: int) -> Fence | None:
        """Become the owner, or `None` while another process is; death frees it.

        A new owner's fence is of a higher epoch than every one before. In a shared ledger it is
        the fence of a log whose writer is gone, or of a new one, and never `None`.

        Raises:
            LedgerError: The ledger was moved away, or is a copy that is not complete.
        """
        ...

    async def ownership(self) -> Ownership | None:
        """The present owner, or the last one; of a shared ledger, who came last."""
        ...

    async def append(self, entries: Sequence[Entry], *, fence: Fence) -> tuple[Receipt, ...]:
        """Write entries in order, each whole or not at all, in one durable transaction.

        An entry is turned down alone, without its riders, when its claim is another call's
        (`KeyTaken`), when what it ends has ended already (`AlreadyEnded`, for the kinds
        `call.ended` and `run.ended`), when its approval is not approved and unspent,
        or the one that it needs open is not (`ApprovalSpent`), when the API key or session that it
        is `shown_by` is not there or has ended (`CredentialsEnded`), when it brings a payload that
        names the key it is `sealed_under` and its run has not that key (`KeyDestroyed`), or when a
        call is open in a run that it erases (`CallsOpen`). So of an erasure and an entry under the
        key that it destroys one comes first: no payload is left that nobody can open. A claim that
        has expired at the entry's `at_ms`, is this call's own, or that of the call which the new
        one `replaces`, is no hindrance. When this returns the entries are on disk (P2).

        Raises:
            FenceLost: The fence is older than the log's; only amendments are still written, and
                the exception has their receipts.
        """
        ...

    async def claim(self, organization: str, digest: bytes, *, at_ms: int) -> KeyClaim | None:
        """The claim on a key that lasts at `at_ms`."""
        ...

    async def entries(  # noqa: PLR0913 - what may narrow them, each by name
        self,
        *,
        log_id: str | None = None,
        run_id: str | None = None,
        call_id: str | None = None,
        kind: str | None = None,
        after: Position | None = None,
        limit: int = 1_000,
    ) -> Sequence[StoredEntry]:
        """Entries in the order in which they landed, from behind `after`, narrowed.

        Within a log that is the order of positions. Of two logs, what was answered as written
        before the other was appended comes first; what two writers append at the same time has
        no order of its own, and may land before an `after` that was read meanwhile.
        """
        ...

    async def last_call(self, *, refused: bool = False) -> str | None:
        """Id of the newest ended call, or of the newest that was refused."""
        ...

    async def open_calls(self) -> Sequence[str]:
        """Ids of calls with an intent or a hold and no terminal record, oldest first.

        Those that another living process drives are left out; a held call nobody drives.
        """
        ...

    async def adopt(self, call_id: str) -> bool:
        """Take an open call that no other living process drives, to drive it on or to end it.

        Of several processes one gets it. Whoever had it, and lives after all, can append nothing
        more under its fence. Where a ledger has one owner, it is whether the call is open.
        """
        ...

    async def is_driven(self, call_id: str) -> bool:
        """Whether another living process has this call in flight."""
        ...

    async def is_live(self, log_id: str) -> bool:
        """Whether another living process writes this log."""
        ...

    async def unknown_calls(self, *, after: str = "", limit: int = 100) -> Sequence[str]:
        """A page of calls that ended unknown on their own and that no amendment has settled.

        By id, which is oldest first, from behind the id `after`. Those that only repeat the
        answer of another call are left out, and so are those of which an amendment says whether
        they were applied.
        """
        ...

    async def abandoned(self) -> Sequence[str]:
        """Ids of open calls that were in flight in a process that is gone, oldest first.

        In a ledger with one owner there are none: it settled them when it became that.
        """
        ...

    async def payload(self, payload_id: str) -> SealedPayload | None:
        """A payload, or `None` where it was erased."""
        ...

    async def payloads(self, run_id: str) -> Sequence[SealedPayload]:
        """All that a run and its calls carry and that was not erased, in order of id."""
        ...

    async def profile(self, opaque_id: str) -> bytes | None:
        """Who a principal is, encrypted, or `None` where that was erased."""
        ...

    async def run_key(self, run_id: str) -> SealedKey | None:
        """The wrapped data key of a run, or `None` where it was erased."""
        ...

    async def begin_run(self, key: SealedKey) -> SealedKey:
        """Store the key of a run that is new, durably, and give the one that stands.

        Of two processes that begin a run at the same time, one brings the key.
        """
        ...

    async def approval(self, approval_id: str) -> Approval | None:
        """An approval by its id."""
        ...

    async def approvals(
        self, *, state: ApprovalState | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Approval]:
        """A page of approvals, oldest first, behind the id `after`."""
        ...

    async def runs(
        self,
        *,
        status: RunStatus | None = None,
        after: str = "",
        limit: int = 100,
        newest_first: bool = False,
    ) -> Sequence[AgentRun]:
        """A page of agents' runs, oldest first or newest first, from behind the id `after`.

        However many runs of one call there are, they cost nothing; nor do runs that have ended
        where those are asked for that have not.
        """
        ...

    async def usage(self, run_id: str, *, at_ms: int) -> Usage:
        """What a run, and all runs below it, have used, and where it belongs.

        Calls in flight, and unknown ones that nobody has settled, count what they reserved; one
        that was settled as not applied costs nothing. So do model requests that were not answered;
        one that was counts what its reply says. A wait for people or for a result that goes on has
        lasted until `at_ms`; an agent's run rests from where it says so to where it is resumed.
        """
        ...

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int = 0, until_ms: int | None = None
    ) -> Spent:
        """What calls took that were received from `since_ms` on and before `until_ms`.

        Args:
            scope: Conversation, user or organization; runs are told by `usage`.
            whose: Its id; opaque of a conversation or user.
            since_ms: Unix time.
            until_ms: Unix time; `None` is up to now.
        """
        ...

    async def admitted_since(self, at_ms: int) -> Sequence[tuple[str, str, str, int]]:
        """(organization, principal, tool, time) of each call with an intent since `at_ms`.

        Oldest first.
        """
        ...

    async def post(self, order: Order) -> None:
        """Leave an order for the owner; any process may."""
        ...

    async def inbox(self) -> Sequence[PostedOrder]:
        """Orders that no entry answers yet, oldest first, as they lie there.

        Of several writers of a shared ledger, one at a time is shown them.
        """
        ...

    async def forget(self, numbers: Sequence[int]) -> None:
        """Take orders that were turned into entries, or turned down, from the inbox."""
        ...

    async def put_aside(self, posted: PostedOrder, *, reason: str) -> None:
        """Keep what is no order, with the reason, where nobody takes it for one (`ASIDE`)."""
        ...

    async def expire(self, at_ms: int) -> None:
        """Drop claims, and sessions of callers, that have expired."""
        ...

    async def close(self) -> None:
        """Give up ownership and files. Safe to call twice."""
        ...
