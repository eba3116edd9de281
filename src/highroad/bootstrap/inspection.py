"""Looking at a ledger from outside."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from highroad.adapters.system import SystemClock
from highroad.bootstrap.anchors import anchors_at
from highroad.bootstrap.keys import keyring_of
from highroad.bootstrap.stores import path_of, store_at
from highroad.domain.error import LedgerError
from highroad.ledger.proof.announcing import read_announcements, trusted_key
from highroad.ports.anchor import Anchor
from highroad.ports.clock import Clock
from highroad.ports.store import Store
from highroad.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A ledger looked at from outside: nobody becomes its owner, and nothing is written."""

    settings: Settings
    store: Store
    anchors: Sequence[Anchor]
    """Those of the settings."""
    clock: Clock

    async def public_key(self) -> bytes:
        """The raw public key of the newest signing key that derives from our master keys.

        Raises:
            VaultError: There are no master keys here.
        """
        keyring = await keyring_of(self.store, self.settings)
        return trusted_key(keyring, await read_announcements(self.store))


@asynccontextmanager
async def inspect(settings: Settings) -> AsyncIterator[Inspection]:
    """Open the ledger of the settings to look at it, whoever owns it.

    Raises:
        LedgerError: There is none, or it cannot be used.
    """
    path = path_of(settings.ledger)
    if path is not None and not path.exists():
        raise LedgerError(f"there is no ledger {path} yet: it is made by the first call")
    anchors = anchors_at(settings.anchors, ledger=path)
    async with AsyncExitStack() as closing:
        store = store_at(settings.ledger)
        closing.push_async_callback(store.close)
        for anchor in anchors:
            closing.push_async_callback(anchor.close)
        yield Inspection(settings=settings, store=store, anchors=anchors, clock=SystemClock())
