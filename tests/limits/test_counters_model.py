"""However work comes, waits and dies: counters say what a plain model says, in simulated time."""

import asyncio
from collections import defaultdict

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from highroad.adapters.counters.memory import MemoryCounters
from highroad.domain.demand import (
    UNLIMITED,
    Amount,
    BucketDemand,
    BudgetDemand,
    Lack,
    RateDemand,
    Settled,
    Shortage,
    SlotDemand,
)
from highroad.testing.clock import FakeClock

MOST = Amount(proposals=-1, calls=5, attempts=-1, tokens=-1, microusd=100, wall_ms=-1)
ACCOUNTS = ["run/r", "user/u"]
WINDOW = RateDemand(key="rate/w", most=3, window_s=10)
BUCKET = BucketDemand(key="rate/b", burst=2, per_s=0.25)
PLACE = SlotDemand(key="place/p", most=2, lease_s=8)
HOLDERS = [f"call_{number}" for number in range(6)]


class Model:
    """Everything that was ever taken, and nothing forgotten: slow, and plain."""

    def __init__(self):
        self.now = 0.0
        self.used = {account: [0, 0] for account in ACCOUNTS}
        self.held = {account: {} for account in ACCOUNTS}
        self.turns = {}
        self.tokens = {}
        self.level = (float(BUCKET.burst), 0.0)
        self.places = {}

    def total(self, account):
        parts = [self.used[account], *self.held[account].values()]
        return [sum(part[at] for part in parts) for at in (0, 1)]

    def tokens_now(self):
        level, at = self.level
        return min(BUCKET.burst, level + (self.now - at) * BUCKET.per_s)

    def knows_token(self, holder):
        """For as long as an empty bucket takes to fill."""
        return (
            holder in self.tokens and self.tokens[holder] > self.now - BUCKET.burst / BUCKET.per_s
        )

    def living(self):
        return {holder for holder, until in self.places.items() if until > self.now}

    def recent(self):
        return {holder for holder, at in self.turns.items() if at > self.now - WINDOW.window_s}

    def lack(self, demand, holder):
        match demand:
            case BudgetDemand(account=account, amount=amount):
                calls, microusd = self.total(account)
                fits = calls + amount.calls <= MOST.calls and (
                    not amount.microusd or microusd + amount.microusd <= MOST.microusd
                )
                return None if holder in self.held[account] or fits else Lack.SPENT
            case RateDemand():
                recent = self.recent()
                return None if holder in recent or len(recent) < WINDOW.most else Lack.RATE
            case BucketDemand():
                has = self.knows_token(holder)
                return None if has or self.tokens_now() >= 1 else Lack.RATE
            case SlotDemand():
                living = self.living()
                return None if holder in living or len(living) < PLACE.most else Lack.FULL

    def take(self, demand, holder):
        match demand:
            case BudgetDemand(account=account, amount=amount):
                self.held[account].setdefault(holder, (amount.calls, amount.microusd))
            case RateDemand():
                if holder not in self.recent():
                    self.turns[holder] = self.now
            case BucketDemand():
                if not self.knows_token(holder):
                    self.level = (self.tokens_now() - 1, self.now)
                    self.tokens[holder] = self.now
            case SlotDemand():
                if holder not in self.living():
                    self.places[holder] = self.now + PLACE.lease_s


def budget(account, calls, microusd):
    return BudgetDemand(account=account, amount=Amount(calls=calls, microusd=microusd), most=MOST)


budgets = st.builds(
    budget, st.sampled_from(ACCOUNTS), st.integers(1, 3), st.sampled_from([0, 0, 30, 60])
)
demands = st.lists(
    st.one_of(budgets, st.sampled_from([WINDOW, BUCKET, PLACE])),
    min_size=1,
    max_size=4,
    unique_by=lambda demand: getattr(demand, "account", None) or demand.key,
)


class Counting(RuleBasedStateMachine):
    """Takes, gives, settles, renews; time goes on, and the wall clock jumps."""

    @initialize(used=st.integers(0, 3))
    def begin(self, used):
        self.clock, self.model = FakeClock(), Model()
        self.counters = MemoryCounters(self.clock)
        self.taken = defaultdict(dict)
        for account in ACCOUNTS:
            self.run(self.counters.seed(account, Amount(calls=used)))
            self.model.used[account] = [used, 0]

    def run(self, coroutine):
        """Counters in memory never wait."""
        with pytest.raises(StopIteration) as done:
            coroutine.send(None)
        return done.value.value

    @rule(wanted=demands, holder=st.sampled_from(HOLDERS))
    def take(self, wanted, holder):
        expected = [self.model.lack(demand, holder) for demand in wanted]
        short = next((at for at, lack in enumerate(expected) if lack is not None), None)
        got = self.run(self.counters.take(wanted, holder=holder))
        if short is None:
            assert not isinstance(got, Shortage)
            for demand in wanted:
                self.model.take(demand, holder)
        else:
            assert got.demand is wanted[short]
            assert got.lack is expected[short]

    @rule(wanted=demands)
    def look(self, wanted):
        expected = [lack for demand in wanted if (lack := self.model.lack(demand, "")) is not None]
        got = self.run(self.counters.look(wanted))
        assert (None if got is None else got.lack) == (expected[0] if expected else None)

    @rule(
        holder=st.sampled_from(HOLDERS),
        account=st.sampled_from(ACCOUNTS),
        calls=st.integers(0, 3),
        microusd=st.integers(0, 200),
    )
    def settle(self, holder, account, calls, microusd):
        used = Amount(calls=calls, microusd=microusd)
        settled = Settled(demand=budget(account, 1, 0), used=used)
        self.run(self.counters.give([settled], holder=holder))
        if self.model.held[account].pop(holder, None) is not None:
            has = self.model.used[account]
            self.model.used[account] = [has[0] + calls, has[1] + microusd]

    @rule(holder=st.sampled_from(HOLDERS), given=st.sampled_from([WINDOW, BUCKET, PLACE]))
    def give(self, holder, given):
        model = self.model
        self.run(self.counters.give([given], holder=holder))
        match given:
            case RateDemand():
                model.turns.pop(holder, None)
            case BucketDemand():
                if model.knows_token(holder):
                    model.level = (min(BUCKET.burst, model.tokens_now() + 1), model.now)
                    del model.tokens[holder]
            case SlotDemand():
                model.places.pop(holder, None)

    @rule(holders=st.lists(st.sampled_from(HOLDERS), max_size=3))
    def renew(self, holders):
        self.run(self.counters.renew(holders))
        for holder in self.model.living() & set(holders):
            self.model.places[holder] = self.model.now + PLACE.lease_s

    @rule(steps=st.integers(1, 24))
    def wait(self, steps):
        # Quarters of a second add up exactly.
        self.clock.advance(steps / 4)
        self.model.now += steps / 4

    @rule(seconds=st.integers(1, 100_000))
    def set_clock_back(self, seconds):
        self.clock.set_back(seconds)

    @invariant()
    def accounts_agree(self):
        for account in ACCOUNTS:
            calls, microusd = self.model.total(account)
            used = self.run(self.counters.usage(account))
            assert used == Amount(calls=calls, microusd=microusd)

    @invariant()
    def nobody_is_over(self):
        assert len(self.model.living()) <= PLACE.most
        assert len(self.model.recent()) <= WINDOW.most


TestCounting = pytest.mark.promise("P6")(Counting.TestCase)


@pytest.mark.promise("P6")
def test_accounts_that_nobody_holds_make_room_and_others_never():
    async def fill():
        counters = MemoryCounters(FakeClock(), accounts=10)
        free = UNLIMITED._replace(calls=-1)
        for number in range(5):
            demand = BudgetDemand(account=f"held/{number}", amount=Amount(calls=1), most=free)
            await counters.seed(demand.account, Amount())
            await counters.take([demand], holder="call_1")
        for number in range(100):
            await counters.seed(f"run/{number}", Amount())
        assert len(counters) <= 20
        return [await counters.usage(f"held/{number}") for number in range(5)]

    assert asyncio.run(fill()) == [Amount(calls=1)] * 5


def test_what_has_run_empty_is_forgotten():
    async def come():
        clock = FakeClock()
        counters = MemoryCounters(clock)
        for number in range(1_000):
            holder = f"call_{number}"
            demands = [
                RateDemand(key=f"rate/{number}", most=1),
                BucketDemand(key=f"bucket/{number}", burst=1, per_s=1),
                SlotDemand(key=f"place/{number}", most=1, lease_s=5),
            ]
            await counters.take(demands, holder=holder)
            await counters.give([demands[2]], holder=holder)
            clock.advance(1)
        return len(counters)

    assert asyncio.run(come()) < 70
