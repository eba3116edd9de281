"""Breakers seen and held by people, health checks, and what a model is told of a dependency."""

import asyncio
import json
import threading

import pytest

from highroad import Completed, Principal, Refused, ToolContext, ToolError, tool
from highroad.domain.dependency import BreakerChange, BreakerRule, BreakerState
from highroad.domain.entry import EntryKind
from highroad.domain.error import CountersError, DecisionRefused, LedgerError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.health import trouble_of
from highroad.domain.order_form import read_order
from highroad.ledger import entries
from highroad.ledger.tables.comparison import compare
from highroad.recovery.dependencies import Dependencies
from highroad.testing import FakeClock

pytestmark = pytest.mark.anyio

ADA = Principal("ada", name="Ada", permissions={"dependencies:manage"})
VISITOR = Principal("zoe")


async def changes(runtime):
    """What the ledger tells of breakers, oldest first."""
    bodies = [json.loads(entry.body) for entry in await runtime.entries()]
    return [body for body in bodies if body["kind"] == EntryKind.BREAKER]


async def health_of(runtime, name="bank"):
    (found,) = [e for e in await runtime.dependencies.health() if e.dependency == name]
    return found


# -- the ledger ----------------------------------------------------------------------------------


@pytest.mark.promise("P12")
async def test_the_ledger_tells_when_a_breaker_opened_and_when_it_closed(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    opened_ms = runtime.clock.now_ms()
    runtime.clock.advance(60)
    for cents in range(100, 103):
        assert isinstance(await runtime.call("pay", {"cents": cents}), Completed)
    down, up = await changes(runtime)
    assert (down["dependency"], down["state"], down["at"]) == ("bank", "open", opened_ms)
    assert (down["attempts"], down["failures"], down["forced"]) == (5, 5, False)
    assert (up["state"], up["at"]) == ("closed", opened_ms + 60_000)
    assert "by" not in down
    assert down["org"] == "default"
    assert (await compare(runtime.store)).holds


@pytest.mark.promise("P7")
async def test_a_person_who_opens_a_breaker_stands_in_the_ledger_as_an_opaque_id(banking):
    runtime = await banking()
    change = await runtime.dependencies.open("bank", by=ADA)
    (told,) = await changes(runtime)
    assert (told["state"], told["forced"], told["by"]) == ("open", True, change.by)
    assert all(b"ada" not in entry.body for entry in await runtime.entries())
    assert (await compare(runtime.store)).holds


# -- held by people ------------------------------------------------------------------------------


async def test_what_a_person_opened_stays_open_until_it_is_let_go(banking, bank):
    runtime = await banking()
    await runtime.dependencies.open("bank", by=ADA)
    runtime.clock.advance(3_600)
    refused = await runtime.call("pay", {"cents": 1})
    assert isinstance(refused, Refused)
    assert refused.error.code == "dependency_unavailable"
    await runtime.dependencies.release("bank", by=ADA)
    assert isinstance(await runtime.call("pay", {"cents": 2}), Completed)
    assert bank.asked == 1


async def test_what_a_person_closed_lets_attempts_through_whatever_fails(banking, bank):
    runtime = await banking()
    await runtime.dependencies.close("bank", by=ADA)
    await bank.trip(runtime, times=20)
    assert bank.asked == 20
    assert [body["by"] is None for body in await changes(runtime)] == [False]


async def test_what_a_person_holds_is_held_by_the_next_owner_too(banking, bank):
    runtime = await banking()
    await runtime.dependencies.open("bank", by=ADA)
    await runtime.reopen()
    await runtime.dependencies.restore()
    assert isinstance(await runtime.call("pay", {"cents": 1}), Refused)
    held = await health_of(runtime)
    assert (held.state, held.is_forced) == (BreakerState.OPEN, True)
    assert [body["state"] for body in await changes(runtime)] == ["open"]


async def test_what_a_person_let_go_is_not_held_again(banking):
    runtime = await banking()
    for _ in range(3):  # all in one millisecond
        await runtime.dependencies.open("bank", by=ADA)
        await runtime.dependencies.release("bank", by=ADA)
    times = [body["at"] for body in await changes(runtime)]
    assert times == sorted(set(times))
    await runtime.reopen()
    await runtime.dependencies.restore()
    assert isinstance(await runtime.call("pay", {"cents": 1}), Completed)


async def test_a_new_owner_says_that_what_its_predecessor_counted_is_forgotten(banking, bank):
    """Whoever reads the ledger would else take the breaker for open, for good."""
    runtime = await banking()
    await bank.trip(runtime)
    runtime.clock.advance(1)
    await runtime.entries()
    await runtime.reopen()
    await runtime.dependencies.restore()
    await runtime.dependencies.restore()
    assert [body["state"] for body in await changes(runtime)] == ["open", "closed"]


async def test_a_process_follows_what_another_one_was_told(banking, bank):
    """On a shared ledger the order comes to any of the processes, each with breakers of its own."""
    runtime = await banking()
    here = Dependencies(runtime.services, permissions=None, runs_calls=True, is_owner=True)
    force = runtime.services.ways.force
    await runtime.dependencies.open("bank", by=ADA)
    await force("bank", None)  # here nobody was told yet
    await here.follow()
    assert isinstance(await runtime.call("pay", {"cents": 1}), Refused)
    runtime.clock.advance(1)
    await runtime.dependencies.release("bank", by=ADA)
    await force("bank", BreakerState.OPEN)
    await here.follow()
    assert isinstance(await runtime.call("pay", {"cents": 2}), Completed)


async def test_what_moves_by_its_rule_elsewhere_lets_nothing_go_that_a_person_holds(banking):
    runtime = await banking()
    await runtime.dependencies.open("bank", by=ADA)
    moved = BreakerChange(
        id="brk_elsewhere",
        dependency="bank",
        state=BreakerState.CLOSED,
        at_ms=runtime.clock.now_ms() + 1,
    )
    await runtime.services.ledger.writer.write(entries.breaker_changed(moved))
    await runtime.services.ways.force("bank", None)
    here = Dependencies(runtime.services, permissions=None, runs_calls=True, is_owner=True)
    await here.follow()
    assert isinstance(await runtime.call("pay", {"cents": 1}), Refused)


async def test_another_process_says_at_once_who_may_not(banking):
    runtime = await banking(policy='[policy]\nallow = ["*"]\n')
    other = await beside(runtime)
    with pytest.raises(DecisionRefused, match="dependencies:manage"):
        await other.dependencies.open("bank", by=VISITOR)
    assert not await runtime.store.inbox()


@pytest.mark.parametrize("verb", ["open", "close", "release"])
async def test_holding_breakers_takes_the_permission(banking, verb):
    runtime = await banking(policy='[policy]\nallow = ["*"]\n')
    with pytest.raises(DecisionRefused, match="dependencies:manage"):
        await getattr(runtime.dependencies, verb)("bank", by=VISITOR)
    assert not await changes(runtime)


async def test_what_no_tool_needs_is_not_held(banking):
    runtime = await banking()
    with pytest.raises(DecisionRefused, match="there are: bank, weather"):
        await runtime.dependencies.open("bnak", by=ADA)


async def test_saying_the_same_twice_changes_nothing(banking):
    runtime = await banking()
    with pytest.raises(DecisionRefused, match="nobody holds"):
        await runtime.dependencies.release("bank", by=ADA)
    await runtime.dependencies.open("bank", by=ADA)
    with pytest.raises(DecisionRefused, match="held open already"):
        await runtime.dependencies.open("bank", by=ADA)
    assert len(await changes(runtime)) == 1


async def beside(runtime):
    """The same from a process that does not own the ledger."""
    other = type(runtime)(*runtime.tools, clock=runtime.clock, settings=runtime.settings)
    other.ledger = runtime.ledger
    return await other.open()


@pytest.mark.promise("P4")
async def test_another_process_leaves_an_order_which_the_owner_carries_out(banking):
    runtime = await banking()
    other = await beside(runtime)
    await other.dependencies.open("bank", by=ADA)
    assert isinstance(await runtime.call("pay", {"cents": 1}), Completed)
    await runtime.assembly.inbox.empty()
    assert isinstance(await runtime.call("pay", {"cents": 2}), Refused)
    assert [body["state"] for body in await changes(runtime)] == ["open"]


@pytest.mark.promise("P4")
async def test_the_owner_judges_an_order_again(banking):
    runtime = await banking(policy='[policy]\nallow = ["*"]\n')
    other = await beside(runtime)
    lax = Dependencies(other.services, permissions=None, runs_calls=False, is_owner=False)
    await lax.open("bank", by=VISITOR)
    await runtime.assembly.inbox.empty()
    assert isinstance(await runtime.call("balance", {"account": "a"}), Completed)
    assert not await changes(runtime)
    refusals = [e for e in await runtime.entries() if e.kind is EntryKind.ORDER_REFUSED]
    assert len(refusals) == 1
    assert not await runtime.store.inbox()


async def test_an_order_is_recorded_once_however_often_it_is_read(banking):
    runtime = await banking()
    other = await beside(runtime)
    await other.dependencies.open("bank", by=ADA)
    (posted,) = await runtime.store.inbox()
    await runtime.assembly.inbox.empty()
    await runtime.store.post(read_order(posted))  # its owner died before it forgot it
    await runtime.assembly.inbox.empty()
    assert len(await changes(runtime)) == 1
    refused = [e for e in await runtime.entries() if e.kind is EntryKind.ORDER_REFUSED]
    assert not refused


# -- health --------------------------------------------------------------------------------------


async def test_health_tells_of_everything_that_a_tool_needs(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    down, fine = await runtime.dependencies.health()
    assert (down.dependency, down.tools, down.state) == ("bank", ("balance", "pay"), "open")
    assert (down.attempts, down.failures, down.is_degraded) == (5, 5, True)
    assert down.changed_ms == runtime.clock.now_ms()
    assert down.until_ms == runtime.clock.now_ms() + 60_000
    assert (fine.dependency, fine.state, fine.is_degraded) == ("weather", "closed", False)
    assert fine.trouble is fine.checkup is fine.until_ms is None


async def test_health_beside_the_owner_is_what_the_ledger_last_told(banking, bank):
    runtime = await banking()
    other = await beside(runtime)
    assert (await health_of(other)).state is BreakerState.CLOSED
    await bank.trip(runtime)
    await runtime.entries()
    told = await health_of(other)
    assert (told.state, told.is_of_ledger, told.failures) == (BreakerState.OPEN, True, 5)
    assert told.until_ms == told.changed_ms + 60_000
    runtime.clock.advance(1)
    await runtime.dependencies.open("bank", by=ADA)
    told = await health_of(other)
    assert (told.is_forced, told.until_ms) == (True, None)


class Shared:
    """A store that other processes run calls on, too."""

    is_shared = True

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)


async def test_on_a_shared_ledger_what_others_met_is_told_until_it_is_met_here(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    await runtime.entries()
    runtime.wrap = Shared
    await runtime.reopen()
    await runtime.dependencies.restore()
    told, fine = await runtime.dependencies.health()
    assert (told.state, told.is_of_ledger) == (BreakerState.OPEN, True)
    assert not fine.is_of_ledger
    await runtime.call("pay", {"cents": 100})
    met = await health_of(runtime)
    assert (met.state, met.is_of_ledger, met.attempts) == (BreakerState.CLOSED, False, 1)
    assert [body["state"] for body in await changes(runtime)] == ["open"]


async def test_a_row_that_somebody_changed_is_told_as_such(banking):
    runtime = await banking()
    await runtime.dependencies.open("bank", by=ADA)
    runtime.wrap = Shared
    await runtime.reopen()
    for row in runtime.ledger.tables["breaker_change"].values():
        row["state"] = "ajar"
    with pytest.raises(LedgerError, match="somebody changed the ledger"):
        await runtime.dependencies.health()


RULE = BreakerRule()


@pytest.mark.parametrize(
    ("attempts", "failures", "is_degraded"),
    [(4, 1, False), (1, 1, False), (8, 2, True), (9, 2, False), (2, 2, True), (0, 0, False)],
)
async def test_half_the_failures_that_open_a_breaker_are_trouble(
    banking, bank, attempts, failures, is_degraded
):
    runtime = await banking(breaker=BreakerRule(failures=100))
    for number in range(attempts):
        bank.does = ConnectionRefusedError() if number < failures else None
        await runtime.call("balance", {"account": str(number)})
    found = await health_of(runtime)
    assert found.is_degraded is is_degraded
    reading = (await runtime.services.ways.readings(["bank"]))[0]
    assert (trouble_of(reading, RULE) is not None) is is_degraded


# -- what a model is told ------------------------------------------------------------------------


async def fail(runtime, bank, times):
    bank.does = ConnectionRefusedError()
    for number in range(times):
        await runtime.call("balance", {"account": f"f{number}"})
    bank.does = None


@pytest.mark.promise("P5")
async def test_a_model_is_told_once_in_a_run_that_a_dependency_is_degraded(banking, bank):
    runtime = await banking()
    await fail(runtime, bank, 2)
    first = await runtime.call("balance", {"account": "a"}, run="r")
    again = await runtime.call("balance", {"account": "b"}, run="r")
    elsewhere = await runtime.call("balance", {"account": "c"}, run="s")
    beside = await runtime.call("weather", {"town": "Rome"}, run="t")
    assert first.warnings[0].startswith("bank is degraded: 2 of its last 3 attempts failed.")
    assert first.for_model()["warnings"] == list(first.warnings)
    assert again.warnings == beside.warnings == ()
    assert elsewhere.warnings


async def test_a_model_is_told_while_a_few_attempts_try_whether_it_is_back(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    runtime.clock.advance(60)
    outcomes = [await runtime.call("pay", {"cents": cents}) for cents in range(100, 104)]
    assert [bool(each.warnings) for each in outcomes] == [True, True, False, False]


@pytest.mark.parametrize("parallel", [None, 2])
async def test_a_model_is_told_of_what_was_only_slow(banking, bank, parallel):
    slow = BreakerRule(slow_s=1.0, slow_attempts=2)
    runtime = await banking(breaker=slow, parallel=parallel)
    answer = bank.answer

    async def takes_long():
        runtime.clock.advance(2.0)

    bank.answer = takes_long
    for number in range(2):
        await runtime.call("balance", {"account": str(number)})
    bank.answer = answer
    runtime.clock.advance(60)
    assert (await runtime.call("balance", {"account": "a"})).warnings


async def test_what_is_healthy_again_is_asked_about_no_more(banking, bank):
    runtime = await banking()
    await fail(runtime, bank, 2)
    assert runtime.services.ways.to("bank").is_suspect
    runtime.clock.advance(60)
    assert not (await runtime.call("balance", {"account": "a"})).warnings
    assert not runtime.services.ways.to("bank").is_suspect


async def test_a_bulkhead_hides_no_trouble(banking, bank):
    """With more to demand than a pass, attempts go by the counters in place of the shortcut."""
    runtime = await banking(parallel=2)
    await fail(runtime, bank, 2)
    assert (await runtime.call("balance", {"account": "a"})).warnings


async def test_a_result_is_no_worse_for_counters_that_cannot_be_asked(banking, bank, monkeypatch):
    runtime = await banking()
    await fail(runtime, bank, 2)

    async def unreachable(rules):
        raise CountersError("gone")

    monkeypatch.setattr(runtime.services.budgets.counters, "breakers", unreachable)
    outcome = await runtime.call("balance", {"account": "a"})
    assert isinstance(outcome, Completed)
    assert not outcome.warnings


# -- health checks -------------------------------------------------------------------------------


async def check(runtime, times=1):
    for _ in range(times):
        await runtime.assembly.checks.run("bank")


async def test_a_check_that_fails_makes_its_dependency_degraded(banking, bank):
    runtime = await banking()
    bank.says = False
    await check(runtime)
    found = await health_of(runtime)
    assert found.checkup.kind is FailureKind.TRANSIENT
    assert (found.trouble, found.is_degraded) == ("its last health check failed", True)
    assert (found.attempts, found.failures) == (1, 1)
    assert (await runtime.call("balance", {"account": "a"})).warnings
    bank.says = None
    await check(runtime)
    assert (await health_of(runtime)).checkup.is_well
    assert not (await runtime.call("balance", {"account": "a"})).warnings


async def test_a_check_that_fails_by_its_own_fault_is_told_though_it_opens_nothing(banking, bank):
    runtime = await banking()
    bank.says = KeyError("ours")
    await check(runtime)
    assert (await runtime.call("balance", {"account": "a"})).warnings


async def test_of_several_checks_the_one_that_failed_is_told(world):
    async def well():
        return True

    async def ill():
        return False

    @tool(tier="read", dependency="bank", health=ill)
    async def balance(account: str) -> int:
        """Read a balance."""
        return 7

    @tool(tier="read", dependency="bank", health=well)
    async def limit(account: str) -> int:
        """Read a limit."""
        return 7

    runtime = await world(balance, limit, clock=FakeClock()).open()
    await check(runtime)
    found = await health_of(runtime)
    assert (found.checkup.tool, found.is_degraded) == ("balance", True)


@pytest.mark.parametrize("answer", [None, True, "all well", 0])
async def test_only_false_is_no(banking, bank, answer):
    runtime = await banking()
    bank.says = answer
    await check(runtime)
    assert (await health_of(runtime)).checkup.is_well


@pytest.mark.parametrize(
    ("error", "kind", "failures"),
    [
        (ConnectionRefusedError(), FailureKind.TRANSIENT, 1),
        (TimeoutError(), FailureKind.TIMEOUT, 1),
        (KeyError("x"), FailureKind.BUG, 0),
        (ToolError("no", kind=FailureKind.DENIED), FailureKind.DENIED, 0),
        (asyncio.CancelledError(), FailureKind.CANCELLED, 0),
        (SystemExit(1), FailureKind.BUG, 0),
    ],
    ids=["refused", "late", "bug", "denied", "cancelled", "exit"],
)
async def test_what_a_check_raises_means_what_it_means_of_a_body(
    banking, bank, error, kind, failures
):
    runtime = await banking()
    bank.says = error
    await check(runtime)
    found = await health_of(runtime)
    assert found.checkup.kind in {kind, FailureKind.UNKNOWN}
    assert not found.checkup.is_well
    assert found.failures == failures


async def test_checks_open_a_breaker_and_bring_it_back_without_a_real_call(banking, bank):
    runtime = await banking()
    bank.says = False
    await check(runtime, times=5)
    assert (await health_of(runtime)).state is BreakerState.OPEN
    await check(runtime)
    assert bank.checked == 5
    runtime.clock.advance(60)
    bank.says = None
    await check(runtime, times=3)
    assert (await health_of(runtime)).state is BreakerState.CLOSED
    assert bank.asked == 0
    assert [body["state"] for body in await changes(runtime)] == ["open", "closed"]


async def test_a_check_in_vain_keeps_it_open(banking, bank):
    runtime = await banking()
    await bank.trip(runtime)
    runtime.clock.advance(60)
    bank.says = False
    await check(runtime)
    assert (await health_of(runtime)).state is BreakerState.OPEN


async def test_a_check_is_called_off_with_the_runtime_and_leaves_nothing(banking, bank, turns):
    runtime = await banking(parallel=1)
    bank.says = asyncio.Event()
    task = asyncio.create_task(check(runtime))
    await turns()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert isinstance(await runtime.call("balance", {"account": "a"}), Completed)
    assert (await health_of(runtime)).failures == 0


@pytest.fixture
def threaded(world):
    """A tool with a synchronous health check that does what it is told to."""

    def threaded(health, **options):
        @tool(tier="read", dependency="bank", health=health, **options)
        async def balance(account: str) -> int:
            """Read a balance."""
            return 7

        return world(balance, clock=FakeClock())

    return threaded


async def test_a_synchronous_check_runs_in_a_thread(threaded):
    seen = []
    runtime = await threaded(lambda: seen.append(threading.current_thread())).open()
    await check(runtime)
    assert seen
    assert seen[0] is not threading.main_thread()


async def test_a_synchronous_check_that_hangs_takes_one_thread_and_no_more(threaded):
    goes_on, is_begun, begun = threading.Event(), threading.Event(), []

    def hang():
        begun.append(1)
        is_begun.set()
        goes_on.wait(30)

    runtime = await threaded(hang, timeout_s=0.25).open()
    try:
        await check(runtime, times=3)
        await asyncio.to_thread(is_begun.wait, 30)  # a busy machine starts it behind its time
        found = await health_of(runtime)
        assert (len(begun), found.failures) == (1, 3)
        assert found.checkup.kind is FailureKind.TIMEOUT
    finally:
        goes_on.set()


async def test_a_check_may_take_the_context_and_makes_no_governed_calls(threaded):
    seen = []

    async def health(context: ToolContext[None]):
        seen.append(context)
        await context.call("balance", {"account": "a"})

    runtime = await threaded(health).open()
    await check(runtime)
    assert seen[0].principal == runtime.principal
    assert seen[0].remaining_s == 30.0
    assert not (await health_of(runtime)).checkup.is_well


async def test_only_dependencies_of_tools_with_a_check_are_asked(banking):
    runtime = await banking(check_s=5.0)
    assert runtime.assembly.checks.due == {"bank": 5.0}


async def test_a_check_is_no_part_of_what_is_pinned(threaded):
    one = await threaded(lambda: None).open()
    other = await threaded(lambda: False).open()
    assert [each.digest for each in one.runtime.tools] == [e.digest for e in other.runtime.tools]
