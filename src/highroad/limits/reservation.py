"""Reservations: what one piece of work holds until it is over."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from highroad.domain.demand import NOTHING, UNLIMITED, Amount, Return, Settled
from highroad.domain.error import BrokenPromise
from highroad.limits.exceeded import Exceeded
from highroad.limits.share import BudgetShare, Share, Spending, of_run
from highroad.ports.counters import Counters

# Plain strings: looking up a member of an Enum would double what a reservation costs.
_State: TypeAlias = Literal["reserved", "committed", "settled", "released"]


class Reservation:
    """A part of every budget that one piece of work holds, and its turns under rates.

    It ends in one of three ways: `release`, when no intent took it over; `commit` and `settle`;
    or `commit` alone, when the outcome is unknown, which counts in full until it is settled.
    """

    __slots__ = ("_counters", "_spending", "_state", "near")

    def __init__(
        self, counters: Counters, spending: Spending, near: Sequence[Exceeded] = ()
    ) -> None:
        self._counters = counters
        self._spending = spending
        self._state: _State = "reserved"
        self.near: Sequence[Exceeded] = near
        """Limits that are nearly reached with it."""

    @property
    def amount(self) -> Amount:
        """Held."""
        return self._spending.amount

    @property
    def is_unsettled(self) -> bool:
        """Whether an intent took it over, and what was used is not known yet."""
        return self._state == "committed"

    @property
    def has_lapsed(self) -> bool:
        """Whether it must be taken again before an intent may take it over."""
        if self._state != "reserved" or self._counters.is_held(self._spending.spender.holder):
            return False
        return any(isinstance(share, BudgetShare) for share in self._spending.shares)

    def commit(self) -> None:
        """The intent is written: from here on the work counts, however it ends."""
        if self._state != "reserved":
            raise BrokenPromise(f"an intent took over a reservation that is {self._state}")
        self._state = "committed"

    async def settle(self, used: Amount) -> None:
        """Replace what is held by what was used, also where that is more."""
        if self._state != "committed":
            raise BrokenPromise(f"settled a reservation that is {self._state}")
        self._state = "settled"
        spender = self._spending.spender
        returns = [
            Settled(share.demand, share.settled(used))
            for share in self._spending.shares
            if isinstance(share, BudgetShare)
        ]
        if spender.is_alone and spender.run.seeded:
            # Calls from inside its body took of its run, whose account has it from the ledger.
            share = of_run(spender.run, self.amount, UNLIMITED, is_above=False)
            returns.append(Settled(share.demand, used))
        if returns:
            await self._counters.give(returns, holder=spender.holder)

    async def leave(self) -> None:
        """The work is over and its outcome unknown: what is held counts in full."""
        await self._counters.give((), holder=self._spending.spender.holder)

    async def release(self) -> None:
        """Give everything back, turns too, unless an intent took it over."""
        if self._state != "reserved":
            return
        self._state = "released"
        spending = self._spending
        if spending.shares:
            returns = [_back(share) for share in spending.shares]
            await self._counters.give(returns, holder=spending.spender.holder)


def _back(share: Share) -> Return:
    if isinstance(share, BudgetShare):
        return Settled(demand=share.demand, used=NOTHING)
    return share.demand
