"""What keeps a store healthy over years: retention, figures, moving, archives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from highroad.domain.entry import Fence, StoredEntry
from highroad.ports.tables import Cell

Progress: TypeAlias = Callable[[int, int], None]
"""Told how much is done, and of how much, from time to time."""


def in_silence(done: int, total: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUpgrade:
    """A store that was brought to this version."""

    before: int
    """Schema it had."""
    after: int
    backup: str | None
    """Where the copy of it as it was stands; `None` where nothing had to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How large a store is, and how much of it is waiting."""

    kind: str
    """`sqlite`, `postgresql` or `memory`."""
    schema: int
    bytes: int
    log_bytes: int
    """Of what was written ahead and is not yet in its place; 0 where a store does not tell."""
    payload_bytes: int
    """Encrypted content."""
    rows: tuple[tuple[str, int], ...]
    """Rows by section, in order of name; a large one's may be the database's own estimate."""
    waiting_approvals: int
    oldest_ms: int | None
    """Time of the oldest entry that is here."""
    newest_ms: int | None


class Upkeep(Protocol):
    """The part of a store that operators use. Contract kit: `highroad.testing.contracts.store`."""

    async def figures(self) -> Figures:
        """How large it is."""
        ...

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call and run have ended, in order of id.

        Ids are ordered by time. What people wrote when they decided goes with the call. A call
        that ended unknown keeps its payloads until it is settled (`Store.unknown_calls`), and an
        agent's run all that it and its calls carry until it has ended.
        """
        ...

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal (opaque id) left something, in order.

        They made a call there, decided, settled, or opened a payload, or an agent ran for them.
        """
        ...

    async def take_alone(self, *, pid: int, at_ms: int) -> bool:
        """Become the one process that owns this ledger or any log of it, until `close` or death.

        Returns:
            `False` while another process owns it; `Store.ownership` tells which.

        Raises:
            LedgerError: The ledger was moved away; a copy that is not complete may be taken.
        """
        ...

    async def carry_out(
        self, section: str, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[tuple[Cell, ...]]:
        """A page of a section's rows in order of its key, from behind the key `after`.

        Sections and their columns are `highroad.domain.moving.SECTIONS`; one that is not there
        raises `LedgerError`.
        """
        ...

    async def carry_in(
        self, section: str, rows: Sequence[tuple[Cell, ...]], *, is_first: bool = False
    ) -> None:
        """Add rows as they are, durably; those with a key that is there already are replaced.

        A ledger into which a log is carried gives up the one that it was born with.

        Args:
            section: Which kind of rows.
            rows: Some of them.
            is_first: Empty the section before, in the same transaction.

        Raises:
            LedgerError: The section is unknown, or this store cannot hold so many logs.
        """
        ...

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more, nor leave an order: it goes on elsewhere.

        From then on `Store.acquire` and `Store.post` raise `LedgerError` that says where.
        """
        ...

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries of a log away, once they are archived.

        Tiles, heads and audit rows stay. Entries of lasting kinds
        (`highroad.domain.moving.LASTING`) stay as well, and those of calls that have later ones,
        for as long as these are here: they are found by their kind or call, and no longer among
        those that are read in order.

        Raises:
            FenceLost: The fence is older than the log's.
            LedgerError: They are not the oldest ones, or among them is one of a call that is open
                or holds a key, or of a run with an open call or of an agent that has not ended.
        """
        ...
