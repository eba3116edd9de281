"""Anchors on this machine: on another disk than the ledger, or on one that others mount."""

from highroad.adapters.anchors.local.database import SQLiteAnchor
from highroad.adapters.anchors.local.file import FileAnchor

__all__ = ["FileAnchor", "SQLiteAnchor"]
