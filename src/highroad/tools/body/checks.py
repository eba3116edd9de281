"""Checks of a tool's own. They can only tighten: nothing that they say lets a call through."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from highroad.domain.error import Problem
from highroad.tools.body.hooks import Hook, Written

Reason: TypeAlias = Problem | str | None
"""Why not: in words for the model, or at a pointer; `None` is no objection."""

Check: TypeAlias = Callable[[Mapping[str, Any]], Reason]
"""A pure function of the validated arguments, in their JSON form: no clock, disk or network."""

DataCheck: TypeAlias = Written[Mapping[str, Any], Reason]
"""The same, for a check that reads data: it runs last in `authorize`, and may be async."""

DataCheckHook: TypeAlias = Hook[Mapping[str, Any], Reason]

CODE: Final = "check"


def problem(reason: Reason) -> Problem | None:
    """The reason as a problem of the arguments as a whole, unless it names a pointer itself."""
    return Problem("", CODE, reason) if isinstance(reason, str) else reason
