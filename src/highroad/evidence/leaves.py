"""The leaves of JSON: each value with the name it goes by and where it stands."""

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import addresses, names, quantities
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


def leaves(value: JsonValue) -> list[Leaf]:
    """Every leaf of a value; data keys, full names and addresses are leaves too."""
    found: list[Leaf] = []
    _collect(found, Leaf("", "", "", value))
    return found


def _collect(found: list[Leaf], at: Leaf) -> None:
    if isinstance(at.value, dict):
        for key, each in at.value.items():
            _collect_member(found, at, key, each)
        if len(at.value) > 1:
            _collect_composed(found, at, at.value)
    elif isinstance(at.value, list):
        for number, each in enumerate(at.value):
            pointer, shown = f"{at.pointer}/{number}", f"{at.shown}/{number}"
            _collect(found, Leaf(at.name, pointer, shown, each, is_element=True))
    else:
        found.append(at)


def _collect_composed(found: list[Leaf], at: Leaf, members: JsonObject) -> None:
    """Add what members of one object make together."""
    if (full := names.full_name(members)) is not None:
        found.append(Leaf("name", at.pointer, at.shown, full))
    found += [
        Leaf("address", at.pointer, at.shown, address) for address in addresses.texts(members)
    ]
    found += [Leaf("quantity", at.pointer, at.shown, each) for each in quantities.texts(members)]


def _collect_member(found: list[Leaf], at: Leaf, key: str, value: JsonValue) -> None:
    pointer = child(at.pointer, key)
    if is_data(key):
        shown, name = child(at.shown, ANY), ""
        found.append(Leaf(name, pointer, shown, key, is_element=True))
    else:
        shown, name = child(at.shown, key), key
    _collect(found, Leaf(name, pointer, shown, value))
