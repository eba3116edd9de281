"""Budgets of the scopes around runs."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.limits import BudgetRule, Scope, Window
from highroad.settings.document import Document
from highroad.settings.kinds import COUNT, NUMBER, one_of
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting(
        "budgets.[].scope",
        one_of(scope for scope in Scope if scope is not Scope.RUN),
        Absent.REQUIRED,
        "Whose the budget is; that of a run stands under `limits`.",
    ),
    Setting(
        "budgets.[].window",
        one_of(Window),
        Window.LIFE,
        "When it begins anew, in UTC: for users and organizations `hour`, `day` or `month`.",
    ),
    Setting(
        "budgets.[].proposals",
        COUNT,
        Absent.NONE,
        "Calls that are received, refused and repeated ones included.",
    ),
    Setting("budgets.[].calls", COUNT, Absent.NONE, "Calls that reach an intent."),
    Setting("budgets.[].attempts", COUNT, Absent.NONE, "Tries of their bodies."),
    Setting("budgets.[].tokens", COUNT, Absent.NONE, "Tokens, in and out."),
    Setting("budgets.[].usd", NUMBER, Absent.NONE, "Money, in US dollars."),
    Setting("budgets.[].wall_s", NUMBER, Absent.NONE, "Seconds on the road, added up."),
)


def read(document: Document) -> tuple[BudgetRule, ...]:
    """One rule of each table."""
    return tuple(budget(table) for _, table in document.tables("budgets"))


def budget(table: Mapping[str, Any]) -> BudgetRule:
    """The rule of one table.

    Raises:
        ValueError: Its parts do not fit each other.
    """
    bounds = {name: bound for name, bound in table.items() if name not in {"scope", "window"}}
    return BudgetRule(
        scope=Scope(table["scope"]), window=Window(table.get("window", Window.LIFE)), **bounds
    )
