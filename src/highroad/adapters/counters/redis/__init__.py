"""Counters in Redis: shared by every process that names the same one (`docs/redis.md`)."""

from highroad.adapters.counters.redis.counters import RedisCounters
from highroad.adapters.counters.redis.server import Server

__all__ = ["RedisCounters", "Server"]
