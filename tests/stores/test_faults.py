"""Whatever happens to the file: no effect without an intent, words that help, and it goes on after.

That a commit which fails leaves nothing behind stands in `test_sqlite_durability.py`, that every
write may fail in `tests/road/test_faulty_ledger.py`.
"""

import shutil
from contextlib import contextmanager
from functools import partial

import apsw
import pytest

from highroad import Held, Tier, tool
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.approval import ApprovalState
from highroad.domain.error import LedgerError
from highroad.testing import Rehearsal
from highroad.testing.contracts.store.samples import ended, intent, noted

pytestmark = pytest.mark.promise("P2")


@contextmanager
def failing(disk, ledger, *, operation, failure):
    def fail(path):
        if path.startswith(str(ledger)):
            raise failure("the disk says no")

    intact = getattr(disk, operation)
    setattr(disk, operation, fail)
    yield
    setattr(disk, operation, intact)


@contextmanager
def locked(disk, ledger):
    keeper = apsw.Connection(str(ledger))
    keeper.execute("BEGIN IMMEDIATE")
    yield
    keeper.execute("ROLLBACK")
    keeper.close()


@contextmanager
def moved_away(disk, ledger):
    hidden = ledger.rename(ledger.with_name("hidden.db"))
    yield
    hidden.rename(ledger)


@contextmanager
def replaced(disk, ledger):
    hidden = ledger.rename(ledger.with_name("hidden.db"))
    shutil.copyfile(hidden, ledger)
    yield
    hidden.rename(ledger)


FAULTS = {
    "disk full": (
        partial(failing, operation="before_write", failure=apsw.FullError),
        "free space, then try again",
    ),
    "file read-only": (
        partial(failing, operation="before_write", failure=apsw.ReadOnlyError),
        "make the file and its folder writable",
    ),
    "permission lost": (
        partial(failing, operation="before_write", failure=apsw.PermissionsError),
        "grant reading and writing",
    ),
    "disk broken": (
        partial(failing, operation="before_sync", failure=apsw.IOError),
        "check the disk, then try again",
    ),
    "locked": (locked, "end that process, or try again"),
    "moved away": (moved_away, "put it back"),
    "replaced": (replaced, "put it back"),
}


@pytest.fixture(params=FAULTS.values(), ids=FAULTS.keys())
def fault(request, disk, ledger):
    breaks, says = request.param
    return partial(breaks, disk, ledger), says


@pytest.fixture
def effects():
    return []


@pytest.fixture
def tools(effects):
    @tool(tier=Tier.REVERSIBLE)
    async def pay(name: str) -> str:
        effects.append(name)
        return name

    @tool(tier=Tier.IRREVERSIBLE)
    async def wire(name: str) -> str:
        effects.append(name)
        return name

    return pay, wire


@pytest.fixture
async def rehearsal(disk, ledger, tools):
    rehearsal = Rehearsal(*tools)
    rehearsal.store = SQLiteStore.open(ledger, patience_ms=0)
    async with await rehearsal.start():
        yield rehearsal


async def test_no_effect_without_an_intent_and_all_is_well_when_the_cause_is_gone(
    rehearsal, tools, fault, effects
):
    pay, _ = tools
    breaks, _ = fault
    with breaks():
        during = await rehearsal.call(pay, {"name": "during"})
    assert (during.status, during.error.code) == ("refused", "ledger_unavailable")
    assert during.error.retryable
    assert effects == []
    after = await rehearsal.call(pay, {"name": "during"})
    assert after.status == "completed"
    assert effects == ["during"]


async def test_nobody_is_asked_and_nothing_is_decided_that_cannot_be_written(
    rehearsal, tools, fault, effects
):
    _, wire = tools
    breaks, _ = fault
    held = await rehearsal.call(wire, {"name": "held"})
    assert isinstance(held, Held)
    with breaks():
        during = await rehearsal.call(wire, {"name": "during"})
        with pytest.raises(LedgerError):
            await rehearsal.approvals.approve(held.approval_id, by=rehearsal.principal)
    assert during.status == "refused"
    (waiting,) = await rehearsal.approvals.list()
    assert (waiting.id, waiting.state) == (held.approval_id, ApprovalState.WAITING)
    assert effects == []


async def test_the_error_says_what_to_do(store, fence, ledger, disk, fault):
    breaks, says = fault
    with breaks(), pytest.raises(LedgerError, match=says) as refusal:
        await store.append([noted()], fence=fence)
    assert str(ledger) in str(refusal.value)
    (written,) = await store.append([noted()], fence=fence)
    assert written.position.seq == 0


async def test_a_file_that_was_deleted_under_its_owner_is_not_written_into_the_void(
    store, fence, ledger
):
    await store.append([noted()], fence=fence)
    ledger.unlink()
    for _ in range(2):
        with pytest.raises(LedgerError, match=r"was deleted or replaced .* restore a backup"):
            await store.append([noted()], fence=fence)


async def test_a_clock_that_is_set_back_changes_no_order_and_loses_nothing(
    rehearsal, tools, effects
):
    pay, wire = tools
    held = await rehearsal.call(wire, {"name": "held"})
    await rehearsal.call(pay, {"name": "before"})
    rehearsal.clock.set_back(86_400)
    after = await rehearsal.call(pay, {"name": "after"})
    assert after.status == "completed"
    assert (await rehearsal.call(pay, {"name": "again"})).status == "completed"
    found = await rehearsal.store.entries()
    assert [entry.position.seq for entry in found] == [*range(len(found))]
    assert found[-1].at_ms < found[0].at_ms
    (waiting,) = await rehearsal.approvals.list()
    assert waiting.id == held.approval_id
    assert effects == ["before", "after", "again"]


async def test_nothing_is_lost_with_a_wal_that_a_clean_end_left_behind(store, fence, ledger):
    await store.append([intent("call_1"), ended("call_1")], fence=fence)
    await store.close()
    for suffix in ("-wal", "-shm"):
        ledger.with_name(ledger.name + suffix).unlink(missing_ok=True)
    again = SQLiteStore.open(ledger)
    assert len(await again.entries()) == 2
    await again.close()


async def test_a_ledger_whose_wal_was_deleted_after_a_crash_opens_with_what_reached_the_file(
    store, fence, ledger, tmp_path
):
    await store.append([intent("call_1"), ended("call_1")], fence=fence)
    checkpointing = apsw.Connection(str(ledger))
    checkpointing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    checkpointing.close()
    await store.append([intent("call_2"), ended("call_2")], fence=fence)
    left = tmp_path / "left.db"
    shutil.copyfile(ledger, left)
    again = SQLiteStore.open(left)
    assert [entry.call_id for entry in await again.entries()] == ["call_1", "call_1"]
    newer = await again.acquire(pid=2, at_ms=0)
    (landed,) = await again.append([noted()], fence=newer)
    assert landed.position.seq == 2
    await again.close()
