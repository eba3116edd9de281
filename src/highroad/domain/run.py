"""Runs: the calls that serve one request, and the legs in which they are driven."""

from dataclasses import dataclass
from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    HELD = "held"
    COMPLETED = "completed"
    BUDGET_EXCEEDED = "budget_exceeded"
    MAX_STEPS_EXCEEDED = "max_steps_exceeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as its ledger tells it. A direct call is a run of one."""

    id: str
    organization: str
    status: RunStatus
    created_ms: int
    calls: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of driving a run, from its state in the ledger to its next rest.

    The epoch grows with each leg; the store refuses appends of an older one.
    """

    run_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run has used up, with what is in flight or unknown counted in full (P6)."""

    proposals: int = 0
    calls: int = 0
    cost_microusd: int = 0
    started_ms: int = 0
    rested_ms: int = 0
    """Time in which the whole run waited for people; not counted as wall time."""
    by_tool: tuple[tuple[str, int], ...] = ()
