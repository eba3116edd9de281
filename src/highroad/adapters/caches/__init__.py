"""Caches of results, one adapter for each kind of place."""
