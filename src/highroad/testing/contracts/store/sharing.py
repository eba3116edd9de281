"""Several writers of one ledger, each with a log of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from highroad.domain.entry import (
    AlreadyEnded,
    ApprovalSpent,
    CredentialsEnded,
    Entry,
    Fence,
    KeyTaken,
    Receipt,
    Written,
)
from highroad.domain.error import FenceLost
from highroad.domain.identity import ShownBy
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.ordering import decision, orders
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    api_key,
    claim,
    decided,
    deferred,
    ended,
    held,
    intent,
    noted,
    seq_of,
)


class SharingContract(Ground):
    """What one process does, the others see; what two want, one gets."""

    @pytest.fixture
    async def other_fence(self, fence: Fence, other: Store) -> Fence:
        """The fence of `other`, which writes beside `store`."""
        del fence  # first come, first served: `store` has the first log
        found = await other.acquire(pid=2, at_ms=NOW)
        assert found is not None
        return found

    async def test_every_writer_has_a_log_of_its_own(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """And counts its positions alone."""
        assert store.is_shared
        assert fence.log_id != other_fence.log_id
        groups = [(store, fence), (other, other_fence)] * 10
        answers = await asyncio.gather(
            *(
                writer.append([intent(f"call_{n}"), noted()], fence=own)
                for n, (writer, own) in enumerate(groups)
            )
        )
        for number, own in enumerate((fence, other_fence)):
            seqs = [seq_of(receipt) for answer in answers[number::2] for receipt in answer]
            assert sorted(seqs) == [*range(20)]
            stored = await store.entries(log_id=own.log_id)
            assert [entry.position.seq for entry in stored] == [*range(20)]

    async def test_the_log_of_a_process_that_is_gone_is_taken_on(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence, open_store: OpenStore
    ) -> None:
        """Under a newer fence; that of a living one is not, and no log is left to itself."""
        await store.append([noted()], fence=fence)
        await store.close()
        third = open_store()
        taken = await third.acquire(pid=3, at_ms=NOW)
        assert taken is not None
        assert taken == Fence(fence.log_id, fence.epoch + 1)
        (receipt,) = await third.append([noted()], fence=taken)
        assert seq_of(receipt) == 1
        await other.append([noted()], fence=other_fence)
        await third.close()

    async def test_an_older_fence_of_a_log_that_was_taken_on_appends_only_amendments(
        self, store: Store, fence: Fence, other: Store, open_store: OpenStore
    ) -> None:
        """Whoever comes back too late may say what came of its calls, and no more."""
        await store.append([intent("call_1"), ended("call_1")], fence=fence)
        await store.close()
        await other.acquire(pid=2, at_ms=NOW)
        late = open_store()
        with pytest.raises(FenceLost):
            await late.append([noted()], fence=fence)
        (receipt,) = await late.append([amended("call_1")], fence=fence)
        assert isinstance(receipt, Written)
        assert receipt.position.log_id == fence.log_id
        await late.close()

    async def test_of_two_writers_that_want_a_key_one_gets_it(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """At the same time, for many keys, in opposite orders."""
        keys = [f"key_{n:02d}".encode() for n in range(30)]
        ours = [
            intent(f"call_a{n}", key=claim(f"call_a{n}", digest=key)) for n, key in enumerate(keys)
        ]
        theirs = [
            intent(f"call_b{n}", key=claim(f"call_b{n}", digest=key)) for n, key in enumerate(keys)
        ][::-1]
        first, second = await asyncio.gather(
            self._in_groups(store, ours, fence), self._in_groups(other, theirs, other_fence)
        )
        for key, one, two in zip(keys, first, second[::-1], strict=True):
            assert {type(one), type(two)} == {Written, KeyTaken}
            standing = await store.claim("acme", key, at_ms=NOW)
            assert standing is not None
            assert standing.call_id.startswith("call_a" if isinstance(one, Written) else "call_b")
            assert KeyTaken(standing) in [one, two]

    async def test_a_call_that_two_writers_end_ends_once(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Whoever is second is told."""
        calls = [f"call_{n:02d}" for n in range(20)]
        await store.append([intent(call) for call in calls], fence=fence)
        first, second = await asyncio.gather(
            self._in_groups(store, [ended(call) for call in calls], fence),
            self._in_groups(other, [ended(call) for call in reversed(calls)], other_fence),
        )
        for one, two in zip(first, second[::-1], strict=True):
            assert {type(one), type(two)} == {Written, AlreadyEnded}

    async def test_an_approval_is_spent_by_one_of_two_writers(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Wherever the hold and the decision were written."""
        await store.append([held("call_1", "apr_1")], fence=fence)
        await other.append([decided("call_1", "apr_1")], fence=other_fence)
        spending = intent("call_1", spends="apr_1")
        answers = await asyncio.gather(
            store.append([spending], fence=fence), other.append([spending], fence=other_fence)
        )
        assert {type(receipt) for (receipt,) in answers} == {Written, ApprovalSpent}

    async def test_of_a_word_and_the_end_of_its_key_one_comes_first(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Whichever writer revokes: a word that is told behind that is not written."""
        await store.append([api_key("key_1")], fence=fence)
        word = replace(noted(), shown_by=ShownBy(key_id="key_1"))

        async def revoked() -> tuple[Receipt, ...]:
            over = await other.append([api_key("key_1", ended_ms=NOW)], fence=other_fence)
            return over + await store.append([word], fence=fence)

        _, (over, late) = await asyncio.gather(
            self._in_groups(store, [word] * 20, fence), revoked()
        )
        assert isinstance(over, Written)
        assert late == CredentialsEnded("key_1")
        assert await other.append([word], fence=other_fence) == (late,)

    async def test_a_call_in_several_logs_is_read_in_the_order_in_which_it_happened(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Whole, and page by page."""
        await other.append([noted(), noted()], fence=other_fence)
        await store.append([held("call_1", "apr_1")], fence=fence)
        await other.append([decided("call_1", "apr_1")], fence=other_fence)
        await store.append([intent("call_1", spends="apr_1")], fence=fence)
        await other.append([ended("call_1")], fence=other_fence)
        read = [stored.kind for stored in await store.entries(call_id="call_1")]
        assert read == ["call.held", "approval.decided", "call.intent", "call.ended"]
        paged = []
        page = await other.entries(limit=1)
        while page:
            paged.append(page[0].kind)
            page = await other.entries(after=page[0].position, limit=1)
        assert paged[2:] == read

    async def test_a_log_lives_until_its_writer_is_gone(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """As others see it."""
        assert await other.is_live(fence.log_id)
        assert await store.is_live(other_fence.log_id)
        await store.close()
        assert not await other.is_live(fence.log_id)

    async def test_an_open_call_is_its_writers_until_that_is_gone(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Others are told that somebody drives it, and cannot have it."""
        del other_fence
        await store.append([intent("call_1")], fence=fence)
        assert await store.open_calls() == ["call_1"]
        assert await other.open_calls() == []
        assert await other.is_driven("call_1")
        assert not await other.adopt("call_1")
        await store.close()
        assert await other.open_calls() == ["call_1"]
        assert not await other.is_driven("call_1")
        assert await other.adopt("call_1")

    async def test_one_process_adopts_a_call_and_then_drives_it(
        self,
        store: Store,
        fence: Fence,
        other: Store,
        other_fence: Fence,
        open_store: OpenStore,
    ) -> None:
        """For all others, also those who wanted it, it is driven from then on."""
        del other_fence
        third = open_store()
        await third.acquire(pid=3, at_ms=NOW)
        await store.append([intent("call_1")], fence=fence)
        await store.close()
        adopted = await asyncio.gather(other.adopt("call_1"), third.adopt("call_1"))
        assert sorted(adopted) == [False, True]
        winner, loser = (other, third) if adopted[0] else (third, other)
        assert await winner.open_calls() == ["call_1"]
        assert await loser.open_calls() == []
        assert await loser.is_driven("call_1")
        await third.close()

    async def test_nobody_drives_a_held_call_and_one_takes_it_up(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Though whoever wrote the hold lives."""
        del other_fence
        await store.append([held("call_1", "apr_1")], fence=fence)
        assert await other.open_calls() == ["call_1"]
        assert not await other.is_driven("call_1")
        assert await other.adopt("call_1")
        assert not await store.adopt("call_1")
        assert await store.is_driven("call_1")

    async def test_nobody_drives_a_call_that_waits_for_its_result_and_one_ends_it(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Though whoever began it lives; nor is it one that was left behind."""
        await store.append([intent("call_1")], fence=fence)
        await store.append([deferred("call_1")], fence=fence)
        assert await other.open_calls() == ["call_1"]
        assert not await other.is_driven("call_1")
        await store.close()
        assert await other.abandoned() == []
        assert await other.adopt("call_1")
        assert await other.is_driven("call_1") is False
        await other.append([ended("call_1")], fence=other_fence)
        assert await other.open_calls() == []

    async def test_a_writer_whose_call_is_taken_is_gone(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence, open_store: OpenStore
    ) -> None:
        """Its fence does not hold any more, whoever uses it."""
        del other_fence
        await store.append([intent("call_1")], fence=fence)
        await store.close()
        assert await other.adopt("call_1")
        late = open_store()
        with pytest.raises(FenceLost):
            await late.append([ended("call_1")], fence=fence)
        await late.close()

    async def test_one_writer_is_shown_the_inbox(
        self, store: Store, fence: Fence, other: Store, other_fence: Fence
    ) -> None:
        """Two would turn one decision into two entries; when it is gone, another is."""
        del fence, other_fence
        await other.post(decision("apr_1"))
        assert await orders(store) == [decision("apr_1")]
        assert await other.inbox() == []
        assert await orders(store) == [decision("apr_1")]

    async def _in_groups(
        self, store: Store, entries: Sequence[Entry], fence: Fence
    ) -> list[Receipt]:
        receipts: list[Receipt] = []
        for start in range(0, len(entries), 5):
            receipts += await store.append(entries[start : start + 5], fence=fence)
        return receipts
