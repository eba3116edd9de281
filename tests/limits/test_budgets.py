import random

import anyio
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from highroad.domain.error import BrokenPromise
from highroad.domain.limits import Limits
from highroad.domain.run import Usage
from highroad.domain.tool import Tier, ToolDefinition
from highroad.limits.budget import Budget, Demand, Reservation, to_microusd
from highroad.limits.exceeded import Exceeded
from highroad.testing.clock import FakeClock


class Ledger:
    """Remembers what runs used, and how often it was asked."""

    def __init__(self, **usages):
        self.usages = usages
        self.reads = 0

    async def usage(self, run_id):
        self.reads += 1
        await anyio.lowlevel.checkpoint()
        return self.usages.get(run_id, Usage())


def budget_of(ledger=None, clock=None, accounts=10_000, **limits):
    ledger = ledger or Ledger()
    return Budget(Limits(**limits), ledger.usage, clock or FakeClock(), accounts=accounts)


def demand_of(tool="refund", most=1_000, microusd=0):
    return Demand(tool, "calls_per_tool", most, microusd)


def tool_of(tier, **more):
    return ToolDefinition(name="t", description="d", input_schema={}, digest="0", tier=tier, **more)


def test_reads_and_effects_have_limits_of_their_own():
    limits = Limits(calls_per_read=50, calls_per_tool=5)
    assert Demand.of(tool_of(Tier.READ), limits) == Demand("t", "calls_per_read", 50)
    assert Demand.of(tool_of(Tier.REVERSIBLE), limits) == Demand("t", "calls_per_tool", 5)


def test_what_a_tool_declares_goes_before_the_limits():
    tool = tool_of(Tier.READ, max_per_run=2, cost_usd=0.1)
    assert Demand.of(tool, Limits()) == Demand("t", "max_per_run", 2, 100_000)


@pytest.mark.parametrize(("usd", "micro"), [(0.1, 100_000), (0.0000001, 1), (0.3, 300_000), (0, 0)])
def test_money_is_rounded_up_to_whole_millionths(usd, micro):
    assert to_microusd(usd) == micro


@pytest.mark.promise("P6")
def test_each_limit_stops_the_call_that_would_break_it():
    clock = FakeClock()
    budget = budget_of(clock=clock, calls=3, proposals=2, usd=0.01, run_s=10)
    account = budget.begin("run_1")

    assert account.propose() is None
    assert account.propose() is None
    assert account.propose() == Exceeded("proposals", 3, 2)

    assert isinstance(account.reserve(demand_of("a", most=1, microusd=9_000)), Reservation)
    assert account.reserve(demand_of("a", most=1)) == Exceeded("calls_per_tool", 1, 1)
    assert account.reserve(demand_of("b", microusd=1_001)) == Exceeded("usd", 0.009, 0.01)
    clock.advance(10)
    assert account.reserve(demand_of("b")) == Exceeded("run_s", 10, 10)


@pytest.mark.promise("P6")
def test_a_limit_on_calls_counts_all_tools_together():
    account = budget_of(calls=2).begin("run_1")
    assert isinstance(account.reserve(demand_of("a")), Reservation)
    assert isinstance(account.reserve(demand_of("b")), Reservation)
    assert account.reserve(demand_of("c")) == Exceeded("calls", 2, 2)


@pytest.mark.promise("P6")
def test_looking_says_what_reserving_would_and_takes_nothing():
    account = budget_of(calls=1).begin("run_1")
    assert account.look(demand_of()) is None
    assert account.look(demand_of()) is None
    account.reserve(demand_of())
    assert account.look(demand_of()) == account.reserve(demand_of()) == Exceeded("calls", 1, 1)


def test_a_refusal_names_limit_count_and_what_to_do_instead():
    error = Exceeded("calls_per_tool", 5, 5).error
    assert error.code == "budget_exceeded"
    assert "5 of 5 calls of this tool" in error.message
    assert "Do not call this tool again" in error.hint
    assert not error.retryable


@pytest.mark.promise("P6")
def test_what_is_released_can_be_used_again_and_only_once():
    account = budget_of(calls=1, usd=0.01).begin("run_1")
    reservation = account.reserve(demand_of(most=1, microusd=10_000))
    reservation.release()
    reservation.release()
    assert isinstance(account.reserve(demand_of(most=1, microusd=10_000)), Reservation)
    assert account.reserve(demand_of("other")) == Exceeded("calls", 1, 1)


@pytest.mark.promise("P6")
def test_what_an_intent_took_over_is_not_given_back():
    account = budget_of(calls=1).begin("run_1")
    reservation = account.reserve(demand_of())
    reservation.commit()
    reservation.release()
    assert account.calls == 1


@pytest.mark.promise("P6")
def test_an_unknown_outcome_counts_in_full_and_a_known_one_what_it_cost():
    account = budget_of().begin("run_1")
    unknown = account.reserve(demand_of(microusd=30_000))
    unknown.commit()
    known = account.reserve(demand_of(microusd=30_000))
    known.commit()
    known.settle(10_000)
    dearer = account.reserve(demand_of(microusd=30_000))
    dearer.commit()
    dearer.settle(35_000)
    assert account.microusd == 30_000 + 10_000 + 35_000


def test_a_reservation_ends_once():
    account = budget_of().begin("run_1")
    reservation = account.reserve(demand_of())
    with pytest.raises(BrokenPromise):
        reservation.settle(0)
    reservation.release()
    with pytest.raises(BrokenPromise):
        reservation.commit()


@pytest.mark.promise("P6")
async def test_a_named_run_goes_on_from_what_the_ledger_knows():
    clock = FakeClock()
    used = Usage(
        proposals=7,
        calls=5,
        cost_microusd=60_000,
        started_ms=clock.now_ms() - 90_000,
        rested_ms=80_000,
        by_tool=(("refund", 4), ("get_order", 1)),
    )
    budget = budget_of(Ledger(thread=used), clock, run_s=20)
    account = await budget.enter("thread")
    assert (account.proposals, account.calls, account.microusd) == (7, 5, 60_000)
    assert isinstance(account.reserve(demand_of(most=5)), Reservation)
    assert account.reserve(demand_of(most=5)) == Exceeded("calls_per_tool", 5, 5)
    clock.advance(10)
    assert account.reserve(demand_of("other")) == Exceeded("run_s", 20, 20)


@pytest.mark.promise("P6")
async def test_wall_time_stands_still_while_nobody_is_inside():
    clock = FakeClock()
    budget = budget_of(clock=clock, run_s=10)
    for _ in range(3):
        account = await budget.enter("thread")
        clock.advance(3)
        account.leave()
        clock.advance(86_400)
    account = await budget.enter("thread")
    assert account.look(demand_of()) is None
    clock.advance(1)
    assert account.look(demand_of()) == Exceeded("run_s", 10, 10)


async def test_a_direct_call_that_waited_a_night_for_approval_has_time_left():
    clock = FakeClock()
    waited = Usage(proposals=1, started_ms=clock.now_ms() - 36_000_000)
    account = await budget_of(Ledger(run_1=waited), clock).enter("run_1", is_direct=True)
    assert account.look(demand_of()) is None


@pytest.mark.promise("P6")
async def test_two_that_come_together_read_the_ledger_once():
    ledger = Ledger(thread=Usage(calls=9))
    budget = budget_of(ledger, calls=10)
    results = []

    async def call():
        account = await budget.enter("thread")
        results.append(account.reserve(demand_of()))

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(call)
    assert ledger.reads == 1
    assert [type(result) for result in results] == [Reservation, Exceeded]


async def test_a_reader_that_is_cancelled_leaves_the_reading_to_the_next():
    ledger = Ledger(thread=Usage(calls=9))
    budget = budget_of(ledger)
    entered = []

    async def call():
        entered.append(await budget.enter("thread"))

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as first:
                first.start_soon(call)
                await anyio.lowlevel.checkpoint()
                group.start_soon(call)
                scope.cancel()
    assert [account.calls for account in entered] == [9]
    assert ledger.reads == 2


async def test_a_ledger_that_cannot_be_read_stops_each_caller():
    async def broken(run_id):
        raise OSError(run_id)

    budget = Budget(Limits(), broken, FakeClock())
    for _ in range(2):
        with pytest.raises(OSError, match="thread"):
            await budget.enter("thread")
    assert len(budget) == 0


async def test_direct_runs_are_forgotten_at_once_and_named_ones_when_there_are_too_many():
    ledger = Ledger()
    budget = budget_of(ledger, accounts=3)
    for number in range(100):
        budget.begin(f"run_{number}").leave()
    assert len(budget) == 0
    busy = await budget.enter("busy")
    for number in range(100):
        (await budget.enter(f"thread_{number}")).leave()
    assert len(budget) == 4
    assert await budget.enter("busy") is busy
    reads = ledger.reads
    (await budget.enter("thread_99")).leave()
    assert ledger.reads == reads
    (await budget.enter("thread_0")).leave()
    assert ledger.reads == reads + 1


async def test_an_account_stays_as_long_as_anybody_is_inside():
    budget = budget_of(accounts=0)
    outer, inner = await budget.enter("thread"), await budget.enter("thread")
    assert inner is outer
    inner.leave()
    assert await budget.enter("thread") is outer


async def dawdle(chance):
    for _ in range(chance.randrange(4)):
        await anyio.lowlevel.checkpoint()


async def try_to_run(budget, chance, ran):
    """One caller among many, whose work may fall through before its intent."""
    await dawdle(chance)
    account = await budget.enter("thread")
    reservation = account.reserve(demand_of())
    if isinstance(reservation, Reservation):
        await dawdle(chance)
        if chance.random() < 0.3:
            reservation.release()
        else:
            reservation.commit()
            ran.append(reservation)
            await dawdle(chance)
            reservation.settle(0)
    account.leave()


async def call_until_it_runs(budget, chance, ran):
    while len(ran) < 10:
        await try_to_run(budget, chance, ran)


@pytest.mark.promise("P6")
@pytest.mark.parametrize("batch", range(10))
async def test_twenty_in_parallel_against_ten_run_exactly_ten(batch):
    for seed in range(batch * 30, batch * 30 + 30):
        chance = random.Random(seed)  # noqa: S311 - a seed makes the order repeatable
        budget, ran = budget_of(calls=10), []
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call_until_it_runs, budget, chance, ran)
        assert len(ran) == 10
        assert isinstance((await budget.enter("thread")).reserve(demand_of()), Exceeded)


class Reservations(RuleBasedStateMachine):
    """However reservations are mixed, counters equal those of a plain model."""

    held = Bundle("held")
    running = Bundle("running")

    def __init__(self):
        super().__init__()
        self.account = budget_of(calls=6, usd=0.001).begin("run_1")
        self.counted: list[tuple[str, int]] = []

    @rule(target=held, tool=st.sampled_from("abc"), microusd=st.integers(0, 400))
    def reserve(self, tool, microusd):
        by_tool = sum(name == tool for name, _ in self.counted)
        money = sum(cost for _, cost in self.counted)
        fits = (
            len(self.counted) < 6 and by_tool < 3 and (microusd == 0 or money + microusd <= 1_000)
        )
        reservation = self.account.reserve(demand_of(tool, 3, microusd))
        assert isinstance(reservation, Reservation) == fits
        if not fits:
            return (None, None)
        entry = (tool, microusd)
        self.counted.append(entry)
        return (reservation, entry)

    @rule(pair=consumes(held))
    def release(self, pair):
        reservation, entry = pair
        if reservation is not None:
            reservation.release()
            reservation.release()
            self.counted.remove(entry)

    @rule(target=running, pair=consumes(held))
    def commit(self, pair):
        if pair[0] is not None:
            pair[0].commit()
            pair[0].release()
        return pair

    @rule(pair=consumes(running), actual=st.integers(0, 500))
    def settle(self, pair, actual):
        reservation, entry = pair
        if reservation is not None:
            reservation.settle(actual)
            self.counted.remove(entry)
            self.counted.append((entry[0], actual))

    @invariant()
    def counts_what_is_held_and_used(self):
        assert self.account.calls == len(self.counted) <= 6
        assert self.account.microusd == sum(cost for _, cost in self.counted)


TestReservations = pytest.mark.promise("P6")(Reservations.TestCase)
