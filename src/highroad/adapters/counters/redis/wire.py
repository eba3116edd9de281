"""Demands, returns and answers as they travel to the script and back."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from highroad.domain.demand import (
    Amount,
    BucketDemand,
    BudgetDemand,
    Demand,
    Lack,
    Near,
    PassDemand,
    RateDemand,
    Reported,
    Return,
    Settled,
    Shortage,
    SlotDemand,
    Taken,
)
from highroad.domain.dependency import BreakerReading, BreakerRule, BreakerState
from highroad.domain.error import BrokenPromise

Wire: TypeAlias = list[Any]
"""A wire edge: what becomes JSON on its way there, or was it on its way back."""

MICRO: Final = 1_000_000
_MOST: Final = 2**53 - 1
"""The largest number that Lua tells from the next one: no sum of money that anybody spends."""
TAKEN: Final = Taken()


def encoded(demand: Demand) -> Wire:
    """A demand, by its kind."""
    match demand:
        case BudgetDemand():
            amount, most = exact(demand.amount), exact(demand.most)
            return ["budget", demand.account, amount, most, demand.is_final]
        case RateDemand():
            return ["window", demand.key, demand.most, demand.window_s * MICRO]
        case BucketDemand():
            return ["bucket", demand.key, demand.burst, demand.per_s]
        case SlotDemand():
            return ["place", demand.key, demand.most, demand.lease_s * MICRO]
        case PassDemand():
            return ["pass", demand.dependency, rule_of(demand.rule)]


def encoded_return(given: Return) -> Wire:
    """What is given back, by its kind."""
    match given:
        case Settled():
            return ["budget", given.demand.account, exact(given.used)]
        case Reported():
            return [*encoded(given.demand), given.result, given.took_s]
        case _:
            return encoded(given)


def rule_of(rule: BreakerRule) -> Wire:
    """When a breaker moves."""
    return [
        rule.failures,
        rule.failure_rate,
        rule.window_s * MICRO,
        rule.recovery_s * MICRO,
        rule.successes,
        -1 if rule.slow_s is None else rule.slow_s,
        rule.slow_rate,
        rule.slow_attempts,
    ]


def exact(amount: Amount) -> Sequence[int]:
    """An amount, meter by meter, in numbers that Lua is exact about."""
    if max(amount) <= _MOST:
        return tuple(amount)
    return [min(meter, _MOST) for meter in amount]


def amount_of(totals: Sequence[str]) -> Amount:
    """An amount, meter by meter."""
    return Amount._make(map(int, totals))


def taken(near: Sequence[Wire], demands: Sequence[Demand]) -> Taken:
    """All demands are met; those that are nearly used up name themselves."""
    told: tuple[Near, ...] = ()
    for at, totals in near:
        demand = demands[at]
        if isinstance(demand, BudgetDemand):
            told += demand.near(amount_of(totals))
    return Taken(told)


def shortage(said: Wire, demand: Demand) -> Shortage:
    """Why this demand is not met."""
    lack, *told = said
    if isinstance(demand, BudgetDemand):
        if lack == Lack.UNSEEDED:
            return Shortage(demand=demand, lack=Lack.UNSEEDED, retry_after_s=_after_s(told[0]))
        totals, lapsed = told
        short = demand.shortage(amount_of(totals), tuple(lapsed))
        if short is None:
            raise BrokenPromise(f"Redis finds account {demand.account} short, and we do not")
        return short
    count, left_us = told
    return Shortage(
        demand=demand,
        lack=Lack(lack),
        count=int(count),
        most=_most(demand),
        retry_after_s=_after_s(left_us),
    )


def reading(said: Wire) -> BreakerReading:
    """How a breaker stands."""
    name, state, is_forced, attempts, failures, slow, changed_ms, left_us = said
    return BreakerReading(
        dependency=name,
        state=BreakerState(state),
        is_forced=bool(is_forced),
        attempts=attempts,
        failures=failures,
        slow=slow,
        changed_ms=int(changed_ms),
        retry_after_s=int(left_us) / MICRO,
    )


def _after_s(left_us: str) -> float | None:
    """Seconds to wait, where that is known."""
    microseconds = int(left_us)
    return microseconds / MICRO if microseconds > 0 else None


def _most(demand: RateDemand | BucketDemand | SlotDemand | PassDemand) -> int:
    match demand:
        case BucketDemand():
            return demand.burst
        case PassDemand():
            return demand.rule.failures
        case _:
            return demand.most
