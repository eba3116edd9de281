"""The inbox: how other processes reach whoever writes entries."""

import json

from highroad.domain.approval import Ruling
from highroad.domain.moving import Section
from highroad.domain.order import Decision, Order
from highroad.domain.order_form import ASIDE, read_order
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import NOW


def decision(approval: str, *, by: str = "usr_bob") -> Decision:
    """A word on an approval."""
    return Decision(
        approval_id=approval,
        organization="acme",
        ruling=Ruling.REJECT,
        by=by,
        digest="digest",
        at_ms=NOW,
        reason=b"\x00sealed",
        profile=None if by == "usr_bob" else b"\xffsealed",
    )


async def orders(store: Store) -> list[Order]:
    """What waits in the inbox, read."""
    return [read_order(posted) for posted in await store.inbox()]


class OrderingContract(Ground):
    """Orders wait until they are answered."""

    async def test_decisions_reach_the_owner_from_any_process(
        self, store: Store, other: Store
    ) -> None:
        """Oldest first, word for word, also two of one person."""
        posted = [decision("apr_1"), decision("apr_2"), decision("apr_1", by="usr_carol")]
        for word in posted:
            await other.post(word)
        assert await orders(store) == posted

    async def test_a_decision_waits_for_an_owner(self, other: Store, store: Store) -> None:
        """Nobody needs to be there when it is posted."""
        await other.post(decision("apr_1"))
        await other.close()
        assert await orders(store) == [decision("apr_1")]

    async def test_only_what_is_forgotten_leaves_the_inbox(
        self, store: Store, other: Store
    ) -> None:
        """What came in the meantime stays."""
        await other.post(decision("apr_1"))
        seen = await store.inbox()
        await other.post(decision("apr_1", by="usr_carol"))
        await store.forget([each.number for each in seen])
        assert await orders(store) == [decision("apr_1", by="usr_carol")]
        assert await other.inbox() == await store.inbox()

    async def test_of_the_same_order_twice_one_can_be_forgotten(
        self, store: Store, other: Store
    ) -> None:
        """They are told apart by their numbers."""
        for _ in range(2):
            await other.post(decision("apr_1"))
        first, second = await store.inbox()
        await store.forget([first.number])
        assert await store.inbox() == [second]

    async def test_what_is_put_aside_is_kept_with_the_reason(
        self, store: Store, other: Store
    ) -> None:
        """Nobody is shown it as an order again, and it goes along when the ledger is moved."""
        for name in ("apr_1", "apr_2"):
            await other.post(decision(name))
        first, second = await store.inbox()
        await store.put_aside(first, reason="no order")
        assert await store.inbox() == await other.inbox() == [second]
        (line, _) = await store.upkeep.carry_out(Section.INBOX)
        number, kind, content = line
        assert (number, kind) == (first.number, ASIDE)
        assert json.loads(str(content)) == {
            "kind": first.kind,
            "content": first.content,
            "reason": "no order",
        }
