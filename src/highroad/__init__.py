"""Highroad: the runtime that every tool call of an AI agent goes through.

These names are the public surface; everything else is private.
"""

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
