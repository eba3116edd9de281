"""Settles, after a crash, the calls whose outcome is not on record."""
