"""Retry, breaker, bulkhead and cache."""
