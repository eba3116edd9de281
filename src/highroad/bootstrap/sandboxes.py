"""Sandboxes by name: what runs programs that strangers wrote."""

from collections.abc import Callable, Mapping
from typing import Final

from highroad.adapters.sandboxes.monty import MontySandbox
from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.domain.sandbox import SandboxRules
from highroad.pipeline.programs import Choice, Programs
from highroad.ports.sandbox import ProgramSandbox
from highroad.settings import Settings

SANDBOXES: Final[Mapping[str, Callable[[], ProgramSandbox]]] = {
    "monty": MontySandbox,
    "bubblewrap": BubblewrapSandbox,
    "plain": PlainSandbox,
}
"""The names of `sandbox.order`. None of them starts or imports anything before it is used."""


def sandbox_choices(settings: Settings) -> tuple[Choice, ...]:
    """What would run programs on this machine, and why."""
    return programs_of(settings.sandbox).choices()


def programs_of(rules: SandboxRules) -> Programs:
    """What runs programs, by these rules."""
    return Programs({name: SANDBOXES[name]() for name in rules.order}, rules)
