"""What a piece of work demands before it may go on: money, a place, a turn, an unbroken dependency.

A demand is judged and taken by `highroad.ports.counters.Counters`, all demands of one piece of work
at once or none of them. Keys are opaque: ids and digests, never names of people (P7).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import add, sub
from typing import Final, NamedTuple, TypeAlias

from highroad.domain.dependency import BreakerRule
from highroad.domain.value import value


class Amount(NamedTuple):
    """What work takes of a budget. Whole numbers, which add up exactly."""

    proposals: int = 0
    calls: int = 0
    attempts: int = 0
    tokens: int = 0
    microusd: int = 0
    """Millionths of a US dollar."""
    wall_ms: int = 0
    """Time on the road, in milliseconds."""

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount._make(map(add, self, other))

    def minus(self, other: "Amount") -> "Amount":
        """Without the other, which is a part of it."""
        return Amount._make(map(sub, self, other))


NOTHING: Final = Amount()
UNLIMITED: Final = Amount(proposals=-1, calls=-1, attempts=-1, tokens=-1, microusd=-1, wall_ms=-1)
NEAR: Final = 0.9
"""The part of a limit from which on whoever spends is told."""


@value
class BudgetDemand:
    """So much of an account, which may hold and have used no more than `most`."""

    account: str
    """For example `run/run_…`, `user/…/day/20780`: scope, whose, and window."""
    amount: Amount
    most: Amount
    """A field below 0 is no limit."""
    until_ms: int | None = None
    """When its window ends and it may be forgotten; `None` lasts."""
    is_final: bool = False
    """Used by being taken: it is not held, cannot be given back, and counts at every asking. Where
    nothing is limited its amount may be below 0, and corrects what was counted."""

    meters: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """Of each meter that is taken of: where it stands, and how much."""
    bounds: tuple[tuple[int, int, int, float], ...] = field(init=False, repr=False, compare=False)
    """Of each meter that is taken of and limited: where it stands, how much, the limit, and from
    where on that is near."""

    def __post_init__(self) -> None:
        """Work out once what is asked again and again."""
        self.meters = tuple(  # type: ignore[misc]  # frozen for everybody else
            (at, wanted) for at, wanted in enumerate(self.amount) if wanted
        )
        self.bounds = tuple(  # type: ignore[misc]  # see above
            (at, wanted, self.most[at], self.most[at] * NEAR)
            for at, wanted in self.meters
            if self.most[at] >= 0
        )

    def shortage(self, has: Sequence[int], lapsed: tuple[str, ...] = ()) -> "Shortage | None":
        """Why an account that holds and has used `has` cannot meet it; `None` where it can."""
        for at, wanted, most, _ in self.bounds:
            if has[at] + wanted > most:
                return Shortage(
                    demand=self,
                    lack=Lack.SPENT,
                    meter=Amount._fields[at],
                    count=has[at],
                    most=most,
                    lapsed=lapsed,
                )
        return None

    def near(self, has: Sequence[int]) -> "tuple[Near, ...]":
        """Meters that it takes from and that are nearly used up, in an account that has `has`."""
        found: tuple[Near, ...] = ()
        for at, _, most, near in self.bounds:
            if has[at] >= near:
                found = (*found, Near(self, Amount._fields[at], has[at], most))
        return found


@value
class RateDemand:
    """One turn under a sliding window: never more than `most` in any `window_s` seconds."""

    key: str
    most: int
    window_s: float = 60.0


@value
class BucketDemand:
    """One token of a bucket that holds `burst` and refills evenly."""

    key: str
    burst: int
    per_s: float


@value
class SlotDemand:
    """A place beside at most `most` others at once (bulkhead).

    It is held for `lease_s` seconds unless it is given back or renewed: its holder may have died.
    """

    key: str
    most: int
    lease_s: float


@value
class PassDemand:
    """That the breaker of a dependency lets an attempt through."""

    dependency: str
    rule: BreakerRule


Demand: TypeAlias = BudgetDemand | RateDemand | BucketDemand | SlotDemand | PassDemand


class Lack(StrEnum):
    """Why a demand is not met."""

    SPENT = "spent"
    """The budget has not so much left."""
    RATE = "rate"
    """Too many within the window, or the bucket is empty."""
    FULL = "full"
    """No place is free."""
    OPEN = "open"
    """The breaker is open, or half-open with its few trials under way."""
    UNSEEDED = "unseeded"
    """The account is not known: what was used before must be read from the ledger first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """The first demand that is not met; nothing was taken."""

    demand: Demand
    lack: Lack
    meter: str = ""
    """Of a budget: which field of `Amount`."""
    count: float = 0.0
    """Used and reserved so far."""
    most: float = 0.0
    retry_after_s: float | None = None
    """When it may be met, where that is known; of an unseeded account, when it may be opened."""
    lapsed: tuple[str, ...] = ()
    """Of a budget: some that hold a part of it, and may have died. The ledger says what became of
    their work."""


@value(kw_only=False)
class Near:
    """A budget that is nearly used up: nine tenths, or more."""

    demand: BudgetDemand
    meter: str
    """Which field of `Amount`."""
    count: int
    """Used and held."""
    most: int


@value(kw_only=False)
class Taken:
    """All demands are met, and counted."""

    near: tuple[Near, ...] = ()


class AttemptResult(StrEnum):
    """What an attempt says of its dependency."""

    SUCCESS = "success"
    FAILURE = "failure"
    ABANDONED = "abandoned"
    """Nothing: it was called off before, or went wrong for reasons of its own."""


@value(kw_only=False)
class Settled:
    """A budget's part of a piece of work that has ended: `used` replaces what was held.

    What is never settled counts in full: work in flight, and work of unknown outcome.
    """

    demand: BudgetDemand
    used: Amount


@value(kw_only=False)
class Reported:
    """A passed attempt has ended."""

    demand: PassDemand
    result: AttemptResult
    took_s: float


Return: TypeAlias = Settled | Reported | SlotDemand | RateDemand | BucketDemand
"""What is given back: settled, reported, a place, or a turn that was not used after all."""
