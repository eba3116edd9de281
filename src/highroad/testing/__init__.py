"""What users test with: pytest plugin, fakes, a contract kit per port."""

from highroad.domain.deferral import Deferred
from highroad.testing.clock import FakeClock, SequentialIds
from highroad.testing.faults import Fault, Faults
from highroad.testing.memory import MemoryAnchor, MemoryStore
from highroad.testing.models import (
    ChaoticModel,
    ScriptedModel,
    ScriptOver,
    call,
    fails,
    hangs,
    said,
)
from highroad.testing.rehearsal import Rehearsal
from highroad.testing.secrets import FixedKeys
from highroad.testing.simulation import simulate
from highroad.testing.tool_context import tool_context

__all__ = [
    "ChaoticModel",
    "Deferred",
    "FakeClock",
    "Fault",
    "Faults",
    "FixedKeys",
    "MemoryAnchor",
    "MemoryStore",
    "Rehearsal",
    "ScriptOver",
    "ScriptedModel",
    "SequentialIds",
    "call",
    "fails",
    "hangs",
    "said",
    "simulate",
    "tool_context",
]
