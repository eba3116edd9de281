"""Every setting there is. `docs/settings.md` describes each; a test compares the two."""

from typing import Final

from highroad.settings.areas import (
    approvals,
    budgets,
    confidence,
    contracts,
    dead_letters,
    dependencies,
    flags,
    gateway,
    general,
    grounding,
    identity,
    limits,
    models,
    pins,
    policy,
    prices,
    principals,
    provenance,
    rates,
    record,
    redaction,
    repair,
    results,
    sandbox,
    secrets,
    shadows,
    verifier,
)
from highroad.settings.setting import Absent, Setting

SETTINGS: Final = (
    *general.SETTINGS,
    *limits.SETTINGS,
    *budgets.SETTINGS,
    *rates.SETTINGS,
    *dependencies.SETTINGS,
    *policy.SETTINGS,
    *models.SETTINGS,
    *prices.SETTINGS,
    *grounding.SETTINGS,
    *provenance.SETTINGS,
    *contracts.SETTINGS,
    *results.SETTINGS,
    *redaction.SETTINGS,
    *verifier.SETTINGS,
    *confidence.SETTINGS,
    *repair.SETTINGS,
    *identity.SETTINGS,
    *sandbox.SETTINGS,
    *secrets.SETTINGS,
    *flags.SETTINGS,
    *approvals.SETTINGS,
    *gateway.SETTINGS,
    *record.SETTINGS,
    *dead_letters.SETTINGS,
    *shadows.SETTINGS,
    *pins.SETTINGS,
    *principals.SETTINGS,
)
DEFAULTS: Final = {
    setting.name: None if setting.default is Absent.NONE else setting.default
    for setting in SETTINGS
}
"""By name; `None` is what may be left out."""


def describe() -> tuple[Setting, ...]:
    """Every setting, in the order of the documentation."""
    return SETTINGS
