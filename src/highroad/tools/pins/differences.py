"""What differs from what was accepted: tools that are new, changed or gone (P8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from highroad.domain.json_value import JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.pins.accepted import Accepted, Pins, keys_of


class Change(StrEnum):
    """How a tool differs from what was accepted."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One tool, or one version of it, that is not as accepted."""

    tool: str
    change: Change
    version: str = ""
    """Of the definition, or of the pin; empty where a pin names none."""


def differences(definitions: Iterable[ToolDefinition], pins: Pins) -> tuple[Difference, ...]:
    """Every version that is new, changed or gone, in the order of names and versions."""
    current = tuple(definitions)
    missing = [each for each in current if not is_accepted(each, pins)]
    kept = {key for each in current for key in keys_of(each) if pins.get(key) == each.digest}
    found = [
        Difference(each.name, _change(each, pins.keys() - kept), each.version) for each in missing
    ]
    replaced = {key for each in missing for key in keys_of(each)}
    gone = (key.partition("@") for key in pins.keys() - kept - replaced)
    found += [Difference(name, Change.REMOVED, version) for name, _, version in gone]
    return tuple(sorted(found, key=lambda each: (each.tool, each.version)))


def is_accepted(definition: ToolDefinition, pins: Pins) -> bool:
    """Whether this very definition was accepted."""
    return any(pins.get(key) == definition.digest for key in keys_of(definition))


def pin_of(definition: ToolDefinition, accepted: Mapping[str, Accepted]) -> Accepted | None:
    """What was accepted of this version before, or else of its tool."""
    return next((accepted[key] for key in keys_of(definition) if key in accepted), None)


def changed_fields(before: Mapping[str, JsonValue], after: ToolDefinition) -> tuple[str, ...]:
    """Names of the fields that differ from `before`, which `pinned_fields` once gave."""
    now = pinned_fields(after)
    return tuple(
        sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    )


def _change(definition: ToolDefinition, left: Iterable[str]) -> Change:
    """Changed where a pin is left that was its own; one that another version holds was not."""
    return Change.CHANGED if set(keys_of(definition)) & set(left) else Change.ADDED
