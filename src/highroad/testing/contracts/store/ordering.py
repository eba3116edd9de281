"""The inbox: how other processes reach whoever writes entries."""

from highroad.domain.approval import Decision, Ruling
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import NOW


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


class OrderingContract(Ground):
    """Orders wait until they are answered."""

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
