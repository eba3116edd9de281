"""What counts in Redis, in Lua: one file for each kind of demand, joined to one script.

A script runs in Redis without anything between its commands, so that demands of all kinds are
judged and taken together, in one round trip.
"""

from importlib.resources import files
from typing import Final

_PARTS: Final = ("time", "accounts", "windows", "buckets", "places", "breakers", "counting")


def _read(part: str) -> str:
    return (files(__name__) / f"{part}.lua").read_text(encoding="utf-8")


SCRIPT: Final = "\n".join(map(_read, _PARTS))
"""The whole script. Its arguments: the request as JSON, prefix of keys, a name for a new life,
microseconds of a lease, and those that a new life takes to settle."""
GREETING: Final = _read("greeting")
"""What a connection asks first: it ends the life of a Redis that may have gone back in time."""
