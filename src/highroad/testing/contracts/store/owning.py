"""Who drives a ledger, and how the others reach them."""

from highroad.domain.approval import Decision, Ruling
from highroad.domain.entry import Fence
from highroad.ports.store import Ownership, Store
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.samples import NOW, intent


def decision(approval: str, *, by: str = "usr_bob") -> Decision:
    """A word on an approval."""
    return Decision(
        approval_id=approval,
        ruling=Ruling.REJECT,
        by=by,
        digest="digest",
        at_ms=NOW,
        reason=b"\x00sealed",
        profile=None if by == "usr_bob" else b"\xffsealed",
    )


class OwningContract(Ground):
    """One owner at a time, and an inbox for everybody else."""

    async def test_a_ledger_has_one_owner(self, store: Store, other: Store) -> None:
        """The others are told who it is, and can read."""
        assert await other.ownership() is None
        assert await store.acquire(pid=41, at_ms=NOW) is not None
        assert await other.acquire(pid=42, at_ms=NOW + 1) is None
        assert await other.ownership() == Ownership(pid=41, since_ms=NOW)

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

    async def test_closing_twice_is_safe(self, store: Store, other: Store) -> None:
        """And the second time takes nothing from the next owner."""
        assert await store.acquire(pid=41, at_ms=NOW) is not None
        await store.close()
        assert await other.acquire(pid=42, at_ms=NOW) is not None
        await store.close()
        assert await other.ownership() == Ownership(pid=42, since_ms=NOW)

    async def test_closing_a_store_that_owns_nothing_leaves_the_owner_alone(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """Readers come and go."""
        await other.close()
        await store.append([intent("call_1")], fence=fence)

    async def test_decisions_reach_the_owner_from_any_process(
        self, store: Store, other: Store
    ) -> None:
        """Oldest first, word for word, also two of one person."""
        posted = [decision("apr_1"), decision("apr_2"), decision("apr_1", by="usr_carol")]
        for word in posted:
            await other.post(word)
        assert await store.inbox() == posted

    async def test_a_decision_waits_for_an_owner(self, other: Store, store: Store) -> None:
        """Nobody needs to be there when it is posted."""
        await other.post(decision("apr_1"))
        await other.close()
        assert await store.inbox() == [decision("apr_1")]

    async def test_only_what_is_forgotten_leaves_the_inbox(
        self, store: Store, other: Store
    ) -> None:
        """What came in the meantime stays."""
        await other.post(decision("apr_1"))
        seen = await store.inbox()
        await other.post(decision("apr_1", by="usr_carol"))
        await store.forget(seen)
        assert await store.inbox() == [decision("apr_1", by="usr_carol")]
        assert await other.inbox() == await store.inbox()
