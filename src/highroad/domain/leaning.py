"""How the approvals must stand that an entry leans on."""

from collections.abc import Iterator
from typing import Final

from highroad.domain.approval import OPEN, ApprovalState
from highroad.domain.entry import Entry

_GIVEN: Final = frozenset({ApprovalState.APPROVED})


def leaned_on(entry: Entry) -> Iterator[tuple[str, frozenset[ApprovalState]]]:
    """Approvals that must stand in one of some states for an entry to land."""
    if entry.spends is not None:
        yield entry.spends, _GIVEN
    if entry.needs_open is not None:
        yield entry.needs_open, OPEN
