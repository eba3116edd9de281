"""Pins: the definitions that a person accepted, and what has changed since (P8).

A pins file, `highroad.pins`, has a line for each tool, in the order of their names: the name, a
blank, and the digest of its definition. It is made to be committed, read in a review, and merged.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from highroad.domain.error import SettingsError
from highroad.domain.json_value import JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.digest import pinned_fields

Pins: TypeAlias = Mapping[str, str]
"""Accepted digests by tool."""

FILE_NAME: Final = "highroad.pins"
_HEADER: Final = "# Accepted tool definitions: name, SHA-256. Written by `highroad tools pin`.\n"
_LINE: Final = re.compile(r"([A-Za-z0-9_.-]{1,64}) sha256:([0-9a-f]{64})")


class Change(StrEnum):
    """How a tool differs from what was accepted."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One tool that is not as accepted."""

    tool: str
    change: Change


def differences(definitions: Iterable[ToolDefinition], pins: Pins) -> tuple[Difference, ...]:
    """Every tool that is new, changed or gone, in the order of their names."""
    digests = {definition.name: definition.digest for definition in definitions}
    found = {
        **dict.fromkeys(pins.keys() - digests.keys(), Change.REMOVED),
        **dict.fromkeys(digests.keys() - pins.keys(), Change.ADDED),
        **{
            name: Change.CHANGED
            for name in digests.keys() & pins.keys()
            if digests[name] != pins[name]
        },
    }
    return tuple(Difference(name, found[name]) for name in sorted(found))


def is_accepted(definition: ToolDefinition, pins: Pins) -> bool:
    """Whether this very definition was accepted."""
    return pins.get(definition.name) == definition.digest


def changed_fields(before: Mapping[str, JsonValue], after: ToolDefinition) -> tuple[str, ...]:
    """Names of the fields that differ from `before`, which `pinned_fields` once gave."""
    now = pinned_fields(after)
    return tuple(
        sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    )


def pins_of(definitions: Iterable[ToolDefinition]) -> dict[str, str]:
    """Pins that accept these definitions."""
    return {definition.name: definition.digest for definition in definitions}


def write_pins(pins: Pins) -> str:
    """The text of a pins file."""
    return _HEADER + "".join(f"{name} sha256:{pins[name]}\n" for name in sorted(pins))


def read_pins(text: str, *, file: str = FILE_NAME) -> dict[str, str]:
    """The pins of a pins file.

    Raises:
        SettingsError: A line is no pin, or pins a tool again; it names file and line.
    """
    pins: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SettingsError(f"{file}:{number}: no pin; a line is `name sha256:<64 hex digits>`")
        if match[1] in pins:
            raise SettingsError(f"{file}:{number}: {match[1]} is pinned twice; keep one line")
        pins[match[1]] = match[2]
    return pins
