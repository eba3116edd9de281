"""Calls that have no end yet, or one that nobody knows."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """Why a call is not done with."""

    UNKNOWN = "unknown"
    """It ended, and nobody knows whether it took effect: a person settles it."""
    HELD = "held"
    """It waits for a decision."""
    DEFERRED = "deferred"
    """It waits for a result that comes later."""
    RUNNING = "running"
    """It is in flight: in the process that owns the ledger, or in one that is gone."""
    ABANDONED = "abandoned"
    """It was in flight in a process that is gone, and waits for its tool to come to this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """One such call, in a line."""

    call_id: str
    run_id: str
    tool: str | None
    effect: str | None
    principal: str
    """Opaque id."""
    door: str
    """By which it came in."""
    standing: Standing
    created_ms: int
    ended_ms: int | None = None
    approval_id: str | None = None
    """Of a call that waits for a decision."""
    expires_ms: int | None = None
    """Until when it waits, for a decision or a result."""
