"""Breakers: what attempts make of them, and people."""

from typing import Final

from highroad.domain.demand import AttemptResult, Lack, PassDemand, Reported
from highroad.domain.dependency import BreakerRule, BreakerState
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, MovableClock, lack, takes

_RULE: Final = BreakerRule()
SUCCESS, FAILURE, ABANDONED = AttemptResult
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


class BreakerContract(Ground):
    """What attempts tell moves a breaker, by its rule and the time."""

    async def test_failures_open_it(self, counters: Counters) -> None:
        """Not before the threshold; who opened it is told so, and until when it stays open."""
        for number in range(_RULE.failures - 1):
            assert await _ends(counters, FAILURE, f"attempt_{number}") == []
        assert await takes(counters, _PASS, holder="still let through")
        assert await _ends(counters, FAILURE, "the last") == [BreakerState.OPEN]
        assert await lack(counters, _PASS, holder="too late") is Lack.OPEN
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.is_forced) == (BreakerState.OPEN, False)
        assert 0 < told.retry_after_s <= _RULE.recovery_s

    async def test_it_stays_closed_while_most_attempts_succeed(self, counters: Counters) -> None:
        """The rate counts besides the number."""
        for number in range(4 * _RULE.failures):
            result = FAILURE if number % 3 == 0 else SUCCESS
            assert await _ends(counters, result, f"attempt_{number}") == []
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.attempts) == (BreakerState.CLOSED, 4 * _RULE.failures)

    async def test_failures_leave_the_window(self, counters: Counters, clock: MovableClock) -> None:
        """Those of long ago open nothing."""
        for number in range(_RULE.failures - 1):
            await _ends(counters, FAILURE, f"old_{number}")
        clock.advance(_RULE.window_s)
        assert await _ends(counters, FAILURE, "new") == []
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.failures) == (BreakerState.CLOSED, 1)

    async def test_slow_attempts_open_it(self, counters: Counters) -> None:
        """Though all of them succeed."""
        slow = PassDemand(dependency="slow", rule=BreakerRule(slow_s=1.0, slow_attempts=3))
        moved: list[BreakerState] = []
        for number in range(3):
            moved += await _ends(counters, SUCCESS, f"attempt_{number}", demand=slow, took_s=1.5)
        assert moved == [BreakerState.OPEN]

    async def test_trials_close_it(self, counters: Counters, clock: MovableClock) -> None:
        """As many come through at once as it needs, and no more."""
        await _open(counters)
        clock.advance(_RULE.recovery_s)
        trials = [f"trial_{number}" for number in range(_RULE.successes)]
        for trial in trials:
            assert await takes(counters, _PASS, holder=trial)
        assert await lack(counters, _PASS, holder="one more") is Lack.OPEN
        moved = [await _reports(counters, SUCCESS, trial) for trial in trials]
        assert moved == [*[[]] * (_RULE.successes - 1), [BreakerState.CLOSED]]
        assert await takes(counters, _PASS, holder="anybody")

    async def test_a_failed_trial_opens_it_again(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """For the whole time."""
        await _open(counters)
        clock.advance(_RULE.recovery_s)
        assert await takes(counters, _PASS, holder="trial")
        assert await _reports(counters, FAILURE, "trial") == [BreakerState.OPEN]
        clock.advance(_RULE.recovery_s - 1)
        assert await lack(counters, _PASS, holder="early") is Lack.OPEN
        clock.advance(1)
        assert await takes(counters, _PASS, holder="next trial")

    async def test_who_began_before_it_opened_moves_nothing(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Its word is about another time."""
        assert await takes(counters, _PASS, holder="long")
        await _open(counters)
        clock.advance(_RULE.recovery_s)
        assert await takes(counters, _PASS, holder="trial")
        assert await _reports(counters, FAILURE, "long") == []
        (told,) = await counters.breakers({"payments": _RULE})
        assert told.state is BreakerState.HALF_OPEN

    async def test_a_trial_that_is_called_off_makes_room(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """And one that is never heard of again does so after another recovery time."""
        await _open(counters)
        clock.advance(_RULE.recovery_s)
        trials = [f"trial_{number}" for number in range(_RULE.successes)]
        for trial in trials:
            assert await takes(counters, _PASS, holder=trial)
        assert await _reports(counters, ABANDONED, trials[0]) == []
        assert await takes(counters, _PASS, holder="second")
        assert await lack(counters, _PASS, holder="third") is Lack.OPEN
        clock.advance(_RULE.recovery_s)
        assert await takes(counters, _PASS, holder="third")

    async def test_what_is_reported_twice_counts_once(self, counters: Counters) -> None:
        """An answer that was lost on the way makes who gave it give it again."""
        for number in range(_RULE.failures - 1):
            await _ends(counters, FAILURE, f"attempt_{number}")
            await _reports(counters, FAILURE, f"attempt_{number}")
        (told,) = await counters.breakers({"payments": _RULE})
        assert (told.state, told.failures) == (BreakerState.CLOSED, _RULE.failures - 1)


async def _open(counters: Counters) -> None:
    for number in range(_RULE.failures):
        await _ends(counters, FAILURE, f"failing_{number}")


async def _ends(
    counters: Counters,
    result: AttemptResult,
    holder: str,
    *,
    demand: PassDemand = _PASS,
    took_s: float = 0.1,
) -> list[BreakerState]:
    """An attempt begins and ends; what that made of breakers."""
    await takes(counters, demand, holder=holder)
    return await _reports(counters, result, holder, demand=demand, took_s=took_s)


async def _reports(
    counters: Counters,
    result: AttemptResult,
    holder: str,
    *,
    demand: PassDemand = _PASS,
    took_s: float = 0.1,
) -> list[BreakerState]:
    told = Reported(demand=demand, result=result, took_s=took_s)
    return [moved.state for moved in await counters.give([told], holder=holder)]
