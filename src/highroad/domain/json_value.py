"""What may stand in arguments and results: JSON, and nothing else."""

from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]
JsonSchema: TypeAlias = Mapping[str, JsonValue]

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8259 section 6, I-JSON RFC 7493)."""
