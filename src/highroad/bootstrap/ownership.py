"""A ledger opened: as its owner, who signs it, or beside the process that owns it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from highroad.domain.entry import EntryKind
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
from highroad.ports.store import Store
from highroad.settings import Settings

_MINUTE_MS: Final = 60_000
"""How far rates look back."""


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
    fence = await store.acquire(pid=os.getpid(), at_ms=clock.now_ms())
    if fence is None:
        return await _beside_its_owner(store, keyring, clock)
    await bring_up_to_date(store)
    writer = GroupWriter(store, fence)
    ledger = Ledger(store, writer, keyring, clock)
    notary = Notary(
        ledger,
        fence,
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


async def _beside_its_owner(store: Store, keyring: Keyring, clock: Clock) -> OpenLedger:
    ownership = await store.ownership()
    if ownership is None:
        raise LedgerError("the ledger is owned, and does not say by whom: try again")
    ledger = Ledger(store, ReadOnlyWriter(ownership.pid), keyring, clock)
    return OpenLedger(ledger=ledger, owner_pid=ownership.pid)


async def _note(ledger: Ledger, kind: EntryKind, facts: Body, *, at_ms: int) -> None:
    noted = entries.noted(kind, facts, organization=DEFAULT_ORGANIZATION, at_ms=at_ms)
    await ledger.writer.write(noted)
