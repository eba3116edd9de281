"""Budgets: accounts that are seeded, held, settled, and never one over."""

import asyncio
from dataclasses import replace

from highroad.domain.demand import (
    NOTHING,
    UNLIMITED,
    Amount,
    BudgetDemand,
    Lack,
    Settled,
    Shortage,
    Taken,
)
from highroad.ports.counters import Counters
from highroad.testing.contracts.counters.ground import Ground, MovableClock, lack, takes

_TEN = UNLIMITED._replace(calls=10, microusd=1_000)


def _part(
    calls: int = 1, microusd: int = 0, *, account: str = "run/r", is_final: bool = False
) -> BudgetDemand:
    amount = Amount(calls=calls, microusd=microusd)
    return BudgetDemand(account=account, amount=amount, most=_TEN, is_final=is_final)


class AccountContract(Ground):
    """What is used and held is never more than the limit."""

    async def test_an_account_that_is_not_known_is_unseeded(self, counters: Counters) -> None:
        """What was used before must be read first; nobody may assume that it was nothing."""
        assert await lack(counters, _part()) is Lack.UNSEEDED
        short = await counters.look([_part()])
        assert short is not None
        assert short.lack is Lack.UNSEEDED
        assert await counters.usage("run/r") is None

    async def test_an_account_begins_with_what_it_was_seeded_with(self, counters: Counters) -> None:
        """Used and held count alike; the first seed stands."""
        await counters.seed("run/r", Amount(calls=3), held={"call_9": Amount(calls=4)})
        await counters.seed("run/r", Amount(calls=9))
        assert await counters.usage("run/r") == Amount(calls=7)
        assert not await takes(counters, _part(4))
        assert await takes(counters, _part(3))
        await counters.give([Settled(demand=_part(4), used=Amount(calls=1))], holder="call_9")
        assert await counters.usage("run/r") == Amount(calls=7)

    async def test_a_shortage_tells_meter_count_and_limit(self, counters: Counters) -> None:
        """Of the first demand that is short."""
        await counters.seed("run/r", Amount(microusd=600))
        demand = _part(microusd=500)
        short = await counters.take([demand], holder="call_1")
        assert short == Shortage(
            demand=demand, lack=Lack.SPENT, meter="microusd", count=600, most=1_000
        )
        assert await counters.look([demand]) == short

    async def test_looking_takes_nothing(self, counters: Counters) -> None:
        """However often."""
        await counters.seed("run/r", NOTHING)
        for _ in range(20):
            assert await counters.look([_part(10)]) is None
        assert await counters.usage("run/r") == NOTHING

    async def test_what_a_holder_has_it_does_not_take_again(self, counters: Counters) -> None:
        """An operation that is repeated counts once, also where there is no more room."""
        await counters.seed("run/r", NOTHING)
        for _ in range(3):
            assert await takes(counters, _part(10))
        assert await counters.usage("run/r") == Amount(calls=10)
        assert not await takes(counters, _part(), holder="call_2")

    async def test_what_is_final_counts_at_every_asking(self, counters: Counters) -> None:
        """It is nobody's, and cannot be given back."""
        await counters.seed("run/r", NOTHING)
        final = _part(4, is_final=True)
        assert [await takes(counters, final) for _ in range(3)] == [True, True, False]
        await counters.give([Settled(demand=final, used=NOTHING)], holder="call_1")
        assert await counters.usage("run/r") == Amount(calls=8)

    async def test_what_is_final_counts_beside_what_its_holder_has(
        self, counters: Counters
    ) -> None:
        """Neither of the two is mistaken for the other, and only one of them is given back."""
        await counters.seed("run/r", NOTHING)
        assert await takes(counters, _part(2))
        assert counters.is_held("call_1")
        assert await takes(counters, _part(3, is_final=True))
        await counters.give([Settled(demand=_part(2), used=NOTHING)], holder="call_1")
        assert await counters.usage("run/r") == Amount(calls=3)

    async def test_what_is_final_and_unlimited_corrects_what_was_counted(
        self, counters: Counters
    ) -> None:
        """Upwards beyond a limit, and down again; what is not known is left to the ledger."""
        await counters.seed("run/r", Amount(calls=1, microusd=400))
        up, down = (
            BudgetDemand(account="run/r", amount=Amount(microusd=by), most=UNLIMITED, is_final=True)
            for by in (1_000, -700)
        )
        assert await takes(counters, up)
        assert await takes(counters, down)
        assert await counters.usage("run/r") == Amount(calls=1, microusd=700)
        assert not await takes(counters, replace(up, account="run/other"))
        assert await counters.usage("run/other") is None

    async def test_work_that_is_over_and_not_settled_counts_in_full(
        self, counters: Counters
    ) -> None:
        """Until somebody settles it, whether it is kept or not."""
        await counters.seed("run/r", NOTHING)
        assert await takes(counters, _part(4))
        await counters.give((), holder="call_1")
        await counters.keep("run/r", ["call_1", "stranger"])
        assert await counters.usage("run/r") == Amount(calls=4)
        await counters.give([Settled(demand=_part(4), used=Amount(calls=1))], holder="call_1")
        assert await counters.usage("run/r") == Amount(calls=1)

    async def test_what_is_settled_counts_what_was_used(self, counters: Counters) -> None:
        """Also where that is more than the limit; settling twice is settling once."""
        await counters.seed("run/r", NOTHING)
        for holder, used in (("call_1", 100), ("call_2", 2_000)):
            await takes(counters, _part(microusd=400), holder=holder)
            settled = Settled(demand=_part(microusd=400), used=Amount(calls=1, microusd=used))
            for _ in range(2):
                await counters.give([settled], holder=holder)
        assert await counters.usage("run/r") == Amount(calls=2, microusd=2_100)
        assert await lack(counters, _part(microusd=1), holder="call_3") is Lack.SPENT
        assert await takes(counters, _part(), holder="call_3")

    async def test_what_a_stranger_settles_changes_nothing(self, counters: Counters) -> None:
        """Nor what is settled of an account that is not known."""
        await counters.seed("run/r", NOTHING)
        await takes(counters, _part(5))
        for account in ("run/r", "run/s"):
            settled = Settled(demand=_part(5, account=account), used=NOTHING)
            await counters.give([settled], holder="call_2")
        assert await counters.usage("run/r") == Amount(calls=5)
        assert await counters.usage("run/s") is None

    async def test_a_budget_that_is_nearly_used_up_is_told(self, counters: Counters) -> None:
        """From nine tenths on, with what was just taken, and only of what is taken."""
        await counters.seed("run/r", Amount(calls=7, microusd=1_000))
        near = [await counters.take([_part()], holder=f"call_{number}") for number in range(3)]
        told = [
            [(each.meter, each.count, each.most) for each in got.near]
            for got in near
            if isinstance(got, Taken)
        ]
        assert told == [[], [("calls", 9, 10)], [("calls", 10, 10)]]

    async def test_an_account_whose_window_has_ended_may_be_forgotten_and_seeded_anew(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """One that is remembered still counts; either way nothing is over the limit."""
        until_ms = clock.now_ms() + 3_600_000
        day = replace(_part(10), until_ms=until_ms)
        await counters.seed(day.account, Amount(calls=1), until_ms=until_ms)
        clock.advance(7_200)
        assert await lack(counters, day) in {Lack.UNSEEDED, Lack.SPENT}

    async def test_clocks_that_jump_leave_accounts_alone(
        self, counters: Counters, clock: MovableClock
    ) -> None:
        """What is held is held, whatever the time."""
        until_ms = clock.now_ms() + 3_600_000
        await counters.seed("run/r", NOTHING, until_ms=until_ms)
        await takes(counters, replace(_part(10), until_ms=until_ms))
        clock.set_back(86_400)
        assert not await takes(counters, _part(), holder="call_2")
        clock.advance(30 * 86_400)
        await counters.seed("run/s", NOTHING)
        assert await counters.usage("run/r") == Amount(calls=10)

    async def test_many_at_once_take_as_much_as_there_is(self, counters: Counters) -> None:
        """Never one over, never one under."""
        await counters.seed("run/r", NOTHING)
        came = await asyncio.gather(
            *(takes(counters, _part(), holder=f"call_{number}") for number in range(40))
        )
        assert sum(came) == _TEN.calls
        assert await counters.usage("run/r") == Amount(calls=10)
