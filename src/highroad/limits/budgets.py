"""Budgets: reserved before work across every scope at once, settled after it (P6).

One service for whoever spends: tools now, and requests to models, verifiers and judges.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias, TypeVar

from highroad.domain.demand import (
    NEAR,
    NOTHING,
    Amount,
    Demand,
    Lack,
    RateDemand,
    Shortage,
    Taken,
)
from highroad.domain.error import BrokenPromise, CountersError
from highroad.domain.limits import BudgetRule, Limits, RateRule, Scope
from highroad.domain.run import Spent, Usage
from highroad.limits.claim import (
    BudgetClaim,
    Claim,
    RateClaim,
    Spender,
    Spending,
    of_call,
    of_rate,
    of_rule,
    of_run,
    of_tool,
    rule_most,
    run_most,
    to_microusd,
    tool_turn,
)
from highroad.limits.exceeded import Exceeded, RateExceeded
from highroad.limits.reservation import Reservation
from highroad.limits.runs import LiveRun
from highroad.ports.clock import Clock
from highroad.ports.counters import Counters

T = TypeVar("T")

_PROPOSAL: Final = Amount(proposals=1)
_Rule: TypeAlias = tuple[BudgetRule, Amount]
"""A budget, and what it allows in the units of amounts."""


class SpentReader(Protocol):
    """What the ledger says was used, with what still waits to be written."""

    async def usage(self, run_id: str) -> Usage:
        """What a run, and all runs below it, have used."""
        ...

    async def spent(
        self, scope: Scope, whose: str, *, since_ms: int, until_ms: int | None
    ) -> Spent:
        """What calls took that were received between two moments."""
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
        self._rates = tuple(rates)
        self._of_run = run_most(limits)
        bounds = [(rule, rule_most(rule)) for rule in rules]
        self._of_call = [most for rule, most in bounds if rule.scope is Scope.CALL]
        counted = [(rule, most) for rule, most in bounds if rule.scope is not Scope.CALL]
        self._on_proposals = [(rule, most) for rule, most in counted if most.proposals >= 0]
        self._on_work = [(rule, most) for rule, most in counted if rule.bounds_work]
        self.bounds_wall: bool = any(rule.wall_s is not None for rule in rules)
        """Whether time on the road is limited, and so has to be reserved."""
        self.binds_all: bool = bool(rules or rates)
        """Whether also a lone read may be limited."""

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
        claims = self._claims(spender, _PROPOSAL, self._on_proposals, is_final=True)
        if not claims:
            return ()
        got = await self._take(claims, spender.holder)
        if isinstance(got, Shortage):
            return self._spent(claims, got)
        return self._near(claims, got)

    def spending(self, spender: Spender, amount: Amount) -> Spending:
        """What `reserve` will take, in the order in which it is judged.

        Args:
            spender: Who spends.
            amount: At most. Work that declares no maximum reserves the `ceiling`.
        """
        turns, parts = self._turns(spender), self._claims(spender, amount, self._on_work)
        claims: tuple[Claim, ...] = (*turns, *parts)
        return Spending(spender=spender, amount=amount, claims=claims)

    async def look(self, spending: Spending) -> Exceeded | RateExceeded | None:
        """Which limit `reserve` would break now, if any; nothing is taken."""
        exceeded, claims = self._uncounted(spending), spending.claims
        if exceeded is not None or not claims:
            return exceeded
        short = await self._known(claims, self.counters.look)
        return None if short is None else self._exceeded(claims, short)

    async def reserve(self, spending: Spending) -> Reservation | Exceeded | RateExceeded:
        """Take of every budget, and a turn of every rate; all of it, or nothing.

        Raises:
            CountersError: Nobody can say whether there is room.
        """
        exceeded, claims = self._uncounted(spending), spending.claims
        if exceeded is not None:
            return exceeded
        near = self._nearly_late(spending.spender.run)
        if claims:
            got = await self._take(claims, spending.spender.holder)
            if isinstance(got, Shortage):
                return self._exceeded(claims, got)
            near = (*near, *self._near(claims, got))
        return Reservation(self.counters, spending, near)

    def resumed(self, spender: Spender, amount: Amount) -> Reservation:
        """The reservation of work with an intent that was begun before, to be settled.

        What of it the counters know they know by its holder, or from the ledger.
        """
        claims = self._claims(spender, amount, self._on_work)
        for run in spender.run.lineage:
            run.began = None  # it is about to be out of date
        spending = Spending(spender=spender, amount=amount, claims=claims)
        reservation = Reservation(self.counters, spending)
        reservation.commit()
        return reservation

    async def recall(self, admitted: Iterable[tuple[str, str, str, int]]) -> None:
        """Count (organization, principal, tool, Unix ms) of earlier processes against rates."""
        turns: list[tuple[RateDemand, int]] = []
        for organization, principal_id, tool, at_ms in admitted:
            claims = [tool_turn(principal_id, tool, 0), *self._rated(principal_id, organization)]
            turns += [
                (claim.demand, at_ms) for claim in claims if isinstance(claim.demand, RateDemand)
            ]
        await self.counters.recall(turns)

    # -- what work demands -------------------------------------------------------------------

    def _turns(self, spender: Spender) -> Iterator[RateClaim]:
        if spender.per_minute is not None and spender.tool is not None:
            yield tool_turn(spender.principal_id, spender.tool.tool, spender.per_minute)
        if self._rates:
            yield from self._rated(spender.principal_id, spender.organization)

    def _rated(self, principal_id: str, organization: str) -> Iterator[RateClaim]:
        for rule in self._rates:
            yield of_rate(rule, principal_id if rule.scope is Scope.USER else organization)

    def _claims(
        self, spender: Spender, amount: Amount, rules: Sequence[_Rule], *, is_final: bool = False
    ) -> list[BudgetClaim]:
        claims: list[BudgetClaim] = []
        for run in spender.run.lineage:
            is_above = run is not spender.run
            if spender.is_alone and not is_above:
                continue
            if spender.tool is not None and not is_final:
                claims.append(of_tool(run, spender.tool, is_above=is_above))
            claims.append(of_run(run, amount, self._of_run, is_above=is_above, is_final=is_final))
        for rule, most in rules:
            whose = _whose(rule.scope, spender)
            if whose is not None:
                claims.append(
                    of_rule(rule, most, amount, whose=whose, at_ms=spender.at_ms, is_final=is_final)
                )
        return claims

    # -- taking ------------------------------------------------------------------------------

    async def _take(self, claims: Sequence[Claim], holder: str) -> Shortage | Taken:
        """Take all or nothing."""
        return await self._known(claims, partial(self.counters.take, holder=holder))

    async def _known(
        self, claims: Sequence[Claim], ask: Callable[[Sequence[Demand]], Awaitable[Shortage | T]]
    ) -> Shortage | T:
        """What the counters say, once they know every account; the ledger tells what is unknown."""
        demands = [claim.demand for claim in claims]
        # Each may have to be read, and may be forgotten once more while another one is.
        for _ in range(2 * len(demands) + 1):
            got = await ask(demands)
            if not isinstance(got, Shortage) or got.lack is not Lack.UNSEEDED:
                return got
            await self._seed(_claim_of(claims, got.demand))
        raise CountersError("accounts are forgotten as soon as they are opened: try again")

    async def _seed(self, claim: BudgetClaim) -> None:
        """Open an account with what the ledger says."""
        demand, run = claim.demand, claim.run
        if run is None:
            spent = await self._reader.spent(
                claim.scope, claim.whose, since_ms=claim.since_ms, until_ms=demand.until_ms
            )
        else:
            usage = await self._usage(run, demand.account)
            spent = usage.spent
            if claim.cap is not None:
                spent = Spent(used=Amount(calls=dict(usage.by_tool).get(claim.cap.tool, 0)))
        await self.counters.seed(
            demand.account, spent.used, held=spent.held, until_ms=demand.until_ms
        )

    async def _usage(self, run: LiveRun, account: str) -> Usage:
        """What a run has used: as it was read when the run began here, where that still holds.

        It does as long as nobody else counts, for accounts that nothing was taken of since.
        """
        is_fresh = account not in run.seeded and not self.counters.is_shared
        run.seeded.add(account)
        if is_fresh and run.began is not None:
            return run.began
        return await self._reader.usage(run.run_id)

    # -- what is told ------------------------------------------------------------------------

    def _uncounted(self, spending: Spending) -> Exceeded | None:
        """What needs no counting: wall time of runs, limits of a call and of a run of one."""
        spender, amount = spending.spender, spending.amount
        late = self._late(spender.run)
        if late is not None:
            return late
        for most in self._of_call:
            claim = of_call(amount, most)
            short = claim.demand.shortage(NOTHING)
            if short is not None:
                return claim.exceeded(short.meter, short.count, short.most)
        cap, most = spender.tool, self._of_run
        is_within = amount.calls <= most.calls and amount.microusd <= most.microusd
        if not spender.is_alone or (is_within and (cap is None or amount.calls <= cap.most)):
            return None
        if cap is not None and amount.calls > cap.most:
            return Exceeded(cap.limit, 0, cap.most)
        claim = of_run(spender.run, amount, most, is_above=False)
        short = claim.demand.shortage(NOTHING)
        return None if short is None else claim.exceeded(short.meter, short.count, short.most)

    def _late(self, run: LiveRun) -> Exceeded | None:
        """Wall time of the run, or of one above it."""
        most_s = self._limits.run_s
        for each in run.lineage:
            if each.elapsed_s >= most_s:
                elapsed_s = round(each.elapsed_s, 3)
                return Exceeded("run_s", elapsed_s, most_s, is_above=each is not run)
        return None

    def _nearly_late(self, run: LiveRun) -> tuple[Exceeded, ...]:
        most_s = self._limits.run_s
        return tuple(
            Exceeded("run_s", round(each.elapsed_s, 3), most_s, is_above=each is not run)
            for each in run.lineage
            if each.elapsed_s >= most_s * NEAR
        )

    def _exceeded(self, claims: Sequence[Claim], short: Shortage) -> Exceeded | RateExceeded:
        for claim in claims:
            if isinstance(claim, RateClaim) and claim.demand is short.demand:
                return claim.exceeded(short)
        return self._spent(claims, short)

    def _spent(self, claims: Sequence[Claim], short: Shortage) -> Exceeded:
        claim = _claim_of(claims, short.demand)
        return claim.exceeded(short.meter, short.count, short.most, self._clock.now_ms())

    def _near(self, claims: Sequence[Claim], got: Taken) -> Sequence[Exceeded]:
        """Limits that are nearly reached; how often a tool may be called is told when it is."""
        if not got.near:
            return ()
        now_ms = self._clock.now_ms()
        found = [(_claim_of(claims, near.demand), near) for near in got.near]
        return [
            claim.exceeded(near.meter, near.count, near.most, now_ms)
            for claim, near in found
            if claim.cap is None
        ]


def _whose(scope: Scope, spender: Spender) -> str | None:
    match scope:
        case Scope.CONVERSATION:
            return spender.run.conversation_id
        case Scope.USER:
            return spender.principal_id
        case _:
            return spender.organization


def _claim_of(claims: Sequence[Claim], demand: object) -> BudgetClaim:
    """The claim that a demand is of: counters answer with the very demand that they were given."""
    for claim in claims:
        if isinstance(claim, BudgetClaim) and claim.demand is demand:
            return claim
    raise BrokenPromise("the counters answered of a demand that was not made")
