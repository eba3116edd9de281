"""Budgets across every scope at once: reserved before work, settled after it (P6)."""

import itertools
import random
from dataclasses import replace

import anyio
import pytest

from highroad.adapters.counters.memory import MemoryCounters
from highroad.domain.demand import Amount, PassDemand, Shortage
from highroad.domain.dependency import BreakerRule, BreakerState
from highroad.domain.error import BrokenPromise
from highroad.domain.limits import BudgetRule, Limits, RateRule, Scope, Window
from highroad.domain.run import Spent, Usage
from highroad.domain.tool import Tier, ToolDefinition
from highroad.limits.budgets import Budgets
from highroad.limits.exceeded import Exceeded, RateExceeded
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRuns
from highroad.limits.share import Spender, ToolCap, to_microusd
from highroad.limits.span import span_of
from highroad.testing.clock import FakeClock

pytestmark = pytest.mark.promise("P6")

PASS = PassDemand(dependency="bank", rule=BreakerRule())
DAWN_MS = 1_750_000_000_000
HOUR_MS = 3_600_000


class Ledger:
    """What it says was used, and how often it was asked."""

    def __init__(self, usages=None, spent=None):
        self.usages = usages or {}
        self.told = spent or {}
        self.reads = []

    async def usage(self, run_id):
        self.reads.append(run_id)
        await anyio.lowlevel.checkpoint()
        return self.usages.get(run_id, Usage())

    async def spent(self, scope, whose, *, since_ms, until_ms):
        self.reads.append((scope, whose, since_ms, until_ms))
        await anyio.lowlevel.checkpoint()
        return self.told.get(whose, Spent())


class House:
    """Budgets with all that they stand on."""

    def __init__(self, *rules, rates=(), ledger=None, counters=None, **limits):
        self.clock = FakeClock(DAWN_MS)
        self.ledger = ledger or Ledger()
        self.runs = LiveRuns(self.ledger.usage, self.clock)
        self.counters = MemoryCounters(self.clock) if counters is None else counters
        self.budgets = Budgets(
            self.counters, Limits(**limits), self.ledger, self.clock, rules=rules, rates=rates
        )
        self.numbers = itertools.count(1)

    async def spender(self, run="r", *, parent=None, tool=None, **more):
        holder = f"call_{next(self.numbers)}"
        live = await self.runs.enter(run, parent_id=parent, conversation_id=more.pop("talk", None))
        told = {"principal_id": "usr_a", "organization": "acme", "at_ms": self.clock.now_ms()}
        return Spender(holder=holder, run=live, tool=tool, **told | more)

    async def reserve(self, run="r", amount=None, **more):
        spender = await self.spender(run, **more)
        spending = self.budgets.spending(spender, amount or Amount(calls=1))
        looked = await self.budgets.look(spending, PASS)
        reserved = await self.budgets.reserve(spending)
        assert isinstance(reserved, Reservation) == (looked is None)
        return reserved

    async def propose(self, run="r", **more):
        return await self.budgets.propose(await self.spender(run, **more))


def cap_of(most, tool="refund"):
    return ToolCap(tool, "calls_per_tool", most)


def tool_of(tier, **more):
    return ToolDefinition(name="t", description="d", input_schema={}, digest="0", tier=tier, **more)


def test_reads_and_effects_have_limits_of_their_own():
    limits = Limits(calls_per_read=50, calls_per_tool=5)
    assert ToolCap.of(tool_of(Tier.READ), limits) == ToolCap("t", "calls_per_read", 50)
    assert ToolCap.of(tool_of(Tier.REVERSIBLE), limits) == ToolCap("t", "calls_per_tool", 5)
    own = tool_of(Tier.READ, max_per_run=2)
    assert ToolCap.of(own, limits) == ToolCap("t", "max_per_run", 2)


@pytest.mark.parametrize(("usd", "micro"), [(0.1, 100_000), (0.0000001, 1), (0.3, 300_000), (0, 0)])
def test_money_is_rounded_up_to_whole_millionths(usd, micro):
    assert to_microusd(usd) == micro


async def test_each_limit_of_a_run_stops_the_work_that_would_break_it():
    house = House(calls=3, proposals=2, usd=0.01, run_s=10, tokens=100)
    assert await house.propose() == ()
    assert [limit.limit for limit in await house.propose()] == ["proposals"]
    assert await house.propose() == Exceeded("proposals", 2, 2)
    nine = Amount(calls=1, microusd=9_000)
    assert isinstance(await house.reserve(amount=nine, tool=cap_of(1)), Reservation)
    assert await house.reserve(tool=cap_of(1)) == Exceeded("calls_per_tool", 1, 1)
    dear = Amount(calls=1, microusd=1_001)
    assert await house.reserve(amount=dear) == Exceeded("usd", 0.009, 0.01)
    assert await house.reserve(amount=Amount(tokens=101)) == Exceeded("tokens", 0, 100)
    assert isinstance(await house.reserve(amount=Amount(tokens=100)), Reservation)
    await house.reserve()
    await house.reserve()
    assert await house.reserve() == Exceeded("calls", 3, 3)
    house.clock.advance(10)
    assert await house.reserve() == Exceeded("run_s", 10, 10)


async def test_what_is_released_can_be_used_again_and_only_once():
    house = House(calls=1, usd=0.01, per_minute=None)
    amount = Amount(calls=1, microusd=10_000)
    reservation = await house.reserve(amount=amount, tool=cap_of(1))
    await reservation.release()
    await reservation.release()
    assert isinstance(await house.reserve(amount=amount, tool=cap_of(1)), Reservation)
    assert isinstance(await house.reserve(), Exceeded)


async def test_an_unknown_outcome_counts_in_full_and_a_known_one_what_it_cost():
    house = House()
    for cost in (None, 10_000, 35_000):
        reservation = await house.reserve(amount=Amount(calls=1, microusd=30_000))
        reservation.commit()
        await reservation.release()
        if cost is not None:
            await reservation.settle(Amount(calls=1, microusd=cost))
    used = await house.counters.usage("run/r")
    assert used == Amount(calls=3, microusd=30_000 + 10_000 + 35_000)


async def test_a_reservation_ends_once():
    reservation = await House().reserve()
    with pytest.raises(BrokenPromise):
        await reservation.settle(Amount())
    await reservation.release()
    with pytest.raises(BrokenPromise):
        reservation.commit()


async def test_a_run_of_one_is_judged_without_being_counted():
    house = House(calls=1, usd=0.01)
    assert isinstance(await house.reserve(is_alone=True), Reservation)
    dear = Amount(calls=1, microusd=10_001)
    assert await house.reserve(amount=dear, is_alone=True) == Exceeded("usd", 0, 0.01)
    assert await house.reserve(tool=cap_of(0), is_alone=True) == Exceeded("calls_per_tool", 0, 0)
    assert await House(calls=0).reserve(is_alone=True) == Exceeded("calls", 0, 0)
    assert await House(proposals=0).propose(is_alone=True) == Exceeded("proposals", 0, 0)
    assert len(house.counters) == 0


async def test_a_child_run_draws_on_the_budget_of_those_above_it():
    house = House(calls=3)
    for run, parent in (("a", "top"), ("b", "top"), ("c", "b")):
        assert isinstance(await house.reserve(run, parent=parent), Reservation)
    over = Exceeded("calls", 3, 3, is_above=True)
    for run in ("a", "b", "c"):
        assert await house.reserve(run) == over
    assert await house.reserve("d", parent="c", is_alone=True) == over
    assert await house.reserve("top") == Exceeded("calls", 3, 3)
    assert "the run above this one" in over.error.message
    assert [await house.counters.usage(f"run/{run}") for run in "abc"] == [
        Amount(calls=1),
        Amount(calls=2),
        Amount(calls=1),
    ]


async def test_how_often_a_tool_may_be_called_holds_for_child_runs_together():
    house = House()
    assert isinstance(await house.reserve("a", parent="top", tool=cap_of(1)), Reservation)
    over = await house.reserve("b", parent="top", tool=cap_of(1))
    assert over == Exceeded("calls_per_tool", 1, 1, is_above=True)
    assert "Do not call this tool again" in over.error.hint


WIDER = [
    (Scope.CONVERSATION, Window.LIFE, {"talk": "conv_1"}, {"talk": "conv_2"}),
    (Scope.USER, Window.DAY, {}, {"principal_id": "usr_b"}),
    (Scope.ORGANIZATION, Window.HOUR, {}, {"organization": "other"}),
]


@pytest.mark.parametrize(("scope", "window", "mine", "theirs"), WIDER)
@pytest.mark.parametrize("meter", ["calls", "attempts", "tokens", "usd", "wall_s"])
async def test_budgets_of_wider_scopes_bind_all_their_runs(scope, window, mine, theirs, meter):
    fields = {"usd": "microusd", "wall_s": "wall_ms"}
    one = {"usd": 1_000_000, "wall_s": 1_000}.get(meter, 1)
    rule = BudgetRule(scope=scope, window=window, **{meter: 2})
    house = House(rule, usd=100)
    amount = Amount(**{"calls": 1, fields.get(meter, meter): one})
    for run in ("a", "b"):
        assert isinstance(await house.reserve(run, amount, **mine), Reservation)
    over = await house.reserve("c", amount, **mine)
    assert (over.limit, over.count, over.allowed, over.scope) == (meter, 2, 2, scope)
    assert isinstance(await house.reserve("d", amount, **theirs), Reservation)


async def test_proposals_of_wider_scopes_are_counted_whatever_becomes_of_them():
    house = House(BudgetRule(scope=Scope.USER, window=Window.DAY, proposals=2))
    for run in ("a", "b"):
        assert not isinstance(await house.propose(run, is_alone=True), Exceeded)
    over = await house.propose("c", is_alone=True)
    assert (over.limit, over.scope) == ("proposals", Scope.USER)
    assert await house.propose("d", principal_id="usr_b") == ()


async def test_a_budget_begins_anew_with_its_window():
    house = House(BudgetRule(scope=Scope.USER, window=Window.HOUR, calls=1))
    house.clock.advance((HOUR_MS - DAWN_MS % HOUR_MS) / 1_000 - 30)
    early = await house.spender("early")
    assert isinstance(await house.reserve("a"), Reservation)
    over = await house.reserve("b")
    assert over.again_s == 30
    assert "in 30 s" in over.error.hint
    house.clock.advance(30)
    assert isinstance(await house.reserve("c"), Reservation)
    late = await house.budgets.reserve(house.budgets.spending(early, Amount(calls=1)))
    assert isinstance(late, Exceeded), "it was asked for in the hour before"


async def test_one_tool_in_one_run_passes_from_window_to_window():
    house = House(BudgetRule(scope=Scope.USER, window=Window.HOUR, calls=1), run_s=1e6)
    for _ in range(3):
        assert isinstance(await house.reserve(tool=cap_of(9)), Reservation)
        assert isinstance(await house.reserve(tool=cap_of(9)), Exceeded)
        house.clock.advance(3_600)


async def test_the_budget_of_one_call_needs_no_counting():
    house = House(BudgetRule(scope=Scope.CALL, usd=0.02, attempts=2))
    assert isinstance(await house.reserve(amount=Amount(calls=1, microusd=20_000)), Reservation)
    over = await house.reserve(amount=Amount(calls=1, microusd=20_001))
    assert (over.limit, over.scope, over.rule) == ("usd", Scope.CALL, "budgets.call.usd")
    assert isinstance(await house.reserve(amount=Amount(calls=1, attempts=3)), Exceeded)


async def test_accounts_begin_with_what_the_ledger_says():
    day = span_of(Window.DAY, DAWN_MS)
    held = {"call_old": Amount(calls=1, microusd=100)}
    usage = Usage(
        steps=5,
        spent=Spent(used=Amount(calls=4, microusd=50), held=held),
        by_tool=(("refund", 5),),
    )
    ledger = Ledger({"r": usage}, {"usr_a": Spent(used=Amount(calls=1), held=held)})
    rule = BudgetRule(scope=Scope.USER, window=Window.DAY, calls=3)
    house = House(rule, ledger=ledger, calls=6)
    assert isinstance(await house.reserve(tool=cap_of(6)), Reservation)
    assert await house.reserve(tool=cap_of(6)) == Exceeded("calls_per_tool", 6, 6)
    assert await house.reserve() == Exceeded("calls", 6, 6)
    over = await house.reserve("s")
    assert (over.scope, over.count) == (Scope.USER, 3)
    assert ledger.reads == ["r", (Scope.USER, "usr_a", day.since_ms, day.until_ms), "s"]


async def test_what_was_held_before_a_restart_is_settled_by_its_holder():
    held = {"call_9": Amount(calls=1, microusd=1_000)}
    house = House(ledger=Ledger({"r": Usage(steps=1, spent=Spent(held=held))}))
    await house.reserve()
    spender = replace(await house.spender(), holder="call_9")
    resumed = house.budgets.resumed(spender, Amount(calls=1, microusd=1_000))
    await resumed.settle(Amount(calls=1, microusd=0))
    assert await house.counters.usage("run/r") == Amount(calls=2)


async def test_what_is_settled_before_its_account_is_opened_is_read_anew():
    held = {"call_9": Amount(calls=1, microusd=1_000)}
    ledger = Ledger({"r": Usage(steps=1, spent=Spent(held=held))})
    house = House(ledger=ledger)
    spender = replace(await house.spender(), holder="call_9")
    await house.budgets.resumed(spender, held["call_9"]).settle(Amount(calls=1))
    ledger.usages["r"] = Usage(steps=1, spent=Spent(used=Amount(calls=1)))
    await house.reserve()
    assert await house.counters.usage("run/r") == Amount(calls=2)


async def test_accounts_that_were_forgotten_are_read_from_the_ledger_again():
    ledger = Ledger()
    house = House(ledger=ledger, counters=MemoryCounters(FakeClock(), accounts=4))
    for number in range(3):
        reservation = await house.reserve(tool=cap_of(3))
        reservation.commit()
        await reservation.settle(Amount(calls=1))
        spent = Spent(used=Amount(calls=number + 1))
        ledger.usages["r"] = Usage(steps=1, spent=spent, by_tool=(("refund", number + 1),))
        for other in range(9):
            await house.counters.seed(f"other/{number}/{other}", Amount())
        assert await house.counters.usage("run/r") is None
    assert await house.reserve(tool=cap_of(3)) == Exceeded("calls_per_tool", 3, 3)


async def test_rates_of_users_and_organizations():
    rates = (
        RateRule(scope=Scope.USER, per_minute=2),
        RateRule(scope=Scope.ORGANIZATION, per_minute=60, burst=3),
    )
    house = House(rates=rates)
    turns = [await house.reserve(is_alone=True) for _ in range(2)]
    over = await house.reserve(is_alone=True)
    assert isinstance(over, RateExceeded)
    assert (over.scope, over.retry_after_s, over.rule) == (Scope.USER, 60, "rates.user")
    assert "60.0 s" in over.error.message
    assert isinstance(await house.reserve(principal_id="usr_b"), Reservation)
    slow = await house.reserve(principal_id="usr_c")
    assert (slow.scope, slow.retry_after_s) == (Scope.ORGANIZATION, pytest.approx(1))
    await turns[0].release()
    assert isinstance(await house.reserve(is_alone=True), Reservation)


async def test_rates_look_back_over_a_restart():
    house = House(rates=(RateRule(scope=Scope.USER, per_minute=2),))
    await house.budgets.recall(
        [("acme", "usr_a", "refund", DAWN_MS - 10_000), ("acme", "usr_a", "refund", DAWN_MS)]
    )
    over = await house.reserve(tool=cap_of(9), per_minute=2)
    assert (over.scope, over.count, over.retry_after_s) == (None, 2, 50)
    assert isinstance(await house.reserve(), RateExceeded)


async def test_limits_that_are_near_are_told_with_each_reservation():
    daily = BudgetRule(scope=Scope.ORGANIZATION, window=Window.DAY, usd=1)
    house = House(daily, calls=10, run_s=10, usd=9)
    amount = Amount(calls=1, microusd=95_000)
    near = [[limit.limit for limit in (await house.reserve(amount=amount)).near] for _ in range(9)]
    assert near == [*[[]] * 8, ["calls"]]
    house.clock.advance(9)
    told = (await house.reserve(amount=Amount(calls=1, microusd=50_000))).near
    words = {limit.limit: limit.warning for limit in told}
    assert words.keys() == {"calls", "usd", "run_s"}
    assert "10 of 10 calls" in words["calls"]
    assert "0.9" not in words["usd"], "what an organization spent tells of other people"


def test_a_refusal_names_limit_count_and_what_to_do_instead():
    error = Exceeded("calls_per_tool", 5, 5).error
    assert error.code == "budget_exceeded"
    assert "5 of 5 calls of this tool" in error.message
    assert "Do not call this tool again" in error.hint
    assert not error.retryable


def test_what_an_organization_spent_is_told_to_nobody():
    over = Exceeded("usd", 7, 8, scope=Scope.ORGANIZATION, window=Window.DAY, again_s=60)
    assert "7" not in over.error.message + over.warning
    assert over.rule == "budgets.organization.day.usd"
    user = Exceeded("usd", 7, 8, scope=Scope.USER, window=Window.DAY, again_s=60)
    assert "7 of 8 US dollars" in user.error.message
    assert "this user for this day" in user.error.message


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (RateExceeded(5, 5, 12.34), ("5 times within a minute; 5 are allowed", "12.3 s")),
        (RateExceeded(5, 6, 1.0, Scope.USER), ("This user", "rate of 6 a minute", "1.0 s")),
    ],
)
def test_a_rate_says_when_the_next_may_come(over, words):
    error = over.error
    assert error.code == "rate_limited"
    assert all(word in error.message for word in words)
    assert "try again in" in error.hint
    assert error.retryable


@pytest.mark.parametrize(
    ("window", "name", "hours"),
    [
        (Window.HOUR, "hour/486111", 1),
        (Window.DAY, "day/20254", 24),
        (Window.MONTH, "month/2025-06", 720),
    ],
)
def test_windows_are_those_of_the_calendar_in_utc(window, name, hours):
    span = span_of(window, DAWN_MS)
    assert span.name == name
    assert span.since_ms <= DAWN_MS < span.until_ms
    assert span.until_ms - span.since_ms == hours * HOUR_MS
    assert span_of(window, span.until_ms).since_ms == span.until_ms
    assert span_of(window, span.until_ms - 1) == span


def test_a_year_ends_with_december():
    december = span_of(Window.MONTH, 1_767_000_000_000)
    assert (december.name, span_of(Window.MONTH, december.until_ms).name) == (
        "month/2025-12",
        "month/2026-01",
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"scope": Scope.RUN, "calls": 1}, r"stands under \[limits\]"),
        ({"scope": Scope.USER, "calls": 1}, "a user needs a window"),
        ({"scope": Scope.CONVERSATION, "window": Window.DAY, "calls": 1}, "takes no window"),
        ({"scope": Scope.USER, "window": Window.DAY}, "limits nothing"),
        ({"scope": Scope.USER, "window": Window.DAY, "usd": -1}, "zero or more"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        BudgetRule(**rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"scope": Scope.CALL, "per_minute": 1},
        {"scope": Scope.USER, "per_minute": -1},
        {"scope": Scope.USER, "per_minute": 0, "burst": 1},
        {"scope": Scope.USER, "per_minute": 1, "burst": 0},
    ],
)
def test_a_rate_that_makes_no_sense_is_refused(rule):
    with pytest.raises(ValueError, match=r"rate|per_minute"):
        RateRule(**rule)


def test_work_that_declares_no_maximum_reserves_the_ceiling():
    budgets = House(ceiling_usd=0.5, ceiling_tokens=9).budgets
    assert budgets.ceiling(tokens=None, usd=None) == Amount(tokens=9, microusd=500_000)
    assert budgets.ceiling(tokens=3, usd=0.1) == Amount(tokens=3, microusd=100_000)


async def dawdle(chance):
    for _ in range(chance.randrange(4)):
        await anyio.lowlevel.checkpoint()


async def try_to_run(house, chance, ran, run):
    """One of many, in runs of its own, whose work may fall through before its intent."""
    await dawdle(chance)
    reservation = await house.reserve_only(run)
    if isinstance(reservation, Reservation):
        await dawdle(chance)
        if chance.random() < 0.3:
            await reservation.release()
        else:
            reservation.commit()
            ran.append(reservation)
            await dawdle(chance)
            await reservation.settle(Amount(calls=1))


class Crowd(House):
    """A tree of runs, and callers in each of them."""

    async def reserve_only(self, run):
        parent = {"top": None, "left": "top", "right": "top"}.get(run, "left")
        spender = await self.spender(run, parent=parent)
        try:
            return await self.budgets.reserve(self.budgets.spending(spender, Amount(calls=1)))
        finally:
            spender.run.leave()


async def crowd(seed):
    """Twenty callers over child runs, until ten of them have run."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the order repeatable
    house, ran = Crowd(calls=10), []
    for run in ("left", "right"):
        (await house.runs.enter(run, parent_id="top")).leave()

    async def call_until_it_runs(run):
        while len(ran) < 10:
            await try_to_run(house, chance, ran, run)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(
                call_until_it_runs, ("top", "left", "right", f"leaf_{number}")[number % 4]
            )
    assert len(ran) == 10
    used = await house.counters.usage("run/top")
    assert used == Amount(calls=10), seed
    assert isinstance(await house.reserve_only("right"), Exceeded)


@pytest.mark.parametrize("batch", range(4))
async def test_twenty_in_parallel_over_child_runs_against_ten_run_exactly_ten(batch):
    for seed in range(batch * 25, batch * 25 + 25):
        await crowd(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("batch", range(10))
async def test_they_do_in_a_thousand_seeds(batch):
    for seed in range(batch * 100, batch * 100 + 100):
        await crowd(seed)


async def test_what_is_looked_at_besides_is_told_after_all_limits_and_takes_nothing():
    house = House(calls=1)
    spending = house.budgets.spending(await house.spender(), Amount(calls=1))
    assert await house.budgets.look(spending, PASS) is None
    await house.counters.force("bank", BreakerState.OPEN)
    short = await house.budgets.look(spending, PASS)
    assert isinstance(short, Shortage)
    assert short.demand is PASS
    assert isinstance(await house.budgets.reserve(spending), Reservation)
    assert await house.budgets.look(spending, PASS) == Exceeded("calls", 1, 1)
