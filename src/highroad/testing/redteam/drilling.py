"""Drills: one thing each, tried on one tool after the other."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from highroad.domain.error import HighroadError
from highroad.evals.redteam.played import Played
from highroad.evals.redteam.scenario import Scenario
from highroad.evals.redteam.targets import Target, Targets
from highroad.settings import Settings
from highroad.testing.redteam.lab import Lab, open_lab

Drill: TypeAlias = Callable[[Lab, Target], Awaitable[bool | None]]
"""Tries one thing on one tool: whether it got through; `None` where it does not apply."""
Drilling: TypeAlias = Callable[[Targets, Sequence[Any], Settings], AsyncIterator[Played]]


def drilling(suite: str, drills: Mapping[str, Drill]) -> Drilling:
    """Every one of some drills on every tool, each in a lab of its own."""

    async def drill_all(
        targets: Targets, tools: Sequence[Any], settings: Settings
    ) -> AsyncIterator[Played]:
        """Every drill on every tool, each in a lab of its own."""
        for target in (*targets.sinks, *targets.sources):
            for kind, drill in drills.items():
                async with open_lab(tools, settings) as lab:
                    is_through = await drill(lab, target)
                if is_through is not None:
                    yield _played(suite, kind, target, is_through=is_through)

    return drill_all


async def allowed(decision: Awaitable[object]) -> bool:
    """Whether somebody got their way."""
    try:
        await decision
    except HighroadError:
        return False
    return True


def _played(suite: str, kind: str, target: Target, *, is_through: bool) -> Played:
    scenario = Scenario(
        suite=suite,
        kind=kind,
        name=f"{target.name}.{kind}",
        target=target.name,
        request="",
        task=(),
    )
    return Played(scenario=scenario, violations=(kind,) if is_through else ())
