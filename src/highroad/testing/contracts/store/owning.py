"""Who drives an embedded ledger: one process at a time."""

from highroad.ports.store import Ownership, Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import NOW


class OwningContract(Ground):
    """One owner at a time; the others look on."""

    async def test_a_ledger_has_one_owner(self, store: Store, other: Store) -> None:
        """The others are told who it is, and can read."""
        assert await other.ownership() is None
        assert await store.acquire(pid=41, at_ms=NOW) is not None
        assert await other.acquire(pid=42, at_ms=NOW + 1) is None
        assert await other.ownership() == Ownership(pid=41, since_ms=NOW)

    async def test_closing_twice_is_safe(self, store: Store, other: Store) -> None:
        """And the second time takes nothing from the next owner."""
        assert await store.acquire(pid=41, at_ms=NOW) is not None
        await store.close()
        assert await other.acquire(pid=42, at_ms=NOW) is not None
        await store.close()
        assert await other.ownership() == Ownership(pid=42, since_ms=NOW)
