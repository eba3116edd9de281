"""The embedded ledger: one SQLite file, driven by one owner, read by anybody."""

from highroad.adapters.stores.sqlite.opening import upgraded
from highroad.adapters.stores.sqlite.store import PATIENCE_MS, SQLiteStore

__all__ = ["PATIENCE_MS", "SQLiteStore", "upgraded"]
