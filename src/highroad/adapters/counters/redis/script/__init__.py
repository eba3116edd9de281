"""What counts in Redis, in Lua: one file for each kind of demand, joined to one script.

A script runs in Redis without anything between its commands, so that demands of all kinds are
judged and taken together, in one round trip.
"""

from importlib.resources import files
from typing import Final

_PARTS: Final = ("time", "accounts", "windows", "buckets", "places", "breakers", "counting")

SCRIPT: Final = "\n".join(
    (files(__name__) / f"{part}.lua").read_text(encoding="utf-8") for part in _PARTS
)
"""The whole script. Its arguments: the request as JSON, prefix of keys, a name for a new life,
microseconds of a lease, and those that a new life takes to settle."""
