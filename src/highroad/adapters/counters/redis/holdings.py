"""What this process holds in Redis, and how sure it may be of that.

A hold is leased: whoever dies stops renewing, and others ask the ledger what became of its work.
A process that was stopped for longer than a lease may have been taken for dead; so it goes by the
time at which it last *asked* for the lease, which is before the lease began in Redis.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from highroad.adapters.counters.redis.wire import MICRO, Wire
from highroad.domain.demand import BudgetDemand, Demand, SlotDemand

LEASE_S: Final = 2.0
"""How long a part of a budget is held that nobody renews."""
SETTLING_S: Final = 3.0
"""How long a Redis that has lost its memory opens no account: until what was taken of accounts in
the life before is lapsed everywhere, and what came of it is in the ledger."""


@dataclass(slots=True)
class _Holding:
    leases: list[Wire]
    """What to renew, as the script takes it."""
    life: str
    sure_until_s: float


class Holdings:
    """What each holder of this process has, until it gives it back."""

    def __init__(self) -> None:
        self._holdings: dict[str, _Holding] = {}
        self._life = ""
        """Of the Redis that answers."""
        self._asked = 0
        self._heard_at = 0
        """How often was asked before that life was first heard of."""

    def __len__(self) -> int:
        """Holders."""
        return len(self._holdings)

    def __iter__(self) -> Iterator[str]:
        """Holders."""
        return iter(self._holdings)

    def ask(self) -> int:
        """A question goes to Redis; its number."""
        self._asked += 1
        return self._asked

    def hear(self, life: str, question: int) -> None:
        """A life of Redis answers. An answer that was long on its way tells of no new one."""
        if life != self._life and question > self._heard_at:
            self._life, self._heard_at = life, self._asked

    def note(self, holder: str, demands: Iterable[Demand], *, life: str, asked_s: float) -> None:
        """Something was taken in a life, asked for at `asked_s` on the monotonic clock."""
        leases = [lease for demand in demands if (lease := _lease(demand, holder)) is not None]
        if not leases:
            return
        known = self._holdings.get(holder)
        if known is not None and known.life == life:
            leases = [*(lease for lease in known.leases if lease not in leases), *leases]
        self._holdings[holder] = _Holding(leases, life, asked_s + LEASE_S)

    def forget(self, holder: str) -> None:
        """Its work is over."""
        self._holdings.pop(holder, None)

    def clear(self) -> None:
        """Nothing is renewed any more."""
        self._holdings.clear()

    def leases(self, holders: Iterable[str]) -> list[tuple[str, Wire]]:
        """What is to be renewed of these, each lease with its holder."""
        return [
            (holder, lease)
            for holder in holders
            if holder in self._holdings
            for lease in self._holdings[holder].leases
        ]

    def renewed(
        self, holders: Iterable[str], lost: Iterable[str], *, life: str, asked_s: float
    ) -> None:
        """Leases of these holders began anew in a life, but for some that were lost."""
        gone = frozenset(lost)
        for holder in holders:
            holding = self._holdings.get(holder)
            if holding is not None and holder not in gone and holding.life == life:
                # Answers may overtake each other.
                holding.sure_until_s = max(holding.sure_until_s, asked_s + LEASE_S)

    def is_sure(self, holder: str, now_s: float) -> bool:
        """Whether nobody can have taken the holder for dead."""
        holding = self._holdings.get(holder)
        if holding is None or holding.life != self._life:
            return False
        return now_s < holding.sure_until_s


def _lease(demand: Demand, holder: str) -> Wire | None:
    match demand:
        case BudgetDemand(is_final=False):
            return ["budget", demand.account, holder]
        case SlotDemand():
            return ["place", demand.key, holder, demand.lease_s * MICRO]
        case _:
            return None
