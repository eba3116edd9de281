"""Which process comes first at a run, where several share a ledger.

A leg begins with an entry that claims the next number of the run: of two processes that have read
the same record one gets it. It lasts until the run rests or ends, or its process is gone: then the
log that the entry stands in has no writer, or one that has opened it since.

A message claims its number among those of the run, and the end of the run claims the next one. So
of a message and an end that are recorded in the same moment one comes first, and the other knows.
"""

from highroad.domain.entry import EntryKind, KeyClaim, Position
from highroad.domain.run import RunHead
from highroad.ledger.ledger import Ledger

_LASTS_MS = 30 * 86_400_000
"""Far longer than somebody who has read the record takes to act on it."""


def claim_of_leg(ledger: Ledger, head: RunHead, number: int, leg_id: str) -> KeyClaim | None:
    """What the entry claims that begins a leg; nothing in a ledger of one owner."""
    return _claim(ledger, head, b"leg", number, leg_id)


def claim_of_mail(ledger: Ledger, head: RunHead, number: int, holder: str) -> KeyClaim | None:
    """What a message claims, or the end of the run; nothing in a ledger of one owner.

    Args:
        ledger: Where both are recorded.
        head: Of the run.
        number: Of the message, or of the one that would come behind all that were heard; from 1.
        holder: Id of the message, or of the run.
    """
    return _claim(ledger, head, b"mail", number, holder)


def _claim(ledger: Ledger, head: RunHead, what: bytes, number: int, holder: str) -> KeyClaim | None:
    if not ledger.store.is_shared:
        return None
    key = ledger.keyring.organization(head.organization)
    digest = key.digest(what, head.run_id.encode(), str(number).encode())
    expires_ms = ledger.clock.now_ms() + _LASTS_MS
    return KeyClaim(head.organization, digest, digest, holder, expires_ms)


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
