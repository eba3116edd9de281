"""What `append` has answered is on disk, and what it has not answered may as well not be."""

import asyncio
import threading

import apsw
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.entry import Written
from highroad.domain.error import LedgerError
from highroad.testing.contracts.store.samples import (
    NOW,
    claim,
    ended,
    intent,
    payload,
    run_key,
)


def whole_call(name):
    """An intent with all riders, and its end."""
    run = f"run of {name}"
    return [
        intent(
            name,
            run=run,
            key=claim(name, digest=name.encode()),
            payloads=(payload(f"arguments of {name}", run=run),),
            sealed_key=run_key(run),
        ),
        ended(name, run=run, payloads=(payload(f"result of {name}", run=run),)),
    ]


async def calls_found_in(ledger):
    """Calls of a ledger found after a crash, each checked for its riders."""
    store = SQLiteStore.open(ledger)
    found = await store.entries()
    assert [stored.position.seq for stored in found] == [*range(len(found))]
    calls = [stored.call_id for stored in found][::2]
    for call in calls:
        run = f"run of {call}"
        assert await store.payload(f"arguments of {call}") is not None
        assert await store.payload(f"result of {call}") is not None
        assert await store.run_key(run) is not None
        assert await store.claim("acme", call.encode(), at_ms=NOW) is not None
        assert (await store.usage(run, at_ms=NOW)).spent.total.calls == 1
    await store.close()
    return calls


@pytest.mark.promise("P2")
async def test_a_loss_of_power_takes_nothing_that_was_answered(
    disk, store, fence, ledger, tmp_path
):
    for n in range(10):
        await store.append(whole_call(f"call_{n}"), fence=fence)
        found = disk.lose_power(ledger, tmp_path / f"after {n}")
        assert await calls_found_in(found) == [f"call_{m}" for m in range(n + 1)]


@pytest.mark.promise("P2")
async def test_a_loss_of_power_in_mid_commit_leaves_whole_entries_only(
    disk, store, fence, ledger, tmp_path
):
    images = []

    def lose_power(path):
        if len(images) <= len(answered):
            images.append(disk.lose_power(ledger, tmp_path / f"image {len(images)}"))

    answered = []
    disk.before_sync = lose_power
    for n in range(5):
        await store.append(whole_call(f"call_{n}"), fence=fence)
        answered.append(f"call_{n}")
    disk.before_sync = lambda path: None
    assert len(images) == 5
    for n, image in enumerate(images):
        assert await calls_found_in(image) == answered[:n]


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    ("operation", "failure"),
    [
        ("before_write", apsw.FullError),
        ("before_write", apsw.IOError),
        ("before_sync", apsw.IOError),
    ],
)
async def test_a_commit_that_fails_leaves_nothing_and_the_next_one_lands(
    disk, store, fence, operation, failure
):
    def fail(path):
        raise failure("the disk says no")

    await store.append(whole_call("call_1"), fence=fence)
    intact = getattr(disk, operation)
    setattr(disk, operation, fail)
    with pytest.raises(LedgerError) as refusal:
        await store.append(whole_call("call_2"), fence=fence)
    setattr(disk, operation, intact)
    assert "try again" in str(refusal.value)
    assert await store.payload("arguments of call_2") is None
    assert await store.claim("acme", b"call_2", at_ms=NOW) is None
    assert [stored.call_id for stored in await store.entries()] == ["call_1", "call_1"]
    first, _ = await store.append(whole_call("call_3"), fence=fence)
    assert first.position.seq == 2


async def test_a_caller_who_goes_away_in_mid_commit_leaves_a_whole_entry(disk, store, fence):
    is_syncing, may_sync = threading.Event(), threading.Event()

    def wait(path):
        is_syncing.set()
        may_sync.wait()

    disk.before_sync = wait
    append = asyncio.ensure_future(store.append(whole_call("call_1"), fence=fence))
    await asyncio.to_thread(is_syncing.wait)
    append.cancel()
    # The next transaction waits for the one in flight, though nobody else does.
    following = asyncio.ensure_future(store.append(whole_call("call_2"), fence=fence))
    may_sync.set()
    with pytest.raises(asyncio.CancelledError):
        await append
    assert all(isinstance(receipt, Written) for receipt in await following)
    assert [stored.position.seq for stored in await store.entries()] == [0, 1, 2, 3]
