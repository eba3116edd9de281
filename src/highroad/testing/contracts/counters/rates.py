"""Rates: sliding windows and token buckets."""

import pytest

from highroad.domain.demand import BucketDemand, Lack, RateDemand
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, MovableClock, lack, takes

_TWICE = RateDemand(key="rate/r", most=2)
_BUCKET = BucketDemand(key="rate/b", burst=3, per_s=0.5)


class RateContract(Ground):
    """Turns come when they may, and who must wait is told for how long."""

    async def test_no_minute_has_more_turns_than_the_limit(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Any sixty seconds, wherever they begin."""
        assert await takes(counters, _TWICE, holder="1")
        clock.advance(59)
        assert await takes(counters, _TWICE, holder="2")
        await _waits(counters, _TWICE, 1.0)
        clock.advance(1)
        assert await takes(counters, _TWICE, holder="3")
        await _waits(counters, _TWICE, 59.0)

    async def test_a_turn_is_taken_once_and_given_back_once(self, counters: Counters) -> None:
        """By its holder; nobody else gives it back."""
        for _ in range(2):
            assert await takes(counters, _TWICE, holder="1")
        assert await takes(counters, _TWICE, holder="2")
        await counters.give([_TWICE], holder="3")
        assert await lack(counters, _TWICE, holder="3") is Lack.RATE
        for _ in range(2):
            await counters.give([_TWICE], holder="1")
        assert await takes(counters, _TWICE, holder="3")
        assert await lack(counters, _TWICE, holder="4") is Lack.RATE

    async def test_a_turn_that_is_taken_again_is_as_old_as_it_was(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Asking once more does not keep others away for longer."""
        once = RateDemand(key="rate/once", most=1)
        assert await takes(counters, once, holder="1")
        clock.advance(40)
        assert await takes(counters, once, holder="1")
        await _waits(counters, once, 20.0)

    async def test_turns_of_earlier_processes_count(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Those of the last minute, and those that a clock which was set back puts ahead."""
        now_ms = clock.now_ms()
        await counters.recall([(_TWICE, now_ms - 61_000), (_TWICE, now_ms - 10_000)])
        assert await takes(counters, _TWICE, holder="1")
        await _waits(counters, _TWICE, 50.0)
        ahead = RateDemand(key="rate/ahead", most=1)
        await counters.recall([(ahead, now_ms + 3_600_000)])
        await _waits(counters, ahead, 60.0)

    async def test_a_clock_that_is_set_back_frees_and_takes_nothing(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Windows and buckets go by time that never goes back."""
        await takes(counters, _TWICE, holder="1")
        await takes(counters, _TWICE, holder="2")
        clock.set_back(3_600)
        await _waits(counters, _TWICE, 60.0)
        clock.advance(60)
        assert await takes(counters, _TWICE, holder="3")

    async def test_a_limit_of_none_lets_nobody_through(self, counters: Counters) -> None:
        """Nor is there a time when the next may come sooner than in a whole window."""
        await _waits(counters, RateDemand(key="rate/none", most=0), 60.0)

    async def test_a_bucket_gives_what_it_holds_and_refills_evenly(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """At once as many as the burst, then one for each step."""
        assert [await takes(counters, _BUCKET, holder=str(n)) for n in range(4)] == [
            *[True] * 3,
            False,
        ]
        await _waits(counters, _BUCKET, 2.0)
        clock.advance(1.5)
        await _waits(counters, _BUCKET, 0.5)
        clock.advance(0.5)
        assert await takes(counters, _BUCKET, holder="5")
        assert await lack(counters, _BUCKET, holder="6") is Lack.RATE
        clock.advance(3_600)
        assert [await takes(counters, _BUCKET, holder=f"7{n}") for n in range(4)] == [
            *[True] * 3,
            False,
        ]

    async def test_a_token_is_taken_once_and_given_back_once(self, counters: Counters) -> None:
        """And never makes a bucket fuller than full."""
        for _ in range(2):
            assert await takes(counters, _BUCKET, holder="1")
        for holder in ("2", "3"):
            assert await takes(counters, _BUCKET, holder=holder)
        for holder in ("1", "1", "9"):
            await counters.give([_BUCKET], holder=holder)
        assert await takes(counters, _BUCKET, holder="4")
        assert await lack(counters, _BUCKET, holder="5") is Lack.RATE


async def _waits(counters: Counters, demand: RateDemand | BucketDemand, seconds: float) -> None:
    short = await counters.look([demand])
    assert short is not None
    assert short.lack is Lack.RATE
    assert short.retry_after_s == pytest.approx(seconds, abs=1e-3)
