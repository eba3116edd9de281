"""Places: so many at once, on a lease, because a holder may have died."""

import pytest

from highroad.domain.demand import Lack, SlotDemand
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, MovableClock, lack, takes

_TWO = SlotDemand(key="bulkhead/payments", most=2, lease_s=30)


class PlaceContract(Ground):
    """Never more holders than places."""

    async def test_a_place_is_had_once_and_given_back(self, counters: Counters) -> None:
        """Only its holder frees it."""
        for _ in range(2):
            assert await takes(counters, _TWO, holder="1")
        assert await takes(counters, _TWO, holder="2")
        assert await lack(counters, _TWO, holder="3") is Lack.FULL
        await counters.give([_TWO], holder="3")
        assert await lack(counters, _TWO, holder="3") is Lack.FULL
        for _ in range(2):
            await counters.give([_TWO], holder="1")
        assert await takes(counters, _TWO, holder="3")
        assert await lack(counters, _TWO, holder="4") is Lack.FULL

    async def test_a_place_whose_holder_died_is_free_after_its_lease(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Whoever waits is told when that is."""
        await takes(counters, _TWO, holder="1")
        clock.advance(10)
        await takes(counters, _TWO, holder="2")
        short = await counters.look([_TWO])
        assert short is not None
        assert short.retry_after_s == pytest.approx(20, abs=1e-3)
        clock.advance(20)
        assert await takes(counters, _TWO, holder="3")
        assert await lack(counters, _TWO, holder="4") is Lack.FULL

    async def test_a_holder_that_lives_keeps_its_place(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """As long as it says so in time; one that comes back too late must take it anew."""
        await takes(counters, _TWO, holder="1")
        await takes(counters, _TWO, holder="2")
        for _ in range(3):
            clock.advance(20)
            await counters.renew(["1", "stranger"])
        assert await takes(counters, _TWO, holder="3")
        await counters.renew(["2"])
        assert await lack(counters, _TWO, holder="2") is Lack.FULL

    async def test_a_clock_that_is_set_back_ends_no_lease(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """Nor makes one longer."""
        await takes(counters, _TWO, holder="1")
        await takes(counters, _TWO, holder="2")
        clock.set_back(3_600)
        assert await lack(counters, _TWO, holder="3") is Lack.FULL
        clock.advance(30)
        assert await takes(counters, _TWO, holder="3")
