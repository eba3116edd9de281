"""What is erased, and what is on its way under a key that goes."""

from dataclasses import replace

import pytest

from highroad.domain.entry import (
    CallsOpen,
    Entry,
    EntryKind,
    Erasure,
    Fence,
    KeyDestroyed,
    KeyTaken,
    Written,
)
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    claim,
    ended,
    held,
    intent,
    noted,
    payload,
    run_key,
)

FIRST, SECOND = run_key("run_1", wrapped=b"first"), run_key("run_1", wrapped=b"second")


def under(key: SealedKey, payload_id: str) -> SealedPayload:
    """A payload that names its key."""
    return replace(payload(payload_id, run=key.run_id), sealed_under=key.wrapped)


def call(number: int, key: SealedKey, *, brings: SealedKey | None = None) -> Entry:
    """The one entry of a call, with something sealed."""
    name = f"call_{number}"
    opening = intent(name, run=key.run_id, sealed_key=brings)
    end = ended(name, run=key.run_id, payloads=(under(key, f"{name}.result"),))
    return replace(end, rows=(*opening.rows, *end.rows), run_key=brings)


def erased(*runs: str, frees_keys: bool = False) -> Entry:
    """An entry that destroys the keys of runs."""
    return replace(noted(EntryKind.ERASED), erases=Erasure(runs=runs, frees_keys=frees_keys))


class ErasingContract(Ground):
    """Of an erasure and what is sealed under the key that it destroys, one comes first."""

    async def test_a_payload_lands_under_the_key_that_it_names(
        self, store: Store, fence: Fence
    ) -> None:
        """Whether that stands already or comes with it."""
        group = [call(1, FIRST, brings=FIRST), call(2, FIRST), call(3, FIRST, brings=FIRST)]
        receipts = [*await store.append(group, fence=fence)]
        receipts += await store.append([call(4, FIRST)], fence=fence)
        assert [type(receipt) for receipt in receipts] == [Written] * 4
        assert await store.payload("call_4.result") == payload("call_4.result")
        assert await store.run_key("run_1") == FIRST

    @pytest.mark.parametrize("fresh", [None, SECOND], ids=["none", "another"])
    async def test_nothing_lands_under_a_key_that_was_destroyed(
        self, store: Store, fence: Fence, fresh: SealedKey | None
    ) -> None:
        """The entry is turned down alone, with its riders, whichever key the run has by then."""
        await store.append([call(1, FIRST, brings=FIRST), erased("run_1")], fence=fence)
        if fresh is not None:
            assert await store.begin_run(fresh) == fresh
        group = [noted(), call(2, FIRST), ended("call_9", run="run_9")]
        before, refused, behind = await store.append(group, fence=fence)
        assert refused == KeyDestroyed("run_1")
        assert isinstance(before, Written)
        assert isinstance(behind, Written)
        assert await store.entries(call_id="call_2") == []
        assert await store.payload("call_2.result") is None
        assert await store.run_key("run_1") == fresh

    async def test_a_call_that_was_turned_down_ends_under_a_fresh_key(
        self, store: Store, fence: Fence
    ) -> None:
        """It has not ended, and so may."""
        await store.append([call(1, FIRST, brings=FIRST), erased("run_1")], fence=fence)
        await store.append([call(2, FIRST)], fence=fence)
        await store.begin_run(SECOND)
        (receipt,) = await store.append([call(2, SECOND)], fence=fence)
        assert isinstance(receipt, Written)
        assert await store.payload("call_2.result") == payload("call_2.result")

    async def test_a_key_that_another_one_stands_for_seals_nothing(
        self, store: Store, fence: Fence
    ) -> None:
        """Though the entry brings it: what stands is never replaced."""
        await store.begin_run(FIRST)
        (receipt,) = await store.append([call(1, SECOND, brings=SECOND)], fence=fence)
        assert receipt == KeyDestroyed("run_1")
        assert await store.run_key("run_1") == FIRST

    async def test_within_an_append_what_comes_behind_an_erasure_is_turned_down(
        self, store: Store, fence: Fence
    ) -> None:
        """And what came before is erased."""
        group = [call(1, FIRST, brings=FIRST), erased("run_1"), call(2, FIRST)]
        receipts = await store.append(group, fence=fence)
        assert [type(receipt) for receipt in receipts] == [Written, Written, KeyDestroyed]
        for number in (1, 2):
            assert await store.payload(f"call_{number}.result") is None
        assert await store.run_key("run_1") is None

    async def test_an_amendment_is_judged_by_its_key_too(self, store: Store, fence: Fence) -> None:
        """It lands without what was sealed."""
        await store.append([call(1, FIRST, brings=FIRST), erased("run_1")], fence=fence)
        reason = replace(amended("call_1"), payloads=(under(FIRST, "call_1.settled"),))
        receipts = await store.append([reason, amended("call_1")], fence=fence)
        assert [type(receipt) for receipt in receipts] == [KeyDestroyed, Written]
        assert await store.payload("call_1.settled") is None

    @pytest.mark.parametrize("opening", [intent("call_2"), held("call_2", "apr_2")])
    async def test_no_run_is_erased_while_a_call_of_it_is_open(
        self, store: Store, fence: Fence, opening: Entry
    ) -> None:
        """Nor any other run, payload or name with it; once the call has ended they are."""
        other = run_key("run_2")
        await store.append(
            [call(1, FIRST, brings=FIRST), call(5, other, brings=other)], fence=fence
        )
        group = [opening, erased("run_2", "run_1")]
        _, refused = await store.append(group, fence=fence)
        again, end, done = await store.append(
            [erased("run_1"), ended("call_2"), erased("run_2")], fence=fence
        )
        assert refused == again == CallsOpen(("call_2",))
        assert isinstance(end, Written)
        assert isinstance(done, Written)
        assert await store.payload("call_1.result") is not None
        assert await store.run_key("run_1") == FIRST
        assert len(await store.entries(kind=EntryKind.ERASED)) == 1
        (receipt,) = await store.append([erased("run_1")], fence=fence)
        assert isinstance(receipt, Written)
        assert await store.payload("call_1.result") is None

    async def test_claims_of_the_calls_of_a_run_go_where_that_is_asked(
        self, store: Store, fence: Fence
    ) -> None:
        """At once: what comes behind in the same append may have the key, and keeps it."""
        await store.append([intent("call_1", key=claim("call_1")), ended("call_1")], fence=fence)
        kept, taken = await store.append(
            [erased("run_1"), intent("call_2", run="run_2", key=claim("call_2"))], fence=fence
        )
        assert isinstance(kept, Written)
        assert taken == KeyTaken(claim("call_1"))
        freed, had = await store.append(
            [
                erased("run_1", frees_keys=True),
                intent("call_3", run="run_3", key=claim("call_3")),
            ],
            fence=fence,
        )
        assert isinstance(freed, Written)
        assert isinstance(had, Written)
        assert await store.claim("acme", b"key", at_ms=NOW) == claim("call_3")
