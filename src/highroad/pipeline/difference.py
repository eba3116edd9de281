"""What a preview says, as the difference that the call would make."""

from collections.abc import Mapping
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.tools.pins.field_changes import FieldChange, field_changes

_BOTH: Final = frozenset({"before", "after"})


def diff_of(changes: JsonValue) -> tuple[str, ...]:
    """What a preview says, as the difference that the call makes, in lines.

    Of `{"before": ..., "after": ...}` it is what differs; all else is there only afterwards.
    """
    if changes is None:
        return ()
    return tuple(line for each in _differences(*sides_of(changes)) for line in each.lines())


def sides_of(changes: JsonValue) -> tuple[JsonValue, JsonValue]:
    """What is there before, and what afterwards, as a preview says it."""
    if isinstance(changes, dict) and changes.keys() == _BOTH:
        return changes["before"], changes["after"]
    return None, changes


def _differences(before: JsonValue, after: JsonValue) -> tuple[FieldChange, ...]:
    if isinstance(before, Mapping | None) and isinstance(after, Mapping | None):
        return field_changes(before or {}, after or {})
    return (
        FieldChange(
            pointer="",
            before=before,
            after=after,
            is_added=before is None,
            is_removed=after is None,
        ),
    )
