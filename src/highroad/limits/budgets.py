"""Budgets: reserved before work across every scope at once, settled after it (P6).

One service for whoever spends: tools now, and requests to models, verifiers and judges.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Protocol, TypeVar

import anyio

from highroad.domain.demand import (
    NEAR,
    NOTHING,
    UNLIMITED,
    Amount,
    Demand,
    Lack,
    RateDemand,
    Settled,
    Shortage,
    Taken,
)
from highroad.domain.error import BrokenPromise, CountersError
from highroad.domain.limits import BudgetRule, Limits, RateRule, Scope
from highroad.domain.run import Spent, Usage
from highroad.limits.exceeded import Exceeded, RateExceeded
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRun
from highroad.limits.share import (
    BudgetShare,
    Share,
    Spender,
    Spending,
    TurnShare,
    of_call,
    of_run,
    rule_most,
    run_most,
    to_microusd,
    tool_account,
    tool_turn,
)
from highroad.limits.shares import Shares
from highroad.ports.clock import Clock
from highroad.ports.counters import Counters

T = TypeVar("T")

_ROUNDS: Final = 100
"""How often counters may say in a row that the ledger must be asked, besides once for each account
and once more: they name a few hundred of the dead at a time."""


class SpentReader(Protocol):
    """What the ledger says was used, with what still waits to be written."""

    async def usage(self, run_id: str) -> Usage:
        """What a run, and all runs below it, have used."""
        ...

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What work took that was asked for between two moments."""
        ...

    async def asked(
        self, purpose: str, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What model requests for one purpose took, of a run and those below it or between moments.

        Each counts as one call.
        """
        ...

    async def taken(self, holder: str) -> Amount | None:
        """What became of what work reserved, by its id; `None` while it counts in full."""
        ...


class Budgets:
    """Reserves, across call, run and the runs above it, conversation, user and organization.

    Args:
        counters: Where it is counted.
        limits: Of runs.
        reader: Of what was used before.
        clock: Tells how long windows last yet.
        rules: Budgets of the other scopes.
        rates: Of users and organizations.
    """

    def __init__(  # noqa: PLR0913 - what they are made of, each by name
        self,
        counters: Counters,
        limits: Limits,
        reader: SpentReader,
        clock: Clock,
        *,
        rules: Sequence[BudgetRule] = (),
        rates: Sequence[RateRule] = (),
    ) -> None:
        self.counters: Counters = counters
        self.overshoots: int = 0
        """Pieces of work that used more than they had reserved."""
        self._limits = limits
        self._reader = reader
        self._clock = clock
        self._shares = Shares(limits, rules, rates)
        self._of_run = run_most(limits)
        self._of_call = [rule_most(rule) for rule in rules if rule.scope is Scope.CALL]
        self.bounds_wall: bool = any(rule.wall_s is not None for rule in rules)
        """Whether time on the road is limited, and so has to be reserved."""
        self.binds_all: bool = bool(rules or rates)
        """Whether also a lone read may be limited."""
        self._reading: dict[str, anyio.Event] = {}
        """Accounts that the ledger is being asked about, each once for all who wait for it."""

    def ceiling(self, *, tokens: int | None = 0, usd: float | None = 0) -> Amount:
        """What work reserves besides its call; `None` is a maximum that nobody declared."""
        return Amount(
            tokens=self._limits.ceiling_tokens if tokens is None else tokens,
            microusd=to_microusd(self._limits.ceiling_usd if usd is None else usd),
        )

    # -- reserving ---------------------------------------------------------------------------

    async def propose(self, spender: Spender) -> Exceeded | Sequence[Exceeded]:
        """Count work that was asked for, whatever becomes of it.

        Returns:
            The limit that it would break, or those that are near.
        """
        if spender.is_alone and self._of_run.proposals < 1:
            return Exceeded("proposals", 0, self._of_run.proposals)
        shares = self._shares.of_proposal(spender)
        if not shares:
            return ()
        got = await self._take(shares, spender.holder)
        if isinstance(got, Shortage):
            return self._spent(shares, got)
        return self._near(shares, got)

    def spending(
        self, spender: Spender, amount: Amount, own: Sequence[BudgetShare] = ()
    ) -> Spending:
        """What `reserve` will take, in the order in which it is judged.

        Args:
            spender: Who spends.
            amount: At most. Work that declares no maximum reserves the `ceiling`.
            own: Of budgets that only such work takes of.
        """
        shares = self._shares.of_work(spender, amount)
        return Spending(spender, amount, (*own, *shares) if own else shares)

    async def look(
        self, spending: Spending, besides: Demand
    ) -> Exceeded | RateExceeded | Shortage | None:
        """Which limit `reserve` would break now, if any; nothing is taken.

        Args:
            spending: Of the work.
            besides: Asked in the same breath, after all limits; if it is short, it is the answer.
        """
        near, shares = self._nearly_late(spending.spender.run), spending.shares
        exceeded = self._uncounted(spending, near)
        if exceeded is not None:
            return exceeded
        short = await self._known(shares, self.counters.look, besides)
        if short is None or short.demand is besides:
            return short
        return self._exceeded(shares, short)

    async def reserve(self, spending: Spending) -> Reservation | Exceeded | RateExceeded:
        """Take of every budget, and a turn of every rate; all of it, or nothing.

        Raises:
            CountersError: Nobody can say whether there is room.
        """
        near, shares = self._nearly_late(spending.spender.run), spending.shares
        exceeded = self._uncounted(spending, near)
        if exceeded is not None:
            return exceeded
        if shares:
            got = await self._take(shares, spending.spender.holder)
            if isinstance(got, Shortage):
                return self._exceeded(shares, got)
            near = (*near, *self._near(shares, got))
        return Reservation(self.counters, spending, near)

    def resumed(self, spender: Spender, amount: Amount) -> Reservation:
        """The reservation of work with an intent that was begun before, to be settled.

        What of it the counters know they know by its holder, or from the ledger.
        """
        shares = self._shares.of_budgets(spender, amount)
        for run in spender.run.lineage:
            run.began = None  # it is about to be out of date
        spending = Spending(spender, amount, shares)
        reservation = Reservation(self.counters, spending)
        reservation.commit()
        return reservation

    async def correct(self, spender: Spender, by: Amount) -> None:
        """Count of settled work what it took more, or less, than it was settled as.

        An account that the counters do not know is read from the ledger, which says so by then.

        Raises:
            CountersError: They cannot be reached.
        """
        for share in self._shares.of_budgets(spender, by):
            if share.cap is None:  # of a tool's calls it was one, and is
                demand = replace(share.demand, most=UNLIMITED, is_final=True)
                await self.counters.take([demand], holder=spender.holder)

    async def recall(self, admitted: Iterable[tuple[str, str, str, int]]) -> None:
        """Count (organization, principal, tool, Unix ms) of earlier processes against rates."""
        turns: list[tuple[RateDemand, int]] = []
        for organization, principal_id, tool, at_ms in admitted:
            shares = [
                tool_turn(principal_id, tool, 0),
                *self._shares.of_rates(principal_id, organization),
            ]
            turns += [
                (share.demand, at_ms) for share in shares if isinstance(share.demand, RateDemand)
            ]
        await self.counters.recall(turns)

    # -- taking ------------------------------------------------------------------------------

    async def _take(self, shares: Sequence[Share], holder: str) -> Shortage | Taken:
        """Take all or nothing."""
        return await self._known(shares, partial(self.counters.take, holder=holder))

    async def _known(
        self,
        shares: Sequence[Share],
        ask: Callable[[Sequence[Demand]], Awaitable[Shortage | T]],
        *besides: Demand,
    ) -> Shortage | T:
        """What the counters say, once they know every account; the ledger tells what is unknown."""
        demands: list[Demand] = [share.demand for share in shares]
        demands += besides
        # Each may have to be read, and may be forgotten once more while another one is.
        for _ in range(2 * len(demands) + _ROUNDS):
            got = await ask(demands)
            if not isinstance(got, Shortage):
                return got
            if got.lack is not Lack.UNSEEDED and not got.lapsed:
                return got
            await self._read_once(_share_of(shares, got.demand), got)
        raise CountersError("accounts are forgotten as soon as they are opened: try again")

    async def _read_once(self, share: BudgetShare, short: Shortage) -> None:
        """Let the ledger say what the counters do not know; who comes meanwhile waits for that."""
        account = share.demand.account
        reading = self._reading.get(account)
        if reading is not None:
            await reading.wait()
            return
        reading = self._reading[account] = anyio.Event()
        try:
            if short.lapsed:
                await self._settle_lapsed(share, short.lapsed)
            elif short.retry_after_s is not None:
                await self._clock.sleep(short.retry_after_s)
            else:
                await self._seed(share)
        finally:
            del self._reading[account]
            reading.set()

    async def _settle_lapsed(self, share: BudgetShare, holders: Iterable[str]) -> None:
        """What the dead took without an intent is free again; what had one counts as it came."""
        kept: list[str] = []
        for holder in holders:
            used = await self._reader.taken(holder)
            if used is None:
                kept.append(holder)
                continue
            if used != NOTHING and (share.purpose is not None or used.calls):
                used = share.settled(used)
            await self.counters.give([Settled(demand=share.demand, used=used)], holder=holder)
        if kept:
            await self.counters.keep(share.demand.account, kept)

    async def _seed(self, share: BudgetShare) -> None:
        """Open an account with what the ledger says."""
        demand, run = share.demand, share.run
        if share.purpose is not None:
            spent = await self._reader.asked(
                share.purpose,
                share.scope,
                share.whose,
                since_ms=share.since_ms,
                until_ms=demand.until_ms,
            )
        elif run is None:
            spent = await self._reader.spent(
                share.scope, share.whose, since_ms=share.since_ms, until_ms=demand.until_ms
            )
        else:
            usage = await self._usage(run, demand.account)
            spent = usage.spent
            if share.cap is not None:
                spent = Spent(used=Amount(calls=dict(usage.by_tool).get(share.cap.tool, 0)))
        await self.counters.seed(
            demand.account, spent.used, held=spent.held, until_ms=demand.until_ms
        )

    async def calls_of(self, run: LiveRun, tool: str) -> int:
        """How many calls of a tool a run, and those below it, have taken to an intent so far.

        Raises:
            CountersError: The counters cannot be asked.
        """
        counted = await self.counters.usage(tool_account(run, tool))
        if counted is not None:
            return int(counted.calls)
        usage = await self._reader.usage(run.run_id)
        return dict(usage.by_tool).get(tool, 0)

    async def _usage(self, run: LiveRun, account: str) -> Usage:
        """What a run has used: as it was read when the run began here, where that still holds.

        It does as long as nobody else counts, for accounts that nothing was taken of since.
        """
        is_fresh = account not in run.seeded and not self.counters.is_shared
        run.seeded |= {account}
        if is_fresh and run.began is not None:
            return run.began
        return await self._reader.usage(run.run_id)

    # -- what is told ------------------------------------------------------------------------

    def _uncounted(self, spending: Spending, near: Sequence[Exceeded]) -> Exceeded | None:
        """What needs no counting: wall time of runs, limits of a call and of a run of one."""
        spender, amount = spending.spender, spending.amount
        for run_s in near:
            if run_s.count >= run_s.allowed:
                return run_s
        for most in self._of_call:
            share = of_call(amount, most)
            short = share.demand.shortage(NOTHING)
            if short is not None:
                return share.exceeded(short.meter, short.count, short.most)
        cap, most = spender.tool, self._of_run
        is_within = amount.calls <= most.calls and amount.microusd <= most.microusd
        if not spender.is_alone or (is_within and (cap is None or amount.calls <= cap.most)):
            return None
        if cap is not None and amount.calls > cap.most:
            return Exceeded(cap.limit, 0, cap.most)
        share = of_run(spender.run, amount, most, is_above=False)
        short = share.demand.shortage(NOTHING)
        return None if short is None else share.exceeded(short.meter, short.count, short.most)

    def _nearly_late(self, run: LiveRun) -> tuple[Exceeded, ...]:
        """Wall time of the run and of those above it, where it is nearly over, or is."""
        most_s = self._limits.run_s
        found: list[Exceeded] = []
        each: LiveRun | None = run
        while each is not None:
            elapsed_s = each.elapsed_s
            if elapsed_s >= most_s * NEAR:
                found.append(Exceeded("run_s", elapsed_s, most_s, is_above=each is not run))
            each = each.parent
        return tuple(found)

    def _exceeded(self, shares: Sequence[Share], short: Shortage) -> Exceeded | RateExceeded:
        for share in shares:
            if isinstance(share, TurnShare) and share.demand is short.demand:
                return share.exceeded(short)
        return self._spent(shares, short)

    def _spent(self, shares: Sequence[Share], short: Shortage) -> Exceeded:
        share = _share_of(shares, short.demand)
        return share.exceeded(short.meter, short.count, short.most, self._clock.now_ms())

    def _near(self, shares: Sequence[Share], got: Taken) -> Sequence[Exceeded]:
        """Limits that are nearly reached; how often a tool may be called is told when it is."""
        if not got.near:
            return ()
        now_ms = self._clock.now_ms()
        found = [(_share_of(shares, near.demand), near) for near in got.near]
        return [
            share.exceeded(near.meter, near.count, near.most, now_ms)
            for share, near in found
            if share.cap is None
        ]


def _share_of(shares: Sequence[Share], demand: object) -> BudgetShare:
    """The share that a demand is of: counters answer with the very demand that they were given."""
    for share in shares:
        if isinstance(share, BudgetShare) and share.demand is demand:
            return share
    raise BrokenPromise("the counters answered of a demand that was not made")
