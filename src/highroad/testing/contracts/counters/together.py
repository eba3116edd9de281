"""Demands of every kind at once: all of them, or none."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from highroad.domain.demand import (
    NOTHING,
    UNLIMITED,
    Amount,
    BucketDemand,
    BudgetDemand,
    Demand,
    Lack,
    PassDemand,
    RateDemand,
    Settled,
    SlotDemand,
)
from highroad.domain.dependency import BreakerRule, BreakerState
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, lack, takes

_ONE: Final = Amount(calls=1)
_BUDGET: Final = BudgetDemand(account="run/r", amount=_ONE, most=UNLIMITED._replace(calls=1))
_WINDOW: Final = RateDemand(key="rate/r", most=1)
_BUCKET: Final = BucketDemand(key="rate/b", burst=1, per_s=0.001)
_PLACE: Final = SlotDemand(key="bulkhead/payments", most=1, lease_s=60)
_PASS: Final = PassDemand(dependency="payments", rule=BreakerRule())
_ALL: Final[tuple[Demand, ...]] = (_PASS, _PLACE, _WINDOW, _BUCKET, _BUDGET)


class TogetherContract(Ground):
    """Nothing is left behind by a demand that was not met."""

    async def test_all_kinds_are_taken_and_given_back_together(self, counters: Counters) -> None:
        """As often as wanted."""
        await counters.seed(_BUDGET.account, NOTHING)
        for holder in ("1", "2", "3"):
            assert await takes(counters, *_ALL, holder=holder)
            back = (_PLACE, _WINDOW, _BUCKET, Settled(demand=_BUDGET, used=NOTHING))
            await counters.give(back, holder=holder)

    @pytest.mark.parametrize("at", range(len(_ALL)))
    async def test_where_one_is_short_nothing_is_taken(self, counters: Counters, at: int) -> None:
        """Whichever it is, and wherever it stands; the shortage names it."""
        await counters.seed(_BUDGET.account, NOTHING)
        short, others = _ALL[at], [*_ALL[:at], *_ALL[at + 1 :]]
        if isinstance(short, PassDemand):
            await counters.force(short.dependency, BreakerState.OPEN)
        else:
            assert await takes(counters, short, holder="first")
        for demands in (_ALL, [short, *others], [*others, short]):
            assert not await takes(counters, *demands, holder="second")
        assert await takes(counters, *others, holder="third")

    async def test_the_first_that_is_short_is_named(self, counters: Counters) -> None:
        """Demands are judged in order."""
        await counters.seed(_BUDGET.account, _ONE)
        await takes(counters, _WINDOW, holder="first")
        assert await lack(counters, _BUDGET, _WINDOW, holder="second") is Lack.SPENT
        assert await lack(counters, _WINDOW, _BUDGET, holder="second") is Lack.RATE

    async def test_one_budget_of_several_that_is_used_up_takes_nothing_of_the_others(
        self, counters: Counters
    ) -> None:
        """Call, run, conversation, user and organization are one reservation."""
        scopes = [replace(_BUDGET, account=f"scope/{n}", most=UNLIMITED) for n in range(4)]
        for demand in (*scopes, _BUDGET):
            await counters.seed(demand.account, NOTHING)
        came = await asyncio.gather(
            *(takes(counters, *scopes, _BUDGET, holder=f"call_{n}") for n in range(8))
        )
        assert sum(came) == 1
        assert [await counters.usage(demand.account) for demand in scopes] == [_ONE] * 4

    async def test_counters_may_be_closed_twice(self, counters: Counters) -> None:
        """The second time does nothing."""
        await counters.close()
        await counters.close()
