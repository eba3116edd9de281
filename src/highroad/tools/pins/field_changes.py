"""What changed in a definition since it was accepted, for whoever is to accept it.

The words may be a stranger's. What a terminal would not show, or would obey, is written out: a
person must see what a model would read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff

from highroad.domain.json_value import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One place of a definition that is not as it was."""

    pointer: str
    """RFC 6901, from the definition: `/tier`, `/input_schema/properties/cents/maximum`."""
    before: JsonValue = None
    after: JsonValue = None
    is_added: bool = False
    is_removed: bool = False

    def lines(self) -> Iterator[str]:
        """The change in lines: long texts as a unified difference, all else before and after."""
        match self.before, self.after:
            case str(before), str(after) if "\n" in before + after:
                yield f"{visible(self.pointer)}:"
                diff = unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=1)
                yield from (f"  {visible(line)}" for line in list(diff)[2:])
            case before, after if self.is_added:
                yield f"{visible(self.pointer)}: added {_told(after)}"
            case before, _ if self.is_removed:
                yield f"{visible(self.pointer)}: removed {_told(before)}"
            case before, after:
                yield f"{visible(self.pointer)}:"
                yield f"  -{_told(before)}"
                yield f"  +{_told(after)}"


def field_changes(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> tuple[FieldChange, ...]:
    """Every place where two definitions, as `pinned_fields` gives them, differ; in their order.

    Objects are compared member by member, lists as a whole: to insert one item changes the place of
    all behind it.
    """
    return tuple(_changes(dict(before), dict(after), ""))


def visible(text: str) -> str:
    """The text with everything written out that a terminal would hide, move or obey."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _changes(before: JsonValue, after: JsonValue, pointer: str) -> Iterator[FieldChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            at = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in before:
                yield FieldChange(pointer=at, after=after[key], is_added=True)
            elif key not in after:
                yield FieldChange(pointer=at, before=before[key], is_removed=True)
            else:
                yield from _changes(before[key], after[key], at)
    elif json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
        yield FieldChange(pointer=pointer, before=before, after=after)


def _told(value: JsonValue) -> str:
    return visible(json.dumps(value, ensure_ascii=False))
