"""Rates of users and organizations."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.limits import RateRule, Scope
from highroad.settings.document import Document
from highroad.settings.kinds import COUNT, POSITIVE, one_of
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    Setting(
        "rates.[].scope",
        one_of((Scope.USER, Scope.ORGANIZATION)),
        Absent.REQUIRED,
        "Whose calls are counted.",
    ),
    Setting("rates.[].per_minute", COUNT, Absent.REQUIRED, "Calls in any sixty seconds."),
    Setting(
        "rates.[].burst",
        POSITIVE,
        Absent.NONE,
        "So many at once, and then evenly: a bucket in place of the sliding window.",
    ),
)


def read(document: Document) -> tuple[RateRule, ...]:
    """One rule of each table."""
    return tuple(rate(table) for _, table in document.tables("rates"))


def rate(table: Mapping[str, Any]) -> RateRule:
    """The rule of one table.

    Raises:
        ValueError: Its parts do not fit each other.
    """
    return RateRule(
        scope=Scope(table["scope"]), per_minute=table["per_minute"], burst=table.get("burst")
    )
