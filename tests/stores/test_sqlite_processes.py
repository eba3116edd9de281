"""Several processes on one ledger: one drives it, the others read and leave decisions."""

import subprocess
import sys

import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.approval import Ruling
from highroad.domain.entry import AlreadyEnded, EntryKind
from highroad.domain.error import FenceLost
from highroad.domain.order_form import read_order
from highroad.testing.contracts.store.samples import NOW, amended, ended, intent

OWNER = """
import asyncio, os, sys
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.testing.contracts.store.samples import intent

async def own():
    store = SQLiteStore.open(sys.argv[1])
    fence = await store.acquire(pid=os.getpid(), at_ms=7)
    await store.append([intent("call_1", reserved=250)], fence=fence)
    print("owner", flush=True)
    sys.stdin.read()

asyncio.run(own())
"""
POSTER = """
import asyncio, sys
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.approval import Ruling
from highroad.domain.order import Decision

async def post():
    store = SQLiteStore.open(sys.argv[1])
    word = dict(organization="acme", ruling=Ruling.APPROVE, by="usr_bob", digest="d", at_ms=1)
    for n in range(20):
        await store.post(Decision(approval_id=f"{sys.argv[2]}_{n:02}", **word))
    await store.close()

asyncio.run(post())
"""


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def owner(ledger):
    """A process that owns the ledger, with a call in flight."""
    with start(OWNER, ledger) as process:
        assert process.stdout.readline() == "owner\n"
        yield process
        process.kill()


async def test_a_process_cannot_become_the_owner_while_another_is(owner, store):
    assert await store.acquire(pid=1, at_ms=NOW) is None
    ownership = await store.ownership()
    assert (ownership.pid, ownership.since_ms) == (owner.pid, 7)
    assert await store.open_calls() == ["call_1"]


@pytest.mark.promise("P6")
async def test_death_frees_the_ledger_and_what_was_in_flight_still_counts(owner, store):
    owner.kill()
    owner.wait()
    fence = await store.acquire(pid=1, at_ms=NOW)
    assert fence.epoch == 2
    assert await store.open_calls() == ["call_1"]
    usage = await store.usage("run_1", at_ms=NOW)
    used = usage.spent.total
    assert (used.proposals, used.calls, used.microusd) == (1, 1, 250)


@pytest.mark.promise("P3")
async def test_a_call_ends_once_whoever_owns_the_ledger(store, fence, ledger):
    await store.append([intent("call_1"), intent("call_2")], fence=fence)
    newer = await store.acquire(pid=1, at_ms=NOW)
    assert await store.append([ended("call_1")], fence=newer)
    with pytest.raises(FenceLost):
        await store.append([ended("call_1"), ended("call_2"), amended("call_1")], fence=fence)
    await store.close()
    after = SQLiteStore.open(ledger)
    newest = await after.acquire(pid=2, at_ms=NOW)
    assert await after.append([ended("call_1")], fence=newest) == (AlreadyEnded("call_1"),)
    ends = await after.entries(kind=EntryKind.ENDED)
    assert [stored.call_id for stored in ends] == ["call_1"]
    assert len(await after.entries(kind=EntryKind.AMENDED)) == 1
    await after.close()


async def test_decisions_of_several_processes_all_reach_the_owner(ledger):
    # The ledger is not there yet, either: whoever is first makes it.
    posters = [start(POSTER, ledger, name) for name in ("one", "two", "three")]
    store = SQLiteStore.open(ledger)
    assert await store.acquire(pid=1, at_ms=NOW) is not None
    for poster in posters:
        poster.communicate()
        assert poster.returncode == 0
    posted = [read_order(each) for each in await store.inbox()]
    assert {decision.ruling for decision in posted} == {Ruling.APPROVE}
    for name in ("one", "two", "three"):
        of_one = [word.approval_id for word in posted if word.approval_id.startswith(name)]
        assert of_one == [f"{name}_{n:02}" for n in range(20)]
    await store.close()
