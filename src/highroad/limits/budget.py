"""The budget of a run: reserved before work, settled after it (P6).

Everything between two awaits is atomic, so a reservation neither awaits nor locks: it looks at
every limit and, if all have room, takes from all at once.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, TypeAlias

import anyio

from highroad.domain.error import BrokenPromise
from highroad.domain.limits import Limits
from highroad.domain.run import Usage
from highroad.domain.tool import ToolDefinition
from highroad.limits.exceeded import Exceeded
from highroad.ports.clock import Clock

MICRO: Final = 1_000_000
"""Money is counted in millionths of a US dollar: integers add up exactly."""

ReadUsage: TypeAlias = Callable[[str], Awaitable[Usage]]
"""Reads what a run has used. It must see every call that this process has answered."""


def to_microusd(usd: float) -> int:
    """Dollars in millionths, rounded up: a limit is never broken by rounding."""
    # Six digits below a millionth are noise of binary fractions: 0.1 stays 100,000.
    return ceil(round(usd * MICRO, 6))


@dataclass(frozen=True, slots=True)
class Demand:
    """What one call of a tool asks of its run; made once per tool."""

    tool: str
    limit: str
    """Name of the limit that `most` comes from."""
    most: int
    """Calls of this tool that one run may make."""
    microusd: int = 0
    """Most that one call may cost."""

    @classmethod
    def of(cls, tool: ToolDefinition, limits: Limits) -> "Demand":
        """The demand of `tool`; its own `max_per_run` goes before the limits."""
        if tool.max_per_run is not None:
            limit, most = "max_per_run", tool.max_per_run
        elif tool.has_effects:
            limit, most = "calls_per_tool", limits.calls_per_tool
        else:
            limit, most = "calls_per_read", limits.calls_per_read
        return cls(tool.name, limit, most, to_microusd(tool.cost_usd))


# Plain strings: looking up a member of an Enum would double what a reservation costs.
_State: TypeAlias = Literal["reserved", "committed", "settled", "released"]


class Reservation:
    """A part of a run's budget that one call holds.

    It ends in one of three ways: `release`, when no intent took it over; `commit` and `settle`;
    or `commit` alone, when the outcome is unknown, which counts in full.
    """

    __slots__ = ("_account", "_demand", "_state")

    def __init__(self, account: "Account", demand: Demand) -> None:
        self._account = account
        self._demand = demand
        self._state: _State = "reserved"

    @property
    def microusd(self) -> int:
        """Money held."""
        return self._demand.microusd

    def commit(self) -> None:
        """The intent is written: from here on the call counts, however it ends."""
        if self._state != "reserved":
            raise BrokenPromise(f"an intent took over a reservation that is {self._state}")
        self._state = "committed"

    def settle(self, microusd: int) -> None:
        """Replace the money held by what the call cost, also where that is more."""
        if self._state != "committed":
            raise BrokenPromise(f"settled a reservation that is {self._state}")
        self._state = "settled"
        self._account.microusd += microusd - self._demand.microusd

    def release(self) -> None:
        """Give everything back, unless an intent took it over."""
        if self._state == "reserved":
            self._state = "released"
            self._account.give_back(self._demand)


class Account:
    """What one run has used and holds, for as long as this process deals with the run.

    Whoever drives something of the run is *inside*, between `Budget.enter` (or `begin`) and
    `leave`. While nobody is inside the run rests, and its wall time stands still.
    """

    __slots__ = (
        "_budget",
        "_by_tool",
        "_elapsed_s",
        "_entered_s",
        "calls",
        "inside",
        "is_direct",
        "microusd",
        "proposals",
        "run_id",
        "steps",
    )

    def __init__(self, budget: "Budget", run_id: str, *, is_direct: bool) -> None:
        self._budget = budget
        self._by_tool: dict[str, int] = {}
        self._elapsed_s = 0.0
        self._entered_s = 0.0
        self.run_id: str = run_id
        self.is_direct: bool = is_direct
        self.proposals: int = 0
        self.calls: int = 0
        self.microusd: int = 0
        self.inside: int = 0
        self.steps: int = 0

    def next_step(self) -> int:
        """The position of one more call in the run, from 1; no two calls have the same."""
        self.steps += 1
        return self.steps

    def propose(self) -> Exceeded | None:
        """Count a call that was received, whatever becomes of it."""
        self.proposals += 1
        allowed = self._budget.limits.proposals
        if self.proposals > allowed:
            return Exceeded("proposals", self.proposals, allowed)
        return None

    def look(self, demand: Demand) -> Exceeded | None:
        """Which limit `reserve` would break now, if any."""
        limits = self._budget.limits
        if self.calls >= limits.calls:
            return Exceeded("calls", self.calls, limits.calls)
        used = self._by_tool.get(demand.tool, 0)
        if used >= demand.most:
            return Exceeded(demand.limit, used, demand.most)
        if demand.microusd and self.microusd + demand.microusd > self._budget.microusd:
            return Exceeded("usd", self.microusd / MICRO, limits.usd)
        elapsed_s = self._elapsed_s + self._budget.clock.monotonic_s() - self._entered_s
        if elapsed_s >= limits.run_s:
            return Exceeded("run_s", round(elapsed_s, 3), limits.run_s)
        return None

    def reserve(self, demand: Demand) -> Reservation | Exceeded:
        """Take one call and its money from every limit at once, or nothing from any."""
        exceeded = self.look(demand)
        if exceeded is not None:
            return exceeded
        self.calls += 1
        self.microusd += demand.microusd
        self._by_tool[demand.tool] = self._by_tool.get(demand.tool, 0) + 1
        return Reservation(self, demand)

    def leave(self) -> None:
        """End what `enter` or `begin` began: the call has ended, or is held."""
        self.inside -= 1
        if self.inside == 0:
            self._elapsed_s += self._budget.clock.monotonic_s() - self._entered_s
            self._budget.rest(self)

    def give_back(self, demand: Demand) -> None:
        """Undo a reservation; for `Reservation.release` alone."""
        self.calls -= 1
        self.microusd -= demand.microusd
        self._by_tool[demand.tool] -= 1

    def step_inside(self) -> None:
        """One more drives something of this run; for `Budget` alone."""
        if self.inside == 0:
            self._entered_s = self._budget.clock.monotonic_s()
        self.inside += 1

    def restore(self, usage: Usage, now_ms: int) -> None:
        """Go on from what earlier processes used; for `Budget` alone.

        The wall time of a run of one is that of its call, which has a deadline of its own.
        """
        self.proposals = self.steps = usage.proposals
        self.calls = usage.calls
        self.microusd = usage.cost_microusd
        self._by_tool = dict(usage.by_tool)
        if usage.started_ms and not self.is_direct:
            self._elapsed_s = max(0, now_ms - usage.started_ms - usage.rested_ms) / 1_000


class Budget:
    """The accounts of all runs that this process deals with.

    Accounts of direct runs are forgotten as soon as nobody is inside. Of named runs the
    `accounts` last used are kept, besides those that somebody is in; what is forgotten is read
    again from the ledger.

    Args:
        limits: In force for every run.
        read_usage: `Store.usage`, behind whatever still waits to be written.
        clock: For wall time.
        accounts: Named runs at rest that are remembered.
    """

    def __init__(
        self, limits: Limits, read_usage: ReadUsage, clock: Clock, *, accounts: int = 10_000
    ) -> None:
        self.limits = limits
        self.microusd: Final = to_microusd(limits.usd)
        self.clock = clock
        self._read_usage = read_usage
        self._capacity = accounts
        self._active: dict[str, Account] = {}
        self._resting: OrderedDict[str, Account] = OrderedDict()
        self._loading: dict[str, anyio.Event] = {}

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._active) + len(self._resting)

    def begin(self, run_id: str) -> Account:
        """Open the account of a direct run that is born with this call, and step inside."""
        account = self._active[run_id] = Account(self, run_id, is_direct=True)
        account.step_inside()
        return account

    async def enter(self, run_id: str, *, is_direct: bool = False) -> Account:
        """Step inside the account of a run, which is read from the ledger if need be.

        Two that come together read once: nothing is counted twice.
        """
        while (account := self._known(run_id)) is None:
            reading = self._loading.get(run_id)
            if reading is None:
                await self._load(run_id, is_direct=is_direct)
            else:
                # Looks again afterwards: the reader may have failed or been cancelled.
                await reading.wait()
        account.step_inside()
        return account

    def rest(self, account: Account) -> None:
        """Nobody is inside any longer; for `Account.leave` alone."""
        del self._active[account.run_id]
        if not account.is_direct:
            self._resting[account.run_id] = account
            if len(self._resting) > self._capacity:
                self._resting.popitem(last=False)

    def _known(self, run_id: str) -> Account | None:
        account = self._resting.pop(run_id, None)
        if account is not None:
            self._active[run_id] = account
            return account
        return self._active.get(run_id)

    async def _load(self, run_id: str, *, is_direct: bool) -> None:
        done = self._loading[run_id] = anyio.Event()
        try:
            usage = await self._read_usage(run_id)
            account = Account(self, run_id, is_direct=is_direct)
            account.restore(usage, self.clock.now_ms())
            self._resting[run_id] = account
        finally:
            del self._loading[run_id]
            done.set()
