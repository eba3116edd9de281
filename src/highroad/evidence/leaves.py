"""The leaves of JSON: each value with the name it goes by and where it stands."""

from collections.abc import Iterator

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import names
from highroad.evidence.pointer import ANY, child, is_data


@frozen_value(kw_only=False, eq=False)
class Leaf:
    """One value that is no object and no list."""

    name: str
    """Of the member that holds it, or that holds the list in which it stands."""
    pointer: str
    shown: str
    """The pointer free of keys that are data."""
    value: JsonValue
    is_element: bool = False


def leaves(value: JsonValue) -> Iterator[Leaf]:
    """Every leaf of a value; keys that are data, and full names, are leaves too."""
    return _below(Leaf("", "", "", value))


def _below(at: Leaf) -> Iterator[Leaf]:
    if isinstance(at.value, dict):
        yield from _members(at, at.value)
    elif isinstance(at.value, list):
        for number, each in enumerate(at.value):
            pointer, shown = f"{at.pointer}/{number}", f"{at.shown}/{number}"
            yield from _below(Leaf(at.name, pointer, shown, each, is_element=True))
    else:
        yield at


def _members(at: Leaf, members: JsonObject) -> Iterator[Leaf]:
    for key, each in members.items():
        pointer = child(at.pointer, key)
        if is_data(key):
            shown = child(at.shown, ANY)
            yield Leaf("", pointer, shown, key, is_element=True)
        else:
            shown = child(at.shown, key)
        yield from _below(Leaf(key, pointer, shown, each))
    if len(members) > 1 and (full := names.full_name(members)) is not None:
        yield Leaf("name", at.pointer, at.shown, full)
