"""A ledger opened: as its owner, who signs it, or beside the process that owns it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.entry import EntryKind, Fence
from highroad.domain.error import LedgerError
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.version import VERSION
from highroad.ledger import entries
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.notary import Notary
from highroad.ledger.tables.derivation import bring_up_to_date
from highroad.ledger.writer import GroupWriter
from highroad.pipeline.services import Services
from highroad.ports.anchor import Anchor
from highroad.ports.clock import Clock
from highroad.ports.store import Ownership, Store
from highroad.settings import Settings

_MINUTE_MS: Final = 60_000
"""How far rates look back."""
_NAMED_WITHIN_S: Final = 5.0
"""So long whoever has just taken a new ledger may need until it says who it is."""
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLedger:
    """A ledger with its signer, or with the process that owns it if that is another one."""

    ledger: Ledger
    notary: Notary | None = None
    owner_pid: int | None = None

    @property
    def is_owner(self) -> bool:
        """Whether this process is the owner."""
        return self.owner_pid is None


async def open_ledger(
    store: Store, keyring: Keyring, clock: Clock, settings: Settings, anchors: Sequence[Anchor]
) -> OpenLedger:
    """Become the owner of a ledger, unless somebody is.

    Raises:
        LedgerError: It cannot be used.
    """
    found = await _taken_or_owned(store, clock)
    if isinstance(found, Ownership):
        ledger = Ledger(store, ReadOnlyWriter(found.pid), keyring, clock)
        return OpenLedger(ledger=ledger, owner_pid=found.pid)
    await bring_up_to_date(store)
    writer = GroupWriter(store, found)
    ledger = Ledger(store, writer, keyring, clock)
    notary = Notary(
        ledger,
        found,
        Anchoring(store.proofs, anchors),
        entries=settings.head_entries,
        seconds=settings.head_seconds,
    )
    writer.on_commit = notary.count
    return OpenLedger(ledger=ledger, notary=notary)


async def take_office(services: Services, settings: Settings) -> None:
    """What a new owner does first: forget what has expired, look back a minute, say who it is."""
    ledger, now_ms = services.ledger, services.clock.now_ms()
    session = services.ids.new("session")
    await ledger.store.expire(now_ms)
    if not services.budgets.counters.is_shared:
        await services.budgets.recall(await ledger.store.admitted_since(now_ms - _MINUTE_MS))
    opened: Body = {
        "session": session,
        "door": "python",
        "version": VERSION,
        "profile": settings.profile,
        "pid": os.getpid(),
        "root": ledger.keyring.root_id,
    }
    if services.is_dry:
        opened["dry_run"] = True
    await _note(ledger, EntryKind.OPENED, opened, at_ms=now_ms)
    version = services.policy.version
    if await ledger.policy_version() != version:
        loaded = {"version": version, "session": session}
        await _note(ledger, EntryKind.POLICY, loaded, at_ms=now_ms)


async def _taken_or_owned(store: Store, clock: Clock) -> Fence | Ownership:
    """What makes us the owner, or who is; a new owner has the lock before it has said its name.

    Raises:
        LedgerError: Whoever has the lock does not say who they are, and goes on not to.
    """
    until_s = clock.monotonic_s() + _NAMED_WITHIN_S
    while True:
        fence = await store.acquire(pid=os.getpid(), at_ms=clock.now_ms())
        found = fence or await store.ownership()
        if found is not None:
            return found
        if clock.monotonic_s() >= until_s:
            raise LedgerError("the ledger is owned, and does not say by whom: try again")
        await clock.sleep(_LOOK_S)


async def _note(ledger: Ledger, kind: EntryKind, facts: Body, *, at_ms: int) -> None:
    noted = entries.noted(kind, facts, organization=DEFAULT_ORGANIZATION, at_ms=at_ms)
    await ledger.writer.write(noted)
