"""Idempotency keys: whose they are, and until when."""

from dataclasses import replace

from highroad.domain.entry import Fence, KeyClaim, KeyTaken, Written
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    LATER,
    NOW,
    claim,
    ended,
    held,
    intent,
)


class KeyContract(Ground):
    """One key, one call, while the claim lasts."""

    async def test_a_key_is_the_first_callers(self, store: Store, fence: Fence) -> None:
        """The loser is told who has it, whether its claim came in the same append or later."""
        together = await store.append(
            [intent("call_1", key=claim("call_1")), intent("call_2", key=claim("call_2"))],
            fence=fence,
        )
        later = await store.append([held("call_3", "apr_3", key=claim("call_3"))], fence=fence)
        assert together[1] == KeyTaken(claim("call_1"))
        assert later == (KeyTaken(claim("call_1")),)
        assert await store.approval("apr_3") is None

    async def test_a_call_may_claim_its_own_key_again(self, store: Store, fence: Fence) -> None:
        """The intent of a call that was held renews what the hold claimed."""
        await store.append([held("call_1", "apr_1", key=claim("call_1"))], fence=fence)
        renewed = claim("call_1", expires_ms=LATER + 5)
        (receipt,) = await store.append([intent("call_1", key=renewed)], fence=fence)
        assert isinstance(receipt, Written)
        assert await store.claim("acme", b"key", at_ms=NOW) == renewed

    async def test_a_claim_gives_way_to_one_that_replaces_it(
        self, store: Store, fence: Fence
    ) -> None:
        """Only the claim of the very call that it names; what it replaced is not remembered."""
        await store.append([intent("call_1", key=claim("call_1"))], fence=fence)
        other = replace(claim("call_2"), replaces="call_7")
        this = replace(claim("call_2"), replaces="call_1")
        refused, taken = await store.append(
            [intent("call_2", key=other), intent("call_2", key=this)], fence=fence
        )
        assert refused == KeyTaken(claim("call_1"))
        assert isinstance(taken, Written)
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_2")

    async def test_an_expired_claim_is_no_hindrance(self, store: Store, fence: Fence) -> None:
        """It has expired at `expires_ms`, by the clock of the entry that comes."""
        await store.append([intent("call_1", key=claim("call_1", expires_ms=LATER))], fence=fence)
        in_time = intent("call_2", key=claim("call_2", expires_ms=LATER + 9), at_ms=LATER - 1)
        after = intent("call_3", key=claim("call_3", expires_ms=LATER + 9), at_ms=LATER)
        receipts = await store.append([in_time, after], fence=fence)
        assert [type(receipt) for receipt in receipts] == [KeyTaken, Written]
        standing = await store.claim("acme", b"key", at_ms=LATER)
        assert standing is not None
        assert standing.call_id == "call_3"

    async def test_a_call_that_ends_may_free_its_key(self, store: Store, fence: Fence) -> None:
        """At once: the next entry of the same append may have it."""
        receipts = await store.append(
            [
                intent("call_1", key=claim("call_1")),
                ended("call_1", frees_key=True),
                intent("call_2", key=claim("call_2")),
            ],
            fence=fence,
        )
        assert [type(receipt) for receipt in receipts] == [Written, Written, Written]
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_2")

    async def test_a_key_stays_taken_after_an_end_that_keeps_it(
        self, store: Store, fence: Fence
    ) -> None:
        """A completed call answers for its key from then on."""
        await store.append([intent("call_1", key=claim("call_1")), ended("call_1")], fence=fence)
        (receipt,) = await store.append([intent("call_2", key=claim("call_2"))], fence=fence)
        assert receipt == KeyTaken(claim("call_1"))

    async def test_a_call_never_frees_a_key_that_is_not_its_own(
        self, store: Store, fence: Fence
    ) -> None:
        """A joined call has the same key and an end of its own."""
        await store.append([intent("call_1", key=claim("call_1"))], fence=fence)
        await store.append([ended("call_2", frees_key=True)], fence=fence)
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_1")

    async def test_an_end_that_is_turned_down_frees_nothing(
        self, store: Store, fence: Fence
    ) -> None:
        """Freeing is a rider like any other."""
        await store.append([intent("call_1", key=claim("call_1")), ended("call_1")], fence=fence)
        await store.append([ended("call_1", frees_key=True)], fence=fence)
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_1")

    async def test_organizations_do_not_share_keys(self, store: Store, fence: Fence) -> None:
        """The same digest in two tenants is two keys."""
        theirs = KeyClaim("umbrella", b"key", b"arguments", "call_2", LATER)
        receipts = await store.append(
            [intent("call_1", key=claim("call_1")), intent("call_2", key=theirs)], fence=fence
        )
        assert [type(receipt) for receipt in receipts] == [Written, Written]
        assert await store.claim("umbrella", b"key", at_ms=NOW) == theirs

    async def test_only_a_claim_that_lasts_is_shown(self, store: Store, fence: Fence) -> None:
        """Whoever asks names the time."""
        await store.append([intent("call_1", key=claim("call_1"))], fence=fence)
        assert await store.claim("acme", b"key", at_ms=LATER - 1) == claim("call_1")
        assert await store.claim("acme", b"key", at_ms=LATER) is None
        assert await store.claim("acme", b"another key", at_ms=NOW) is None

    async def test_expired_claims_can_be_dropped(self, store: Store, fence: Fence) -> None:
        """And the others stay."""
        longer = claim("call_2", digest=b"longer", expires_ms=LATER + 1)
        await store.append(
            [intent("call_1", key=claim("call_1")), intent("call_2", key=longer)], fence=fence
        )
        await store.expire(LATER)
        assert await store.claim("acme", b"key", at_ms=NOW) is None
        assert await store.claim("acme", b"longer", at_ms=NOW) == longer
