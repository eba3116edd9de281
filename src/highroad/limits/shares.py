"""Which budgets and rates a spender takes of: all that are bound to it, by the settings."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from highroad.domain.demand import Amount
from highroad.domain.limits import BudgetRule, Limits, RateRule, Scope, Window
from highroad.limits.runs import LiveRun
from highroad.limits.share import (
    BudgetShare,
    Share,
    Spender,
    TurnShare,
    of_rate,
    of_rule,
    of_run,
    of_tool,
    rule_most,
    run_most,
    tool_turn,
)
from highroad.limits.span import EVER, Span, span_of

_Rule: TypeAlias = tuple[BudgetRule, Amount]
"""A budget, and what it allows in the units of amounts."""

_PROPOSAL: Final = Amount(proposals=1)
_MOST: Final = 10_000
"""Shares that are remembered."""
_NEVER: Final[tuple[int, int, Sequence[Share]]] = (0, 0, ())
_since, _until = attrgetter("since_ms"), attrgetter("until_ms")


class Shares:
    """Makes the shares of one piece of work; those that come again are made once.

    Args:
        limits: Of runs.
        rules: Budgets of the other scopes.
        rates: Of users and organizations.
    """

    def __init__(
        self, limits: Limits, rules: Iterable[BudgetRule], rates: Iterable[RateRule]
    ) -> None:
        bounds = [(rule, rule_most(rule)) for rule in rules if rule.scope is not Scope.CALL]
        self._of_run = run_most(limits)
        self._on_proposals = [(rule, most) for rule, most in bounds if most.proposals >= 0]
        self._on_work = [(rule, most) for rule, most in bounds if rule.bounds_work]
        self._rates = tuple(rates)
        self._spans: dict[Window, Span] = {}
        """Where the last moment lay."""
        self._made: dict[tuple[object, ...], BudgetShare] = {}
        """By all that they are made of."""
        self._together: dict[tuple[object, ...], tuple[int, int, Sequence[Share]]] = {}
        """All that the calls of a tool in a run take, between two moments."""

    def of_work(self, spender: Spender, amount: Amount) -> Sequence[Share]:
        """Turns first, which cost nothing to wait for; then budgets from the narrowest on."""
        run, cap = spender.run, spender.tool
        if run.is_direct or run.parent is not None or cap is None:
            return self._of_work(spender, amount)
        key = (run, cap.tool, cap.most, spender.per_minute, spender.principal_id, amount)
        since_ms, until_ms, shares = self._together.get(key, _NEVER)
        if not since_ms <= spender.at_ms < until_ms:
            shares = self._of_work(spender, amount)
            spans = [EVER, *self._spans.values()]
            since_ms, until_ms = max(map(_since, spans)), min(map(_until, spans))
            if len(self._together) >= _MOST:
                self._together.clear()
            self._together[key] = since_ms, until_ms, shares
        return shares

    def _of_work(self, spender: Spender, amount: Amount) -> Sequence[Share]:
        return (*self._turns(spender), *self.of_budgets(spender, amount))

    def of_budgets(self, spender: Spender, amount: Amount) -> list[BudgetShare]:
        """Of the runs that need counting, and of what lies around them."""
        shares: list[BudgetShare] = []
        for run in spender.run.lineage:
            is_above = run is not spender.run
            if is_above or not spender.is_alone:
                shares += self._of_one_run(run, spender, amount, is_above=is_above)
        if self._on_work:
            shares += self._of_rules(self._on_work, spender, amount)
        return shares

    def of_proposal(self, spender: Spender) -> list[BudgetShare]:
        """What is used by asking alone."""
        shares: list[BudgetShare] = []
        for run in spender.run.lineage:
            is_above = run is not spender.run
            if is_above or not spender.is_alone:
                key = (run, is_above)
                share = self._made.get(key)
                shares.append(share or self._keep(key, self._proposal_in(run, is_above=is_above)))
        if self._on_proposals:
            shares += self._of_rules(self._on_proposals, spender, _PROPOSAL, is_final=True)
        return shares

    def _proposal_in(self, run: LiveRun, *, is_above: bool) -> BudgetShare:
        return of_run(run, _PROPOSAL, self._of_run, is_above=is_above, is_final=True)

    def of_rates(self, principal_id: str, organization: str) -> Iterator[TurnShare]:
        """Turns of a user and an organization."""
        for rule in self._rates:
            yield of_rate(rule, principal_id if rule.scope is Scope.USER else organization)

    def _turns(self, spender: Spender) -> Iterator[TurnShare]:
        if spender.per_minute is not None and spender.tool is not None:
            yield tool_turn(spender.principal_id, spender.tool.tool, spender.per_minute)
        if self._rates:
            rates = self.of_rates(spender.principal_id, spender.organization)
            yield from (turn for turn in rates if _is_own(turn.scope, spender))

    def _of_one_run(
        self, run: LiveRun, spender: Spender, amount: Amount, *, is_above: bool
    ) -> Iterator[BudgetShare]:
        cap = spender.tool
        if cap is not None:
            key: tuple[object, ...] = (run, cap.tool, cap.most, is_above)
            share = self._made.get(key)
            yield share or self._keep(key, of_tool(run, cap, is_above=is_above))
        most = self._of_run if run.allowance is None else run.allowance.bounded(self._of_run)
        key = (run, amount, most, is_above)
        share = self._made.get(key)
        yield share or self._keep(key, of_run(run, amount, most, is_above=is_above))

    def _of_rules(
        self, rules: Sequence[_Rule], spender: Spender, amount: Amount, *, is_final: bool = False
    ) -> Iterator[BudgetShare]:
        for number, (rule, most) in enumerate(rules):
            whose = _whose(rule.scope, spender)
            if whose is not None and _is_own(rule.scope, spender):
                span = self._span(rule.window, spender.at_ms)
                key = (number, whose, span.since_ms, amount)
                share = self._made.get(key)
                yield share or self._keep(
                    key, of_rule(rule, most, amount, whose=whose, span=span, is_final=is_final)
                )

    def _span(self, window: Window, at_ms: int) -> Span:
        if window is Window.LIFE:
            return EVER
        span = self._spans.get(window)
        if span is None or not span.since_ms <= at_ms < span.until_ms:
            span = self._spans[window] = span_of(window, at_ms)
        return span

    def _keep(self, key: tuple[object, ...], share: BudgetShare) -> BudgetShare:
        if len(self._made) >= _MOST:
            self._made.clear()
        self._made[key] = share
        return share


def _is_own(scope: Scope | None, spender: Spender) -> bool:
    """Whether a spender takes of a budget: a shadow takes nothing of its organization's."""
    return not (spender.is_shadow and scope is Scope.ORGANIZATION)


def _whose(scope: Scope, spender: Spender) -> str | None:
    match scope:
        case Scope.CONVERSATION:
            return spender.run.conversation_id
        case Scope.USER:
            return spender.principal_id
        case _:
            return spender.organization
