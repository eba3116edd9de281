"""Budgets of what models are asked for one purpose: of a call, of a run, of a day."""

from collections.abc import Iterable
from typing import Final

from highroad.domain.demand import NOTHING, Amount, BudgetDemand
from highroad.domain.limits import Scope, Window
from highroad.domain.verification import BudgetSpan, VerifierBudget
from highroad.limits.runs import LiveRun
from highroad.limits.share import BudgetShare, Spender, run_account, to_microusd
from highroad.limits.span import span_of


def shares_of(
    purpose: str, budgets: Iterable[VerifierBudget], spender: Spender, amount: Amount
) -> tuple[BudgetShare, ...]:
    """What one request takes of the budgets that are counted: of its runs, and of its day.

    Args:
        purpose: Of the request.
        budgets: For that purpose.
        spender: Who asks.
        amount: At most; the request counts as one call besides.
    """
    taken, found = amount._replace(calls=1), list[BudgetShare]()
    for number, budget in enumerate(budgets):
        match budget.per:
            case BudgetSpan.RUN:
                found += [
                    _of_run(purpose, number, budget, run, taken, is_above=run is not spender.run)
                    for run in spender.run.lineage
                ]
            case BudgetSpan.DAY:
                found.append(_of_day(purpose, number, budget, spender, taken))
            case BudgetSpan.CALL:
                pass  # nobody else takes of it: `lacking` judges it alone
    return tuple(found)


def lacking(budgets: Iterable[VerifierBudget], amount: Amount) -> bool:
    """Whether one request is more than a budget of a single call allows."""
    taken = amount._replace(calls=1)
    return any(
        BudgetDemand(account=Scope.CALL, amount=taken, most=_most(budget)).shortage(NOTHING)
        for budget in budgets
        if budget.per is BudgetSpan.CALL
    )


def _of_run(  # noqa: PLR0913 - what a budget is bound to, each by name
    purpose: str,
    number: int,
    budget: VerifierBudget,
    run: LiveRun,
    taken: Amount,
    *,
    is_above: bool,
) -> BudgetShare:
    account = f"{run_account(run)}/{purpose}/{number}"
    demand = BudgetDemand(account=account, amount=taken, most=_most(budget))
    return BudgetShare(demand, Scope.RUN, run.run_id, run=run, is_above=is_above, purpose=purpose)


def _of_day(
    purpose: str, number: int, budget: VerifierBudget, spender: Spender, taken: Amount
) -> BudgetShare:
    span = span_of(Window.DAY, spender.at_ms)
    scope, whose = Scope.ORGANIZATION, spender.organization
    if spender.is_shadow:  # as much again, for all shadows of the organization
        scope, whose = Scope.USER, spender.principal_id
    demand = BudgetDemand(
        account=f"{scope}/{whose}/{purpose}/{number}/{span.name}",
        amount=taken,
        most=_most(budget),
        until_ms=span.until_ms,
    )
    return BudgetShare(
        demand,
        scope,
        whose,
        Window.DAY,
        span.since_ms,
        purpose=purpose,
    )


_FREE: Final = -1
"""In an amount that is a limit: none."""


def _most(budget: VerifierBudget) -> Amount:
    return Amount(
        proposals=_FREE,
        calls=_FREE if budget.calls is None else budget.calls,
        attempts=_FREE,
        tokens=_FREE if budget.tokens is None else budget.tokens,
        microusd=_FREE if budget.usd is None else to_microusd(budget.usd),
        wall_ms=_FREE,
    )
