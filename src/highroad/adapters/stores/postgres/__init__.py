"""The shared ledger: one PostgreSQL database, written by several processes at once."""

from highroad.adapters.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
