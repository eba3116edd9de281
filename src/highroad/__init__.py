"""Highroad: the runtime that every tool call of an AI agent goes through.

These names are the public surface; everything else is private. Each is loaded when it is first
asked for: a module that only declares tools does not wait for the ledger, nor a program that only
shows its help for either.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from highroad.domain.error import HighroadError, NotCompleted, ToolError
    from highroad.domain.event import Event
    from highroad.domain.identity import Delegate, Origin, Principal
    from highroad.domain.limits import Limits
    from highroad.domain.outcome import (
        Cancelled,
        Completed,
        Expired,
        Failed,
        Held,
        Outcome,
        Preview,
        Refused,
        Unknown,
    )
    from highroad.domain.run import Run
    from highroad.domain.tool import Effect, Tier
    from highroad.ports.policy import Owner
    from highroad.runtime import Runtime
    from highroad.tools.checks import Check
    from highroad.tools.context import ToolContext
    from highroad.tools.contract import Content, Owned, Secret
    from highroad.tools.cost import Cost
    from highroad.tools.declare import tool, tool_definition

_HOMES: Final = {
    "domain.error": ("HighroadError", "NotCompleted", "ToolError"),
    "domain.event": ("Event",),
    "domain.identity": ("Delegate", "Origin", "Principal"),
    "domain.limits": ("Limits",),
    "domain.outcome": (
        "Cancelled",
        "Completed",
        "Expired",
        "Failed",
        "Held",
        "Outcome",
        "Preview",
        "Refused",
        "Unknown",
    ),
    "domain.run": ("Run",),
    "domain.tool": ("Effect", "Tier"),
    "ports.policy": ("Owner",),
    "runtime": ("Runtime",),
    "tools.checks": ("Check",),
    "tools.context": ("ToolContext",),
    "tools.contract": ("Content", "Owned", "Secret"),
    "tools.cost": ("Cost",),
    "tools.declare": ("tool", "tool_definition"),
}
"""Names by module; `tests/test_public_surface.py` holds it to the imports above."""

__all__ = [
    "Cancelled",
    "Check",
    "Completed",
    "Content",
    "Cost",
    "Delegate",
    "Effect",
    "Event",
    "Expired",
    "Failed",
    "Held",
    "HighroadError",
    "Limits",
    "NotCompleted",
    "Origin",
    "Outcome",
    "Owned",
    "Owner",
    "Preview",
    "Principal",
    "Refused",
    "Run",
    "Runtime",
    "Secret",
    "Tier",
    "ToolContext",
    "ToolError",
    "Unknown",
    "tool",
    "tool_definition",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"highroad.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'highroad' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted({*globals(), *__all__})
