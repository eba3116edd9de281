"""What is left when a process closes the ledger."""

from highroad.domain.entry import Fence
from highroad.ports.store import Ownership, Store
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.samples import NOW, intent


class HandingOverContract(Ground):
    """Closing loses nothing, and sets free."""

    async def test_ownership_goes_on_when_the_owner_closes(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """The next one has a newer fence and sees all that was written."""
        await store.append([intent("call_1")], fence=fence)
        await store.close()
        newer = await other.acquire(pid=42, at_ms=NOW + 1)
        assert newer is not None
        assert newer.log_id == fence.log_id
        assert newer.epoch > fence.epoch
        assert await other.ownership() == Ownership(pid=42, since_ms=NOW + 1)
        assert await other.open_calls() == ["call_1"]

    async def test_a_ledger_is_opened_again_as_it_was_closed(
        self, store: Store, fence: Fence, open_store: OpenStore
    ) -> None:
        """Closing loses nothing."""
        await store.append([intent("call_1")], fence=fence)
        written = await store.entries()
        await store.close()
        again = open_store()
        assert await again.entries() == written
        await again.close()

    async def test_closing_a_store_that_owns_nothing_leaves_the_owner_alone(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """Readers come and go."""
        await other.close()
        await store.append([intent("call_1")], fence=fence)
