"""What a person accepted: definitions by their digests, each under its key.

Where several versions of a tool stand side by side, each has its own pin, under `name@version`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from highroad.domain.json_value import JsonObject
from highroad.domain.tool import ToolDefinition

Pins: TypeAlias = Mapping[str, str]
"""Accepted digests by `name`, or by `name@version`."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One definition that a person accepted."""

    digest: str
    fields: JsonObject | None = None
    """What `pinned_fields` gave; `None` where the file has the digest alone."""


def pins_of(definitions: Iterable[ToolDefinition]) -> dict[str, str]:
    """Pins that accept these definitions."""
    return {key: each.digest for key, each in by_key(definitions)}


def keys_of(definition: ToolDefinition) -> tuple[str, str]:
    """Under what a definition may be pinned; the version first."""
    return f"{definition.name}@{definition.version}", definition.name


def by_key(definitions: Iterable[ToolDefinition]) -> list[tuple[str, ToolDefinition]]:
    """Definitions in the order of their keys, which name a version where a tool has several."""
    current = tuple(definitions)
    versions = Counter(each.name for each in current)
    keyed = [(keys_of(each)[versions[each.name] == 1], each) for each in current]
    return sorted(keyed, key=lambda each: each[0])
