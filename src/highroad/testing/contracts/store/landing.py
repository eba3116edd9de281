"""How entries land: whole or not at all, in order, once ended never again, under the fence."""

import asyncio

import pytest

from highroad.domain.entry import (
    AlreadyEnded,
    EntryKind,
    Fence,
    KeyTaken,
    Written,
)
from highroad.domain.error import FenceLost
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    claim,
    ended,
    intent,
    noted,
    payload,
    row,
    run_key,
    seq_of,
)


class LandingContract(Ground):
    """What `append` writes, and what it does not."""

    async def test_an_entry_is_read_back_as_the_exact_bytes_that_were_written(
        self, store: Store, fence: Fence
    ) -> None:
        """Bytes are what is hashed: no store may touch them."""
        entry = intent("call_1")
        (receipt,) = await store.append([entry], fence=fence)
        (stored,) = await store.entries()
        assert receipt == Written(stored.position)
        assert stored.body == entry.body
        assert (stored.kind, stored.schema, stored.at_ms) == (entry.kind, entry.schema, NOW)
        assert (stored.organization, stored.run_id, stored.call_id) == ("acme", "run_1", "call_1")

    async def test_an_entry_about_no_call_has_neither_run_nor_call(
        self, store: Store, fence: Fence
    ) -> None:
        """What is absent comes back as absent."""
        await store.append([noted()], fence=fence)
        (stored,) = await store.entries()
        assert (stored.run_id, stored.call_id) == (None, None)

    async def test_positions_count_from_zero_without_a_gap(
        self, store: Store, fence: Fence
    ) -> None:
        """Also over entries that were turned down, which take no position."""
        first = await store.append([intent("call_1"), ended("call_1")], fence=fence)
        second = await store.append([ended("call_1"), noted(), ended("call_1")], fence=fence)
        third = await store.append([noted()], fence=fence)
        written = [r for r in (*first, *second, *third) if isinstance(r, Written)]
        assert [seq_of(receipt) for receipt in written] == [0, 1, 2, 3]
        assert {receipt.position.log_id for receipt in written} == {fence.log_id}
        assert [stored.position.seq for stored in await store.entries()] == [0, 1, 2, 3]

    async def test_nothing_appended_is_nothing_written(self, store: Store, fence: Fence) -> None:
        """An empty group is no error."""
        assert await store.append([], fence=fence) == ()
        assert await store.entries() == []

    async def test_appends_at_the_same_time_all_land(self, store: Store, fence: Fence) -> None:
        """One after the other, whoever is first."""
        groups = [[intent(f"call_{n}"), ended(f"call_{n}")] for n in range(20)]
        answers = await asyncio.gather(*(store.append(group, fence=fence) for group in groups))
        assert sorted(seq_of(receipt) for answer in answers for receipt in answer) == [*range(40)]

    async def test_an_entry_lands_with_its_riders(self, store: Store, fence: Fence) -> None:
        """Rows, payloads, run key and claim come with it."""
        sealed, key = payload("pl_1", content=bytes(range(256))), run_key("run_1")
        entry = intent("call_1", key=claim("call_1"), payloads=(sealed,), sealed_key=key)
        await store.append([entry], fence=fence)
        assert await store.payload("pl_1") == sealed
        assert await store.run_key("run_1") == key
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_1")
        assert (await store.usage("run_1", at_ms=NOW)).spent.total.calls == 1

    async def test_the_newest_profile_of_a_principal_is_the_one_that_is_read(
        self, store: Store, fence: Fence
    ) -> None:
        """Names change; an erased one is not there."""
        for sealed in (b"\xffolder", b"\xffnewer", None):
            person = row("app_user", id="usr_alice", sealed_profile=sealed)
            await store.append([ended(f"call_{sealed!r}", rows=(person,))], fence=fence)
            assert await store.profile("usr_alice") == sealed

    async def test_an_entry_that_is_turned_down_leaves_none_of_its_riders(
        self, store: Store, fence: Fence
    ) -> None:
        """It is as if it had never been handed in."""
        await store.append([intent("call_1", key=claim("call_1"))], fence=fence)
        loser = intent(
            "call_2",
            run="run_2",
            key=claim("call_2"),
            payloads=(payload("pl_2", run="run_2"),),
            sealed_key=run_key("run_2"),
        )
        assert await store.append([loser], fence=fence) == (KeyTaken(claim("call_1")),)
        assert await store.payload("pl_2") is None
        assert await store.run_key("run_2") is None
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_1")
        assert (await store.usage("run_2", at_ms=NOW)).steps == 0
        assert await store.open_calls() == ["call_1"]
        assert await store.entries(run_id="run_2") == []

    async def test_an_entry_that_is_turned_down_leaves_its_neighbours_alone(
        self, store: Store, fence: Fence
    ) -> None:
        """A group writer puts calls together that know nothing of each other."""
        receipts = await store.append(
            [
                intent("call_1", key=claim("call_1")),
                intent("call_2", key=claim("call_2"), payloads=(payload("pl_2"),)),
                intent("call_3", payloads=(payload("pl_3"),)),
            ],
            fence=fence,
        )
        assert [type(receipt) for receipt in receipts] == [Written, KeyTaken, Written]
        assert [stored.call_id for stored in await store.entries()] == ["call_1", "call_3"]
        assert await store.payload("pl_3") is not None

    async def test_a_call_ends_once(self, store: Store, fence: Fence) -> None:
        """Neither a later append nor the same one writes a second end, or its riders."""
        await store.append([intent("call_1"), ended("call_1", cost=5)], fence=fence)
        usage = await store.usage("run_1", at_ms=NOW)
        again = ended("call_1", cost=9, payloads=(payload("pl_2"),))
        assert await store.append([again], fence=fence) == (AlreadyEnded("call_1"),)
        twice = await store.append(
            [intent("call_2", run="run_2"), ended("call_2"), ended("call_2")], fence=fence
        )
        assert twice[2] == AlreadyEnded("call_2")
        ends = [stored.call_id for stored in await store.entries(kind=EntryKind.ENDED)]
        assert ends == ["call_1", "call_2"]
        assert await store.payload("pl_2") is None
        assert await store.usage("run_1", at_ms=NOW) == usage

    async def test_an_ended_call_may_be_amended(self, store: Store, fence: Fence) -> None:
        """Later facts refer to the end and leave it alone."""
        await store.append([intent("call_1"), ended("call_1")], fence=fence)
        receipts = await store.append([amended("call_1"), amended("call_1")], fence=fence)
        assert [type(receipt) for receipt in receipts] == [Written, Written]

    async def test_a_row_takes_the_place_of_one_with_its_primary_key(
        self, store: Store, fence: Fence
    ) -> None:
        """Within an append, too: the later one stands."""
        tidied = row("tool_call", id="call_1", run_id="run_1", tool="tidied", has_intent=1)
        await store.append([intent("call_1"), ended("call_1", rows=(tidied,))], fence=fence)
        usage = await store.usage("run_1", at_ms=NOW)
        assert (usage.steps, usage.by_tool) == (1, (("tidied", 1),))

    async def test_a_key_that_sealed_something_is_never_replaced(
        self, store: Store, fence: Fence
    ) -> None:
        """Two first calls of a run may both bring its key."""
        first, second = run_key("run_1"), run_key("run_1", wrapped=b"another")
        await store.append([intent("call_1", sealed_key=first)], fence=fence)
        await store.append([intent("call_2", sealed_key=second)], fence=fence)
        assert await store.run_key("run_1") == first

    async def test_a_payload_that_is_there_stays_as_it_is(self, store: Store, fence: Fence) -> None:
        """What was referred to by its digest never changes, and bringing it again is no error."""
        first, second = payload("pl_1"), payload("pl_1", content=b"another")
        await store.append([intent("call_1", payloads=(first,))], fence=fence)
        await store.append([intent("call_2", payloads=(second,))], fence=fence)
        assert await store.payload("pl_1") == first

    async def test_an_older_fence_can_append_nothing(self, store: Store, fence: Fence) -> None:
        """Whoever lost the ledger must not write another word."""
        newer = await store.acquire(pid=1, at_ms=NOW)
        assert newer is not None
        assert newer.epoch > fence.epoch
        with pytest.raises(FenceLost):
            await store.append([intent("call_1", payloads=(payload("pl_1"),))], fence=fence)
        assert await store.entries() == []
        assert await store.payload("pl_1") is None
        await store.append([intent("call_1")], fence=newer)

    async def test_the_fence_of_another_ledger_does_not_fit(
        self, store: Store, fence: Fence
    ) -> None:
        """Equal epochs of two logs mean nothing to each other."""
        with pytest.raises(FenceLost):
            await store.append([noted()], fence=Fence("log_elsewhere", fence.epoch))

    async def test_amendments_land_under_an_older_fence(self, store: Store, fence: Fence) -> None:
        """Who lost a run may still tell what came of a call, and is told what of it landed."""
        await store.append([intent("call_1"), ended("call_1")], fence=fence)
        await store.acquire(pid=1, at_ms=NOW)
        (alone,) = await store.append([amended("call_1")], fence=fence)
        assert isinstance(alone, Written)
        with pytest.raises(FenceLost) as loss:
            await store.append([intent("call_2"), amended("call_1"), noted()], fence=fence)
        turned_down, landed, also_turned_down = loss.value.receipts
        assert (turned_down, also_turned_down) == (None, None)
        assert landed == Written((await store.entries())[-1].position)
        kinds = [stored.kind for stored in await store.entries()]
        assert kinds == [EntryKind.INTENT, EntryKind.ENDED, EntryKind.AMENDED, EntryKind.AMENDED]
