"""A body that comes back after its call was given up on, and ends that cannot be written."""

import asyncio
import threading

import pytest

from highroad import Cost, Limits, ToolError, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import FenceLost, LedgerError

pytestmark = [pytest.mark.promise("P3"), pytest.mark.promise("P11")]

THREADS = 4
SHORT_S = 0.5  # enough for a thread to begin on a busy machine
BACK = {
    "returns": lambda: None,
    "says not applied": ToolError("no", applied=False),
    "says nothing": RuntimeError(),
}


@pytest.fixture
def gate():
    """What a body in a thread waits for; opened at the end, whatever happens."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def begun():
    """How many bodies have begun, each in its thread."""
    return threading.Semaphore(0)


def slow(gate, *, effect, back="returns", name="work", begun=None, **options):
    """A synchronous tool that comes back when the gate opens."""

    def work(number: int) -> int:
        if begun is not None:
            begun.release()
        gate.wait()
        if isinstance(BACK[back], Exception):
            raise BACK[back]
        return number

    probe = {"probe": lambda key: False} if effect == "checkable" else {}
    return tool(
        name=name,
        tier="reversible",
        effect=effect,
        **({"timeout_s": SHORT_S} | probe | options),
    )(work)


async def amendments_of(here, call_id, *, of=1, rounds=2_000):
    """What was amended, once that many amendments are there."""
    for _ in range(rounds):
        history = await here.services.ledger.history(call_id)
        if len(history.amendments) >= of:
            break
        await asyncio.to_thread(lambda: None)
    return [(each.kind, each.applied, each.by) for each in history.amendments]


async def back_home(here, gate, rounds=50):
    """Open the gate, and let everything that follows from it happen."""
    gate.set()
    for _ in range(rounds):
        await asyncio.to_thread(lambda: None)


@pytest.mark.parametrize(
    ("back", "amended"),
    [
        ("returns", [("late", True, "highroad")]),
        ("says not applied", [("late", False, "highroad")]),
        ("says nothing", []),
    ],
)
async def test_what_a_late_body_says_is_an_amendment_and_the_end_stays(
    world, gate, begun, back, amended
):
    work = slow(gate, effect="unprotected", back=back, begun=begun, timeout_s=60, cost=0.02)
    here = await world(work).open()
    calling = asyncio.ensure_future(here.call(work, {"number": 1}, run="r"))
    await asyncio.to_thread(begun.acquire)
    calling.cancel()
    await asyncio.wait([calling])
    (unknown,) = await here.runtime.unsettled()
    end = await here.end_of(unknown)
    await back_home(here, gate)
    assert await amendments_of(here, unknown.call_id, of=len(amended)) == amended
    assert await here.end_of(unknown) == end
    account = await here.account("r")
    costs = {"says not applied": 0}
    assert (account.calls, account.microusd) == (1, costs.get(back, 20_000))
    again = await here.call(work, {"number": 1}, run="r")
    assert again.status == {"returns": "completed", "says nothing": "unknown"}.get(
        back, "completed" if back == "returns" else "failed"
    )
    assert not await here.check()


async def test_a_body_that_comes_back_after_its_time_is_heard(world, gate):
    work = slow(gate, effect="unprotected")
    here = await world(work).open()
    outcome = await here.call(work, {"number": 1}, run="r")
    assert outcome.status == "unknown"
    assert [each.call_id for each in await here.runtime.unsettled()] == [outcome.call_id]
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id) == [("late", True, "highroad")]
    assert await here.runtime.unsettled() == ()


async def test_a_probe_that_says_no_is_not_believed_while_the_body_runs_on(world, gate):
    work = slow(gate, effect="checkable")
    here = await world(work).open()
    outcome = await here.call(work, {"number": 1}, run="r")
    assert outcome.status == "unknown"
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id) == [("late", True, "highroad")]


async def test_one_attempt_that_was_not_applied_says_nothing_of_the_other(world, gate):
    first, seen = threading.Event(), []

    @tool(tier="reversible", effect="idempotent", timeout_s=SHORT_S, attempts=2)
    def work(number: int) -> int:
        seen.append(number)
        (first if len(seen) == 1 else gate).wait()
        raise ToolError("no", applied=False)

    here = await world(work, limits=Limits(call_s=1e6)).open()
    calling = asyncio.ensure_future(here.call(work, {"number": 1}, run="r"))
    while not calling.done():
        here.clock.advance(1)
        await asyncio.to_thread(lambda: None)
    outcome = await calling
    assert outcome.status == "unknown"
    first.set()
    for _ in range(50):
        await asyncio.to_thread(lambda: None)
    assert await amendments_of(here, outcome.call_id, rounds=1) == []
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id) == [("late", False, "highroad")]


@pytest.mark.parametrize(
    ("back", "amended"),
    [("returns", [("late", True, "highroad")]), ("says not applied", [])],
)
async def test_of_a_repeatable_call_that_failed_it_is_news_that_it_was_applied(
    world, gate, back, amended
):
    work = slow(gate, effect="repeatable", back=back, attempts=1)
    here = await world(work).open()
    outcome = await here.call(work, {"number": 1})
    assert outcome.status == "failed"
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id, of=len(amended)) == amended


async def test_of_a_call_that_completed_by_another_attempt_nothing_is_news(world, gate):
    seen = []

    @tool(tier="reversible", effect="idempotent", timeout_s=SHORT_S, attempts=2)
    def work(number: int) -> int:
        seen.append(number)
        if len(seen) == 1:
            gate.wait()
        return len(seen)

    here = await world(work, limits=Limits(call_s=1e6)).open()
    calling = asyncio.ensure_future(here.call(work, {"number": 1}, run="r"))
    while not calling.done():
        here.clock.advance(1)
        await asyncio.to_thread(lambda: None)
    outcome = await calling
    assert outcome.unwrap() == 2
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id, rounds=1) == []


async def test_a_body_that_never_got_a_thread_has_not_started(world, gate, begun):
    busy = slow(gate, effect="repeatable", name="busy", timeout_s=60, begun=begun)
    work = slow(gate, effect="unprotected")
    here = await world(busy, work, limits=Limits(threads=THREADS)).open()
    crowd = [
        asyncio.ensure_future(here.call(busy, {"number": number})) for number in range(THREADS)
    ]
    for _ in range(THREADS):
        await asyncio.to_thread(begun.acquire)
    outcome = await here.call(work, {"number": 1})
    assert (outcome.status, outcome.proof) == ("failed", "not_started")
    gate.set()
    await asyncio.gather(*crowd)
    assert await amendments_of(here, outcome.call_id, rounds=1) == []


async def test_a_late_read_is_nobodys_news(world, gate):
    @tool(tier="read", timeout_s=SHORT_S, attempts=1)
    def look(number: int) -> int:
        gate.wait()
        return number

    here = await world(look).open()
    outcome = await here.call(look, {"number": 1})
    await back_home(here, gate)
    assert await amendments_of(here, outcome.call_id, rounds=1) == []


@pytest.mark.parametrize(
    ("error", "applied"), [(None, True), (ToolError("no", applied=False), False)]
)
async def test_who_lost_the_ledger_may_still_say_what_came_of_a_call(world, turns, error, applied):
    go_on = asyncio.Event()

    @tool(tier="reversible")
    async def pay(number: int) -> int:
        await go_on.wait()
        if error is not None:
            raise error
        return number

    here = await world(pay).open()
    old, calling = here.services, asyncio.ensure_future(here.call(pay, {"number": 1}, run="r"))
    await turns(40)
    await old.ledger.writer.flush()
    await here.reopen()
    (settled,) = here.settled
    assert settled.status == "unknown"
    go_on.set()
    told = await calling
    assert told.status == ("unknown" if applied else "failed")
    with pytest.raises(FenceLost):
        await old.ledger.writer.flush()
    assert await amendments_of(here, settled.call_id) == [("late", applied, "highroad")]
    again = await here.call(pay, {"number": 1}, run="r")
    assert again.status == ("completed" if applied else "failed")
    assert again.call_id != settled.call_id


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    ("effect", "found"),
    [
        ("repeatable", "completed"),
        ("idempotent", "completed"),
        ("checkable", "completed"),
        ("unprotected", "unknown"),
    ],
)
async def test_an_end_that_cannot_be_written_is_unknown_to_the_caller_and_known_later(
    world, faulty, effects, effect, found
):
    probe = {"probe": lambda key: effects["x"] > 0} if effect == "checkable" else {}

    @tool(tier="reversible", effect=effect, **probe)
    async def work(number: int) -> int:
        effects["x"] += 1
        here.store.fails = lambda number: effects["x"] == 1
        return number

    here = await world(work, wrap=faulty).open()
    told = await here.call(work, {"number": 1}, run="r")
    assert told.status == ("failed" if effect == "repeatable" else "unknown")
    here.store.fails = lambda number: False
    await here.runtime.flush()
    await here.reopen()
    history = await here.services.ledger.history(told.call_id)
    assert history.status == found
    assert history.settled is True
    kinds = [body["kind"] for body in await here.bodies(told.call_id)]
    assert kinds == [EntryKind.INTENT, EntryKind.AMENDED, EntryKind.ENDED]
    assert not await here.check()
    await here.runtime.audit.sign()
    assert not (await here.runtime.audit.verify()).problems


class Ambiguous:
    """A store that has written what it says it has not, where `lies` says so."""

    def __init__(self, store):
        self._store = store
        self.lies = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        receipts = await self._store.append(entries, fence=fence)
        if self.lies:
            raise LedgerError("the connection was lost in mid-commit")
        return receipts


@pytest.mark.promise("P2")
@pytest.mark.parametrize("kind", ["world", "sqlite"])
async def test_an_end_that_landed_though_its_commit_failed_is_the_end(kind, world, sqlite, effects):
    make = {"world": world, "sqlite": sqlite}[kind]

    @tool(tier="reversible")
    async def pay(number: int) -> int:
        effects["x"] += 1
        here.store.lies = effects["x"] == 1
        return number

    here = await make(pay, wrap=Ambiguous).open()
    told = await here.call(pay, {"number": 1}, run="r")
    assert (told.status, told.error.code) == ("unknown", "ledger_unavailable")
    here.store.lies = False
    await here.runtime.flush()
    await here.reopen()
    assert not here.settled
    assert (await here.end_of(told))["status"] == "completed"
    assert (await here.call(pay, {"number": 1}, run="r")).unwrap() == 1
    assert effects["x"] == 1
    assert not await here.check()


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    ("effect", "found"), [("idempotent", "completed"), ("unprotected", "unknown")]
)
async def test_what_a_failing_disk_left_agrees_with_what_the_caller_was_told(
    sqlite, faulty, effects, effect, found
):
    @tool(tier="reversible", effect=effect)
    async def work(number: int) -> int:
        effects["x"] += 1
        here.store.fails = lambda number: effects["x"] == 1
        return number

    here = await sqlite(work, wrap=faulty).open()
    told = await here.call(work, {"number": 1}, run="r")
    assert told.status == "unknown"
    await here.reopen()  # and the disk was never well again before
    assert [outcome.status for outcome in here.settled] == [found]
    again = await here.call(work, {"number": 1}, run="r")
    assert again.status == found
    assert effects["x"] == (2 if effect == "idempotent" else 1)
    assert not await here.check()


@pytest.mark.promise("P6")
@pytest.mark.parametrize("effect", ["idempotent", "unprotected"])
async def test_a_call_whose_end_could_not_be_written_has_one_once_it_can_be(
    world, faulty, effects, effect
):
    @tool(tier="reversible", effect=effect, cost=Cost(0.05, actual=lambda _, result: 0.02))
    async def work(number: int) -> int:
        effects["x"] += 1
        here.store.fails = lambda number: here.is_broken
        return number

    here = await world(work, wrap=faulty).open()
    here.is_broken = True
    told = await here.call(work, {"number": 1}, run="r")
    assert told.status == "unknown"
    assert (await here.account("r")).microusd == 50_000
    with pytest.raises(LedgerError):
        await here.runtime._waiting.end_unended()  # noqa: SLF001 - what the owner does each second
    assert effects["x"] == 1
    here.is_broken = False
    await here.runtime._waiting.end_unended()  # noqa: SLF001 - as above
    found, cost = {"idempotent": ("completed", 20_000), "unprotected": ("unknown", 50_000)}[effect]
    assert (await here.end_of(told))["status"] == found
    assert (await here.account("r")).microusd == cost
    await here.reopen()
    assert not here.settled
    assert (await here.account("r")).microusd == cost
    assert not await here.check()


async def test_who_lost_the_ledger_settles_nothing(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="reversible", effect="idempotent")
    async def charge(number: int) -> int:
        effects["x"] += 1
        await gate.wait()
        return number

    here = await world(charge).open()
    old = here.runtime
    calling = asyncio.ensure_future(here.call(charge, {"number": 1}, run="r"))
    await turns(40)
    await here.reopen(settles=False)
    gate.set()
    told = await calling
    assert told.status == "unknown"
    with pytest.raises(LedgerError):
        await old._waiting.end_unended()  # noqa: SLF001 - what the owner does each second
    with pytest.raises(LedgerError):
        await old.wait(told.call_id, timeout_s=0)
    assert effects["x"] == 1


async def test_while_nothing_can_be_written_no_body_is_run_to_find_an_end(world, faulty, effects):
    @tool(tier="reversible", effect="repeatable", attempts=1)
    async def touch(number: int) -> int:
        effects["x"] += 1
        here.store.fails = lambda number: here.is_broken
        raise RuntimeError

    here = await world(touch, wrap=faulty).open()
    here.is_broken = True
    told = await here.call(touch, {"number": 1})
    assert (told.status, told.error.code) == ("failed", "ledger_unavailable")
    await here.runtime._waiting.end_unended()  # noqa: SLF001 - what the owner does each second
    assert effects["x"] == 1
    here.is_broken = False
    await here.call(touch, {"number": 2})
    await here.runtime._waiting.end_unended()  # noqa: SLF001 - as above
    assert (await here.end_of(told))["status"] == "failed"
    assert not await here.check()
