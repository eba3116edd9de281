"""Stores that the ledger is kept in."""
