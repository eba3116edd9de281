"""What a result may say of an argument that it repeats, in whichever notation."""

from highroad.domain.evidence import ValueKind
from highroad.domain.json_value import JsonValue
from highroad.evidence.matching import moments, numbers
from highroad.evidence.matching.reading import leaf_keys
from highroad.evidence.matching.seeking import ways


def keys(name: str, value: JsonValue) -> set[str]:
    """Every key under which a leaf of the arguments, or a value in it, could be found later."""
    found, _ = leaf_keys(name, value)
    for kind in ValueKind:
        for way in ways(kind, value):
            found.update(way)
    for key in tuple(found):
        found.update(numbers.notations(key), moments.notations(key))
    return found
