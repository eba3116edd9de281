"""Accounts: what budgets have used, and who holds what of them."""

from collections import OrderedDict
from collections.abc import Mapping
from operator import add, sub
from typing import Final

from highroad.domain.demand import Amount, BudgetDemand, Lack, Near, Settled, Shortage
from highroad.ports.clock import Clock


class _Account:
    """What is used for good, and what each holder has; `total` is all of it."""

    __slots__ = ("held", "total", "until_ms")

    def __init__(self, total: list[int], held: dict[str, Amount], until_ms: int | None) -> None:
        self.total = total
        """Meter by meter, as in `Amount`."""
        self.held = held
        self.until_ms = until_ms


class Accounts:
    """Accounts by name. One that is forgotten is unseeded again, and read from the ledger.

    Forgotten are those that were not asked for longest, once there are more than `capacity`, and
    those whose window has ended: never one that somebody holds a part of.

    Args:
        clock: Says which windows have ended.
        capacity: Accounts that are remembered though nobody holds any of them.
    """

    def __init__(self, clock: Clock, *, capacity: int) -> None:
        self._clock = clock
        self._capacity: Final = capacity
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        """Asked for longest ago first."""

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._accounts)

    def look(self, demand: BudgetDemand, holder: str, now_s: float) -> Shortage | None:
        """Why the account has not so much left, whatever the time."""
        del now_s
        account = self._accounts.get(demand.account)
        if account is None:
            return Shortage(demand=demand, lack=Lack.UNSEEDED)
        if holder not in account.held:
            total = account.total
            for at, wanted, most, _ in demand.bounds:
                if total[at] + wanted > most:
                    return demand.shortage(total)
        return None

    def take(self, demand: BudgetDemand, holder: str, now_s: float) -> tuple[Near, ...]:
        """Hold the amount for `holder`, or use it at once where the demand is final.

        Returns:
            What is nearly used up with it.
        """
        del now_s
        account = self._accounts[demand.account]
        self._accounts.move_to_end(demand.account)
        if demand.is_final or holder not in account.held:
            if not demand.is_final:
                account.held[holder] = demand.amount
            for at, wanted in demand.meters:
                account.total[at] += wanted
        total = account.total
        for at, _, _, near in demand.bounds:
            if total[at] >= near:
                return demand.near(total)
        return ()

    def give(self, given: Settled, holder: str, now_s: float) -> None:
        """Put what was used in place of what was held."""
        del now_s
        account = self._accounts.get(given.demand.account)
        held = None if account is None else account.held.pop(holder, None)
        if account is not None and held is not None and held != given.used:
            account.total = list(map(sub, map(add, account.total, given.used), held))

    def seed(
        self, name: str, used: Amount, held: Mapping[str, Amount], until_ms: int | None
    ) -> None:
        """Open an account with what the ledger says, unless it is open."""
        if name in self._accounts:
            return
        self._forget()
        total = list(map(sum, zip(used, *held.values(), strict=True)))
        self._accounts[name] = _Account(total, dict(held), until_ms)

    def usage(self, name: str) -> Amount | None:
        """What is used and held."""
        account = self._accounts.get(name)
        return None if account is None else Amount._make(account.total)

    def _forget(self) -> None:
        """Make room, at most for a few at a time: an opening pays for its own."""
        now_ms, surplus = self._clock.now_ms(), len(self._accounts) - self._capacity
        idle = [
            name
            for name, _ in zip(self._accounts, range(max(_LOOKED_AT, surplus)), strict=False)
            if not self._accounts[name].held
        ]
        for name in idle:
            until_ms = self._accounts[name].until_ms
            if surplus >= 0 or (until_ms is not None and until_ms <= now_ms):
                del self._accounts[name]
                surplus -= 1


_LOOKED_AT: Final = 4
"""Accounts, of those asked for longest ago, that are looked at when another is opened."""
