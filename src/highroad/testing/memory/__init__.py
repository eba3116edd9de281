"""Stores and anchors in memory: what every one of them must do, in plain Python."""

from highroad.testing.memory.anchor import MemoryAnchor
from highroad.testing.memory.ledger import MemoryLedger
from highroad.testing.memory.store import MemoryStore

__all__ = ["MemoryAnchor", "MemoryLedger", "MemoryStore"]
