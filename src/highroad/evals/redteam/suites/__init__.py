"""Suites that are made of whatever tools there are: of their schemas and contracts, of no names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from highroad.evals.redteam.scenario import Scenario
from highroad.evals.redteam.suites import (
    adaptive,
    approvals,
    encodings,
    organizations,
    secrets,
    selection,
    smuggling,
)
from highroad.evals.redteam.targets import Targets

Suite: TypeAlias = Callable[[Targets], Iterator[Scenario]]

SUITES: Final[Mapping[str, Suite]] = {
    "encodings": encodings.scenarios,
    "adaptive": adaptive.scenarios,
    "selection": selection.scenarios,
    "smuggling": smuggling.scenarios,
    "organizations": organizations.scenarios,
    "approvals": approvals.scenarios,
    "secrets": secrets.scenarios,
}
"""Those whose scenarios are runs of an agent."""
