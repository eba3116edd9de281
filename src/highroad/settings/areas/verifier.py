"""Whose second opinion calls need, and which."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.tool import Tier
from highroad.domain.verification import (
    BudgetSpan,
    VerifierBudget,
    VerifierRule,
    VerifierRules,
    WhenUnavailable,
    WhenUncertain,
)
from highroad.settings.document import Document
from highroad.settings.kinds import ABOVE_ZERO, COUNT, NUMBER, TEXTS, TRUTH, one_of, some_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

_DEFAULT_VERIFIER: Final = VerifierRules()
_IN_ORDER: Final = tuple(tier for tier in Tier if tier in _DEFAULT_VERIFIER.tiers)

SETTINGS: Final = (
    Setting(
        "verifier.models",
        TEXTS,
        (),
        "Models that give second opinions, `provider:model`; without any, no call is verified. The "
        "first is asked whose provider is another than that of the model that proposed the call.",
    ),
    Setting(
        "verifier.tiers",
        some_of(Tier),
        _IN_ORDER,
        "Tiers whose calls are verified: what cannot be taken back, unless given.",
    ),
    Setting(
        "verifier.uncertain",
        one_of(WhenUncertain),
        _DEFAULT_VERIFIER.uncertain,
        "What becomes of a call of which the verifier is uncertain: a person is asked, or it runs "
        "with the concerns as warnings.",
    ),
    Setting(
        "verifier.unavailable",
        one_of(WhenUnavailable),
        _DEFAULT_VERIFIER.unavailable,
        "What becomes of a call below `irreversible` of which no opinion can be had; others are "
        "refused then.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.on",
        TRUTH,
        Absent.NONE,
        "Whether calls of this tool are verified, whatever its tier.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.uncertain",
        one_of(WhenUncertain),
        Absent.NONE,
        "As `verifier.uncertain`, for one tool.",
    ),
    Setting(
        f"verifier.tools.{EACH_NAME}.unavailable",
        one_of(WhenUnavailable),
        Absent.NONE,
        "As `verifier.unavailable`, for one tool.",
    ),
    Setting(
        "verifier.timeout_s",
        ABOVE_ZERO,
        _DEFAULT_VERIFIER.timeout_s,
        "Seconds of one verification, within the deadline of the call.",
    ),
    Setting(
        "verifier.cache_s",
        NUMBER,
        _DEFAULT_VERIFIER.cache_s,
        "How long an opinion answers again for the very same case; 0 keeps none.",
    ),
    Setting(
        "verifier.budgets.[].per",
        one_of(BudgetSpan),
        Absent.REQUIRED,
        "What it is counted by: one call, a run with all runs below it, or a day of an "
        "organization, in UTC.",
    ),
    Setting("verifier.budgets.[].calls", COUNT, Absent.NONE, "Verifications at most."),
    Setting("verifier.budgets.[].tokens", COUNT, Absent.NONE, "Their tokens, in and out."),
    Setting("verifier.budgets.[].usd", NUMBER, Absent.NONE, "What they cost, in US dollars."),
)


def read(document: Document) -> VerifierRules:
    """What was said, and what is usual for the rest."""
    given = {
        name: value
        for name, value in document.get(("verifier",), {}).items()
        if name not in {"tools", "budgets", "models", "tiers"}
    }
    tools = document.get(("verifier", "tools"), {})
    usual = VerifierRules()
    return VerifierRules(
        models=tuple(document.get(("verifier", "models"), ())),
        tiers=frozenset(map(Tier, document.get(("verifier", "tiers"), usual.tiers))),
        uncertain=WhenUncertain(given.pop("uncertain", usual.uncertain)),
        unavailable=WhenUnavailable(given.pop("unavailable", usual.unavailable)),
        tools={name: _rule(table) for name, table in tools.items()},
        budgets=tuple(budget(table) for _, table in document.tables("verifier.budgets")),
        **given,
    )


def _rule(table: Mapping[str, Any]) -> VerifierRule:
    uncertain, unavailable = table.get("uncertain"), table.get("unavailable")
    return VerifierRule(
        on=table.get("on"),
        uncertain=None if uncertain is None else WhenUncertain(uncertain),
        unavailable=None if unavailable is None else WhenUnavailable(unavailable),
    )


def budget(table: Mapping[str, Any]) -> VerifierBudget:
    """The bound of one table.

    Raises:
        ValueError: It bounds nothing.
    """
    return VerifierBudget(**{**table, "per": BudgetSpan(table["per"])})
