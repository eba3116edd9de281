"""Which process moves a run, where several share a ledger.

A leg begins with an entry that claims the next number of the run: of two processes that have read
the same record one gets it. It lasts until the run rests or ends, or its process is gone: then the
log that the entry stands in has no writer, or one that has opened it since.
"""

from highroad.domain.entry import EntryKind, KeyClaim, Position
from highroad.domain.run import RunHead
from highroad.ledger.ledger import Ledger

_LASTS_MS = 30 * 86_400_000
"""Far longer than somebody who has read the record takes to act on it."""


def claim_of_leg(ledger: Ledger, head: RunHead, number: int, leg_id: str) -> KeyClaim | None:
    """What the entry claims that begins a leg; nothing in a ledger of one owner."""
    if not ledger.store.is_shared:
        return None
    key = ledger.keyring.organization(head.organization)
    digest = key.digest(b"leg", head.run_id.encode(), str(number).encode())
    expires_ms = ledger.clock.now_ms() + _LASTS_MS
    return KeyClaim(head.organization, digest, digest, leg_id, expires_ms)


async def last_leg(ledger: Ledger, run_id: str) -> Position | None:
    """Where the entry stands that began the last leg of a run."""
    for kind in (EntryKind.RUN_RESUMED, EntryKind.RUN_STARTED):
        if found := await ledger.store.entries(run_id=run_id, kind=kind):
            return found[-1].position
    return None


async def is_moved_elsewhere(ledger: Ledger, began: Position | None) -> bool:
    """Whether a living process other than this one moves a run whose leg began there."""
    if began is None or not await ledger.store.is_live(began.log_id):
        return False
    opened = await ledger.store.entries(
        log_id=began.log_id, kind=EntryKind.OPENED, after=began, limit=1
    )
    return not opened
