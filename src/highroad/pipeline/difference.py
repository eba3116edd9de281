"""What a preview says, as the difference that the call would make."""

from collections.abc import Mapping
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.outcome import Preview
from highroad.tools.pins.field_changes import FieldChange, field_changes

_BOTH: Final = frozenset({"before", "after"})


def preview_of(stored: JsonObject) -> Preview:
    """The preview that a dry run on record ended with."""
    return Preview(
        tool=str(stored["tool"]),
        would=str(stored["would"]),
        reasons=_texts(stored["reasons"]),
        changes=stored["changes"],
        diff=_texts(stored.get("diff")),
    )


def _texts(found: JsonValue) -> tuple[str, ...]:
    return tuple(map(str, found)) if isinstance(found, list) else ()


def redrawn(stored: JsonObject) -> JsonObject:
    """The JSON of a preview of whose changes something was put out of sight, and so of the lines.

    Lines are no fields any more, by whose names what is personal could be told.
    """
    return {**stored, "diff": list(diff_of(stored["changes"]))}


def diff_of(changes: JsonValue) -> tuple[str, ...]:
    """What a preview says, as the difference that the call makes, in lines.

    Of `{"before": ..., "after": ...}` it is what differs; all else is there only afterwards.
    """
    if changes is None:
        return ()
    return tuple(line for each in _differences(*_sides(changes)) for line in each.lines())


def _sides(changes: JsonValue) -> tuple[JsonValue, JsonValue]:
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
