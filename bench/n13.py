"""N13: what breaker, bulkhead, rate and budget cost together, beside a step of LangGraph's agent.

Ours is the median time of what one call of a run asks of the counters of this process: a
reservation of the run's budget, of one tool's calls, of a user's day and an organization's month,
with a turn of the tool's rate, taken at once; for its attempt the breaker, a place in the bulkhead
and a token of its dependency, taken at once and given back; and the reservation settled. Nothing
else of the road runs.

The peer is that of N1: one step of `create_agent`, without a checkpointer. Both run in turns; the
value is the median, over turns, of our median over the peer's.
"""

from itertools import count
from typing import Final

from bench.harness import BenchError, Peer, Reading, scratch, take_turns, timed_calls
from highroad.adapters.counters.memory import MemoryCounters
from highroad.adapters.system import SystemClock
from highroad.domain.demand import (
    NOTHING,
    Amount,
    AttemptResult,
    BucketDemand,
    PassDemand,
    Reported,
    SlotDemand,
    Taken,
)
from highroad.domain.dependency import BreakerRule
from highroad.domain.limits import BudgetRule, Limits, Scope, Window
from highroad.domain.run import Spent, Usage
from highroad.limits.budgets import Budgets
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRuns
from highroad.limits.share import Spender, ToolCap

_ROUNDS: Final = 31
_BURST: Final = 50
_MANY: Final = 10_000_000
_AMOUNT: Final = Amount(calls=1, attempts=3, microusd=1)
_USED: Final = Amount(calls=1, attempts=1, microusd=1)
_PASS: Final = PassDemand(dependency="payments", rule=BreakerRule())
_PLACE: Final = SlotDemand(key="bulkhead/payments", most=10, lease_s=60)
_TOKEN: Final = BucketDemand(key="rate/payments", burst=_MANY, per_s=_MANY)
_CAP: Final = ToolCap("get_order", "calls_per_read", _MANY)


class EmptyLedger:
    """A ledger that nothing was used by."""

    async def usage(self, run_id: str) -> Usage:
        """Return that a run is new."""
        del run_id
        return Usage()

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """Return that a scope is new."""
        del scope, whose, since_ms, until_ms
        return Spent()

    async def asked(
        self, purpose: str, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """Return that no model was asked."""
        del purpose, scope, whose, since_ms, until_ms
        return Spent()

    async def taken(self, call_id: str) -> Amount:
        """Return that a call took nothing."""
        del call_id
        return NOTHING


async def measure() -> Reading:
    """Measure N13."""
    clock, ledger, numbers = SystemClock(), EmptyLedger(), count()
    rules = (
        BudgetRule(scope=Scope.USER, window=Window.DAY, calls=_MANY, usd=_MANY),
        BudgetRule(scope=Scope.ORGANIZATION, window=Window.MONTH, usd=_MANY),
    )
    counters = MemoryCounters(clock)
    budgets = Budgets(counters, Limits(calls=_MANY, usd=_MANY), ledger, clock, rules=rules)
    run = await LiveRuns(ledger.usage, clock).enter("run")

    async def reserve() -> None:
        holder = f"call_{next(numbers)}"
        spender = Spender(
            holder=holder,
            run=run,
            principal_id="usr_alice",
            organization="acme",
            at_ms=clock.now_ms(),
            tool=_CAP,
            per_minute=_MANY,
        )
        reserved = await budgets.reserve(budgets.spending(spender, _AMOUNT))
        if not isinstance(reserved, Reservation):
            raise BenchError(f"a measured reservation was refused: {reserved.rule}")
        reserved.commit()
        passed = await counters.take((_PASS, _PLACE, _TOKEN), holder=holder)
        if not isinstance(passed, Taken):
            raise BenchError(f"a measured attempt was not let through: {passed.lack}")
        told = Reported(_PASS, AttemptResult.SUCCESS, 0.001)
        await counters.give((told, _PLACE), holder=holder)
        await reserved.settle(_USED)

    await reserve()
    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def ours() -> list[float]:
            return await timed_calls(_BURST, reserve)

        async def theirs() -> list[float]:
            return peer.burst(_BURST)["agent_step_us"]

        turns = await take_turns(_ROUNDS, ours, theirs)
    return Reading(
        id="N13",
        value=turns.ratio(),
        unit="of a LangGraph agent step",
        reach="<= 0.015",
        reference={
            "langgraph_agent": {"versions": peer.versions, "agent_step_us": turns.peer_median()}
        },
        absolute={"counting_us": turns.absolute()},
    )
