"""Counters in this process: for one process on a ledger, and for tests."""

from highroad.adapters.counters.memory.counters import MemoryCounters

__all__ = ["MemoryCounters"]
