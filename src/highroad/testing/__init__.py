"""What users test with: pytest plugin, fakes, a contract kit per port."""

from highroad.domain.deferral import Deferred
from highroad.testing.clock import FakeClock, SequentialIds
from highroad.testing.faults import Fault, Faults
from highroad.testing.memory import MemoryAnchor, MemoryStore
from highroad.testing.rehearsal import Rehearsal
from highroad.testing.secrets import FixedKeys
from highroad.testing.simulation import simulate
from highroad.testing.tool_context import tool_context

__all__ = [
    "Deferred",
    "FakeClock",
    "Fault",
    "Faults",
    "FixedKeys",
    "MemoryAnchor",
    "MemoryStore",
    "Rehearsal",
    "SequentialIds",
    "simulate",
    "tool_context",
]
