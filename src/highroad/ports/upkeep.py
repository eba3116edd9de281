"""What keeps a store healthy over years: retention, figures, moving, archives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from highroad.domain.entry import Fence, StoredEntry
from highroad.domain.moving import Section
from highroad.ports.tables import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How large a store is, and how much of it is waiting."""

    kind: str
    """`sqlite`, `postgresql` or `memory`."""
    schema: int
    bytes: int
    rows: tuple[tuple[str, int], ...]
    """Rows by table; a large one's may be the database's own estimate."""
    oldest_ms: int | None
    """Time of the oldest entry that is here."""
    newest_ms: int | None


class Upkeep(Protocol):
    """The part of a store that operators use. Contract kit: `highroad.testing.contracts.store`."""

    async def figures(self) -> Figures:
        """How large it is."""
        ...

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call has ended, oldest first."""
        ...

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal (opaque id) made a call, decided, or opened a payload."""
        ...

    async def carry_out(
        self, section: Section, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[tuple[Cell, ...]]:
        """A page of a section's rows in order of its key, from behind the key `after`."""
        ...

    async def carry_in(self, section: Section, rows: Sequence[tuple[Cell, ...]]) -> None:
        """Add rows as they are, durably; those that are there already are replaced."""
        ...

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more: it goes on elsewhere, under the same name."""
        ...

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries of a log away, once they are archived; tiles and rows stay.

        Raises:
            LedgerError: They are not the oldest ones, or a call among them is open.
        """
        ...
