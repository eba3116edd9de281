"""The leaves of JSON: each value with the name it goes by and where it stands."""

from collections.abc import Iterator
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import addresses, names, quantities
from highroad.evidence.pointer import ANY, child, is_data

_FEWEST: Final = 2
"""So many members make anything together."""


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
    is_composed: bool = False
    """Members make it together; it is written in more than one way."""


def leaves(value: JsonValue) -> list[Leaf]:
    """Every leaf of a value, however deep; data keys, full names and addresses are leaves too."""
    found: list[Leaf] = []
    pending = [Leaf("", "", "", value)]
    while pending:
        at = pending.pop()
        if isinstance(at.value, dict):
            pending.extend(reversed([*_members(at, at.value), *_composed(at, at.value)]))
        elif isinstance(at.value, list):
            pending.extend(reversed(_elements(at, at.value)))
        else:
            found.append(at)
    return found


def _members(at: Leaf, members: JsonObject) -> Iterator[Leaf]:
    for key, value in members.items():
        pointer = child(at.pointer, key)
        if is_data(key):
            shown, name = child(at.shown, ANY), ""
            yield Leaf(name, pointer, shown, key, is_element=True)
        else:
            shown, name = child(at.shown, key), key
        yield Leaf(name, pointer, shown, value)


def _elements(at: Leaf, elements: list[JsonValue]) -> list[Leaf]:
    return [
        Leaf(at.name, f"{at.pointer}/{number}", f"{at.shown}/{number}", each, is_element=True)
        for number, each in enumerate(elements)
    ]


def _composed(at: Leaf, members: JsonObject) -> Iterator[Leaf]:
    """What members of one object make together."""
    if len(members) < _FEWEST:
        return
    if (full := names.full_name(members)) is not None:
        yield Leaf("name", at.pointer, at.shown, full, is_composed=True)
    for address in addresses.texts(members):
        yield Leaf("address", at.pointer, at.shown, address, is_composed=True)
    for quantity in quantities.texts(members):
        yield Leaf("quantity", at.pointer, at.shown, quantity, is_composed=True)
