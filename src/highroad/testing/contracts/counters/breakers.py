"""Breakers that people hold open or closed."""

from typing import Final

from highroad.domain.demand import AttemptResult, Lack, PassDemand, Reported
from highroad.domain.dependency import BreakerRule, BreakerState
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, lack, takes

_RULE: Final = BreakerRule()
_PASS: Final = PassDemand(dependency="payments", rule=_RULE)


class ForcedBreakerContract(Ground):
    """What a person decides stands until a person lets go."""

    async def test_a_breaker_that_nothing_is_known_of_is_closed(self, counters: Counters) -> None:
        """Each is told, in the order of asking."""
        told = await counters.breakers({"payments": _RULE, "database": _RULE})
        assert [(each.dependency, each.state, each.is_forced) for each in told] == [
            ("payments", BreakerState.CLOSED, False),
            ("database", BreakerState.CLOSED, False),
        ]
        assert await takes(counters, _PASS)

    async def test_a_breaker_that_was_opened_by_hand_lets_nobody_through(
        self, counters: Counters
    ) -> None:
        """Not even to try; other dependencies are not concerned."""
        await counters.force("payments", BreakerState.OPEN)
        assert await lack(counters, _PASS) is Lack.OPEN
        assert await takes(counters, PassDemand(dependency="database", rule=_RULE))
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.is_forced) == (BreakerState.OPEN, True)

    async def test_a_breaker_that_was_closed_by_hand_stays_closed(self, counters: Counters) -> None:
        """However its dependency fails."""
        await counters.force("payments", BreakerState.CLOSED)
        for number in range(3 * _RULE.failures):
            holder = f"attempt_{number}"
            assert await takes(counters, _PASS, holder=holder)
            failed = Reported(demand=_PASS, result=AttemptResult.FAILURE, took_s=0.1)
            await counters.give([failed], holder=holder)
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.is_forced) == (BreakerState.CLOSED, True)

    async def test_a_breaker_that_is_let_go_is_closed_and_has_counted_nothing(
        self, counters: Counters
    ) -> None:
        """Whatever it was held in."""
        for state in (BreakerState.OPEN, BreakerState.CLOSED):
            await counters.force("payments", state)
            await counters.force("payments", None)
            (told,) = await counters.breakers({"payments": _RULE})
            assert (told.state, told.is_forced) == (BreakerState.CLOSED, False)
            assert (told.attempts, told.failures, told.slow) == (0, 0, 0)
            assert await takes(counters, _PASS)
