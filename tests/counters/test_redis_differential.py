"""Whatever is asked of them in whatever order, counters in Redis say what those in memory say."""

import random
from dataclasses import replace

import pytest

from highroad.adapters.counters.memory import MemoryCounters
from highroad.adapters.counters.redis.holdings import SETTLING_S
from highroad.domain.demand import (
    NOTHING,
    UNLIMITED,
    Amount,
    AttemptResult,
    BucketDemand,
    BudgetDemand,
    PassDemand,
    RateDemand,
    Reported,
    Settled,
    Shortage,
    SlotDemand,
)
from highroad.domain.dependency import BreakerRule, BreakerState

pytestmark = [pytest.mark.promise("P6"), pytest.mark.anyio]
NIGHTLY = pytest.mark.nightly
# Parts of its window end on whole seconds by either clock.
RULE = BreakerRule(
    failures=2, failure_rate=0.3, window_s=10, recovery_s=4, successes=2, slow_s=1, slow_attempts=4
)
MOST = UNLIMITED._replace(calls=5, microusd=100)
HOLDERS = [f"call_{number}" for number in range(3)]
ACCOUNTS = ["run/r", "user/u"]


class Chance:
    """What is asked next, by a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)  # noqa: S311 - what is asked is no secret

    def budget(self):
        amount = Amount(calls=self.random.randint(0, 3), microusd=self.random.choice([0, 30, 60]))
        return BudgetDemand(
            account=self.random.choice(ACCOUNTS),
            amount=amount,
            most=MOST,
            is_final=self.random.random() < 0.2,
        )

    def demands(self):
        """Some, no two of one account: how often one is taken of there is no business of theirs."""
        budget = self.budget()
        all_of_them = [
            budget,
            replace(
                self.budget(), account=next(each for each in ACCOUNTS if each != budget.account)
            ),
            RateDemand(key="rate/w", most=3, window_s=10),
            BucketDemand(key="rate/b", burst=2, per_s=0.25),
            SlotDemand(key="place/p", most=2, lease_s=8),
            PassDemand(dependency="bank", rule=RULE),
        ]
        return self.random.sample(all_of_them, self.random.randint(1, 4))

    def returned(self, demand):
        match demand:
            case BudgetDemand():
                used = Amount(calls=self.random.randint(0, 2), microusd=self.random.randint(0, 80))
                return Settled(demand=demand, used=self.random.choice([NOTHING, used]))
            case PassDemand():
                result = self.random.choice([*AttemptResult, AttemptResult.FAILURE])
                return Reported(demand=demand, result=result, took_s=self.random.choice([0.1, 2]))
            case _:
                return demand


def plain(answer):
    """Without what only shared counters say, and to the millisecond."""
    if isinstance(answer, Shortage):
        after_s = answer.retry_after_s
        return replace(
            answer, lapsed=(), retry_after_s=None if after_s is None else round(after_s, 3)
        )
    if isinstance(answer, list | tuple):
        # A breaker that nothing was ever told of came into its state at no moment.
        told = [replace(each, changed_ms=0) for each in answer if hasattr(each, "changed_ms")]
        return [replace(each, retry_after_s=round(each.retry_after_s, 3)) for each in told]
    return answer


class Pair:
    """Both, asked the same."""

    def __init__(self, counters, shared, clock, chance):
        self.counters, self.clock, self.chance = (counters, shared), clock, chance
        self.seen = set()

    async def ask(self, what):
        one, other = [plain(await what(counters)) for counters in self.counters]
        assert one == other
        return one

    async def take(self, demands, holder):
        got = await self.ask(lambda counters: counters.take(demands, holder=holder))
        self.seen.add(getattr(got, "lack", "taken"))

    async def give(self, demands, holder):
        back = list(map(self.chance.returned, demands))
        moved = await self.ask(lambda counters: counters.give(back, holder=holder))
        self.seen |= {each.state for each in moved}

    async def look(self, demands, _):
        await self.ask(lambda counters: counters.look(demands))

    async def force(self, *_):
        state = self.chance.random.choice([None, None, BreakerState.OPEN, BreakerState.CLOSED])
        await self.ask(lambda counters: counters.force("bank", state))

    async def set_back(self, *_):
        self.clock.set_back(self.chance.random.randint(1, 5_000))

    async def wait(self, *_):
        self.clock.advance(self.chance.random.randint(1, 16) / 4)


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=NIGHTLY) for n in range(4, 100))]
)
async def test_both_say_the_same(open_redis_counters, redis_clock, seed):
    chance, shared = Chance(seed), open_redis_counters()
    try:
        await shared.look([])
        redis_clock.advance(SETTLING_S)
        pair = Pair(MemoryCounters(redis_clock), shared, redis_clock, chance)
        for account in ACCOUNTS:
            await pair.ask(lambda counters, name=account: counters.seed(name, Amount(calls=1)))
        steps = {pair.take: 8, pair.give: 6, pair.look: 2, pair.wait: 4}
        steps |= {pair.force: 0.3, pair.set_back: 0.5}
        for step in chance.random.choices([*steps], [*steps.values()], k=400):
            await step(chance.demands(), chance.random.choice(HOLDERS))
            await pair.ask(lambda counters: counters.breakers({"bank": RULE}))
            for account in ACCOUNTS:
                await pair.ask(lambda counters, name=account: counters.usage(name))
        assert len(pair.seen) >= 3
    finally:
        await shared.close()
