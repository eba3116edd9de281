"""Budgets and rates in `highroad.toml`: what they become, and what is said of mistakes."""

import pytest

from highroad.domain.error import SettingsError
from highroad.domain.limits import BudgetRule, RateRule, Scope, Window, WithoutCounters
from highroad.settings import load


@pytest.fixture
def read(tmp_path):
    def read(text, environment=None):
        (tmp_path / "highroad.toml").write_text(text)
        return load(tmp_path, environment or {})

    return read


def test_budgets_and_rates_are_read_in_order(read):
    settings = read(
        """
counters = "memory:"
[limits]
reads_without_counters = "allow"
[[budgets]]
scope = "user"
window = "day"
usd = 5.0
calls = 1000
tokens = 9
[[budgets]]
scope = "conversation"
wall_s = 60
[[rates]]
scope = "organization"
per_minute = 60
burst = 10
"""
    )
    assert settings.counters == "memory:"
    assert settings.limits.reads_without_counters is WithoutCounters.ALLOW
    assert settings.budgets == (
        BudgetRule(scope=Scope.USER, window=Window.DAY, usd=5.0, calls=1_000, tokens=9),
        BudgetRule(scope=Scope.CONVERSATION, wall_s=60),
    )
    assert settings.rates == (RateRule(scope=Scope.ORGANIZATION, per_minute=60, burst=10),)


def test_without_a_word_there_are_none(read):
    settings = read("", {"HIGHROAD_LIMITS_READS_WITHOUT_COUNTERS": "refuse"})
    assert (settings.budgets, settings.rates) == ((), ())
    assert settings.limits.reads_without_counters is WithoutCounters.REFUSE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[budgets]]\nscope = "user"\nusd = 1', "highroad.toml:1: budgets: .*needs a window"),
        ('[[budgets]]\nscope = "run"\ncalls = 1', "budgets.scope: it must be .*conversation"),
        ('[[budgets]]\nscope = "user"\nwindow = "day"', "limits nothing: give one of"),
        ('[[budgets]]\nscope = "call"\nwindow = "day"\nusd = 1', "takes no window"),
        ('[[budgets]]\nscope = "call"\nusd = -1', "budgets.usd: it must be a number, 0 or more"),
        ('[[budgets]]\nwindow = "day"\nusd = 1', "budgets.scope: it is missing here"),
        ('[budgets]\nscope = "user"', r"an array of tables: \[\[budgets\]\]"),
        (
            '[[budgets]]\nscope = "call"\nusd = 1\n[[budgets]]\nscope = "call"\ncalls = 1',
            "there is another of this name",
        ),
        ('[[rates]]\nscope = "user"', "rates.per_minute: it is missing here"),
        ('[[rates]]\nscope = "call"\nper_minute = 1', 'rates.scope: it must be "user" or'),
        ('[[rates]]\nscope = "user"\nper_minute = 0\nburst = 3', "with a burst both at least 1"),
        ('counters = "redis:host"', 'counters: it must be a URL: "memory:", "redis://'),
        ('counters = "unix://"', 'counters: it must be a URL: "memory:", "redis://'),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(read, text, message):
    with pytest.raises(SettingsError, match=message):
        read(text)
