"""The group writer keeps the order, tells everybody the truth, and loses nothing it can keep."""

import asyncio
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.entry import AlreadyEnded, Written
from highroad.domain.error import FenceLost, LedgerError
from highroad.ledger.writer import MAX_BEHIND, MAX_DELAY_S, GroupWriter
from highroad.testing import MemoryStore
from highroad.testing.contracts.store.samples import amended, ended, intent

MOMENT_S = 30  # a test that hangs ends by this


class Troubled(MemoryStore):
    """Waits at its gate, and fails when it is told to."""

    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.fails = lambda: False
        self.breaks = False
        self.groups = []

    async def append(self, entries, *, fence):
        self.groups.append(len(entries))
        self.arrived.set()
        await self.gate.wait()
        if self.breaks:
            raise ZeroDivisionError
        if self.fails():
            raise LedgerError("the disk says no")
        return await super().append(entries, fence=fence)

    async def calls(self):
        return [entry.call_id for entry in await self.entries(limit=10_000)]


@pytest.fixture
def store():
    return Troubled()


@pytest.fixture
async def writer(store):
    return GroupWriter(store, await store.acquire(pid=1, at_ms=0))


async def turns():
    """Let every other task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whatever_waits_while_one_commit_is_on_its_way_shares_the_next(store, writer):
    store.gate.clear()
    writes = [asyncio.ensure_future(writer.write(intent("call_0")))]
    await store.arrived.wait()
    writes += [asyncio.ensure_future(writer.write(intent(f"call_{n}"))) for n in range(1, 9)]
    await turns()
    store.gate.set()
    receipts = await asyncio.gather(*writes)
    assert [receipt.position.seq for receipt in receipts] == [*range(9)]
    assert store.groups == [1, 8]


async def test_each_writer_gets_the_receipt_of_its_own_entry(writer):
    twice = ended("call_1"), ended("call_1"), intent("call_2")
    first, second, third = await asyncio.gather(*map(writer.write, twice))
    assert isinstance(first, Written)
    assert second == AlreadyEnded("call_1")
    assert third.position.seq == 1


@pytest.mark.promise("P2")
async def test_an_entry_is_not_answered_before_its_commit(store, writer):
    store.gate.clear()
    write = asyncio.ensure_future(writer.write(intent("call_1")))
    await store.arrived.wait()
    await turns()
    assert not write.done()
    store.gate.set()
    assert isinstance(await write, Written)


@pytest.mark.promise("P2")
async def test_an_entry_that_rides_is_committed_though_nobody_asks(store, writer):
    writer.put(intent("call_1"))
    assert store.groups == []
    async with asyncio.timeout(MOMENT_S):
        await store.arrived.wait()
    await writer.flush()
    assert await store.calls() == ["call_1"]


async def test_an_entry_that_rides_takes_the_commit_of_one_that_is_awaited(store, writer):
    writer.put(intent("call_1"))
    await writer.write(intent("call_2"))
    assert (await store.calls(), store.groups) == (["call_1", "call_2"], [2])


async def test_a_large_crowd_is_written_in_several_commits_in_order(store, writer):
    calls = [f"call_{n}" for n in range(1_300)]
    for call in calls:
        writer.put(intent(call))
    await writer.flush()
    assert await store.calls() == calls
    assert max(store.groups) < len(calls)


async def test_a_flush_waits_for_what_is_on_its_way(store, writer):
    store.gate.clear()
    writer.put(intent("call_1"))
    first = asyncio.ensure_future(writer.flush())
    await store.arrived.wait()
    assert writer.behind == 1, "on its way is not there yet"
    second = asyncio.ensure_future(writer.flush())
    await turns()
    assert not first.done()
    assert not second.done()
    store.gate.set()
    await asyncio.gather(first, second)
    assert writer.behind == 0


async def test_a_flush_does_not_wait_for_what_comes_after_it(store, writer):
    store.gate.clear()
    writer.put(intent("call_0"))
    flush = asyncio.ensure_future(writer.flush())
    await store.arrived.wait()
    for n in count(1):  # somebody who never stops
        writer.put(intent(f"call_{n}"))
        store.gate.set()
        await asyncio.sleep(0)
        if flush.done():
            break
    assert writer.behind > 0
    await writer.flush()


async def test_a_flush_of_nothing_is_done(writer):
    await writer.flush()


@pytest.mark.promise("P2")
async def test_everybody_who_waits_is_told_of_a_failure_and_nothing_of_theirs_is_written(
    store, writer
):
    store.fails = lambda: True
    store.gate.clear()
    writes = [asyncio.ensure_future(writer.write(intent("call_1")))]
    await store.arrived.wait()
    writes.append(asyncio.ensure_future(writer.write(intent("call_2"))))
    await turns()
    store.gate.set()
    for write in writes:
        with pytest.raises(LedgerError, match="the disk says no"):
            await write
    assert str(writer.failure) == "the disk says no"
    store.fails = lambda: False
    await writer.write(intent("call_3"))
    assert await store.calls() == ["call_3"]
    assert writer.failure is None


async def test_what_nobody_waits_for_is_kept_for_the_next_commit(store, writer):
    store.fails = lambda: True
    writer.put(intent("call_1"))
    with pytest.raises(LedgerError, match="the disk says no"):
        await writer.flush()
    assert writer.behind == 1
    store.fails = lambda: False
    writer.put(intent("call_2"))
    await writer.flush()
    assert await store.calls() == ["call_1", "call_2"]


async def test_a_caller_who_goes_away_changes_nothing_for_the_others(store, writer):
    store.gate.clear()
    writes = [asyncio.ensure_future(writer.write(intent(f"call_{n}"))) for n in range(3)]
    await store.arrived.wait()
    writes[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await writes[1]
    store.gate.set()
    await asyncio.gather(writes[0], writes[2])
    assert await store.calls() == ["call_0", "call_1", "call_2"]


async def test_a_caller_who_goes_away_before_a_failure_leaves_no_complaint(store, writer):
    store.gate.clear()
    store.fails = lambda: True
    write = asyncio.ensure_future(writer.write(intent("call_1")))
    await store.arrived.wait()
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    store.gate.set()
    await turns()
    assert writer.behind == 0


async def test_nobody_waits_for_ever_when_the_store_breaks_a_promise(store, writer):
    store.breaks = True
    loop = asyncio.get_running_loop()
    seen = []
    loop.set_exception_handler(lambda _, context: seen.append(context["exception"]))
    async with asyncio.timeout(MOMENT_S):
        with pytest.raises(LedgerError, match="broke down; open the ledger anew"):
            await writer.write(intent("call_1"))
    writer.put(intent("call_2"))
    with pytest.raises(LedgerError, match="broke down"):
        await writer.flush()
    loop.set_exception_handler(None)


async def test_a_draft_is_drawn_up_when_its_commit_begins_and_once(store, writer):
    drawn = []

    def draft():
        drawn.append(writer.behind)
        return intent("call_1")

    writer.put(draft)
    assert drawn == []
    store.fails = lambda: True
    with pytest.raises(LedgerError):
        await writer.flush()
    store.fails = lambda: False
    await writer.flush()
    assert (drawn, await store.calls()) == ([1], ["call_1"])


@pytest.mark.promise("P7")
async def test_a_draft_that_breaks_takes_nobody_with_it_and_is_told_without_its_words(
    store, writer, caplog
):
    def draft():
        raise ValueError("what alice wrote")

    writer.put(draft)
    writer.put(intent("call_1"))
    await writer.flush()
    assert await store.calls() == ["call_1"]
    assert writer.behind == 0
    assert "ValueError" in caplog.text
    assert "alice" not in caplog.text
    writer.put(draft)
    await writer.flush()


@pytest.mark.promise("P2")
async def test_there_is_room_again_after_a_commit(store, writer):
    for n in range(MAX_BEHIND):
        writer.put(intent(f"call_{n}"))
    store.gate.clear()
    late = [asyncio.ensure_future(writer.room()) for _ in range(5)]
    await store.arrived.wait()
    await turns()
    assert not any(wait.done() for wait in late)
    store.gate.set()
    await asyncio.gather(*late)
    assert writer.behind < MAX_BEHIND
    await writer.flush()


async def test_who_waits_for_room_is_let_go_when_the_commit_fails(store, writer):
    for n in range(MAX_BEHIND):
        writer.put(intent(f"call_{n}"))
    store.fails = lambda: True
    await writer.room()
    assert writer.failure is not None


STEPS = st.lists(
    st.sampled_from(["write", "put", "draft", "turn", "cancel", "flush", "shut", "open"]),
    max_size=40,
)


@pytest.mark.promise("P2")
@given(STEPS, st.lists(st.booleans(), min_size=1, max_size=12))
def test_whatever_fails_what_was_answered_is_there_once_in_order_and_what_was_denied_is_not(
    steps, weather
):
    asyncio.run(live_through(steps, weather))


class Life:
    """A writer in changing weather, and what it was given."""

    def __init__(self, store, writer):
        self.store = store
        self.writer = writer
        self.put = []
        self.writes = {}
        self.flushes = []

    async def act(self, step, call):
        match step:
            case "write":
                self.writes[call] = asyncio.ensure_future(self.writer.write(intent(call)))
            case "put" | "draft":
                self.writer.put(intent(call) if step == "put" else lambda: intent(call))
                self.put.append(call)
            case "flush":
                self.flushes.append(asyncio.ensure_future(self.writer.flush()))
            case "cancel" if self.writes:
                [*self.writes.values()][-1].cancel()
            case "shut":
                self.store.gate.clear()
            case "open":
                self.store.gate.set()
        # A write takes its place with its first step, so that the order is known.
        await (turns() if step == "turn" else asyncio.sleep(0))

    async def end(self):
        """Open the gate, and let the last commits succeed."""
        self.store.gate.set()
        async with asyncio.timeout(MOMENT_S):
            answers = await asyncio.gather(*self.writes.values(), return_exceptions=True)
            await asyncio.gather(*self.flushes, return_exceptions=True)
            self.store.fails = lambda: False
            await self.writer.flush()
        return dict(zip(self.writes, answers, strict=True))


async def live_through(steps, weather):
    store = Troubled()
    life = Life(store, GroupWriter(store, await store.acquire(pid=1, at_ms=0)))
    days = count()
    store.fails = lambda: weather[next(days) % len(weather)]
    for number, step in enumerate(steps):
        await life.act(step, f"call_{number:03}")
    answers = await life.end()
    found = await store.calls()
    assert found == sorted(set(found)), "in the order of coming, and once"
    assert set(life.put) <= set(found)
    written = {call for call, answer in answers.items() if isinstance(answer, Written)}
    denied = {call for call, answer in answers.items() if isinstance(answer, LedgerError)}
    assert written <= set(found)
    assert not denied & set(found)
    assert life.writer.behind == 0


@pytest.mark.promise("P2")
async def test_reads_that_never_wait_still_become_durable_on_the_way(store, writer, monkeypatch):
    """A loop of them keeps nobody from the commit that is due, long before it is full."""
    monkeypatch.setattr("highroad.ledger.writer.MAX_DELAY_S", 0.0)  # every commit is due at once
    for number in range(MAX_BEHIND // 2):
        await writer.room()
        writer.put(intent(f"call_{number}"))
    assert await store.calls()


async def test_a_read_gives_way_to_a_commit_and_to_nothing_else(store, writer):
    writer.put(intent("call_1"))
    assert not gives_way(writer)  # its commit is not due
    store.gate.clear()
    flush = asyncio.ensure_future(writer.flush())
    await store.arrived.wait()
    await asyncio.sleep(MAX_DELAY_S)
    assert gives_way(writer)
    store.gate.set()
    await flush


def gives_way(writer):
    """Whether who asks for room lets the others on."""
    asking = writer.room()
    try:
        asking.send(None)
    except StopIteration:
        return False
    asking.close()
    return True


async def test_under_a_lost_fence_the_writer_of_an_amendment_is_told_that_it_landed(store, writer):
    await writer.write(ended("call_1"))
    await store.acquire(pid=2, at_ms=0)
    store.gate.clear()
    writes = [asyncio.ensure_future(writer.write(intent("call_2")))]
    await turns()
    mixed = [amended("call_1"), ended("call_2"), amended("call_1")]
    writes += [asyncio.ensure_future(writer.write(entry)) for entry in mixed]
    writer.put(ended("call_3"))
    await turns()
    store.gate.set()
    told = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in told] == [FenceLost, Written, FenceLost, Written]
    assert [entry.kind for entry in await store.entries()] == ["call.ended", *["call.amended"] * 2]
    assert not writer.behind


async def test_a_lost_fence_is_not_forgotten_because_an_amendment_lands(store, writer):
    await store.acquire(pid=2, at_ms=0)
    with pytest.raises(FenceLost):
        await writer.write(intent("call_1"))
    assert isinstance(await writer.write(amended("call_1")), Written)
    assert isinstance(writer.failure, FenceLost)
